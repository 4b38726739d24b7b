#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/context.h"
#include "heddle/data.h"
#include "heddle/export.h"
#include "heddle/interactions.h"
#include "heddle/io.h"
#include "heddle/limits.h"
#include "heddle/metrics.h"
#include "heddle/models.h"
#include "heddle/progress.h"
#include "heddle/session.h"

namespace heddle::recommending {
class ItemColumns;
}

HEDDLE_API_BEGIN
namespace heddle {

/// Somebody to recommend to: a user of the training data by number, or (user == -1) a visitor with these items.
struct Query {
  int32_t user = -1;           ///< a row of the training interactions, or -1
  std::vector<int32_t> items;  ///< of a visitor: item numbers, distinct, in any order
};

/// An item's number and the score it was ranked by.
struct RankedItem {
  int32_t item = -1;  ///< a column of the training interactions
  float score = 0;    ///< higher is better; of one model, and of one query, alone to be compared
};
/// The best items of one query, best first: score descending, equal scores by smaller item number. Fewer than asked for where
/// fewer can be ranked.
using Ranking = std::vector<RankedItem>;

/// The rankings of several queries, in the order of these. A temporary hands out what it holds by value, so that
/// `for (const auto& [item, score] : model.rank(session, queries).front())` loops over a ranking that lives as long as the loop.
class Rankings {
 public:
  /// None.
  Rankings() = default;
  /// One a query.
  Rankings(std::vector<Ranking> of_queries) noexcept : of_queries_(std::move(of_queries)) {}

  /// How many there are.
  std::size_t size() const noexcept { return of_queries_.size(); }
  /// Whether there are none.
  bool empty() const noexcept { return of_queries_.empty(); }
  /// The ranking of query number `query`, 0 <= query < size(); like front and back of none, no other number is checked for.
  const Ranking& operator[](std::size_t query) const& { return of_queries_[query]; }
  Ranking operator[](std::size_t query) && { return std::move(of_queries_[query]); }  ///< of a temporary
  /// The first query's.
  const Ranking& front() const& { return of_queries_.front(); }
  Ranking front() && { return std::move(of_queries_.front()); }  ///< of a temporary
  /// The last query's.
  const Ranking& back() const& { return of_queries_.back(); }
  Ranking back() && { return std::move(of_queries_.back()); }  ///< of a temporary

  /// To loop over them. A temporary's would point at what is gone.
  std::vector<Ranking>::const_iterator begin() const& noexcept { return of_queries_.begin(); }
  std::vector<Ranking>::const_iterator end() const& noexcept { return of_queries_.end(); }  ///< behind the last
  std::vector<Ranking>::const_iterator begin() const&& = delete;                            ///< see begin
  std::vector<Ranking>::const_iterator end() const&& = delete;                              ///< see begin

  /// All of them, to keep and to change.
  operator std::vector<Ranking>() && { return std::move(of_queries_); }

 private:
  std::vector<Ranking> of_queries_;
};

/// What rankings are made of. The lists hold item numbers in any order, repeats allowed, and must live until the call returns.
struct RankOptions {
  int64_t k = 20;             ///< places: 1 <= k <= top_k_limit
  bool exclude_taken = true;  ///< a known user's training items, and a visitor's given ones, are left out
  /// Users x items or null: left out besides where a query is a known user (validation items, at test).
  const HostCsr* also_exclude = nullptr;
  std::span<const int32_t> leave_out = {};  ///< nobody is given these (sold out, say)
  /// Nobody is given others than these (of one category, say); nothing at all where the list is empty. No list: every item.
  std::optional<std::span<const int32_t>> only = std::nullopt;
  /// Told "ranking" (user 65 of 500, the queries) and asked before each block of them; false throws Error{interrupted}.
  ProgressCallback progress = {};
};

struct Kind;

/// How entries of a saved recommender's metadata begin: one for each setting of what was fitted (Recommender::how_fitted), and
/// one for each of `heddle data`'s options by which the data were read and prepared (DataOrigin::options).
inline constexpr std::string_view fit_prefix = "fit.";
inline constexpr std::string_view data_option_prefix = "data.option.";  ///< see fit_prefix

/// A fitted model that ranks items. It never changes: any number of threads may ask it at the same time, each with a Session of
/// its own on the model's device. To write one of your own, override what is pure and, of the protected functions, those that it
/// does better than the base.
class Recommender {
 public:
  virtual ~Recommender() = default;
  Recommender(const Recommender&) = delete;
  Recommender& operator=(const Recommender&) = delete;

