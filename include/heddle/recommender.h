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
#include "heddle/interactions.h"
#include "heddle/io.h"
#include "heddle/models.h"
#include "heddle/progress.h"
#include "heddle/session.h"

namespace heddle {

/// Somebody to recommend to: a user of the training data by number, or (user == -1) a visitor with these items.
struct Query {
  int32_t user = -1;
  std::vector<int32_t> items;  ///< of a visitor: item numbers, distinct, in any order
};

/// An item's number and the score it was ranked by.
struct RankedItem {
  int32_t item = -1;
  float score = 0;
};
/// The best items of one query, best first: score descending, equal scores by smaller item number. Fewer than asked for where
/// fewer can be ranked.
using Ranking = std::vector<RankedItem>;

/// What rankings are made of. The lists hold item numbers in any order, repeats allowed, and must live until the call returns.
struct RankOptions {
  int64_t k = 20;             ///< places: 1 <= k <= 1000
  bool exclude_taken = true;  ///< a known user's training items, and a visitor's given ones, are left out
  /// Users x items or null: left out besides where a query is a known user (validation items, at test).
  const HostCsr* also_exclude = nullptr;
  std::span<const int32_t> leave_out = {};  ///< nobody is given these (sold out, say)
  /// Nobody is given others than these (of one category, say); nothing at all where the list is empty. No list: every item.
  std::optional<std::span<const int32_t>> only = std::nullopt;
};

namespace recommending {
class ItemColumns;
}

/// How entries of a saved recommender's metadata begin: one for each setting of what was fitted (Recommender::how_fitted), and
/// one for each of `heddle data`'s options by which the data were read and prepared (DataOrigin::options).
inline constexpr std::string_view fit_prefix = "fit.";
inline constexpr std::string_view data_option_prefix = "data.option.";

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
  const Device& device() const { return device_; }
  /// The training interactions, users x items, on the host: what is masked, and what a visitor is compared with. A blend and its
  /// models hold them once.
  const HostCsr& train() const { return *train_; }
  const std::shared_ptr<const HostCsr>& shared_train() const { return train_; }
  int64_t users() const { return train_->rows; }
  int64_t items() const { return train_->cols; }

  // The four below throw Error{usage} for a session on another device than the model's, for users and items that the model does
  // not have, and for a visitor's item that comes twice. On the cpu any of its devices will do: they share the host's memory.

  /// The top `options.k` items of each query. Queries are answered in blocks, so that all memory besides the model and the
  /// results stays within 64 MB, or what a single query needs, and 8 bytes an item for lists of items. Throws Error{usage} for
  /// options out of range.
  std::vector<Ranking> rank(Session& session, std::span<const Query> queries, const RankOptions& options = {}) const;

  /// The same for a visitor with these items: the query {-1, items}, alone.
  Ranking recommend(Session& session, std::span<const int32_t> items, const RankOptions& options = {}) const;

  /// The `k` items (1 <= k <= 1000) most alike `item` (not itself), by the model's own notion: cosine of item vectors where it
  /// has those, of the item's column of the interactions where not. Items that are not alike at all (a cosine of 0 of two
  /// columns) are left out.
  Ranking similar(Session& session, int32_t item, int64_t k) const;

  /// scores[q][i] of every item for each query, row-major [queries x items], in memory of the step of session.context(), which
  /// the caller begins: valid for that step. Higher is better; nothing is masked. Scratch memory stays within 64 MB, or what a
  /// single query needs. Throws Error{usage} for scores of another size.
  void score(Session& session, std::span<const Query> queries, DenseView<float> scores) const;

  /// Floats of a session's memory that scoring takes for each query of a block, besides the scores themselves.
  virtual int64_t scratch_per_query() const { return 0; }

  /// One vector an item (and a user) where the model has such, empty matrices where not. `heddle export --embeddings` writes
  /// them.
  virtual HostMatrix item_embeddings() const { return {}; }
  virtual HostMatrix user_embeddings() const { return {}; }

  /// What a saved file holds of the model itself; ids, graph and settings are added by save_recommender.
  virtual std::vector<io::NamedTensor> tensors() const = 0;
  virtual std::vector<io::NamedIntegers> integers() const { return {}; }
  /// Bytes that its tensors and integers take.
  int64_t model_bytes() const;

 protected:
  /// What `similar` compares items by: their columns of the interactions, of which the base then keeps who has each item (4 bytes
  /// an interaction and 16 an item), or what the derived class overrides similar_items with.
  enum class Likeness { columns, own };
  /// Throws Error{bad_data} unless `train` is what HostCsr promises, with values (where it has any) that are finite and positive,
  /// Error{usage} where it is null.
  Recommender(std::shared_ptr<const HostCsr> train, const Device& device, Likeness likeness = Likeness::columns);

