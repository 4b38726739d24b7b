#include "heddle/interactions.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>

#include "engine/random.h"
#include "heddle/device.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/blocks.h"

namespace heddle {

namespace {

using Part = InteractionLog::Part;

/// What of an entry of the log matters once its filters are through.
struct Entry {
  int32_t user;
  int32_t item;
  float weight;
  Part part;
  double time;
};

/// Memory whose elements are not set to zero first: threads write to it side by side, and what they write to first is theirs.
template <class T>
struct Uninitialized : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = Uninitialized<U>;
  };
  template <class U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Arguments>
  void construct(U* at, Arguments&&... arguments) {
    ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
  }
};
using Entries = std::vector<Entry, Uninitialized<Entry>>;

/// Random words of the two uses that draw interactions: one split, one held-out share.
constexpr uint32_t by_prepare = 0, by_hold_out = 1;

/// The place of a pair in a random order that depends on nothing but the seed and the pair.
uint64_t key_of(uint64_t seed, uint32_t use, int32_t user, int32_t item) {
  const RandomStream stream{seed, random_purpose::interaction_split + use, nullptr};
  return random_key(stream, static_cast<uint64_t>(user) << 32 | static_cast<uint32_t>(item));
}

/// A share of `count`, to the nearest whole number; a half goes up.
int64_t share_of(double share, int64_t count) {
  return static_cast<int64_t>(std::floor(share * static_cast<double>(count) + 0.5));
}

/// Calls body(part) for each part on as many threads as the process may use.
void on_parts(std::size_t parts, const std::function<void(std::size_t)>& body) {
  std::vector<std::function<void()>> tasks;
  tasks.reserve(parts);
  for (std::size_t part = 0; part < parts; ++part) tasks.emplace_back([part, &body] { body(part); });
  io::detail::run_all(parts == 1 ? 1 : default_threads().count, tasks);
}

/// Into how many parts work on so many entries is cut: results do not depend on it.
constexpr std::size_t entries_of_part = std::size_t{1} << 17;

/// Whether `good` holds for every one of them.
template <class T, class Predicate>
bool all_are(const std::vector<T>& values, const Predicate& good) {
  const std::size_t parts = std::max<std::size_t>(1, values.size() / entries_of_part);
  std::atomic<bool> all = true;
  on_parts(parts, [&](std::size_t part) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(values.size() * part / parts),
               end = values.begin() + static_cast<std::ptrdiff_t>(values.size() * (part + 1) / parts);
    if (!std::all_of(begin, end, good)) all = false;
  });
  return all;
}

void check_log(const InteractionLog& log) {
  const std::size_t count = log.user.size();
  const auto check = [&](const char* what, std::size_t size) {
    require(size == count || (size == 0 && std::string_view(what) != "item"), ErrorKind::usage, "prepare: the log has ",
            counted(count, "user"), " and ", counted(size, "entry", "entries"), " of ", what);
  };
  check("item", log.item.size());
  check("rating", log.rating.size());
  check("time", log.time.size());
  check("behaviour", log.behaviour.size());
  check("part", log.part.size());
  require(log.item_names.empty() || static_cast<int64_t>(log.item_names.size()) == log.items.size(), ErrorKind::usage,
          "prepare: the log has ", counted(log.items.size(), "item"), " and ", counted(log.item_names.size(), "name"));
  const auto check_range = [&](const char* what, const std::vector<int32_t>& values, int64_t size) {
    const auto known = [size](int32_t value) { return value >= 0 && value < size; };
    if (all_are(values, known)) return;
    const int32_t first = *std::find_if_not(values.begin(), values.end(), known);
    fail(ErrorKind::usage, "prepare: ", what, " ", first, " is not in [0, ", size, ")");
  };
  check_range("user", log.user, log.users.size());
  check_range("item", log.item, log.items.size());
  check_range("behaviour", log.behaviour, static_cast<int64_t>(log.behaviours.size()));
  const auto finite = [](double time) { return std::isfinite(time); };
  if (all_are(log.time, finite)) return;
  fail(ErrorKind::usage, "prepare: a time is ", *std::find_if_not(log.time.begin(), log.time.end(), finite));
}