  /// The name it is trained and saved under, e.g. "lightgcn".
  virtual std::string name() const = 0;
  /// Its settings, as text; no value leaves a choice to whoever reads it.
  virtual std::map<std::string, std::string> settings() const = 0;
  /// What its training ran with, as text, with the values that training chose by itself; empty where nothing was trained. A saved
  /// file holds it under "trained.".
  virtual std::map<std::string, std::string> trained_with() const { return {}; }
  /// How it was fitted, as a saved file's metadata tell it and `heddle evaluate --new-users` fits another one: `fitted`, the name
  /// of what was fitted, `fit.NAME` for each of its settings as it was asked for, and `seed`. Empty where that is not known, as
  /// of a LightGCN that was loaded. Base: the name and the model's own settings.
  virtual std::map<std::string, std::string> how_fitted() const;
  /// Where its arrays are; sessions that ask it are of this device, or, for a cpu, of any cpu device.
  const Device& device() const { return device_; }
  /// The training interactions, users x items, on the host: what is masked, and what a visitor is compared with. A blend and its
  /// models hold them once.
  const HostCsr& train() const { return *train_; }
  /// The same, to be held by others too.
  const std::shared_ptr<const HostCsr>& shared_train() const { return train_; }
  /// How many users it knows.
  int64_t users() const { return train_->rows; }
  /// How many items it ranks.
  int64_t items() const { return train_->cols; }

  // All that are given a session throw Error{usage} for a session on another device than the model's, for users and items that
  // the model does not have, and for a visitor's item that comes twice. On the cpu any of its devices will do: they share the
  // host's memory.

  /// The top `options.k` items of each query. Queries are answered in blocks, so that all memory besides the model and the
  /// results stays within 64 MB, or what a single query needs, and 8 bytes an item for lists of items. Throws Error{usage} for
  /// options out of range.
  Rankings rank(Session& session, std::span<const Query> queries, const RankOptions& options = {}) const;

  /// The same for a visitor with these items: the query {-1, items}, alone.
  Ranking recommend(Session& session, std::span<const int32_t> items, const RankOptions& options = {}) const;

  /// The `options.k` items most alike those `asked` about (none of these), by the model's own notion: cosine of item vectors
  /// where it has those, of the items' columns of the interactions where not; the mean of the cosines where several items are
  /// given. Items that are not alike at all (cosines of 0 of two columns) are left out, and so is what `leave_out` and `only`
  /// leave out; the other options are of no account. Throws Error{usage} for no items, for one that comes twice, and as rank.
  Ranking similar(Session& session, std::span<const int32_t> asked, const RankOptions& options = {}) const;
  /// The same of one item, with nothing else left out.
  Ranking similar(Session& session, int32_t item, int64_t k) const;

  /// The `k` users most alike those `asked` about (none of these), by cosine of the users' vectors where the model has those, of
  /// their rows of the interactions where not; the mean of the cosines where several are given. RankedItem::item is a user's
  /// number. Users with a cosine of 0 of two rows are left out. Throws as similar.
  Ranking similar_users(Session& session, std::span<const int32_t> asked, int64_t k) const;

  /// scores[q][i] of every item for each query, row-major [queries x items], in memory of the step of session.context(), which
  /// the caller begins: valid for that step. Higher is better; nothing is masked. Scratch memory stays within 64 MB, or what a
  /// single query needs. Throws Error{usage} for scores of another size.
  void score(Session& session, std::span<const Query> queries, DenseView<float> scores) const;

  /// scores[i] of item items[i] for user users[i], all on the host; nothing is masked. A user who comes several times is scored
  /// once. Throws Error{usage} for lists of different lengths.
  void score_pairs(Session& session, std::span<const int32_t> users, std::span<const int32_t> items,
                   std::span<float> scores) const;

  /// Floats of a session's memory that scoring takes for each query of a block, besides the scores themselves.
  virtual int64_t scratch_per_query() const { return 0; }

