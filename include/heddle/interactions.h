#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "heddle/data.h"
#include "heddle/export.h"
#include "heddle/id_table.h"
#include "heddle/progress.h"
#include "heddle/reading.h"
#include "heddle/settings.h"

HEDDLE_API_BEGIN
/// Who took what: plain host data for recommending, from a file's log to the split matrices that models train on and are judged
/// by.
namespace heddle {

/// Interactions as a file holds them, one entry a line (or pair), in the file's order.
struct InteractionLog {
  std::string name;                     ///< for people
  IdTable users;                        ///< in the order of their first entries, as a reader fills it
  IdTable items;                        ///< as users
  std::vector<int32_t> user;            ///< who: one number of `users` an entry
  std::vector<int32_t> item;            ///< what: one number of `items` an entry
  std::vector<float> rating;            ///< empty, or one each
  std::vector<double> time;             ///< empty, or one each: any unit, larger is later
  std::vector<int32_t> behaviour;       ///< empty, or one each: index into behaviours
  std::vector<std::string> behaviours;  ///< their names: "view", "cart", ...
  /// Which part of the data the files put an entry in.
  enum class Part : uint8_t { train, val, test };
  std::vector<Part> part;  ///< empty, or one each; formats with train and test files have it
  /// Empty, or one each of items: a title to print beside the id.
  std::vector<std::string> item_names;
  /// How it was read, by the names of `heddle data`'s options: "format", "user_column", ... Empty where nobody read it from a
  /// file.
  Settings read_with = {};
  Reading reading = {};  ///< from which files, how, and what was left out; empty where nobody read it from a file

  /// How many entries there are.
  int64_t size() const { return static_cast<int64_t>(user.size()); }
};

/// How a log without parts is split.
enum class SplitMethod {
  automatic,      ///< `files` where the log has parts, else `ratio`
  ratio,          ///< the given shares, at random (or the latest, with by_time)
  leave_one_out,  ///< of each user with at least 3 interactions one goes to test, one to validation
  files,          ///< as the files say; Error{usage} where they do not
  none,           ///< everything is for training
};

/// From a log to a data set. Applied in this order: minimum rating and behaviour weights, deduplication, k-core, split.
struct PrepareOptions {
  float min_rating = 0;         ///< entries rated below it are left out; needs ratings
  bool has_min_rating = false;  ///< whether that is asked for
  /// Weight of each behaviour by name; one that is not named is dropped. Empty: every entry weighs 1.
  std::map<std::string, float> behaviour_weights = {};
  /// Each user and each item left has at least this many distinct partners (0, 1: no filter). Of a log with parts, training
  /// counts.
  int64_t k_core = 0;
  SplitMethod split = SplitMethod::automatic;  ///< how the parts come about
  double val_share = 0;                        ///< with ratio: the part for validation, in [0, 1)
  double test_share = 0.2;                     ///< with ratio: the part for the test, in [0, 1); the two together below 1
  bool by_time = false;                        ///< the latest go to test, those before them to validation; needs times
  bool global = false;                         ///< shares of all interactions together, not of each user's
  uint64_t seed = 0;                           ///< of what is drawn at random
  /// Keeps users and items of whom the filters leave nothing, as rows and columns without an entry. Without a filter (minimum
  /// rating, behaviours, k-core) every user and item of the log is kept either way.
  bool keep_empty = false;
};

/// The options as settings, by the names that they have on the command line: "k_core", "split", "by_time", ...
const SettingTable<PrepareOptions>& prepare_settings();

/// How a data set came to be: what a saved model tells, so that the same data can be made again to judge it by. Of data that
/// cannot be made so, by a second hold_out_validation or otherwise, hash_as_split is empty and nothing is held out.
struct DataOrigin {
  Settings options;                       ///< InteractionLog::read_with, and the PrepareOptions as settings
  std::string hash_as_split;              ///< content hash as `prepare` left the data; empty: not known
  double held_out = 0;                    ///< share of training that hold_out_validation moved to validation since
  uint64_t hold_out_seed = 0;             ///< and its seed
  SplitMethod split = SplitMethod::none;  ///< as it was made, where `options` say "auto"
};

/// What preparing met and did; nothing of it is an error.
struct InteractionReport {
  int64_t logged = 0;               ///< entries of the log
  int64_t below_min_rating = 0;     ///< entries left out by rating
  int64_t other_behaviours = 0;     ///< entries left out by behaviour
  int64_t duplicates = 0;           ///< entries merged into an earlier one of the same user and item (the largest weight stays)
  int64_t k_core_removed = 0;       ///< entries that the k-core filter removed
  int64_t users_left_empty = 0;     ///< users of whom a filter left nothing: left out, unless keep_empty
  int64_t items_left_empty = 0;     ///< the same of items
  int64_t overlap = 0;              ///< pairs in test (or validation) that are in training too; they are left out of the former
  int64_t users_without_train = 0;  ///< users with no item to train on (cold)
  int64_t items_without_train = 0;  ///< items that nobody has in training (cold)
  int64_t test_items_unseen = 0;    ///< test interactions with an item never seen in training
};

/// Users x items matrices, ready for training. A HostCsr here may have empty `values`: every weight is 1.
struct InteractionDataset {
  std::string name;                     ///< for people
  IdTable users;                        ///< the rows' ids
  IdTable items;                        ///< the columns' ids
  std::vector<std::string> item_names;  ///< empty, or one title an item
  HostCsr train;                        ///< users x items: to train on; not empty
  HostCsr val;                          ///< users x items, disjoint from train: to choose settings by; may be empty
  HostCsr test;                         ///< users x items, disjoint from both: to judge by; may be empty
  InteractionReport report;             ///< what preparing met
  DataOrigin origin = {};               ///< empty for data that `prepare` did not make, and those that keep_out_users left
  Reading reading = {};                 ///< of the log that it was made of; takes no part in the hash

