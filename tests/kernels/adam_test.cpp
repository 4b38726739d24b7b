#include "kernels/adam/adam.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bench/graphs.h"
#include "bench/references.h"
#include "heddle/kernel/variant.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;
using Settings = bench::AdamReference::Settings;

constexpr Settings usual{0.01f, 0.9f, 0.999f, 1e-8f};

/// A parameter with its moments in a device's memory.
struct Parameter {
  Guarded<float> weight, moment1, moment2;
  Parameter(Workbench& workbench, const std::vector<float>& initial, int64_t offset)
      : weight(workbench.array(initial, offset)),
        moment1(workbench.array(std::vector<float>(initial.size()), offset)),
        moment2(workbench.array(std::vector<float>(initial.size()), offset)) {}
};

/// Several tensors on their way through Adam: initial[i], and gradients[step][i].
struct Run {
  std::vector<std::vector<float>> initial;
  std::vector<std::vector<std::vector<float>>> gradients;
  Settings settings = usual;
  int64_t offset = 0;

  Run(const std::vector<int64_t>& sizes, int steps, float scale) {
    uint64_t seed = 100;
    for (int64_t size : sizes) initial.push_back(bench::random_matrix(1, size, ++seed).values);
    for (int step = 0; step < steps; ++step) {
      auto& step_gradients = gradients.emplace_back();
      for (int64_t size : sizes) {
        std::vector<float>& gradient = step_gradients.emplace_back(bench::random_matrix(1, size, ++seed).values);
        for (float& g : gradient) g *= scale;
      }
    }
  }

  std::vector<Parameter> on(Workbench& workbench) const {
    std::vector<Parameter> parameters;
    for (const auto& weight : initial) parameters.emplace_back(workbench, weight, offset);
    for (std::size_t step = 0; step < gradients.size(); ++step) {
      std::vector<Guarded<float>> uploaded;
      std::vector<AdamTensor> tensors;
      for (std::size_t i = 0; i < initial.size(); ++i) {
        uploaded.push_back(workbench.array(gradients[step][i], offset));
        const Parameter& p = parameters[i];
        tensors.push_back(
            {p.weight.data(), uploaded[i].data(), p.moment1.data(), p.moment2.data(), static_cast<int64_t>(initial[i].size())});
      }
      const Buffer device_tensors = Buffer::upload(workbench.stream(), tensors);
      const Guarded<uint32_t> counter = workbench.array(std::vector<uint32_t>{static_cast<uint32_t>(step)});
      adam({.tensors = tensors.data(),
            .device_tensors = device_tensors.as<AdamTensor>(),
            .tensor_count = static_cast<int64_t>(tensors.size()),
            .step = counter.data(),
            .learning_rate = settings.learning_rate,
            .beta1 = settings.beta1,
            .beta2 = settings.beta2,
            .epsilon = settings.epsilon,
            .decay_steps = settings.decay_steps},
           workbench.execution());
      CHECK(counter.value() == step);
      for (std::size_t i = 0; i < uploaded.size(); ++i) CHECK(bit_difference(uploaded[i].values(), gradients[step][i]) == "");
    }
    return parameters;
  }
};

void check_run(const Run& run, const std::string& what) {
  std::vector<bench::AdamReference> expected;
  for (std::size_t i = 0; i < run.initial.size(); ++i) {
    expected.emplace_back(run.initial[i], run.settings);
    for (const auto& step : run.gradients) expected[i].step(step[i]);
  }
  for (const auto& [name, device] : devices()) {
    Workbench workbench(device);
    const std::vector<Parameter> parameters = run.on(workbench);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      INFO(text("adam / ", name, " / ", what, " / tensor ", i, " matches double precision"));
      CHECK(mismatch(parameters[i].weight.values(), expected[i].weight) == "");
      CHECK(mismatch(parameters[i].moment1.values(), expected[i].moment1) == "");
      CHECK(mismatch(parameters[i].moment2.values(), expected[i].moment2) == "");
    }
  }
}