/// How a sentence about these data begins: "orders: "; empty where they have no name.
std::string subject(const InteractionLog& log) { return log.name.empty() ? "" : log.name + ": "; }

/// The options with the split decided.
PrepareOptions resolve(const InteractionLog& log, PrepareOptions options) {
  if (options.split == SplitMethod::automatic) options.split = log.part.empty() ? SplitMethod::ratio : SplitMethod::files;
  const bool ratio = options.split == SplitMethod::ratio;
  const bool draws = ratio || options.split == SplitMethod::leave_one_out;
  const std::string of = subject(log);
  const auto usage = [&](bool condition, const auto&... parts) { require(condition, ErrorKind::usage, of, parts...); };
  const auto column = [&](const char* role) {
    return log.reading.files.empty() ? std::string() : text("; --", role, "-column names the column that has them");
  };
  usage(!options.has_min_rating || !log.rating.empty(), "a minimum rating is asked for, and the data have no ratings",
        column("rating"));
  usage(!options.has_min_rating || std::isfinite(options.min_rating), "the minimum rating is ", options.min_rating);
  usage(options.behaviour_weights.empty() || !log.behaviours.empty(),
        "weights of behaviours are asked for, and the data have no behaviours", column("behaviour"));
  usage(options.k_core >= 0, "the k of the k-core is ", options.k_core, ", less than 0");
  usage(options.split != SplitMethod::files || !log.part.empty(), "the files do not say which interactions are for training");
  usage(!options.by_time || draws, "an order by time is asked for, and the split draws nothing");
  usage(!options.by_time || !log.time.empty(), "a split by time is asked for, and the data have no times", column("time"));
  usage(!options.global || ratio, "shares of all interactions together go with a split by ratio only");
  for (const auto& [what, share] : {std::pair("validation", options.val_share), std::pair("test", options.test_share)}) {
    usage(!ratio || (share >= 0 && share < 1), "the ", what, " share ", share, " is not in [0, 1)");
  }
  usage(!ratio || options.val_share + options.test_share < 1, "the validation share ", options.val_share, " and the test share ",
        options.test_share, " leave nothing for training");
  return options;
}

/// The weight of each behaviour by number; 0 for those that are dropped.
std::vector<float> weights_of(const InteractionLog& log, const std::map<std::string, float>& by_name) {
  std::vector<float> weights(log.behaviours.size(), 0.0f);
  for (const auto& [name, weight] : by_name) {
    const auto found = std::find(log.behaviours.begin(), log.behaviours.end(), name);
    if (found == log.behaviours.end()) {
      std::string known;
      for (std::size_t i = 0; i < std::min<std::size_t>(8, log.behaviours.size()); ++i)
        known += (i ? ", '" : "'") + log.behaviours[i] + "'";
      fail(ErrorKind::usage, subject(log), "the data have no behaviour '", name, "'; they have ", known,
           log.behaviours.size() > 8 ? ", …" : "");
    }
    require(weight > 0 && std::isfinite(weight), ErrorKind::usage, subject(log), "the weight ", weight, " of behaviour '", name,
            "' is not positive and finite");
    weights[static_cast<std::size_t>(found - log.behaviours.begin())] = weight;
  }
  return weights;
}

/// The same of a log whose parts count the entries of each user: what they count with stays below the entries themselves.
std::size_t log_parts(std::size_t entries, std::size_t users) {
  constexpr std::size_t most = 16;
  return std::clamp<std::size_t>(entries / std::max(entries_of_part, 4 * users), 1, most);
}

