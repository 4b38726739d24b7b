#include "kernels/sampling/sampling.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/graphs.h"
#include "kernels/sampling/draw.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

/// Users' items on the host, with what InteractionsView wants.
struct Interactions {
  Interactions(int64_t items_, const std::vector<std::vector<int32_t>>& rows_) : items(items_), rows(rows_) {
    for (std::size_t user = 0; user < rows.size(); ++user) {
      columns.insert(columns.end(), rows[user].begin(), rows[user].end());
      row_of.insert(row_of.end(), rows[user].size(), static_cast<int32_t>(user));
      row_offsets.push_back(static_cast<int64_t>(columns.size()));
      if (!rows[user].empty() && static_cast<int64_t>(rows[user].size()) < items) eligible.push_back(static_cast<int32_t>(user));
    }
  }
  int64_t users() const { return static_cast<int64_t>(rows.size()); }
  bool taken(int32_t user, int64_t item) const {
    const auto& row = rows[static_cast<std::size_t>(user)];
    return std::find(row.begin(), row.end(), item) != row.end();
  }

  int64_t items;
  std::vector<std::vector<int32_t>> rows;
  std::vector<int64_t> row_offsets{0};
  std::vector<int32_t> columns, row_of, eligible;
};

/// The same in a device's memory.
class DeviceInteractions {
 public:
  DeviceInteractions(Stream& stream, const Interactions& host)
      : users_(host.users()),
        items_(host.items),
        nnz_(static_cast<int64_t>(host.columns.size())),
        eligible_count_(static_cast<int64_t>(host.eligible.size())),
        row_offsets_(stream, host.row_offsets),
        columns_(stream, host.columns),
        row_of_(stream, host.row_of),
        eligible_(stream, host.eligible) {}
  InteractionsView view() const {
    return {{.rows = users_, .cols = items_, .nnz = nnz_, .row_offsets = row_offsets_.data(), .col_indices = columns_.data()},
            row_of_.data(),
            eligible_.data(),
            eligible_count_};
  }

 private:
  int64_t users_, items_, nnz_, eligible_count_;
  Guarded<int64_t> row_offsets_;
  Guarded<int32_t> columns_, row_of_, eligible_;
};

/// A user without items, one with every item, one who lacks a single one, and rows in between.
const Interactions& small() {
  static const Interactions made(9, {{0}, {}, {0, 1, 2, 3, 4, 5, 6, 7, 8}, {1, 3, 5, 7}, {0, 1, 2, 4, 5, 6, 7, 8}, {8}});
  return made;
}

/// Rows of 1 to 60 of 100 items.
const Interactions& larger() {
  static const Interactions made = [] {
    std::vector<std::vector<int32_t>> rows;
    bench::Draws draws(71);
    for (uint64_t user = 0; user < 50; ++user) {
      const std::vector<int64_t> order = bench::random_permutation(100, user);
      rows.emplace_back(order.begin(), order.begin() + 1 + draws.below(60));
      std::sort(rows.back().begin(), rows.back().end());
    }
    return Interactions(100, rows);
  }();
  return made;
}

constexpr RandomStream stream_of(uint64_t seed, const uint32_t* step = nullptr) {
  return {.seed = seed, .purpose = random_purpose::sampling, .step = step};
}

std::vector<int32_t> bpr(Workbench& workbench, const Interactions& interactions, int64_t batch, const RandomStream& random) {
  const DeviceInteractions device(workbench.stream(), interactions);
  const Guarded<int32_t> ids = workbench.output<int32_t>(3 * batch);
  sample_bpr(device.view(), batch, random, ids.data(), workbench.execution());
  return ids.values();
}

std::vector<int32_t> softmax(Workbench& workbench, const Interactions& interactions, int64_t batch, int64_t negatives,
                             float popularity_share, const RandomStream& random) {
  const DeviceInteractions device(workbench.stream(), interactions);
  const Guarded<int32_t> ids = workbench.output<int32_t>(2 * batch + negatives);
  sample_softmax(device.view(), batch, negatives, popularity_share, random, ids.data(), workbench.execution());
  return ids.values();
}

