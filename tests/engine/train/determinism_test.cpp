// The same seed gives the same bits, whatever else differs.
#include <doctest/doctest.h>

#include "heddle/classifier_training.h"
#include "tests/engine/datasets.h"
#include "tests/support/compare.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

TrainReport trained(const NodeDataset& data, const GcnOptions& model_options, const TrainOptions& options, const Device& device) {
  Gcn model(data, model_options, device);
  return train(model, data, options);
}

void check_same(const TrainReport& actual, const TrainReport& expected) {
  CHECK(bit_difference(actual.losses, expected.losses) == "");
  CHECK(actual.weights_hash == expected.weights_hash);
  CHECK(actual.test_accuracy == expected.test_accuracy);
}

/// Narrow: every product fits registers. Wide: dense features, products that go to the BLAS. Both large enough for several
/// threads.
struct Case {
  const char* name;
  NodeDataset data;
  GcnOptions model;
};
std::vector<Case> cases() {
  const NodeDataset data = random_dataset(3000, 96, 7, 2);
  return {{"narrow", data, {.hidden = 16, .seed = 5}},
          {"wide", with_dense_features(data), {.hidden = 80, .layers = 3, .seed = 5}}};
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("train / cpu / the same seed gives the same bits with 1, 2 and 5 threads, run after run") {
  for (const Case& c : cases()) {
    for (Isa isa : available_isas()) {
      INFO(c.name, ", ", to_string(isa));
      const auto run = [&](int threads) {
        return trained(c.data, c.model, {.epochs = 4}, Device::cpu({.threads = threads, .isa = isa}));
      };
      const TrainReport expected = run(1);
      for (int threads : {1, 2, 5}) {
        INFO(threads, " threads");
        check_same(run(threads), expected);
      }
    }
  }
}

TEST_CASE("train / cpu / avx2 and avx512 give the same bits where the products fit registers") {
  const std::vector<Isa> isas = available_isas();
  if (isas.back() != Isa::avx512) {
    MESSAGE("skipped: this processor has no avx512");
    return;
  }
  const Case narrow = cases()[0];
  check_same(trained(narrow.data, narrow.model, {.epochs = 4}, Device::cpu({.threads = 2, .isa = Isa::avx512})),
             trained(narrow.data, narrow.model, {.epochs = 4}, Device::cpu({.threads = 2, .isa = Isa::avx2})));
}

TEST_CASE("train / another seed gives other losses") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    CHECK(trained(data, {.seed = 1}, {.epochs = 2}, device.device).losses !=
          trained(data, {.seed = 2}, {.epochs = 2}, device.device).losses);
  }
}

TEST_CASE("train / simt / forward, reverse and eight random schedules and several host threads give the same bits") {
  const NodeDataset data = karate();
  const TrainReport expected = trained(data, {.seed = 1}, {.epochs = 3}, Device::simt());
  std::vector<NamedDevice> schedules = simt_schedules(8);
  schedules.push_back({"simt on 3 host threads", Device::simt({.host_threads = 3})});
  for (const NamedDevice& device : schedules) {
    INFO(device.name);
    check_same(trained(data, {.seed = 1}, {.epochs = 3}, device.device), expected);
  }
}

TEST_CASE("train / a replayed epoch gives the bits of an eager one") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    check_same(trained(data, {.seed = 1}, {.epochs = 6, .patience = 100, .replay = true}, device.device),
               trained(data, {.seed = 1}, {.epochs = 6, .patience = 100, .replay = false}, device.device));
  }
}

TEST_CASE("train / two models side by side learn what each learns alone") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn outer(data, {.seed = 1}, device.device), inner(data, {.seed = 2}, device.device);
    TrainReport inner_report;
    const TrainReport outer_report = train(outer, data, {.epochs = 4}, [&](const EpochFigures& figures) {
      if (figures.epoch == 2) inner_report = train(inner, data, {.epochs = 3});
    });
    check_same(outer_report, trained(data, {.seed = 1}, {.epochs = 4}, device.device));
    check_same(inner_report, trained(data, {.seed = 2}, {.epochs = 3}, device.device));
  }
}

TEST_CASE("train / nothing is allocated after the first epoch, on the host or on the device") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    if (device.device.kind() == DeviceKind::cuda) continue;  // its second epoch is recorded, by a driver that allocates
#ifdef __SANITIZE_ADDRESS__
    if (device.device.kind() == DeviceKind::simt) continue;  // each block gets new shared memory, so that a late use is seen
#endif
    for (int64_t patience : {0, 100}) {
      for (bool replay : {true, false}) {
        INFO(device.name, ", patience ", patience, ", replay ", replay);
        Gcn model(data, {.seed = 1}, device.device);
        int64_t allocated = 0, since = 0, told = 0;
        std::size_t held = 0, held_at_first = 0;
        train(model, data, {.epochs = 10, .patience = patience, .replay = replay}, [&](const EpochFigures& figures) {
          ++told;
          allocated = allocations();
          held = model.context().arena().held_bytes();
          if (figures.epoch == 1) since = allocated, held_at_first = held;
        });
        CHECK(told == 10);
        CHECK(since > 0);
        CHECK(held_at_first > 0);
        CHECK(allocated - since == 0);
        CHECK(held == held_at_first);
      }
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
