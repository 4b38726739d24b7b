// What a profiler records of trainings: which ops ran, where and when, and that it changes nothing.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "heddle/lightgcn.h"
#include "heddle/profile.h"
#include "heddle/train.h"
#include "tests/engine/datasets.h"
#include "tests/engine/interactions.h"
#include "tests/support/compare.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

/// Calls of an op in a phase.
int64_t calls(const Profiler& profiler, std::string_view op, ProfilePhase phase) {
  for (const ProfileTotal& total : profiler.totals()) {
    if (total.op == op && total.phase == phase) return total.calls;
  }
  return 0;
}

/// A training of a GCN with dropout, recorded by `profiler` where there is one.
TrainReport trained(const NodeDataset& data, const TrainOptions& options, const Device& device, Profiler* profiler) {
  Gcn model(data, {.hidden = 8, .seed = 3}, device);
  model.context().set_profiler(profiler);
  return train(model, data, options);
}

/// The span called `name` that event `i` stands in, or -1.
int64_t around(const Profiler& profiler, std::size_t i, std::string_view name) {
  int64_t place = profiler.events()[i].parent;
  while (place >= 0 && profiler.events()[static_cast<std::size_t>(place)].name != name)
    place = profiler.events()[static_cast<std::size_t>(place)].parent;
  return place;
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("profile / gcn / one epoch has the products of its formula, forward and backward told apart") {
  const NodeDataset data = random_dataset(50, 12, 3, 2);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Profiler profiler;
    trained(data, {.epochs = 3}, device.device, &profiler);
    // Forward: A (X W1) and A (H W2), X sparse: three sparse products and one dense. Backward: those two of A^T, X^T for dW1;
    // dW2 = H^T dZ and dH = dZ W2^T.
    CHECK(calls(profiler, "spmm", ProfilePhase::forward) == 3 * 3);
    CHECK(calls(profiler, "spmm", ProfilePhase::backward) == 3 * 3);
    CHECK(calls(profiler, "gemm", ProfilePhase::forward) == 3 * 1);
    CHECK(calls(profiler, "gemm", ProfilePhase::backward) == 3 * 2);
    CHECK(calls(profiler, "adam", ProfilePhase::update) == 3);
    CHECK(calls(profiler, "spmm", ProfilePhase::evaluation) == 3);
    CHECK(calls(profiler, "count_correct", ProfilePhase::evaluation) == 3);
  }
}

}  // namespace heddle::test

TEST_SUITE_END();