  /// Interactions / (users x items), of training.
  double density() const;
  /// XXH3-128 of the canonical content (sizes, raw ids in order, the three matrices; not the names, not the report), as 32 hex
  /// digits. docs/formats.md has the byte stream.
  std::string content_hash() const;
};

/// The log as users x items matrices, split. Throws Error{usage} for options out of range or without the column they need,
/// Error{bad_data} where nothing is left, with what removed it. `progress` is told "preparing the data" (no share is known) and
/// asked before each of these steps; false throws Error{interrupted}.
InteractionDataset prepare(InteractionLog&& log, const PrepareOptions& asked = {}, const ProgressCallback& progress = {});

/// Moves a random share of each user's training interactions (rounded down) to `val`, so that settings and stopping are chosen
/// without the test file. Keeps at least one training interaction a user. Existing validation interactions stay. Deterministic in
/// the seed. `data.origin` records the share and the seed; one that moves interactions of data that hold some out already cannot
/// be recorded beside the first, and `origin` then tells of neither, nor of the hash before them. Throws Error{usage} unless 0 <=
/// share < 1.
void hold_out_validation(InteractionDataset& data, double share, uint64_t seed);

/// The share for hold_out_validation where nobody says one: the first of 0.1, 0.2, 0.25, 1/3 and 0.5 that takes an interaction of
/// at least a tenth of the users who can spare one. A tenth of fewer than ten is none, so that among small baskets it would leave
/// the choice to a few large ones, or to nobody. 0: no user has two training interactions.
double share_to_hold_out(const InteractionDataset& data);

/// Which users are worth showing as examples: with enough to see their taste by, and no more than fits beside a recommendation.
struct ExampleUsers {
  int64_t count = 2;        ///< so many at the most
  int64_t least_train = 8;  ///< training interactions of each
  int64_t most_train = 10;  ///< training interactions of each
  int64_t least_test = 2;   ///< test interactions of each, for a recommendation to find
};
/// The first users, by number, who are so. What is recommended to them is of no account: examples that are chosen before show
/// what others get, too.
std::vector<int32_t> example_users(const InteractionDataset& data, const ExampleUsers& which = {});

/// A data set in the numbers that others give users and items.
struct Renumbered {
  InteractionDataset data;  ///< `train` is the others'
  int64_t unknown = 0;      ///< validation and test interactions whose user or item the others do not know: left out
  int64_t in_training = 0;  ///< those that the others' training has: left out
};

/// Takes validation and test interactions over by their raw ids, without weights, to judge a model by whose users and items are
/// `users` and `items`, and which was trained on `train` (users x items). Throws Error{usage} where tables and matrices are of
/// different sizes.
Renumbered renumber(const InteractionDataset& data, const IdTable& users, const IdTable& items, const HostCsr& train);

/// How many training interactions each user has, or each item.
struct DegreeSummary {
  double mean = 0;     ///< of all of them
  int64_t median = 0;  ///< of an even count the larger of the two in the middle
  int64_t most = 0;    ///< of any of them
};
/// Of the users: how many items each has in training. All 0 where there are no users.
DegreeSummary user_degrees(const InteractionDataset& data);
/// Of the items: how many users each has in training. All 0 where there are no items.
DegreeSummary item_degrees(const InteractionDataset& data);

/// The transpose of a users x items matrix: items x users, columns ascending.
HostCsr transpose(const HostCsr& matrix);

/// A made-up shop: items in categories with names, popularity by Zipf's law, users with tastes for a few categories.
struct ShopOptions {
  int64_t users = 2000;               ///< how many there are; at least 1
  int64_t items = 1000;               ///< how many there are; at least 6, and twice interactions_per_user
  int64_t categories = 12;            ///< that items fall into
  double interactions_per_user = 25;  ///< mean; each user has at least 3
  uint64_t seed = 0;                  ///< of everything that is drawn

  /// The same with no more categories than items, and no more interactions of a user than half of the items: what a small shop
  /// can have.
  ShopOptions possible() const;
};
/// Deterministic in the options. Every item has a name ("Walnut coffee mill"); times ascend within a user. Throws Error{usage}
/// for sizes out of range.
InteractionLog synthetic_shop(const ShopOptions& options = {});

}  // namespace heddle
HEDDLE_API_END
