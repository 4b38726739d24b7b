#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "heddle/device.h"
#include "heddle/export.h"
#include "heddle/fit.h"
#include "heddle/id_table.h"
#include "heddle/io.h"
#include "heddle/progress.h"
#include "heddle/recommender.h"
#include "heddle/session.h"

HEDDLE_API_BEGIN
/// A saved recommender as a shop asks it: by raw ids, of customers and items that the model may never have met. What is done with
/// these is decided here, and told with every answer.
namespace heddle {

/// What somebody is given of whom nothing is known: a user whom the model does not know or who has no item in training, a visitor
/// none of whose items it knows.
enum class Fallback {
  popularity,  ///< the items that most users have in training; the score is how many
  none,        ///< nothing
};
/// Its name: "popularity", "none".
const char* to_string(Fallback fallback);
/// The fallback of this name. Throws Error{usage} for another one; `called` is what its sentence calls it.
Fallback fallback_named(const std::string& name, const std::string& called = "the fallback");

/// Raw ids as numbers, and those that the model does not know.
struct KnownIds {
  std::vector<int32_t> numbers = {};      ///< ascending, each once
  std::vector<std::string> unknown = {};  ///< in the order they were given, each once
};
/// Finds ids in a table.
KnownIds known_ids(const IdTable& table, std::span<const std::string> ids);
/// The ids of a list with commas between, as somebody types it, in its order, known or not, without the blanks around them. An id
/// may have commas itself: where what stands between two is no id of the table, and it is one together with what follows (over 16
/// commas at the most), that one is meant. Or ids stand in double quotes, as a CSV has them.
std::vector<std::string> split_ids(const IdTable& table, const std::string& list);

/// Lists that hold both: what one of the two denies is denied, and what both allow is allowed. So an empty list of what is denied
/// changes nothing, and of an empty list of what is allowed nothing is left. In any order, repeats count once.
ItemLists both_lists(const ItemLists& a, const ItemLists& b);

/// Whom to recommend to: a user, or a visitor with items. Both: a user, and what they have in their basket, which counts where
/// the model knows nothing of the user and is otherwise left out of what they are given.
struct Request {
  std::optional<std::string> user = std::nullopt;  ///< a user's raw id, known or not; none: a visitor
  std::vector<std::string> items = {};             ///< raw ids of what is in the basket, in any order; repeats count once
};

/// What requests are answered with.
struct AnswerOptions {
  int64_t k = 10;                            ///< places, 1 to top_k_limit; as many items are given at the most
  bool exclude_taken = true;                 ///< a user's training items, and what is in the basket, are left out
  Fallback fallback = Fallback::popularity;  ///< for those of whom nothing is known
  /// Beside those of the bundle, as both_lists puts the two together: none lifts what the other says. In any order, repeats count
  /// once.
  ItemLists lists = {};
  /// Told "ranking" and asked before each block of requests; false throws Error{interrupted}. (write_rankings has its own.)
  ProgressCallback progress = {};
};

/// The answer to a request.
struct Answer {
  Ranking ranking = {};                             ///< item numbers of the bundle
  int64_t known_items = 0;                          ///< of the user in training, or of those in the basket that the model knows
  bool known_user = false;                          ///< the request named a user whom the model knows
  std::vector<std::string> unknown_items = {};      ///< of the basket: left out
  std::optional<Fallback> fallback = std::nullopt;  ///< nothing was known; this was done
};

/// What is most alike.
struct AlikeAnswer {
  Ranking ranking = {};                   ///< numbers of items, or of users
  std::vector<int32_t> given = {};        ///< what was asked about and is known, ascending
  std::vector<std::string> unknown = {};  ///< what was asked about and is not known: left out
};

/// What came of a table of items.
struct ItemTableUse {
  int64_t unknown = 0;  ///< rows of items that the model does not know: left out
  int64_t without = 0;  ///< the model's items of which the table has no row: empty values
};

/// A saved recommender that is asked by raw ids. Any number of threads may ask it at the same time, each with a Session of its
/// own on the model's device; nothing of it changes but by its two functions that say so, before it is asked.
class Bundle {
 public:
  /// Of what load_recommender gave, or of what the caller put together. Throws Error{usage} where there is no model, or tables
  /// and lists are not of its size.
  explicit Bundle(SavedRecommender saved);
  /// As load_recommender; throws as that.
  static Bundle load(const std::string& path, const Device& device);
  /// Of a model that was just fitted to `data`: what loading the file would give that save_recommender writes of the same
  /// arguments. `own`: rows of kinds that are not of the build. Throws as save_recommender.
  static Bundle of(std::unique_ptr<Recommender> model, const InteractionDataset& data,
                   const std::map<std::string, std::string>& extra = {}, std::span<const Kind> own = {});
  /// Of what `fit` came to with these data: with what it tells of the fit, and without the interactions that it held out.
  static Bundle of(Fitted<Recommender> fitted, const InteractionDataset& data, std::span<const Kind> own = {});
  /// Writes it to a file that `load` reads; without history as SaveOptions::history says. Throws as save_recommender.
  void save(const std::string& path, bool history = true, std::span<const Kind> own = {}) const;