  /// One vector an item (and a user) where the model has such, empty matrices where not. `heddle export --embeddings` writes
  /// them.
  virtual HostMatrix item_embeddings() const { return {}; }
  virtual HostMatrix user_embeddings() const { return {}; }  ///< see item_embeddings

  /// What a saved file holds of the model itself; ids, graph and settings are added by save_recommender.
  virtual std::vector<io::NamedTensor> tensors() const = 0;
  virtual std::vector<io::NamedIntegers> integers() const { return {}; }  ///< see tensors
  /// Bytes that its tensors and integers take.
  int64_t model_bytes() const;

 protected:
  /// What `similar` compares items by: their columns of the interactions, of which the base then keeps who has each item (4 bytes
  /// an interaction and 16 an item), or what the derived class overrides similar_items and similar_to_users with.
  enum class Likeness { columns, own };
  /// Throws Error{bad_data} unless `train` is what HostCsr promises, with values (where it has any) that are finite and positive,
  /// Error{usage} where it is null.
  Recommender(std::shared_ptr<const HostCsr> train, const Device& device, Likeness likeness = Likeness::columns);

  /// What `score` promises, for queries that are in range and so few that their scratch memory is within bounds.
  virtual void score_block(Session& session, std::span<const Query> queries, DenseView<float> scores) const = 0;
  /// What `rank` promises, for a request that is in range. Base: blocks of `score`, then the top-K kernel; models with factors
  /// override it with the fused kernel.
  virtual std::vector<Ranking> rank_queries(Session& session, std::span<const Query> queries, const RankOptions& options) const;
  /// What `similar` promises, for items and a k in range. `left_out`: what is not to be listed, the items among it, ascending and
  /// each once. Base: cosines of the interactions' columns.
  virtual Ranking similar_items(Session& session, std::span<const int32_t> asked, int64_t k,
                                std::span<const int32_t> left_out) const;
  /// What `similar_users` promises, for users and a k in range. Base: cosines of the interactions' rows.
  virtual Ranking similar_to_users(Session& session, std::span<const int32_t> asked, int64_t k) const;

 private:
  friend std::unique_ptr<Recommender> make_blend(std::unique_ptr<Recommender>, std::unique_ptr<Recommender>, float);
  /// Lets go of what it holds of its interactions for what `other` holds, where those are the same.
  void share_interactions(const Recommender& other) noexcept;
  void check_session(const Session& session) const;
  const recommending::ItemColumns& columns() const;

  std::shared_ptr<const HostCsr> train_;
  std::shared_ptr<const recommending::ItemColumns> columns_;  ///< null: Likeness::own
  Device device_;
};

/// What a saved file holds of a model: what its kind's `load` builds it from. The arrays are read when they are asked for,
/// straight into what keeps them, so that loading takes little more memory than the model. All functions throw Error{bad_data}
/// where there is no array of this name, or it is of another size or type.
struct RecommenderParts {
  std::shared_ptr<const HostCsr> train;             ///< the training interactions, users x items
  std::map<std::string, std::string> settings;      ///< as Recommender::settings
  std::map<std::string, std::string> trained_with;  ///< as Recommender::trained_with
  std::shared_ptr<const io::TensorReader> arrays;   ///< the file
  /// How many users have each item in training, in floats, which hold whole numbers to 2^24. Of a file without the interactions
  /// `train` has no rows, and this is all that is left of them. Null: to be counted.
  std::shared_ptr<const std::vector<float>> item_counts = nullptr;
  std::string prefix = {};  ///< the model's arrays are those whose names begin so: "first." of a blend's first model