/// Empty, or a sentence: how often each cell was drawn against how often it should have been, by Pearson's chi-square. The
/// critical value is that of 1 in 10,000 (z = 3.72) by E. Wilson and M. Hilferty's approximation (1931); seeds are fixed, so a
/// right sampler passes always.
std::string chi_square_mismatch(const std::vector<std::pair<double, double>>& observed_and_expected) {
  double statistic = 0;
  for (const auto& [observed, expected] : observed_and_expected) statistic += std::pow(observed - expected, 2) / expected;
  const double freedom = static_cast<double>(observed_and_expected.size()) - 1;
  const double limit = freedom * std::pow(1 - 2 / (9 * freedom) + 3.72 * std::sqrt(2 / (9 * freedom)), 3);
  return statistic <= limit ? std::string() : text("chi-square is ", statistic, " over ", freedom, " degrees, the limit ", limit);
}

/// The same for numbers of draws of values whose probabilities are in the proportion of `weights`.
std::string chi_square_mismatch(const std::vector<int32_t>& drawn, const std::map<int32_t, double>& weights) {
  double total = 0;
  for (const auto& [value, weight] : weights) total += weight;
  std::map<int32_t, double> observed;
  for (const int32_t value : drawn) {
    if (weights.find(value) == weights.end()) return text(value, " was drawn, which cannot be");
    observed[value] += 1;
  }
  std::vector<std::pair<double, double>> cells;
  for (const auto& [value, weight] : weights) {
    cells.emplace_back(observed[value], weight / total * static_cast<double>(drawn.size()));
  }
  return chi_square_mismatch(cells);
}

std::vector<int32_t> part(const std::vector<int32_t>& ids, int64_t begin, int64_t end) {
  return {ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.begin() + static_cast<std::ptrdiff_t>(end)};
}