/// The entries that pass the filters, grouped by user (a counting sort), in the log's order within a user.
Entries filter(const InteractionLog& log, const PrepareOptions& options, InteractionReport& report) {
  const bool weighted = !options.behaviour_weights.empty();
  const std::vector<float> weights = weighted ? weights_of(log, options.behaviour_weights) : std::vector<float>();
  const bool has_parts = options.split == SplitMethod::files;
  // Why an entry is left out; null: it is kept.
  const auto reason = [&](std::size_t i) -> int64_t InteractionReport::* {
    if (options.has_min_rating && !(log.rating[i] >= options.min_rating)) return &InteractionReport::below_min_rating;
    if (weighted && weights[static_cast<std::size_t>(log.behaviour[i])] == 0) return &InteractionReport::other_behaviours;
    return nullptr;
  };
  // Each part of the log counts its users' entries, so that it knows where in a user's run its own belong.
  const auto users = static_cast<std::size_t>(log.users.size());
  const std::size_t size = log.user.size(), parts = log_parts(size, users);
  const auto begin_of = [&](std::size_t part) { return size * part / parts; };
  std::vector<std::vector<int64_t>> next(parts);
  std::vector<InteractionReport> left_out(parts);
  on_parts(parts, [&](std::size_t part) {
    next[part].assign(users, 0);
    for (std::size_t i = begin_of(part); i < begin_of(part + 1); ++i) {
      if (const auto why = reason(i)) {
        ++(left_out[part].*why);
      } else {
        ++next[part][static_cast<std::size_t>(log.user[i])];
      }
    }
  });
  int64_t before = 0;
  for (std::size_t user = 0; user < users; ++user) {
    for (std::vector<int64_t>& of_part : next) before += std::exchange(of_part[user], before);
  }
  for (const InteractionReport& of_part : left_out) {
    report.below_min_rating += of_part.below_min_rating;
    report.other_behaviours += of_part.other_behaviours;
  }
  Entries entries(static_cast<std::size_t>(before));
  on_parts(parts, [&](std::size_t part) {
    for (std::size_t i = begin_of(part); i < begin_of(part + 1); ++i) {
      if (reason(i)) continue;
      entries[static_cast<std::size_t>(next[part][static_cast<std::size_t>(log.user[i])]++)] = {
          log.user[i], log.item[i], weighted ? weights[static_cast<std::size_t>(log.behaviour[i])] : 1.0f,
          has_parts ? log.part[i] : Part::train, log.time.empty() ? 0.0 : log.time[i]};
    }
  });
  return entries;
}

/// Calls `visit(begin, end)` for the entries of each user that has any, which are grouped by user.
template <class Visit>
void for_each_user(Entries::iterator begin, Entries::iterator all_end, const Visit& visit) {
  while (begin != all_end) {
    const auto end = std::find_if(begin, all_end, [&](const Entry& entry) { return entry.user != begin->user; });
    visit(begin, end);
    begin = end;
  }
}

/// Where the parts of entries that are grouped by user begin, and the end of the last: no user's entries are parted.
std::vector<std::size_t> parts_of(const Entries& entries) {
  constexpr std::size_t most = 256;
  const std::size_t parts = std::clamp<std::size_t>(entries.size() / entries_of_part, 1, most);
  std::vector<std::size_t> bounds{0};
  for (std::size_t part = 1; part < parts; ++part) {
    std::size_t at = std::max(bounds.back(), entries.size() * part / parts);
    while (at > 0 && at < entries.size() && entries[at].user == entries[at - 1].user) ++at;
    bounds.push_back(at);
  }
  bounds.push_back(entries.size());
  return bounds;
}

/// Leaves one entry of each pair, ascending by user and item: of those in the earliest of the parts train, val, test, the largest
/// weight and the earliest time.
void deduplicate(Entries& entries, InteractionReport& report) {
  const std::vector<std::size_t> bounds = parts_of(entries);
  std::vector<InteractionReport> met(bounds.size() - 1);
  std::vector<std::size_t> ends(bounds.size() - 1);  // of what each part keeps
  on_parts(ends.size(), [&](std::size_t at) {
    const auto first = entries.begin() + static_cast<std::ptrdiff_t>(bounds[at]);
    const auto last = entries.begin() + static_cast<std::ptrdiff_t>(bounds[at + 1]);
    for_each_user(first, last, [](auto begin, auto end) {
      std::sort(begin, end, [](const Entry& a, const Entry& b) {
        return std::tie(a.item, a.part, a.time) < std::tie(b.item, b.part, b.time);
      });
    });
    std::size_t kept = bounds[at];
    Part part = Part::train;  // of the entry last seen of the pair
    for (auto entry = first; entry != last; ++entry) {
      Entry* const before = kept > bounds[at] ? &entries[kept - 1] : nullptr;
      if (!before || before->user != entry->user || before->item != entry->item) {
        part = entry->part;
        entries[kept++] = *entry;
      } else if (part == entry->part) {
        ++met[at].duplicates;
        if (part == before->part) before->weight = std::max(before->weight, entry->weight);
      } else {
        part = entry->part;
        ++met[at].overlap;
      }
    }
    ends[at] = kept;
  });
  auto end = entries.begin();
  for (std::size_t at = 0; at < ends.size(); ++at) {
    const auto first = entries.begin() + static_cast<std::ptrdiff_t>(bounds[at]);
    const auto last = entries.begin() + static_cast<std::ptrdiff_t>(ends[at]);
    end = end == first ? last : std::move(first, last, end);
    report.duplicates += met[at].duplicates;
    report.overlap += met[at].overlap;
  }
  entries.erase(end, entries.end());
}