  /// What `score` promises, for queries that are in range and so few that their scratch memory is within bounds.
  virtual void score_block(Session& session, std::span<const Query> queries, DenseView<float> scores) const = 0;
  /// What `rank` promises, for a request that is in range. Base: blocks of `score`, then the top-K kernel; models with factors
  /// override it with the fused kernel.
  virtual std::vector<Ranking> rank_queries(Session& session, std::span<const Query> queries, const RankOptions& options) const;
  /// What `similar` promises, for an item and a k in range. Base: cosines of the interactions' columns.
  virtual Ranking similar_items(Session& session, int32_t item, int64_t k) const;

 private:
  friend std::unique_ptr<Recommender> make_blend(std::unique_ptr<Recommender>, std::unique_ptr<Recommender>, float);
  /// Lets go of what it holds of its interactions for what `other` holds, where those are the same.
  void share_interactions(const Recommender& other) noexcept;
  void check_session(const Session& session) const;

  std::shared_ptr<const HostCsr> train_;
  std::shared_ptr<const recommending::ItemColumns> columns_;  ///< null: Likeness::own
  Device device_;
};

/// What a saved file holds of a model: what its kind's `load` builds it from. The arrays are read when they are asked for,
/// straight into what keeps them, so that loading takes little more memory than the model. All functions throw Error{bad_data}
/// where there is no array of this name, or it is of another size or type.
struct RecommenderParts {
  std::shared_ptr<const HostCsr> train;
  std::map<std::string, std::string> settings, trained_with;
  std::shared_ptr<const io::TensorReader> arrays;
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
  std::vector<int64_t> read_int64(const std::string& name) const;
  /// The parts of one of the models that a model is made of: settings and arrays whose names begin with "NAME.".
  RecommenderParts part(const std::string& name) const;
};

/// The size that an array of a saved model must have.
struct PartShape {
  std::string name;
  int64_t rows = 0;
  int64_t least_cols = 0, most_cols = 0;
  bool integers = false;  ///< of `integers` (one dimension; rows is 1), else of `tensors`
};

/// One row of the table of recommenders: what `heddle train NAME` makes and `load_recommender` reads.
struct RecommenderKind {
  const char* name;
  const char* summary;
  const char* source;
  std::span<const ModelSetting> settings;
  /// Throws Error{usage} for a setting that the model does not have or a value out of range; needs no data.
  void (*check)(const std::map<std::string, std::string>& settings);
  /// What a saved model of so many users and items holds, settings as `check` wants them: compared with a file before a model is
  /// made of it.
  std::vector<PartShape> (*parts)(const std::map<std::string, std::string>& settings, int64_t users, int64_t items);
  /// Null where the model is trained step by step or made of others.
  std::unique_ptr<Recommender> (*make)(const InteractionDataset& data, const std::map<std::string, std::string>& settings,
                                       uint64_t seed, const Device& device);
  /// Throws Error{bad_data} for parts that do not belong together.
  std::unique_ptr<Recommender> (*load)(RecommenderParts&& parts, const Device& device);
};

/// Every recommender of this build.
std::span<const RecommenderKind> recommender_kinds();
/// Throws Error{usage} with the names there are for a name that is not one of them.
const RecommenderKind& find_recommender_kind(const std::string& name);

/// What a saved recommender file holds besides the model.
struct SavedRecommender {
  std::unique_ptr<Recommender> model;
  IdTable users, items;
  std::vector<std::string> item_names;
  std::map<std::string, std::string> metadata;  ///< "data.name", "data.hash", "seed", ...
};

/// Writes model, training interactions, ids, names, settings, how the model was fitted and how the data came to be
/// (`how_fitted`, DataOrigin) to one safetensors file, atomically; docs/recommending.md has its layout. `extra` is more metadata;
/// it goes before what the model says of how it was fitted (so the metadata of a loaded model can be saved with it again). The
/// file tells who took what: a new one is readable by its owner alone, one that is replaced keeps its mode. Throws Error{usage}
/// where the model was not made of the data's training interactions.
void save_recommender(const Recommender& model, const InteractionDataset& data, const std::string& path,
                      const std::map<std::string, std::string>& extra = {});
/// Bytes that save_recommender writes at the least for a model of this kind, with settings as its `check` wants them, of the
/// data: to ask for room before the model is made. Throws what `check` throws for settings that it refuses.
int64_t least_recommender_bytes(const RecommenderKind& kind, const std::map<std::string, std::string>& settings,
                                const InteractionDataset& data);
/// Throws Error{bad_data} where the file is truncated, not a heddle recommender, of another format version, or inconsistent: what
/// it claims is compared with what it holds before memory is taken for it, so that refusing a file of n bytes costs 64 MB + 8 n
/// at most.
SavedRecommender load_recommender(const std::string& path, const Device& device);

/// What NDCG holds a ranking against: the literature has two ideals, and figures of one do not compare with those of the other.
enum class MetricDefinition {
  standard,         ///< the ideal list has min(K, test items) ones
  retrieved_ideal,  ///< NGCF's and KGAT's: the ideal is the retrieved hits, sorted; larger figures, labelled `ndcg@K(retrieved)`
};

