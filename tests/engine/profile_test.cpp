// What a profiler records of trainings: which ops ran, where and when, and that it changes nothing.
#include <doctest/doctest.h>

#include <string_view>

#include "heddle/classifier_training.h"
#include "heddle/lightgcn.h"
#include "heddle/profile.h"
#include "heddle/replayed_step.h"
#include "tests/engine/datasets.h"
#include "tests/engine/interactions.h"
#include "tests/support/compare.h"
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

const ProfileEvent& event_at(const Profiler& profiler, int64_t place) {
  return profiler.events()[static_cast<std::size_t>(place)];
}

/// The innermost span called `name` around an event, or null.
const ProfileEvent* around(const Profiler& profiler, const ProfileEvent& event, std::string_view name) {
  for (int64_t place = event.parent; place >= 0; place = event_at(profiler, place).parent) {
    if (event_at(profiler, place).name == name) return &event_at(profiler, place);
  }
  return nullptr;
}

int64_t spans(const Profiler& profiler, std::string_view name) {
  return std::count_if(profiler.events().begin(), profiler.events().end(),
                       [&](const ProfileEvent& event) { return !event.is_op && event.name == name; });
}

/// Events lie within the one around them; ops of a phase lie in its span; what ops took, their epoch or evaluation took.
void check_nesting(const Profiler& profiler) {
  int64_t ops_ns = 0;
  for (const ProfileEvent& event : profiler.events()) {
    CHECK(event.duration_ns >= 0);
    if (event.parent >= 0) {
      const ProfileEvent& parent = event_at(profiler, event.parent);
      CHECK(event.start_ns >= parent.start_ns);
      CHECK(event.start_ns + event.duration_ns <= parent.start_ns + parent.duration_ns);
    }
    if (!event.is_op) continue;
    if (event.phase == ProfilePhase::forward) CHECK(around(profiler, event, "forward") != nullptr);
    if (event.phase == ProfilePhase::backward) CHECK(around(profiler, event, "backward") != nullptr);
    if (event.phase != ProfilePhase::evaluation) CHECK(around(profiler, event, "epoch") != nullptr);
    CHECK(event.bytes > 0);
    CHECK(event.argument_count > 0);
  }
  for (const ProfileTotal& total : profiler.totals()) ops_ns += total.ns;
  CHECK(ops_ns <= profiler.span_ns());
}

/// A training of a GCN with dropout, recorded by `profiler` where there is one.
TrainReport trained(const NodeDataset& data, const TrainOptions& options, const Device& device, Profiler* profiler) {
  Gcn model(data, {.hidden = 8, .seed = 3}, device);
  model.context().set_profiler(profiler);
  return train(model, data, options);
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("profile / gcn / an epoch has the products of its formula, forward and backward told apart") {
  const NodeDataset data = random_dataset(50, 12, 3, 2);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Profiler profiler;
    trained(data, {.epochs = 3}, device.device, &profiler);
    // Forward: A (X W1) and A (H W2) with sparse X: three sparse products and one dense one. Backward: A^T twice and X^T for dW1;
    // dW2 = H^T dZ and dH = dZ W2^T.
    CHECK(calls(profiler, "spmm", ProfilePhase::forward) == 3 * 3);
    CHECK(calls(profiler, "spmm", ProfilePhase::backward) == 3 * 3);
    CHECK(calls(profiler, "gemm", ProfilePhase::forward) == 3 * 1);
    CHECK(calls(profiler, "gemm", ProfilePhase::backward) == 3 * 2);
    CHECK(calls(profiler, "adam", ProfilePhase::update) == 3);
    CHECK(calls(profiler, "adam", ProfilePhase::backward) == 0);
    // At the end once, for all three splits.
    CHECK(calls(profiler, "spmm", ProfilePhase::evaluation) == 3);
    CHECK(calls(profiler, "count_correct", ProfilePhase::evaluation) == 3);
    CHECK(spans(profiler, "epoch") == 3);
    CHECK(spans(profiler, "forward") == 3);
    CHECK(spans(profiler, "backward") == 3);
    CHECK(spans(profiler, "update") == 3);
    CHECK(spans(profiler, "evaluation") == 1);
    check_nesting(profiler);
  }
}

TEST_CASE("profile / gcn / validation stands in its epoch and is evaluation") {
  const NodeDataset data = random_dataset(50, 12, 3, 2);
  Profiler profiler;
  trained(data, {.epochs = 4, .selection = Selection::best_validation}, Device::cpu({.threads = 1}), &profiler);
  CHECK(spans(profiler, "validation") == 4);
  CHECK(calls(profiler, "spmm", ProfilePhase::forward) == 4 * 3);
  CHECK(calls(profiler, "spmm", ProfilePhase::evaluation) == 4 * 3 + 3);
  for (const ProfileEvent& event : profiler.events()) {
    if (std::string_view(event.name) == "validation") CHECK(around(profiler, event, "epoch") != nullptr);
  }
}