/// Peels users and items with fewer than k partners in training until none is left: each entry is looked at twice.
void keep_k_core(Entries& entries, int64_t users, int64_t items, int64_t k) {
  const auto counted = [](const Entry& entry) { return entry.part == Part::train; };
  // Vertices are the users, then the items; each lists its entries.
  const auto vertices_of = [&](const Entry& entry) { return std::pair<int64_t, int64_t>{entry.user, users + entry.item}; };
  std::vector<int64_t> offsets(static_cast<std::size_t>(users + items) + 1, 0);
  std::vector<int64_t> degree(static_cast<std::size_t>(users + items), 0);
  for (const Entry& entry : entries) {
    if (!counted(entry)) continue;
    const auto [user, item] = vertices_of(entry);
    ++degree[static_cast<std::size_t>(user)];
    ++degree[static_cast<std::size_t>(item)];
  }
  std::partial_sum(degree.begin(), degree.end(), offsets.begin() + 1);
  std::vector<int64_t> listed(static_cast<std::size_t>(offsets.back()));
  std::vector<int64_t> next(offsets.begin(), offsets.end() - 1);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!counted(entries[i])) continue;
    const auto [user, item] = vertices_of(entries[i]);
    listed[static_cast<std::size_t>(next[static_cast<std::size_t>(user)]++)] = static_cast<int64_t>(i);
    listed[static_cast<std::size_t>(next[static_cast<std::size_t>(item)]++)] = static_cast<int64_t>(i);
  }
  std::vector<bool> removed(degree.size(), false);
  std::vector<int64_t> to_peel;
  const auto test = [&](int64_t vertex) {
    if (removed[static_cast<std::size_t>(vertex)] || degree[static_cast<std::size_t>(vertex)] >= k) return;
    removed[static_cast<std::size_t>(vertex)] = true;
    to_peel.push_back(vertex);
  };
  for (int64_t vertex = 0; vertex < users + items; ++vertex) test(vertex);
  while (!to_peel.empty()) {
    const int64_t vertex = to_peel.back();
    to_peel.pop_back();
    for (int64_t at = offsets[static_cast<std::size_t>(vertex)]; at < offsets[static_cast<std::size_t>(vertex) + 1]; ++at) {
      const auto [user, item] = vertices_of(entries[static_cast<std::size_t>(listed[static_cast<std::size_t>(at)])]);
      const int64_t partner = user == vertex ? item : user;
      --degree[static_cast<std::size_t>(partner)];
      test(partner);
    }
  }
  std::erase_if(entries, [&](const Entry& entry) {
    const auto [user, item] = vertices_of(entry);
    return removed[static_cast<std::size_t>(user)] || removed[static_cast<std::size_t>(item)];
  });
}

/// The table with only the ids that `used` marks; `numbers` are the new ones, -1 for those that went.
IdTable compact(const IdTable& table, const std::vector<bool>& used, std::vector<int32_t>& numbers) {
  std::vector<std::string> ids;
  numbers.assign(used.size(), -1);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    numbers[i] = static_cast<int32_t>(ids.size());
    ids.push_back(table[static_cast<int64_t>(i)]);
  }
  return IdTable(std::move(ids));
}

