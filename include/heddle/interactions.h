#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/data.h"

/// Who took what: plain host data for recommending, from a file's log to the split matrices that models train on and are judged
/// by.
namespace heddle {

/// Raw ids of one kind (any strings) and the numbers 0, 1, ... that stand for them.
class IdTable {
 public:
  IdTable() = default;
  /// Throws Error{bad_data} where an id comes twice.
  explicit IdTable(std::vector<std::string> ids);

  int64_t size() const { return static_cast<int64_t>(ids_.size()); }
  const std::string& operator[](int64_t index) const { return ids_[static_cast<std::size_t>(index)]; }
  const std::vector<std::string>& ids() const { return ids_; }
  /// The number of `id`, -1 where it is not in the table.
  int32_t find(std::string_view id) const;
  /// The number of `id`, given the next one where it is new.
  int32_t insert(std::string_view id);
  /// Up to `count` ids that are written most alike (edit distance without regard to case, at most a third of the longer one's
  /// bytes, rounded down), best first, ties by number; for error sentences.
  std::vector<std::string> near_matches(std::string_view id, int64_t count = 3) const;
  /// As find; throws Error{usage} `what 'id' is unknown; did you mean 'a', 'b'?` where it is not in the table.
  int32_t require_known(std::string_view id, const char* what) const;

 private:
  std::vector<std::string> ids_;
  /// Numbers by hash, open addressing: two ids' strings are not stored twice.
  std::vector<int32_t> slots_;
};

/// Interactions as a file holds them, one entry a line (or pair), in the file's order.
struct InteractionLog {
  std::string name;
  IdTable users, items;
  std::vector<int32_t> user, item;  ///< one entry each
  std::vector<float> rating;        ///< empty, or one each
  std::vector<double> time;         ///< empty, or one each: any unit, larger is later
  std::vector<int32_t> behaviour;   ///< empty, or one each: index into behaviours
  std::vector<std::string> behaviours;
  /// Empty, or one each: which part the files put the entry in. Formats with train and test files have this.
  enum class Part : uint8_t { train, val, test };
  std::vector<Part> part;
  /// Empty, or one each of items: a title to print beside the id.
  std::vector<std::string> item_names;
  /// How it was read, by the names of `heddle data`'s options: "format", "user_column", ... Empty where nobody read it from a
  /// file.
  std::map<std::string, std::string> read_with = {};

  int64_t size() const { return static_cast<int64_t>(user.size()); }
};

/// How a log without parts is split.
enum class SplitMethod {
  ratio,          ///< the given shares, at random (or the latest, with by_time)
  leave_one_out,  ///< of each user with at least 3 interactions one goes to test, one to validation
  files,          ///< as the files say; Error{usage} where they do not
  none,           ///< everything is for training
};

/// From a log to a data set. Applied in this order: minimum rating and behaviour weights, deduplication, k-core, split.
struct PrepareOptions {
  float min_rating = 0;
  bool has_min_rating = false;
  /// Weight of each behaviour by name; one that is not named is dropped. Empty: every entry weighs 1.
  std::map<std::string, float> behaviour_weights;
  /// Each user and each item left has at least this many distinct partners (0, 1: no filter). Of a log with parts, training
  /// counts.
  int64_t k_core = 0;
  /// automatic: `files` where the log has parts, else `ratio`.
  bool automatic_split = true;
  SplitMethod split = SplitMethod::ratio;
  double val_share = 0;     ///< with ratio
  double test_share = 0.2;  ///< with ratio
  bool by_time = false;     ///< the latest go to test, those before them to validation; needs times
  bool global = false;      ///< shares of all interactions together, not of each user's
  uint64_t seed = 0;
};

/// The options as text, by the names that they have on the command line: "k_core", "split", "by_time", ...
std::map<std::string, std::string> to_settings(const PrepareOptions& options);

/// How a data set came to be: what a saved model tells, so that the same data can be made again to judge it by. Of data that
/// cannot be made so, by a second hold_out_validation or otherwise, hash_as_split is empty and nothing is held out.
struct DataOrigin {
  std::map<std::string, std::string> options;  ///< InteractionLog::read_with, and to_settings of the PrepareOptions
  std::string hash_as_split;                   ///< content hash as `prepare` left the data; empty: not known
  double held_out = 0;                         ///< share of training that hold_out_validation moved to validation since
  uint64_t hold_out_seed = 0;                  ///< and its seed
  SplitMethod split = SplitMethod::none;       ///< as it was made, where `options` say "auto"
};

/// What preparing met and did; nothing of it is an error.
struct InteractionReport {
  int64_t logged = 0;               ///< entries of the log
  int64_t below_min_rating = 0;     ///< entries left out by rating
  int64_t other_behaviours = 0;     ///< entries left out by behaviour
  int64_t duplicates = 0;           ///< entries merged into an earlier one of the same user and item (the largest weight stays)
  int64_t k_core_removed = 0;       ///< entries that the k-core filter removed
  int64_t overlap = 0;              ///< pairs in test (or validation) that are in training too; they are left out of the former
  int64_t users_without_train = 0;  ///< users with no item to train on (cold)
  int64_t items_without_train = 0;  ///< items that nobody has in training (cold)
  int64_t test_items_unseen = 0;    ///< test interactions with an item never seen in training
};

/// Users x items matrices, ready for training. A HostCsr here may have empty `values`: every weight is 1.
struct InteractionDataset {
  std::string name;
  IdTable users, items;
  std::vector<std::string> item_names;  ///< empty, or one each
  HostCsr train, val, test;             ///< users x items each; disjoint; any but train may be empty
  InteractionReport report;
  DataOrigin origin = {};  ///< empty for data that `prepare` did not make, and those that keep_out_users left

  /// Interactions / (users x items), of training.
  double density() const;
  /// XXH3-128 of the canonical content (sizes, raw ids in order, the three matrices; not the names, not the report), as 32 hex
  /// digits. docs/formats.md has the byte stream.
  std::string content_hash() const;
};

/// Throws Error{usage} for options out of range or without the column they need, Error{bad_data} where nothing is left, with what
/// removed it.
InteractionDataset prepare(InteractionLog&& log, const PrepareOptions& asked = {});

/// Moves a random share of each user's training interactions (rounded down) to `val`, so that settings and stopping are chosen
/// without the test file. Keeps at least one training interaction a user. Existing validation interactions stay. Deterministic in
/// the seed. `data.origin` records the share and the seed; one that moves interactions of data that hold some out already cannot
/// be recorded beside the first, and `origin` then tells of neither, nor of the hash before them. Throws Error{usage} unless 0 <=
/// share < 1.
void hold_out_validation(InteractionDataset& data, double share, uint64_t seed);

/// The transpose of a users x items matrix: items x users, columns ascending.
HostCsr transpose(const HostCsr& matrix);

/// A made-up shop: items in categories with names, popularity by Zipf's law, users with tastes for a few categories.
struct ShopOptions {
  int64_t users = 2000;
  int64_t items = 1000;
  int64_t categories = 12;
  double interactions_per_user = 25;  ///< mean; each user has at least 3
  uint64_t seed = 0;
};
/// Deterministic in the options. Every item has a name ("Walnut coffee mill"); times ascend within a user. Throws Error{usage}
/// for sizes out of range.
InteractionLog synthetic_shop(const ShopOptions& options = {});

}  // namespace heddle