TEST_CASE("profile / gat / one walk over the edges a layer, forward and backward") {
  const NodeDataset data = random_dataset(40, 12, 3, 2);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gat model(data, {.seed = 3}, device.device);
    Profiler profiler;
    model.context().set_profiler(&profiler);
    train(model, data, {.epochs = 2});
    CHECK(calls(profiler, "gat", ProfilePhase::forward) == 2 * 2);
    CHECK(calls(profiler, "gat_backward", ProfilePhase::backward) == 2 * 2);
    CHECK(calls(profiler, "gat", ProfilePhase::backward) == 0);
    check_nesting(profiler);
  }
}

TEST_CASE("profile / lightgcn / steps stand in epochs, and every step draws, loses and updates once") {
  const InteractionDataset data = random_interactions(30, 20, 0.3, 5);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    for (RankingLoss loss : {RankingLoss::bpr, RankingLoss::softmax}) {
      LightGcn model(data, {.dim = 8, .layers = 2, .seed = 1}, device.device);
      Profiler profiler;
      model.context().set_profiler(&profiler);
      const LightGcnReport report =
          train(model, data, {.epochs = 2, .loss = loss, .batch_size = 32, .temperature = 0.2f, .negatives = 16});
      const bool bpr = loss == RankingLoss::bpr;
      CHECK(report.steps == 2 * ((data.train.nnz() + 31) / 32));
      CHECK(spans(profiler, "epoch") == 2);
      CHECK(spans(profiler, "step") == report.steps);
      CHECK(calls(profiler, bpr ? "sample_bpr" : "sample_softmax", ProfilePhase::forward) == report.steps);
      CHECK(calls(profiler, bpr ? "bpr_loss" : "sampled_softmax_loss", ProfilePhase::forward) == report.steps);
      CHECK(calls(profiler, "propagate", ProfilePhase::forward) == 2 * report.steps);
      CHECK(calls(profiler, "propagate", ProfilePhase::backward) == 2 * report.steps);
      CHECK(calls(profiler, "adam", ProfilePhase::update) == report.steps);
      for (const ProfileEvent& event : profiler.events()) {
        if (event.is_op) CHECK(around(profiler, event, "step") != nullptr);
      }
      check_nesting(profiler);
    }
  }
}

TEST_CASE("profile / lightgcn / what an evaluation on the way runs is recorded as evaluation") {
  const InteractionDataset data = random_interactions(30, 20, 0.3, 5);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    LightGcn model(data, {.dim = 8, .layers = 2}, device.device);
    Profiler profiler;
    model.context().set_profiler(&profiler);
    train(model, data, {.epochs = 2, .batch_size = 64, .temperature = 0.2f, .negatives = 16, .eval_every = 1});
    CHECK(spans(profiler, "validation") == 2);
    // Of both parts in both epochs; the weights are propagated for a ranking and for visitors.
    CHECK(calls(profiler, "score_top_k", ProfilePhase::evaluation) == 2 * 2);
    CHECK(calls(profiler, "propagate", ProfilePhase::evaluation) == 2 * 3);
    check_nesting(profiler);
  }
}

TEST_CASE("profile / results have the same bits with and without") {
  const NodeDataset data = random_dataset(50, 12, 3, 2);
  const InteractionDataset interactions = random_interactions(30, 20, 0.3, 5);
  const LightGcnTrainOptions options{.epochs = 2, .batch_size = 32, .temperature = 0.2f, .negatives = 16};
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Profiler profiler;
    const TrainReport plain = trained(data, {.epochs = 5}, device.device, nullptr);
    const TrainReport profiled = trained(data, {.epochs = 5}, device.device, &profiler);
    CHECK(bit_difference(profiled.losses, plain.losses) == "");
    CHECK(profiled.weights_hash == plain.weights_hash);

    LightGcn first(interactions, {.dim = 8, .seed = 1}, device.device),
        second(interactions, {.dim = 8, .seed = 1}, device.device);
    second.context().set_profiler(&profiler);
    CHECK(train(second, interactions, options).losses == train(first, interactions, options).losses);
    CHECK(second.recommender()->item_embeddings().values == first.recommender()->item_embeddings().values);
  }
}

TEST_CASE("profile / a replayed step runs op by op while somebody profiles, and is replayed again after that") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    ReplayedStep step(context, [&] { context.advance_step(); });
    for (int i = 0; i < 3; ++i) step.run();
    Profiler profiler;
    context.set_profiler(&profiler);
    for (int i = 0; i < 2; ++i) step.run();
    context.set_profiler(nullptr);
    for (int i = 0; i < 3; ++i) step.run();
    CHECK(calls(profiler, "increment", ProfilePhase::forward) == 2);
    CHECK(download(context.stream(), context.step(), 1) == std::vector<uint32_t>{8});
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