/// Leaves out users and items that stand in no entry, or counts them alone.
void drop_unused(Entries& entries, InteractionLog& log, bool keep, InteractionReport& report) {
  std::vector<bool> user_used(static_cast<std::size_t>(log.users.size()), false);
  std::vector<bool> item_used(static_cast<std::size_t>(log.items.size()), false);
  for (const Entry& entry : entries) {
    user_used[static_cast<std::size_t>(entry.user)] = true;
    item_used[static_cast<std::size_t>(entry.item)] = true;
  }
  report.users_left_empty = std::count(user_used.begin(), user_used.end(), false);
  report.items_left_empty = std::count(item_used.begin(), item_used.end(), false);
  if (keep || report.users_left_empty + report.items_left_empty == 0) return;
  std::vector<int32_t> user_number, item_number;
  log.users = compact(log.users, user_used, user_number);
  log.items = compact(log.items, item_used, item_number);
  for (Entry& entry : entries) {
    entry.user = user_number[static_cast<std::size_t>(entry.user)];
    entry.item = item_number[static_cast<std::size_t>(entry.item)];
  }
  if (log.item_names.empty()) return;
  std::vector<std::string> names(static_cast<std::size_t>(log.items.size()));
  for (std::size_t i = 0; i < item_number.size(); ++i) {
    if (item_number[i] >= 0) names[static_cast<std::size_t>(item_number[i])] = std::move(log.item_names[i]);
  }
  log.item_names = std::move(names);
}

/// Deals `entries` out: the last `test` of the order go to test, those before them to validation.
void split_run(std::span<Entry*> run, int64_t val, int64_t test, const PrepareOptions& options) {
  if (val + test == 0) return;
  if (options.by_time) {
    std::sort(run.begin(), run.end(), [](const Entry* a, const Entry* b) {
      return std::tie(a->time, a->user, a->item) < std::tie(b->time, b->user, b->item);
    });
  } else {
    std::vector<std::pair<uint64_t, Entry*>> keyed;
    keyed.reserve(run.size());
    for (Entry* entry : run) keyed.emplace_back(key_of(options.seed, by_prepare, entry->user, entry->item), entry);
    std::sort(keyed.begin(), keyed.end());  // equal keys keep the order of user and item, which is that of the addresses
    std::transform(keyed.begin(), keyed.end(), run.begin(), [](const auto& pair) { return pair.second; });
  }
  const auto last = run.last(static_cast<std::size_t>(val + test));
  for (std::size_t i = 0; i < last.size(); ++i) last[i]->part = i < static_cast<std::size_t>(val) ? Part::val : Part::test;
}

void split(Entries& entries, const PrepareOptions& options) {
  if (options.split == SplitMethod::files || options.split == SplitMethod::none) return;
  const auto split_range = [&options](std::vector<Entry*>& run, auto begin, auto end) {
    const int64_t count = end - begin;
    int64_t test = 0, val = 0;
    if (options.split == SplitMethod::leave_one_out) {
      test = val = count >= 3 ? 1 : 0;
    } else {
      test = std::min(share_of(options.test_share, count), count - 1);
      val = std::min(share_of(options.val_share, count), count - 1 - test);
    }
    run.clear();
    for (auto entry = begin; entry != end; ++entry) run.push_back(&*entry);
    split_run(run, val, test, options);
  };
  if (options.global) {
    std::vector<Entry*> run;
    split_range(run, entries.begin(), entries.end());
  } else {
    const std::vector<std::size_t> bounds = parts_of(entries);
    on_parts(bounds.size() - 1, [&](std::size_t part) {
      std::vector<Entry*> run;
      for_each_user(entries.begin() + static_cast<std::ptrdiff_t>(bounds[part]),
                    entries.begin() + static_cast<std::ptrdiff_t>(bounds[part + 1]),
                    [&](auto begin, auto end) { split_range(run, begin, end); });
    });
  }
}