/// How rankings are judged.
struct EvaluateOptions {
  std::vector<int64_t> topk = {20};
  MetricDefinition definition = MetricDefinition::standard;
  /// Rank among the user's test items and this many items drawn from those the user never took (all of them where they are
  /// fewer); 0: full ranking. Labelled `recall@20(uniN)`.
  int64_t sampled_negatives = 0;
  bool exclude_val = false;  ///< at test, validation items are left out of the ranking as well
  uint64_t seed = 0;
  Profiler* profiler = nullptr;  ///< records the ops that ranking runs; null: nobody does

  /// Throws Error{usage} where models of so many items cannot be judged like this. `evaluate` calls it; who trains first can ask
  /// before.
  void check(int64_t items) const;
};

/// Figures by name: recall@K, ndcg@K, precision@K, hit@K, mrr@K, map@K, each averaged over the users who have target items.
struct RankingMetrics {
  std::map<std::string, double> values;
  int64_t users = 0;   ///< averaged over
  double seconds = 0;  ///< ranking and counting
};

/// The metrics of one ranking; `targets` ascending and not empty. The definitions: recall = hits / |targets|, precision = hits /
/// K, ndcg = sum over hits at rank r (from 1) of 1 / log2(r + 1), over the same of the ideal list; hit = any; mrr = 1 / rank of
/// the first hit; map = the sum of the precision at each hit over min(K, |targets|). Names as in RankingMetrics. Throws
/// Error{usage} where `targets` is empty or k < 1.
std::map<std::string, double> ranking_metrics(std::span<const int32_t> ranked, std::span<const int32_t> targets, int64_t k,
                                              MetricDefinition definition = MetricDefinition::standard);

/// Ranks all items for every user with items in `targets` (users x items; data.test or data.val) and averages, in a session of
/// its own. Throws Error{usage} where `targets` is empty or its size is another than the model's. `progress` is told "ranking"
/// and asked before each block of users; false throws Error{interrupted}.
RankingMetrics evaluate(const Recommender& model, const InteractionDataset& data, const HostCsr& targets,
                        const EvaluateOptions& options = {}, const ProgressCallback& progress = {});

/// The same for new users: each query has the given items and is judged by `targets` (one row a query).
RankingMetrics evaluate_visitors(const Recommender& model, std::span<const Query> queries, const HostCsr& targets,
                                 const EvaluateOptions& options = {}, const ProgressCallback& progress = {});

/// Users that are kept out of `data` altogether, to be met as visitors.
struct NewUsers {
  InteractionDataset rest;  ///< the same users and items, the kept-out users' rows are empty in train, val and test
  std::vector<Query> given;
  HostCsr targets;             ///< one row for each of `given`
  std::vector<int32_t> users;  ///< their numbers, ascending
};
/// Keeps out a random `share` (rounded, at least one) of the users with at least 2 training items; half of their training items
/// (rounded up) are given, the others are targets. Deterministic in the seed. Throws Error{usage} unless 0 < share < 1, or where
/// no user has 2 items.
NewUsers keep_out_users(const InteractionDataset& data, double share, uint64_t seed);

// --- models without training by gradient --------------------------------------------------------------------------------------

/// Ranks by how many users have the item.
std::unique_ptr<Recommender> make_popularity(const InteractionDataset& data, const Device& device);

/// Settings of `make_item_cosine`.
struct ItemCosineOptions {
  int64_t neighbours = 200;  ///< kept for each item, at most 1000

  /// Throws Error{usage} for a value out of range.
  void check() const;
};
/// Item-based top-N recommendation (Deshpande & Karypis 2004, with cosine similarity): each item keeps the items whose columns of
/// the interactions have the largest cosine with its own; an item's score is the sum of those cosines over its neighbours that
/// the user has.
std::unique_ptr<Recommender> make_item_cosine(const InteractionDataset& data, const ItemCosineOptions& options,
                                              const Device& device);

/// Settings of `make_graph_filter`.
struct GraphFilterOptions {
  int64_t rank = 256;      ///< singular vectors of the ideal low-pass filter; 0: the linear filter alone
  float alpha = 0.3f;      ///< weight of the ideal low-pass filter beside the linear one
  int64_t iterations = 8;  ///< subspace iterations of the randomised SVD (Halko, Martinsson, Tropp 2011)
  int64_t oversample = 32;
  uint64_t seed = 0;

  /// Throws Error{usage} for a value out of range.
  void check() const;
};
/// GF-CF (Shen et al. 2021, "How powerful is graph convolution for recommendation?"): scores = R_u N^T N + alpha R_u D^-1/2 V V^T
/// D^1/2 with N = D_U^-1/2 R D_I^-1/2 and V its leading right singular vectors.
std::unique_ptr<Recommender> make_graph_filter(const InteractionDataset& data, const GraphFilterOptions& options,
                                               const Device& device);

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

}  // namespace heddle