  /// Puts these lists in place of those that it has, in any order, for whatever is asked of it from now on. Not while others use
  /// the bundle. Throws Error{usage} for items that there are not, and then changes nothing.
  void set_lists(ItemLists lists);
  /// Takes the columns of a table over, as set_item_columns of a SavedRecommender does. Not while others use the bundle.
  ItemTableUse set_item_columns(const io::ItemTable& table);

  /// Ids, names, columns, lists and metadata. A temporary hands out all that it holds.
  const SavedRecommender& saved() const& { return saved_; }
  SavedRecommender saved() && { return std::move(saved_); }  ///< of a temporary
  /// What ranks, by numbers in place of ids.
  const Recommender& model() const& { return *saved_.model; }
  const Recommender& model() const&& = delete;  ///< would go with the temporary
  /// The raw id of item number `item`, 0 <= item < model().items(); not checked.
  const std::string& item_id(int32_t item) const& { return saved_.items[item]; }
  std::string item_id(int32_t item) && { return std::move(saved_).items[item]; }  ///< of a temporary
  /// Its name, 0 <= item < model().items(), not checked; empty where items have no names.
  std::string item_name(int32_t item) const;

  /// Answers all of them at once: rankings are computed in blocks, side by side. Throws Error{usage} for options out of range,
  /// for lists of items that there are not, and for a request of a user without a basket where the bundle was saved
  /// without history; Error{interrupted} where the callback says so.
  std::vector<Answer> answer(Session& session, std::span<const Request> requests, const AnswerOptions& options = {}) const;
  /// The same of one.
  Answer answer(Session& session, const Request& request, const AnswerOptions& options = {}) const;

  /// The items most alike these, none of them among the answer; see Recommender::similar. The bundle's lists hold, and those of
  /// `options`; its fallback is of no account. Throws Error{usage} where none of the ids is known, with those that are written
  /// most like the first, or where the bundle was saved without history and the model has no vectors to compare.
  AlikeAnswer similar_items(Session& session, std::span<const std::string> ids, const AnswerOptions& options = {}) const;
  /// The users most alike these; see Recommender::similar_users. Throws as similar_items.
  AlikeAnswer similar_users(Session& session, std::span<const std::string> ids, int64_t k = 10) const;

  /// What rankings go by: the score of item items[i] for user users[i], whether or not the user took it; NaN where one of the two
  /// is not known. Throws Error{usage} for lists of different lengths, and where the bundle was saved without history.
  std::vector<float> score(Session& session, std::span<const std::string> users, std::span<const std::string> items) const;

 private:
  /// The bundle's and the request's lists, as options of a ranking; `lists` must outlive it.
  RankOptions rank_options(const AnswerOptions& options, const ItemLists& lists) const;
  Ranking most_popular(const RankOptions& options) const;
  void require_users(const char* what) const;