/// The entries, by user and item, as the matrices of their parts.
void make_matrices(const Entries& entries, InteractionDataset& data) {
  constexpr std::size_t kinds = 3;
  HostCsr* const matrices[kinds] = {&data.train, &data.val, &data.test};  // in the order of Part
  for (HostCsr* matrix : matrices) {
    matrix->rows = data.users.size();
    matrix->cols = data.items.size();
    matrix->row_offsets.assign(static_cast<std::size_t>(data.users.size()) + 1, 0);
  }
  const std::vector<std::size_t> bounds = parts_of(entries);
  struct Counts {
    std::array<std::size_t, kinds> entries{};
    bool weighted = false;
  };
  std::vector<Counts> counts(bounds.size() - 1);
  on_parts(counts.size(), [&](std::size_t part) {
    for (std::size_t i = bounds[part]; i < bounds[part + 1]; ++i) {
      const auto kind = static_cast<std::size_t>(entries[i].part);
      ++counts[part].entries[kind];
      ++matrices[kind]->row_offsets[static_cast<std::size_t>(entries[i].user) + 1];
      counts[part].weighted = counts[part].weighted || entries[i].weight != 1;
    }
  });
  const bool weighted = std::any_of(counts.begin(), counts.end(), [](const Counts& count) { return count.weighted; });
  std::array<std::size_t, kinds> total{};  // then where the part's own begin
  for (Counts& of_part : counts) {
    for (std::size_t kind = 0; kind < kinds; ++kind) total[kind] += std::exchange(of_part.entries[kind], total[kind]);
  }
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    std::vector<int64_t>& offsets = matrices[kind]->row_offsets;
    std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
    matrices[kind]->col_indices.resize(total[kind]);
    if (weighted) matrices[kind]->values.resize(total[kind]);
  }
  on_parts(counts.size(), [&](std::size_t part) {
    std::array<std::size_t, kinds> next = counts[part].entries;
    for (std::size_t i = bounds[part]; i < bounds[part + 1]; ++i) {
      const auto kind = static_cast<std::size_t>(entries[i].part);
      const std::size_t at = next[kind]++;
      matrices[kind]->col_indices[at] = entries[i].item;
      if (weighted) matrices[kind]->values[at] = entries[i].weight;
    }
  });
}

void count_cold(InteractionDataset& data) {
  std::vector<bool> trained(static_cast<std::size_t>(data.items.size()), false);
  for (const int32_t item : data.train.col_indices) trained[static_cast<std::size_t>(item)] = true;
  InteractionReport& report = data.report;
  report.items_without_train = std::count(trained.begin(), trained.end(), false);
  for (int64_t user = 0; user < data.train.rows; ++user) report.users_without_train += data.train.row(user).empty();
  for (const int32_t item : data.test.col_indices) report.test_items_unseen += !trained[static_cast<std::size_t>(item)];
}

/// Throws if there is nothing to train on or nothing to test on where a test was asked for.
void check_parts(const InteractionDataset& data, const PrepareOptions& options) {
  const InteractionReport& report = data.report;
  const bool leave_one_out = options.split == SplitMethod::leave_one_out;
  const bool ratio = options.split == SplitMethod::ratio;
  const auto history = [&] {
    std::string left_out;
    const auto tell = [&](int64_t count, const auto&... what) {
      if (count > 0) left_out += text(left_out.empty() ? "; left out: " : ", ", count, what...);
    };
    tell(report.below_min_rating, " below the minimum rating");
    tell(report.other_behaviours, " of other behaviours");
    tell(report.duplicates, " repeated");
    tell(report.k_core_removed, " outside the ", options.k_core, "-core");
    return text(data.name, data.name.empty() ? "the log's " : ": ", counted(report.logged, "interaction"), left_out);
  };
  require(data.train.nnz() > 0, ErrorKind::bad_data, "nothing is left to train on of ", history());
  require(data.test.nnz() > 0 || !(leave_one_out || (ratio && options.test_share > 0)), ErrorKind::bad_data,
          "the test split is empty: no user has enough interactions left of ", history());
  require(data.val.nnz() > 0 || !(leave_one_out || (ratio && options.val_share > 0)), ErrorKind::bad_data,
          "the validation split is empty: no user has enough interactions left of ", history());
}

}  // namespace

