#include "kernels/rows/rows.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "bench/graphs.h"
#include "bench/references.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

/// Row numbers below n, skewed towards small ones so that some repeat often.
std::vector<int32_t> skewed_ids(int64_t count, int64_t n, uint64_t seed) {
  bench::Draws draws(seed);
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < count; ++i) {
    const double u = draws.uniform();
    ids.push_back(static_cast<int32_t>(static_cast<double>(n) * u * u));
  }
  return ids;
}

/// Groups of ids in a device's memory.
struct Groups {
  int64_t count;
  Guarded<int32_t> ids, order, distinct, offsets, group_of, group_count;

  Groups(Workbench& workbench, const std::vector<int32_t>& host_ids, int64_t n)
      : count(static_cast<int64_t>(host_ids.size())),
        ids(workbench.array(host_ids)),
        order(workbench.output<int32_t>(count)),
        distinct(workbench.output<int32_t>(count)),
        offsets(workbench.output<int32_t>(count + 1)),
        group_of(workbench.output<int32_t>(count)),
        group_count(workbench.output<int32_t>(1)) {
    void* const workspace = workbench.arena().allocate(group_rows_workspace(count, n, workbench.stream().kind()));
    group_rows(view(), n, workspace, workbench.execution());
  }
  RowGroups view() const {
    return {ids.data(), count, order.data(), distinct.data(), offsets.data(), group_of.data(), group_count.data()};
  }
};

void check_groups(const std::vector<int32_t>& ids, int64_t n) {
  std::vector<int32_t> order(ids.size()), distinct, offsets, group_of(ids.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return ids[a] < ids[b]; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (distinct.empty() || distinct.back() != ids[order[i]]) {
      distinct.push_back(ids[order[i]]);
      offsets.push_back(static_cast<int32_t>(i));
    }
    group_of[order[i]] = static_cast<int32_t>(distinct.size()) - 1;
  }
  offsets.push_back(static_cast<int32_t>(ids.size()));

  std::vector<NamedDevice> all = devices();
  for (const NamedDevice& order_of_threads : simt_orders()) all.push_back(order_of_threads);
  for (const auto& [name, device] : all) {
    INFO(text("group_rows / ", name, " / ", ids.size(), " ids below ", n));
    Workbench workbench(device);
    const Groups groups(workbench, ids, n);
    REQUIRE(groups.group_count.value() == static_cast<int32_t>(distinct.size()));
    const auto first = [](const Guarded<int32_t>& array, std::size_t length) {
      std::vector<int32_t> values = array.values();
      values.resize(length);
      return values;
    };
    CHECK(groups.order.values() == order);
    CHECK(first(groups.distinct, distinct.size()) == distinct);
    CHECK(first(groups.offsets, offsets.size()) == offsets);
    CHECK(groups.group_of.values() == group_of);
    CHECK(groups.ids.values() == ids);
  }
}

std::vector<float> gathered(const HostMatrix& x, const std::vector<int32_t>& ids) {
  std::vector<float> rows;
  for (int32_t id : ids) rows.insert(rows.end(), x.values.begin() + id * x.cols, x.values.begin() + (id + 1) * x.cols);
  return rows;
}

struct Sum {
  std::vector<int32_t> ids;
  int64_t n;
  HostMatrix y;
  bool accumulate, compact;
  int64_t offset = 0;