  SavedRecommender saved_;
  std::vector<int32_t> by_popularity_;
};

/// Takes the columns of a table over, in place of those that there were; one called `name` or `title` (in any case) becomes the
/// items' names. Throws Error{usage} for columns and rows that are not of one size.
ItemTableUse set_item_columns(SavedRecommender& saved, const io::ItemTable& table);
/// The same of items that are not saved yet: `of` are their ids; `item_names` and `item_columns` get a value for each of them, as
/// InteractionDataset::item_names and SaveOptions::item_columns have them.
ItemTableUse take_item_table(const io::ItemTable& table, const IdTable& of, std::vector<std::string>& item_names,
                             std::vector<ItemColumn>& item_columns);

/// A bundle's file that may be replaced while it is asked, as a night's training does. Not for several threads at once.
class ServedFile {
 public:
  /// Loads the file; throws as Bundle::load.
  ServedFile(std::string path, const Device& device);
  /// Loads the file again where it is another than it was: by device, inode, size and time of change. `accept`, where given, is
  /// called with what was loaded before that answers; what it throws keeps it from answering. True where `bundle` is now the new
  /// one. Of a file that is gone, damaged, not accepted or too large for the memory that is free `problem` tells, and the bundle
  /// stays what it was: nothing comes out of it. A file is tried once; one for which memory did not do again when ten times as
  /// long has passed as the trial took.
  bool refresh(const std::function<void(const Bundle&)>& accept = {}) noexcept;
  /// What answers now, until refresh() gives true; then a reference to the one before dangles.
  const Bundle& bundle() const& { return *bundle_; }
  const Bundle& bundle() const&& = delete;  ///< would go with the temporary
  /// Why the last file that was met could not be loaded; empty where it could.
  const std::string& problem() const { return problem_; }

 private:
  struct Identity {
    uint64_t device = 0, inode = 0;
    int64_t size = -1, seconds = 0, nanoseconds = 0;
    bool operator==(const Identity&) const = default;
  };
  static Identity identity_of(const std::string& path);

  std::string path_;
  Device device_;
  Identity loaded_;
  std::unique_ptr<const Bundle> bundle_;
  std::string problem_;
  std::optional<std::chrono::steady_clock::time_point> again_;  ///< when a file is tried again for which memory did not do
};

/// How rankings of many users are written.
enum class RankingFormat {
  csv,         ///< user,rank,item,score under a header line; an answer without items has no line
  json_lines,  ///< an object a user: {"user": ..., "items": [{"item": ..., "score": ...}, ...]}
  trec,        ///< a run: user Q0 item rank score heddle
};
/// What a file of rankings is.
struct RankingFileForm {
  RankingFormat format = RankingFormat::csv;  ///< of its text
  bool gzip = false;                          ///< whether that is compressed
};
/// The form that a file of this name has, by the name's ending: .csv, .jsonl or .trec (also .run), behind which .gz may stand.
/// Throws Error{usage} for others.
RankingFileForm ranking_file_form(const std::string& path);

/// What was written.
struct WrittenRankings {
  int64_t users = 0;                      ///< answers
  int64_t rows = 0;                       ///< items of all answers together
  int64_t fallbacks = 0;                  ///< answers of the fallback
  std::vector<std::string> unknown = {};  ///< users whom the model does not know
};
/// Ranks for these users (one that comes twice once), or for all of the bundle, and writes the answers in their order, atomically
/// as io::write_file, as fast as evaluation ranks. A new file is its owner's alone. `progress` is told "ranking" and asked before
/// each block of users; false throws Error{interrupted}, and leaves what stood at `path`. Throws Error{usage} for an id that the
/// format cannot hold (one with a blank, in a TREC run), and as Bundle::answer; Error{io} as io::write_file.
WrittenRankings write_rankings(const Bundle& bundle, Session& session, const std::optional<std::vector<std::string>>& users,
                               const AnswerOptions& options, const std::string& path, const RankingFileForm& form,
                               const ProgressCallback& progress = {});

/// The ids of a text file, one a line as it stands there but for blanks around it; empty lines are passed over. Compressed
/// ones and pipes too. Throws Error{io} and Error{bad_data} as the readers of io do.
std::vector<std::string> read_ids(const std::string& path);

}  // namespace heddle
HEDDLE_API_END