double InteractionDataset::density() const {
  const double cells = static_cast<double>(users.size()) * static_cast<double>(items.size());
  return cells > 0 ? static_cast<double>(train.nnz()) / cells : 0;
}

InteractionDataset prepare(InteractionLog&& log, const PrepareOptions& asked, const ProgressCallback& progress) try {
  check_log(log);
  const PrepareOptions options = resolve(log, asked);
  const auto go_on = [&] {
    const bool wanted = !progress || progress({.phase = "preparing the data", .share = -1, .figures = {}});
    require(wanted, ErrorKind::interrupted, subject(log), "interrupted while the data were prepared");
  };
  go_on();
  InteractionDataset data;
  data.name = log.name;
  data.report.logged = log.size();
  Entries entries = filter(log, options, data.report);
  // The log's columns are not needed any more, and the matrices want their memory.
  for (std::vector<int32_t>* column : {&log.user, &log.item, &log.behaviour}) std::vector<int32_t>().swap(*column);
  std::vector<float>().swap(log.rating);
  std::vector<double>().swap(log.time);
  go_on();
  deduplicate(entries, data.report);
  if (options.k_core > 1) {
    const auto before = static_cast<int64_t>(entries.size());
    go_on();
    keep_k_core(entries, log.users.size(), log.items.size(), options.k_core);
    data.report.k_core_removed = before - static_cast<int64_t>(entries.size());
  }
  const bool filtered = options.has_min_rating || !options.behaviour_weights.empty() || options.k_core > 1;
  if (filtered) drop_unused(entries, log, options.keep_empty, data.report);
  go_on();
  split(entries, options);
  go_on();
  data.users = std::move(log.users);
  data.items = std::move(log.items);
  data.item_names = std::move(log.item_names);
  make_matrices(entries, data);
  check_parts(data, options);
  data.reading = std::move(log.reading);
  data.origin.options = std::move(log.read_with);
  data.origin.options.merge(prepare_settings().write(asked));
  data.origin.split = options.split;
  // Each goes through all that there is; giving back the entries takes the system as long as reading them.
  io::detail::run_all(
      entries.size() < entries_of_part ? 1 : default_threads().count,
      {[&] { Entries().swap(entries); }, [&] { count_cold(data); }, [&] { data.origin.hash_as_split = data.content_hash(); }});
  return data;
} catch (...) {
  rethrow_as_error();
}

namespace {

/// How many of a user's interactions a share holds out: below `count` for a share below 1.
int64_t held_out_of(int64_t count, double share) { return static_cast<int64_t>(share * static_cast<double>(count)); }

}  // namespace

std::vector<int32_t> example_users(const InteractionDataset& data, const ExampleUsers& which) try {
  std::vector<int32_t> users;
  for (int32_t user = 0; user < data.train.rows && static_cast<int64_t>(users.size()) < which.count; ++user) {
    const auto in_train = static_cast<int64_t>(data.train.row(user).size());
    const auto in_test = user < data.test.rows ? static_cast<int64_t>(data.test.row(user).size()) : 0;
    if (in_train >= which.least_train && in_train <= which.most_train && in_test >= which.least_test) users.push_back(user);
  }
  return users;
} catch (...) {
  rethrow_as_error();
}

double share_to_hold_out(const InteractionDataset& data) {
  constexpr double shares[] = {0.1, 0.2, 0.25, 1.0 / 3, 0.5};
  int64_t able = 0, taken_from[std::size(shares)] = {};
  for (std::size_t user = 0; user < static_cast<std::size_t>(data.train.rows); ++user) {
    const int64_t count = data.train.row_offsets[user + 1] - data.train.row_offsets[user];
    able += count >= 2;
    for (std::size_t i = 0; i < std::size(shares); ++i) taken_from[i] += held_out_of(count, shares[i]) > 0;
  }
  for (std::size_t i = 0; able > 0 && i < std::size(shares); ++i) {
    if (10 * taken_from[i] >= able) return shares[i];
  }
  return 0;
}