  std::vector<float> target() const { return bench::random_matrix(compact ? y.rows : n, y.cols, 32).values; }
  std::vector<float> run(Workbench& workbench) const {
    const Groups groups(workbench, ids, n);
    const DeviceMatrix rows(workbench.stream(), y, offset);
    const auto sums = workbench.array(target(), offset);
    sum_row_groups({groups.view(), rows.view(), sums.view(compact ? y.rows : n, y.cols), accumulate, compact},
                   workbench.execution());
    return sums.values();
  }
  // A group of m places and the target's own value: m additions.
  bench::Reference expected() const {
    const std::vector<float> before = target();
    bench::Reference result;
    result.values.assign(before.begin(), before.end());
    result.bounds.assign(before.size(), 0);
    std::vector<int32_t> distinct = ids;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (std::size_t g = 0; g < distinct.size(); ++g) {
      for (int64_t c = 0; c < y.cols; ++c) {
        const std::size_t at = static_cast<std::size_t>((compact ? static_cast<int64_t>(g) : distinct[g]) * y.cols + c);
        double sum = accumulate ? before[at] : 0;
        double magnitude = std::abs(sum);
        for (std::size_t p = 0; p < ids.size(); ++p) {
          if (ids[p] != distinct[g]) continue;
          sum += y.values[p * y.cols + c];
          magnitude += std::abs(y.values[p * y.cols + c]);
        }
        result.values[at] = sum;
        result.bounds[at] = bench::gamma(std::count(ids.begin(), ids.end(), distinct[g]) + 1) * magnitude;
      }
    }
    return result;
  }
};

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("group_rows / a stable sort by id, its groups and their places, on every device in every order") {
    check_groups({}, 5);
    check_groups({0}, 1);
    check_groups({4, 4, 4, 4}, 5);
    check_groups({2147483646, 0, 2147483646}, 2147483647);
    for (int64_t n : {1, 7, 40, 70839}) check_groups(skewed_ids(300, n, 30), n);
    check_groups(skewed_ids(255, 2049, 31), 2049);
  }

  TEST_CASE("group_rows / many ids on the cpu") {
    if (!tested(DeviceKind::cpu)) return;
    check_groups(skewed_ids(20000, 70839, 33), 70839);
  }

  TEST_CASE("gather_rows / copies rows at every width, aligned or not") {
    for (int64_t width : {1, 7, 31, 33, 64, 100}) {
      for (int64_t offset : {0, 1}) {
        const HostMatrix x = bench::random_matrix(11, width, 34);
        const std::vector<int32_t> ids = {10, 0, 3, 3, 10, 7, 1};
        for (const auto& [name, device] : devices()) {
          INFO(text("gather_rows / ", name, " / d=", width, " / offset ", offset));
          Workbench workbench(device);
          const DeviceMatrix rows(workbench.stream(), x, offset);
          const auto list = workbench.array(ids);
          const auto y = workbench.output(7 * width, offset);
          gather_rows(rows.view(), list.data(), y.view(7, width), workbench.execution());
          CHECK(bit_difference(y.values(), gathered(x, ids)) == "");
        }
      }
    }
  }

  TEST_CASE("sum_row_groups / every width, accumulating or not, compact or not, matches double precision") {
    for (int64_t width : {1, 7, 31, 33, 64, 100}) {
      for (bool accumulate : {false, true}) {
        for (bool compact : {false, true}) {
          const Sum sum{skewed_ids(50, 20, 35), 20, bench::random_matrix(50, width, 36), accumulate, compact, width % 2};
          for (const auto& [name, device] : devices()) {
            INFO(text("sum_row_groups / ", name, " / d=", width, accumulate ? " / accumulate" : "", compact ? " / compact" : ""));
            Workbench workbench(device);
            CHECK(mismatch(sum.run(workbench), sum.expected()) == "");
          }
        }
      }
    }
  }

  TEST_CASE("sum_row_groups / the bits depend neither on threads, instruction sets nor schedules") {
    const Sum large{skewed_ids(3000, 500, 37), 500, bench::random_matrix(3000, 33, 38), true, false};
    const Sum small{skewed_ids(60, 20, 39), 20, bench::random_matrix(60, 33, 40), true, false};
    std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
    if (tested(DeviceKind::cpu)) {
      std::vector<NamedDevice>& isas = groups.emplace_back();
      for (Isa isa : available_isas()) isas.push_back({to_string(isa), Device::cpu({.threads = 2, .isa = isa})});
    }
    for (const auto& group : groups) check_same_bits(group, [&](Workbench& workbench) { return large.run(workbench); });
    check_same_bits(simt_orders(), [&](Workbench& workbench) { return small.run(workbench); });
  }

  TEST_CASE("rows / arguments that do not fit are refused with the values") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const auto refused = [](const char* sentence, auto call) { return error_mismatch(ErrorKind::usage, sentence, call); };
      const Groups groups(workbench, {0, 1}, 2);
      const auto x = workbench.array(std::vector<float>(6)), y = workbench.array(std::vector<float>(6));
      const auto gather = [&](DenseView<float> to) { gather_rows(x.view(2, 3), groups.ids.data(), to, workbench.execution()); };
      CHECK(refused("y has 2 columns, x has 3", [&] { gather(y.view(3, 2)); }) == "");
      CHECK(refused("y and x share memory", [&] { gather(x.view(2, 3)); }) == "");
      const auto sum = [&](DenseView<float> rows, DenseView<float> target) {
        sum_row_groups({groups.view(), rows, target}, workbench.execution());
      };
      CHECK(refused("y has 3 rows, there are 2 ids", [&] { sum(x.view(3, 2), y.view(2, 2)); }) == "");
      CHECK(refused("target has 2 columns, y has 3", [&] { sum(x.view(2, 3), y.view(3, 2)); }) == "");
      RowGroups without = groups.view();
      without.order = nullptr;
      CHECK(refused("order, distinct, offsets", [&] { group_rows(without, 2, nullptr, workbench.execution()); }) == "");
    }
  }
}