  /// How many columns the matrix of this name has.
  int64_t cols(const std::string& name) const;
  /// Copies the matrix, rows x cols, to memory of the stream's device.
  void read_matrix(const std::string& name, int64_t rows, int64_t cols, Stream& stream, float* target) const;
  /// piece(first, values): the matrix's values from number `first` on, a megabyte at a time.
  void read_pieces(const std::string& name, int64_t rows, int64_t cols,
                   const std::function<void(int64_t first, std::span<const float> values)>& piece) const;
  /// Arrays of one dimension.
  std::vector<int32_t> read_int32(const std::string& name) const;
  std::vector<int64_t> read_int64(const std::string& name) const;  ///< see read_int32
  /// The parts of one of the models that a model is made of: settings and arrays whose names begin with "NAME.".
  RecommenderParts part(const std::string& name) const;
};

/// The size that an array of a saved model must have.
struct PartShape {
  std::string name;        ///< the array's
  int64_t rows = 0;        ///< exactly so many
  int64_t least_cols = 0;  ///< at least so many columns
  int64_t most_cols = 0;   ///< at most so many columns
  bool integers = false;   ///< of `integers` (one dimension; rows is 1), else of `tensors`
};

/// Which items may be given at all, by number: ascending, each once.
struct ItemLists {
  std::vector<int32_t> deny = {};                            ///< nobody is given these
  std::optional<std::vector<int32_t>> allow = std::nullopt;  ///< nobody is given others; none: every item may be given

  /// Whether every item may be given.
  bool empty() const { return deny.empty() && !allow; }
};

/// A column of the table of items: what a shop knows of each besides its id.
struct ItemColumn {
  std::string name;                 ///< "category"; distinct among the columns of a file, not empty
  std::vector<std::string> values;  ///< one for each item; empty: not known
};

/// What a saved recommender file holds besides the model.
struct SavedRecommender {
  std::unique_ptr<Recommender> model;           ///< ready to be asked
  IdTable users;                                ///< the raw ids of its users; none where it was saved without the interactions
  IdTable items;                                ///< the raw ids of its items
  std::vector<std::string> item_names;          ///< empty, or a title for each item
  std::map<std::string, std::string> metadata;  ///< "data.name", "data.hash", "seed", ...
  std::vector<ItemColumn> item_columns = {};    ///< what else is known of items
  ItemLists lists = {};                         ///< hold for whatever is asked of a Bundle
  std::vector<float> item_counts = {};          ///< how many users have each item in training; empty: to be counted
  /// The training interactions are there. Without them the model knows no users, and answers visitors alone.
  bool history = true;
  bool has_vectors = false;  ///< of items: whether they can be exported, and compared without the interactions
};

/// How a recommender is saved.
struct SaveOptions {
  /// Whether the file holds who took what. Without that it holds nothing of any user, neither interactions nor ids nor vectors:
  /// it answers visitors, and has the items' vectors where the model has some.
  bool history = true;
  std::vector<ItemColumn> item_columns = {};  ///< what else is known of items
  ItemLists lists = {};                       ///< hold for whatever is asked of a Bundle
  std::span<const Kind> own = {};             ///< rows of kinds that are not of the build, to which the model may belong
};

/// Writes model, training interactions, ids, names, settings, how the model was fitted and how the data came to be
/// (`how_fitted`, DataOrigin) to one safetensors file, atomically; docs/recommending.md has its layout. `extra` is more metadata;
/// it goes before what the model says of how it was fitted (so the metadata of a loaded model can be saved with it again). The
/// file tells who took what: a new one is readable by its owner alone, one that is replaced keeps its mode. A file that holds
/// nothing that `options` adds or leaves out is of format version 1, else of version 2. Throws Error{usage} where the model was
/// not made of the data's training interactions, for lists and columns that are not of these items, and without history for a
/// kind of model that is computed from the interactions when it answers (Kind::needs_history), or that has an array from which
/// nobody knows how to take the users; and for a model of a kind of one's own whose arrays, or entries of how_fitted, are called
/// as the file calls its own.
void save_recommender(const Recommender& model, const InteractionDataset& data, const std::string& path,
                      const std::map<std::string, std::string>& extra = {}, const SaveOptions& options = {});
/// Writes what was loaded, and changed since: lists, columns, names, metadata; with `history` false without the interactions.
/// Throws Error{usage} as above, and where history is asked for and is not there.
void save_recommender(const SavedRecommender& saved, const std::string& path, bool history, std::span<const Kind> own = {});
/// Whether the model, or one that it is made of, answers from the interactions themselves: it cannot be saved without them.
bool needs_history(const Recommender& model, std::span<const Kind> own = {});
/// Reads what save_recommender wrote; the model is ready to be asked on `device`. Throws Error{bad_data} where the file is
/// truncated, not a heddle recommender, of another format version, or inconsistent: what it claims is compared with what it holds
/// before memory is taken for it, so that refusing a file of n bytes costs 64 MB + 8 n at most.
SavedRecommender load_recommender(const std::string& path, const Device& device);
/// The same of a file that is open.
SavedRecommender load_recommender(io::TensorReader&& file, const Device& device);

/// Ranks all items for every user with items in `targets` (users x items; data.test or data.val) and averages, in a session of
/// its own. Throws Error{usage} where `targets` is empty or its size is another than the model's. `progress` is told "ranking"
/// and asked before each block of users; false throws Error{interrupted}.
RankingMetrics evaluate(const Recommender& model, const InteractionDataset& data, const HostCsr& targets,
                        const EvaluateOptions& options = {}, const ProgressCallback& progress = {});

/// The same for new users: each query has the given items and is judged by `targets` (one row a query).
RankingMetrics evaluate_visitors(const Recommender& model, std::span<const Query> queries, const HostCsr& targets,
                                 const EvaluateOptions& options = {}, const ProgressCallback& progress = {});

// --- models without training by gradient; `progress` is told "fitting", and false throws Error{interrupted} --------------------

/// Ranks by how many users have the item.
std::unique_ptr<Recommender> make_popularity(const InteractionDataset& data, const Device& device);

/// Settings of `make_item_cosine`.
struct ItemCosineOptions {
  int64_t neighbours = 200;  ///< kept for each item, at most top_k_limit