void hold_out_validation(InteractionDataset& data, double share, uint64_t seed) try {
  require(share >= 0 && share < 1, ErrorKind::usage, "hold_out_validation: the share ", share, " is not in [0, 1)");
  const HostCsr& train = data.train;
  const bool has_val = data.val.nnz() > 0;
  const bool weighted = !train.values.empty() || (has_val && !data.val.values.empty());
  HostCsr parts[2];  // what stays, what is held out
  for (HostCsr& part : parts) {
    part.rows = train.rows;
    part.cols = train.cols;
    part.row_offsets.reserve(train.row_offsets.size());
  }
  struct Cell {
    int32_t item;
    float weight;
    bool held_out;
  };
  std::vector<Cell> cells;
  std::vector<std::pair<uint64_t, std::size_t>> keyed;
  const auto weight = [](const HostCsr& matrix, int64_t at) {
    return matrix.values.empty() ? 1.0f : matrix.values[static_cast<std::size_t>(at)];
  };
  for (std::size_t user = 0; user < static_cast<std::size_t>(train.rows); ++user) {
    cells.clear();
    keyed.clear();
    for (int64_t at = train.row_offsets[user]; at < train.row_offsets[user + 1]; ++at) {
      const int32_t item = train.col_indices[static_cast<std::size_t>(at)];
      keyed.emplace_back(key_of(seed, by_hold_out, static_cast<int32_t>(user), item), cells.size());
      cells.push_back({item, weight(train, at), false});
    }
    const auto count = static_cast<int64_t>(cells.size());
    const int64_t moved = held_out_of(count, share);
    std::partial_sort(keyed.begin(), keyed.begin() + moved, keyed.end());
    for (int64_t i = 0; i < moved; ++i) cells[keyed[static_cast<std::size_t>(i)].second].held_out = true;
    if (has_val) {
      for (int64_t at = data.val.row_offsets[user]; at < data.val.row_offsets[user + 1]; ++at) {
        cells.push_back({data.val.col_indices[static_cast<std::size_t>(at)], weight(data.val, at), true});
      }
    }
    std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) { return a.item < b.item; });
    for (const Cell& cell : cells) {
      parts[cell.held_out].col_indices.push_back(cell.item);
      if (weighted) parts[cell.held_out].values.push_back(cell.weight);
    }
    for (HostCsr& part : parts) part.row_offsets.push_back(part.nnz());
  }
  const bool moved_any = parts[0].nnz() < train.nnz();
  data.train = std::move(parts[0]);
  data.val = std::move(parts[1]);
  DataOrigin& origin = data.origin;
  if (!moved_any || origin.hash_as_split.empty()) return;
  if (origin.held_out == 0) {
    origin.held_out = share;
    origin.hold_out_seed = seed;
  } else {
    // One share and one seed do not tell of two: better that nobody makes these data anew than that they make others.
    origin.hash_as_split.clear();
    origin.held_out = 0;
    origin.hold_out_seed = 0;
  }
} catch (...) {
  rethrow_as_error();
}

HostCsr transpose(const HostCsr& matrix) try {
  HostCsr result;
  result.rows = matrix.cols;
  result.cols = matrix.rows;
  result.row_offsets.assign(static_cast<std::size_t>(matrix.cols) + 1, 0);
  result.col_indices.resize(matrix.col_indices.size());
  result.values.resize(matrix.values.size());
  for (const int32_t column : matrix.col_indices) ++result.row_offsets[static_cast<std::size_t>(column) + 1];
  std::partial_sum(result.row_offsets.begin(), result.row_offsets.end(), result.row_offsets.begin());
  std::vector<int64_t> next(result.row_offsets.begin(), result.row_offsets.end() - 1);
  for (std::size_t row = 0; row < static_cast<std::size_t>(matrix.rows); ++row) {
    for (int64_t at = matrix.row_offsets[row]; at < matrix.row_offsets[row + 1]; ++at) {
      const auto from = static_cast<std::size_t>(at);
      const auto to = static_cast<std::size_t>(next[static_cast<std::size_t>(matrix.col_indices[from])]++);
      result.col_indices[to] = static_cast<int32_t>(row);
      if (!matrix.values.empty()) result.values[to] = matrix.values[from];
    }
  }
  return result;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