/// Moments under a gradient of 0, beside one another after every 250 of `steps` steps.
std::vector<std::vector<float>> decay(const Device& device, const std::vector<float>& moment1, const std::vector<float>& moment2,
                                      int steps) {
  Workbench workbench(device);
  const auto count = static_cast<int64_t>(moment1.size());
  const Guarded<float> weight = workbench.array(std::vector<float>(moment1.size(), 0.5f)),
                       gradient = workbench.array(std::vector<float>(moment1.size())), first = workbench.array(moment1),
                       second = workbench.array(moment2);
  const std::vector<AdamTensor> tensors{{weight.data(), gradient.data(), first.data(), second.data(), count}};
  const Buffer device_tensors = Buffer::upload(workbench.stream(), tensors);
  const Guarded<uint32_t> counter = workbench.array(std::vector<uint32_t>{100});
  std::vector<std::vector<float>> result;
  for (int step = 1; step <= steps; ++step) {
    adam(
        {.tensors = tensors.data(), .device_tensors = device_tensors.as<AdamTensor>(), .tensor_count = 1, .step = counter.data()},
        workbench.execution());
    if (step % 250 != 0) continue;
    result.push_back(first.values());
    const std::vector<float> values = second.values();
    result.back().insert(result.back().end(), values.begin(), values.end());
  }
  return result;
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("adam / moments whose gradient stays 0 become 0, with the same bits on every device, and are never subnormal") {
    // Of either sign, around what is read as 0, and subnormal at first; enough for a vector and a rest.
    std::vector<float> moment1, moment2;
    for (const float limit : {adam_least_moment1, 1.0f, 1e-12f, 1e-30f, 0x1p-126f, 1e-41f}) {
      for (const float factor : {1.0f, -1.0f, 1 - 0x1p-24f, -1.1f, 1.3f}) moment1.push_back(limit * factor);
    }
    for (const float limit : {adam_least_moment2, 0x1p-117f, 0x1p-118f, 1e-36f, 0x1p-126f, 1e-41f}) {
      for (const float factor : {1.0f, 1.5f, 1 - 0x1p-24f, 1.1f, 1.3f}) moment2.push_back(limit * factor);
    }
    std::vector<std::vector<float>> expected;
    for (const auto& [name, device] : devices()) {
      INFO(name);
      // 2^-117 * 1.5 takes 2,484 steps of 0.999 to 2^-120.
      const std::vector<std::vector<float>> reached = decay(device, moment1, moment2, 2500);
      if (expected.empty()) expected = reached;
      for (std::size_t i = 0; i < reached.size(); ++i) {
        CHECK(bit_difference(reached[i], expected[i]) == "");
        CHECK(std::none_of(reached[i].begin(), reached[i].end(), [](float x) { return std::fpclassify(x) == FP_SUBNORMAL; }));
      }
      CHECK(bit_difference(reached.back(), std::vector<float>(moment1.size() + moment2.size())) == "");
    }
  }

  TEST_CASE("adam / gradients so small that their squares are subnormal leave no subnormal number") {
    for (const float scale : {1e-16f, 1e-19f, 1e-22f, 1e-29f, 1e-38f}) {
      const Run run({40}, 20, scale);
      for (const auto& [name, device] : devices()) {
        INFO(name, " / gradients of ", scale);
        Workbench workbench(device);
        const std::vector<Parameter> parameters = run.on(workbench);
        for (const Guarded<float>* moment : {&parameters[0].moment1, &parameters[0].moment2}) {
          const std::vector<float> values = moment->values();
          CHECK(std::none_of(values.begin(), values.end(), [](float x) { return std::fpclassify(x) == FP_SUBNORMAL; }));
        }
      }
    }
  }

  TEST_CASE("adam / a gradient that is not a number reaches the weight") {
    Run run({33}, 2, 0.1f);
    for (float& g : run.gradients[0][0]) g = std::nanf("");
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const std::vector<float> weights = run.on(workbench)[0].weight.values();
      CHECK(std::all_of(weights.begin(), weights.end(), [](float w) { return std::isnan(w); }));
    }
  }

  TEST_CASE("adam / 20 steps of several tensors of odd sizes match double precision") {
    check_run({{1, 7, 16, 33, 0, 250, 1029}, 20, 0.01f}, "several tensors");
  }

  TEST_CASE("adam / one step, where the corrections are strongest, matches double precision") {
    check_run({{19}, 1, 1.0f}, "one step");
  }

  TEST_CASE("adam / other betas, none included, match double precision") {
    for (const Settings& settings :
         {Settings{0.1f, 0.0f, 0.0f, 1e-6f}, {0.001f, 0.5f, 0.9f, 1e-3f}, {0.02f, 0.3f, 0.99f, 1e-8f}}) {
      Run run({35}, 5, 0.1f);
      run.settings = settings;
      check_run(run, text("beta ", settings.beta1, ", ", settings.beta2));
    }
  }

  TEST_CASE("adam / a learning rate that falls along a cosine matches double precision, and is 0 from its last step on") {
    Run run({35}, 6, 0.1f);
    run.settings.decay_steps = 4;
    check_run(run, "cosine over 4 of 6 steps");
    Run until = run;
    until.gradients.resize(4);
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      CHECK(bit_difference(run.on(workbench)[0].weight.values(), until.on(workbench)[0].weight.values()) == "");
    }
  }

  TEST_CASE("adam / tiny and huge gradients match double precision") {
    for (float scale : {1e-38f, 1e-22f, 1e-12f, 1e15f}) check_run({{21, 40}, 6, scale}, text("gradients of ", scale));
  }

  TEST_CASE("adam / arrays one float off their alignment match double precision") {
    Run run({64, 13}, 3, 0.1f);
    run.offset = 1;
    check_run(run, "unaligned");
  }

  TEST_CASE("adam / a zero gradient leaves fresh weights as they are") {
    const Run run({45}, 3, 0.0f);
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      CHECK(bit_difference(run.on(workbench)[0].weight.values(), run.initial[0]) == "");
    }
  }

  TEST_CASE("adam / without tensors nothing happens") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const Guarded<uint32_t> counter = workbench.array(std::vector<uint32_t>{0});
      CHECK_NOTHROW(adam({.step = counter.data()}, workbench.execution()));
    }
  }

  TEST_CASE("adam / the bits depend neither on threads nor on schedules") {
    std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
    groups.push_back(fused_isas());
    groups.push_back(simt_orders());
    const Run run({9000, 77}, 3, 0.1f);
    for (const auto& group : groups) {
      check_same_bits(group, [&](Workbench& workbench) {
        std::vector<float> all;
        for (const Parameter& p : run.on(workbench)) {
          for (const Guarded<float>* part : {&p.weight, &p.moment1, &p.moment2}) {
            const std::vector<float> values = part->values();
            all.insert(all.end(), values.begin(), values.end());
          }
        }
        return all;
      });
    }
  }
}