  /// Throws Error{usage} for a value out of range.
  void check() const;
};
/// Item-based top-N recommendation (Deshpande & Karypis 2004, with cosine similarity): each item keeps the items whose columns of
/// the interactions have the largest cosine with its own; an item's score is the sum of those cosines over its neighbours that
/// the user has.
std::unique_ptr<Recommender> make_item_cosine(const InteractionDataset& data, const ItemCosineOptions& options,
                                              const Device& device, const ProgressCallback& progress = {});

/// Settings of `make_graph_filter`.
struct GraphFilterOptions {
  int64_t rank = 256;       ///< singular vectors of the ideal low-pass filter; 0: the linear filter alone
  float alpha = 0.3f;       ///< weight of the ideal low-pass filter beside the linear one
  int64_t iterations = 8;   ///< subspace iterations of the randomised SVD (Halko, Martinsson, Tropp 2011)
  int64_t oversample = 32;  ///< vectors that the iterations carry besides the `rank` that are kept
  uint64_t seed = 0;        ///< of the vectors that they begin with

  /// Throws Error{usage} for a value out of range.
  void check() const;
};
/// GF-CF (Shen et al. 2021, "How powerful is graph convolution for recommendation?"): scores = R_u N^T N + alpha R_u D^-1/2 V V^T
/// D^1/2 with N = D_U^-1/2 R D_I^-1/2 and V its leading right singular vectors.
std::unique_ptr<Recommender> make_graph_filter(const InteractionDataset& data, const GraphFilterOptions& options,
                                               const Device& device, const ProgressCallback& progress = {});

/// score = z(first) + weight * z(second), z standardising a query's scores over the items (mean 0, standard deviation 1). Items
/// alike are the first's. Both are asked in the one session of whoever asks the blend. Throws Error{usage} where the two are not
/// of one data set and one device.
std::unique_ptr<Recommender> make_blend(std::unique_ptr<Recommender> first, std::unique_ptr<Recommender> second, float weight);
/// The weight among `candidates` with the best `metric` on data.val, the first of equal ones. Scores of both models are computed
/// once. Throws Error{usage} without candidates or validation items, or for an unknown metric. `progress` is told "choosing the
/// blend's weight" and asked before each block of users; false throws Error{interrupted}.
float choose_blend_weight(const Recommender& first, const Recommender& second, const InteractionDataset& data,
                          std::span<const float> candidates, const std::string& metric = "ndcg@20",
                          const ProgressCallback& progress = {});
/// What it goes by: the candidates in their order, each with the metric's mean over the users who have validation items.
std::vector<std::pair<float, double>> try_blend_weights(const Recommender& first, const Recommender& second,
                                                        const InteractionDataset& data, std::span<const float> candidates,
                                                        const std::string& metric = "ndcg@20",
                                                        const ProgressCallback& progress = {});

}  // namespace heddle
HEDDLE_API_END