static_assert(multiply_high(~uint64_t{0}, ~uint64_t{0}) == ~uint64_t{0} - 1);
static_assert(multiply_high(0xFEDCBA9876543210u, 0x0123456789ABCDEFu) == 0x0121FA00AD77D742u);
static_assert(draw_below(0xFFFFFFFF, 0xFFFFFFFF, 7) == 6 && draw_below(0, 0, 7) == 0);
static_assert(draw_below(0xFFFFFFFF, 0xFFFFFFFF, 1) == 0);
static_assert(draw_below(0x80000000, 0, 10) == 5 && draw_below(0x7FFFFFFF, 0xFFFFFFFF, 10) == 4);
static_assert(draw_below(0x12345678, 0x9ABCDEF0, int64_t{1} << 62) == 0x123456789ABCDEF0 >> 2);

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("sampling / the k-th item not taken is that of the complement, for every subset of eight") {
    for (unsigned subset = 0; subset < 256; ++subset) {
      std::vector<int32_t> taken, others;
      for (int32_t item = 0; item < 8; ++item) (subset >> item & 1 ? taken : others).push_back(item);
      for (std::size_t rank = 0; rank < others.size(); ++rank) {
        CHECK(draw_not_taken(taken.data(), static_cast<int64_t>(taken.size()), static_cast<int64_t>(rank)) == others[rank]);
      }
    }
  }

  TEST_CASE("sample_bpr / users are uniform among the eligible, each one's pairs of positive and negative are too") {
    const int64_t batch = 40'000;
    Workbench workbench(Device::cpu());
    const Interactions& in = small();
    const std::vector<int32_t> ids = bpr(workbench, in, batch, stream_of(1));
    CHECK(chi_square_mismatch(part(ids, 0, batch), {{0, 1}, {3, 1}, {4, 1}, {5, 1}}) == "");
    for (const int32_t user : in.eligible) {
      INFO(user);
      std::map<int32_t, double> pairs;  // both uniform and independent: all of them are as likely
      for (int32_t positive = 0; positive < 9; ++positive) {
        for (int32_t negative = 0; negative < 9; ++negative) {
          if (in.taken(user, positive) && !in.taken(user, negative)) pairs[9 * positive + negative] = 1;
        }
      }
      std::vector<int32_t> drawn;
      for (int64_t b = 0; b < batch; ++b) {
        const auto at = [&](int64_t block) { return ids[static_cast<std::size_t>(block * batch + b)]; };
        if (at(0) == user) drawn.push_back(9 * (at(1) - 6) + at(2) - 6);
      }
      CHECK(chi_square_mismatch(drawn, pairs) == "");
    }
  }

  TEST_CASE("sample_bpr / positives are the user's and negatives are not, on every device") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      for (const Interactions* in : {&small(), &larger()}) {
        const int64_t batch = 300;
        const std::vector<int32_t> ids = bpr(workbench, *in, batch, stream_of(2));
        int64_t wrong = 0;
        for (std::size_t b = 0; b < 300; ++b) {
          const int32_t user = ids[b];
          const int64_t positive = ids[300 + b] - in->users(), negative = ids[600 + b] - in->users();
          wrong += !(user >= 0 && user < in->users() && in->taken(user, positive) && negative >= 0 && negative < in->items &&
                     !in->taken(user, negative));
        }
        CHECK(wrong == 0);
      }
    }
  }

  TEST_CASE("sample_bpr / a user who lacks one item gets it as the negative, a user with one item as the positive") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      CHECK(bpr(workbench, Interactions(3, {{0, 2}}), 2, stream_of(3))[5] == 1 + 1);
      const std::vector<int32_t> ids = bpr(workbench, Interactions(2, {{1}}), 1, stream_of(3));
      CHECK(bit_difference(ids, {0, 1 + 1, 1 + 0}) == "");
    }
  }

  TEST_CASE("sample_softmax / interactions are uniform; negatives follow popularity, then are uniform") {
    const int64_t batch = 20'000, negatives = 40'000;
    Workbench workbench(Device::cpu());
    const Interactions& in = small();
    const std::vector<int32_t> ids = softmax(workbench, in, batch, negatives, 0.25f, stream_of(4));
    std::map<int32_t, double> interactions, by_popularity, uniform;
    for (std::size_t k = 0; k < in.columns.size(); ++k) {
      interactions[9 * in.row_of[k] + in.columns[k]] = 1;
      by_popularity[6 + in.columns[k]] += 1;
    }
    for (int32_t item = 0; item < 9; ++item) uniform[6 + item] = 1;
    std::vector<int32_t> drawn;
    for (std::size_t b = 0; b < 20'000; ++b) drawn.push_back(9 * ids[b] + ids[20'000 + b] - 6);
    CHECK(chi_square_mismatch(drawn, interactions) == "");
    CHECK(chi_square_mismatch(part(ids, 2 * batch, 2 * batch + 10'000), by_popularity) == "");
    CHECK(chi_square_mismatch(part(ids, 2 * batch + 10'000, 2 * batch + negatives), uniform) == "");
    // The test can tell the two apart.
    CHECK(chi_square_mismatch(part(ids, 2 * batch, 2 * batch + 10'000), uniform) != "");
  }

  TEST_CASE("sample_softmax / the popular share is rounded to a number of negatives") {
    // Of 1,000 items only number 7 was ever taken: by popularity nothing else comes.
    const Interactions one(1000, {{7}, {7}});
    Workbench workbench(Device::cpu());
    for (const auto& [share, popular] : {std::pair(0.0f, 0), {0.3f, 3}, {0.34f, 3}, {0.36f, 4}, {1.0f, 10}}) {
      const std::vector<int32_t> ids = softmax(workbench, one, 1, 10, share, stream_of(5));
      CHECK(std::count(ids.begin() + 2, ids.end(), 2 + 7) == popular);
      CHECK(std::all_of(ids.begin() + 2, ids.begin() + 2 + popular, [](int32_t id) { return id == 2 + 7; }));
    }
  }

  TEST_CASE("sampling / every device and any number of threads draw the same") {
    Workbench reference(Device::cpu({.threads = 1}));
    const std::vector<int32_t> triples = bpr(reference, larger(), 777, stream_of(6));
    const std::vector<int32_t> shared = softmax(reference, larger(), 777, 33, 0.3f, stream_of(6));
    std::vector<NamedDevice> all = devices();
    for (const auto& group : cpu_thread_counts()) all.insert(all.end(), group.begin(), group.end());
    for (const NamedDevice& each : simt_orders()) all.push_back(each);
    for (const auto& [name, device] : all) {
      INFO(name);
      Workbench workbench(device);
      CHECK(bit_difference(bpr(workbench, larger(), 777, stream_of(6)), triples) == "");
      CHECK(bit_difference(softmax(workbench, larger(), 777, 33, 0.3f, stream_of(6)), shared) == "");
    }
  }

  TEST_CASE("sampling / seed and step each draw anew; a batch may be empty") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const Guarded<uint32_t> step = workbench.array(std::vector<uint32_t>{1});
      const std::vector<int32_t> first = bpr(workbench, larger(), 20, stream_of(7));
      CHECK(bit_difference(bpr(workbench, larger(), 20, stream_of(7)), first) == "");
      CHECK(bit_difference(bpr(workbench, larger(), 20, stream_of(8)), first) != "");
      CHECK(bit_difference(bpr(workbench, larger(), 20, stream_of(7, step.data())), first) != "");
      CHECK(bpr(workbench, larger(), 0, stream_of(7)).empty());
      CHECK(softmax(workbench, larger(), 0, 0, 0.5f, stream_of(7)).empty());
    }
  }

  TEST_CASE("sampling / refuses what cannot be drawn from") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const auto refused = [](const char* fragment, const std::function<void()>& call) {
        return error_mismatch(ErrorKind::usage, fragment, call);
      };
      const Interactions nobody(2, {{}, {0, 1}}), empty(2, {{}, {}});
      CHECK(refused("sample_bpr: no user has an item and lacks another", [&] { bpr(workbench, nobody, 3, stream_of(1)); }) == "");
      CHECK(refused("sample_softmax: there are no interactions", [&] { softmax(workbench, empty, 3, 1, 0, stream_of(1)); }) ==
            "");
      for (float share : {-0.1f, 1.1f, std::nanf("")}) {
        CHECK(refused("is not in [0, 1]", [&] { softmax(workbench, small(), 3, 1, share, stream_of(1)); }) == "");
      }
      const DeviceInteractions in(workbench.stream(), small());
      CHECK(refused("sample_softmax: ids is null",
                    [&] { sample_softmax(in.view(), 1, 1, 0, stream_of(1), nullptr, workbench.execution()); }) == "");
      int32_t id = 0;
      CHECK(refused("sample_bpr: a batch of -1", [&] { sample_bpr(in.view(), -1, stream_of(1), &id, workbench.execution()); }) ==
            "");
      CHECK(refused("sample_softmax: -1 negatives",
                    [&] { sample_softmax(in.view(), 1, -1, 0, stream_of(1), &id, workbench.execution()); }) == "");
      CHECK(refused("ids is null", [&] { sample_bpr(in.view(), 1, stream_of(1), nullptr, workbench.execution()); }) == "");
      InteractionsView without = in.view();
      without.row_of = nullptr;
      CHECK(refused("row_of is null", [&] { sample_softmax(without, 1, 1, 0, stream_of(1), &id, workbench.execution()); }) == "");
      InteractionsView wide = in.view();
      wide.matrix.cols = int64_t{1} << 31;
      CHECK(refused("more nodes than 32 bits number", [&] { sample_bpr(wide, 1, stream_of(1), &id, workbench.execution()); }) ==
            "");
    }
  }
}
