#include "kernels/elementwise/elementwise.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bench/graphs.h"
#include "bench/references.h"
#include "kernels/loss/loss.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

// Around the widths of vectors and random blocks, and beyond what the cpu gives to one thread.
constexpr int64_t sizes[] = {1, 3, 4, 15, 16, 17, 63, 65, 1000, 20001};

std::vector<float> draw(int64_t count, uint64_t seed) { return bench::random_matrix(1, count, seed).values; }

/// check(workbench, count, offset) on every device, for every size, aligned and one float off.
template <class Check>
void for_sizes(const Check& check) {
  for (const auto& [name, device] : devices()) {
    Workbench workbench(device);
    for (int64_t count : sizes) {
      for (int64_t offset : {0, 1}) {
        INFO(text(name, " / ", count, offset == 0 ? " elements" : " elements, unaligned"));
        check(workbench, count, offset);
      }
    }
  }
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("add_scaled / every size matches double precision") {
    for_sizes([](Workbench& workbench, int64_t count, int64_t offset) {
      const std::vector<float> x = draw(count, 1), y = draw(count, 2);
      const Guarded<float> source = workbench.array(x, offset), target = workbench.array(y, offset);
      add_scaled(source.view(1, count), -0.7f, target.view(1, count), workbench.execution());
      CHECK(mismatch(target.values(), bench::add_scaled(x, -0.7f, y)) == "");
      CHECK(bit_difference(source.values(), x) == "");
    });
  }

  TEST_CASE("scale / every size, in place too, matches double precision") {
    for_sizes([](Workbench& workbench, int64_t count, int64_t offset) {
      const std::vector<float> x = draw(count, 3);
      const bench::Reference expected = bench::scale(x, 1.3f, 1);
      const Guarded<float> source = workbench.array(x, offset), target = workbench.output(count, offset);
      scale(source.view(count, 1), 1.3f, target.view(count, 1), workbench.execution());
      CHECK(mismatch(target.values(), expected) == "");
      scale(source.view(count, 1), 1.3f, source.view(count, 1), workbench.execution());
      CHECK(mismatch(source.values(), expected) == "");
    });
  }

  TEST_CASE("scale_by / every size matches double precision") {
    for_sizes([](Workbench& workbench, int64_t count, int64_t offset) {
      const std::vector<float> x = draw(count, 4);
      const Guarded<float> source = workbench.array(x, offset), target = workbench.output(count, offset);
      const Guarded<float> scalar = workbench.array(std::vector<float>{0.3f});
      scale_by(source.view(1, count), 1.7f, scalar.data(), target.view(1, count), workbench.execution());
      CHECK(mismatch(target.values(), bench::scale(x, static_cast<double>(1.7f) * 0.3f, 2)) == "");
    });
  }

  TEST_CASE("fill / every size") {
    for_sizes([](Workbench& workbench, int64_t count, int64_t offset) {
      const Guarded<float> y = workbench.output(count, offset);
      fill(-2.5f, y.view(count, 1), workbench.execution());
      CHECK(y.values() == std::vector<float>(static_cast<std::size_t>(count), -2.5f));
    });
  }

  TEST_CASE("sum_of_squares / every size matches double precision, and of nothing is 0") {
    for_sizes([](Workbench& workbench, int64_t count, int64_t offset) {
      const HostMatrix x = bench::random_matrix(1, count, 5);
      const DeviceMatrix source(workbench.stream(), x, offset);
      const Guarded<float> sum = workbench.output(1);
      sum_of_squares(source.view(), 0.0025f, sum.data(), workbench.execution());
      CHECK(mismatch(sum.values(), bench::sum_of_squares(x, 0.0025f)) == "");
      sum_of_squares({}, 2.0f, sum.data(), workbench.execution());
      CHECK(sum.value() == 0.0f);
    });
  }

  TEST_CASE("elementwise / empty arrays may be null") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const Guarded<float> scalar = workbench.array(std::vector<float>{1.0f});
      CHECK_NOTHROW(add_scaled({nullptr, 0, 4}, 1, {nullptr, 0, 4}, workbench.execution()));
      CHECK_NOTHROW(scale({nullptr, 4, 0}, 1, {nullptr, 4, 0}, workbench.execution()));
      CHECK_NOTHROW(scale_by({}, 1, scalar.data(), {}, workbench.execution()));
      CHECK_NOTHROW(fill(1, {}, workbench.execution()));
    }
  }

  TEST_CASE("increment / counts, and wraps after 2^32 - 1") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const Guarded<uint32_t> counter = workbench.array(std::vector<uint32_t>{0xFFFFFFFEu});
      for (uint32_t expected : {0xFFFFFFFFu, 0u, 1u}) {
        increment(counter.data(), workbench.execution());
        CHECK(counter.value() == expected);
      }
    }
  }

  TEST_CASE("record_scalar / writes the step's place and nothing beyond the end") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const Guarded<float> history = workbench.array(std::vector<float>{0, 0, 0});
      for (uint32_t step : {2u, 0u, 3u, 0xFFFFFFFFu}) {
        const Guarded<uint32_t> counter = workbench.array(std::vector<uint32_t>{step});
        const Guarded<float> value = workbench.array(std::vector<float>{static_cast<float>(step) + 5});
        record_scalar(value.data(), counter.data(), history.data(), 3, workbench.execution());
      }
      CHECK(history.values() == std::vector<float>{5, 0, 7});
    }
  }

  TEST_CASE("elementwise / the bits depend neither on threads nor on schedules") {
    std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
    groups.push_back(fused_isas());
    groups.push_back(simt_orders());
    const HostMatrix x = bench::random_matrix(201, 101, 6), y = bench::random_matrix(201, 101, 7);
    for (const auto& group : groups) {
      check_same_bits(group, [&](Workbench& workbench) {
        const DeviceMatrix source(workbench.stream(), x), target(workbench.stream(), y);
        const Guarded<float> sum = workbench.output(1);
        add_scaled(source.view(), 0.3f, target.mutable_view(), workbench.execution());
        sum_of_squares(target.view(), 0.1f, sum.data(), workbench.execution());
        std::vector<float> all = target.values();
        all.push_back(sum.value());
        return all;
      });
    }
  }
}
