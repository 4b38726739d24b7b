#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "bench/graphs.h"
#include "bench/references.h"
#include "kernels/elementwise/elementwise.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;
using bench::Activation;

/// The op's arguments on the host, and how to run it on a device.
struct Case {
  int64_t n, d;
  bool bias = false;
  bool relu = false;
  float dropout = 0;
  bool in_place = false;
  int64_t offset = 0;
  uint32_t step = 3;

  HostMatrix x = bench::random_matrix(n, d, 31);
  HostMatrix dy = bench::random_matrix(n, d, 32);
  std::vector<float> bias_values = bench::random_matrix(1, d, 33).values;

  RandomStream random(const uint32_t* counter) const {
    return {.seed = 0x123456789ABCDEFu, .purpose = random_purpose::dropout + 2, .step = counter};
  }
  Activation activation() const { return {bias ? &bias_values : nullptr, relu, dropout, random(&step)}; }

  std::vector<float> forward(Workbench& workbench) const {
    const DeviceMatrix input(workbench.stream(), x, offset);
    const Guarded<float> biases = workbench.array(bias_values, offset);
    const Guarded<float> output = workbench.output(n * d, offset);
    const Guarded<uint32_t> counter = workbench.array(std::vector<uint32_t>{step});
    const DenseView<float> y = in_place ? input.mutable_view() : output.view(n, d);
    bias_relu_dropout({.x = input.view(),
                       .bias = bias ? biases.data() : nullptr,
                       .relu = relu,
                       .dropout = dropout,
                       .random = random(counter.data()),
                       .y = y},
                      workbench.execution());
    if (!in_place) CHECK(bit_difference(input.values(), x.values) == "");
    return in_place ? input.values() : output.values();
  }

  struct Gradient {
    std::vector<float> dx, dbias;
  };
  /// From the forward's output `y`; without relu no y is handed over.
  Gradient backward(Workbench& workbench, const HostMatrix& y) const {
    const DeviceMatrix output(workbench.stream(), y, offset);
    const DeviceMatrix upstream(workbench.stream(), dy, offset);
    const Guarded<float> dx = workbench.output(n * d, offset);
    const Guarded<float> dbias = workbench.output(d, offset);
    const Guarded<uint32_t> counter = workbench.array(std::vector<uint32_t>{step});
    bias_relu_dropout_backward({.y = relu ? output.view() : DenseView<const float>{},
                                .dy = upstream.view(),
                                .relu = relu,
                                .dropout = dropout,
                                .random = random(counter.data()),
                                .dx = in_place ? upstream.mutable_view() : dx.view(n, d),
                                .dbias = bias ? dbias.data() : nullptr},
                               workbench.execution());
    if (!in_place) CHECK(bit_difference(upstream.values(), dy.values) == "");
    return {in_place ? upstream.values() : dx.values(), bias ? dbias.values() : std::vector<float>{}};
  }

  std::string name() const {
    return text(n, " x ", d, bias ? " / bias" : "", relu ? " / relu" : "", " / p=", dropout, in_place ? " / in place" : "");
  }
};

void check_case(const Case& c, const std::vector<NamedDevice>& on) {
  const bench::Reference expected = bench::bias_relu_dropout(c.x, c.activation());
  for (const auto& [name, device] : on) {
    INFO(text("bias_relu_dropout / ", name, " / ", c.name(), " matches double precision"));
    Workbench workbench(device);
    const HostMatrix y{c.n, c.d, c.forward(workbench)};
    CHECK(mismatch(y.values, expected) == "");
    const bench::ActivationGradient gradient = bench::bias_relu_dropout_backward(y, c.dy, c.activation());
    const Case::Gradient actual = c.backward(workbench, y);
    CHECK(mismatch(actual.dx, gradient.dx) == "");
    if (c.bias) CHECK(mismatch(actual.dbias, gradient.dbias) == "");
  }
}

constexpr bool flags[] = {false, true};

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("bias_relu_dropout / every combination at every width matches double precision, forward and backward") {
    for (int64_t d : {1, 7, 16, 31, 33, 64, 100}) {
      for (bool bias : flags) {
        for (bool relu : flags) {
          for (float dropout : {0.0f, 0.5f, 0.6f}) {
            for (bool in_place : flags) {
              check_case({.n = 23, .d = d, .bias = bias, .relu = relu, .dropout = dropout, .in_place = in_place}, devices());
            }
          }
        }
      }
    }
  }

  TEST_CASE("bias_relu_dropout / one element, and arrays one float off their alignment, match double precision") {
    check_case({.n = 1, .d = 1, .bias = true, .relu = true, .dropout = 0.5f}, devices());
    for (bool relu : flags) {
      check_case({.n = 9, .d = 20, .bias = true, .relu = relu, .dropout = 0.5f, .in_place = relu, .offset = 1}, devices());
    }
  }

  TEST_CASE("bias_relu_dropout / rows across several chunks of the bias gradient match double precision") {
    for (int64_t n : {column_sum_chunk_rows, column_sum_chunk_rows + 1, 3 * column_sum_chunk_rows + 5}) {
      for (int64_t d : {1, 7, 33}) check_case({.n = n, .d = d, .bias = true, .relu = true, .dropout = 0.5f}, devices());
      check_case({.n = n, .d = 5, .bias = true}, devices());
    }
  }

  TEST_CASE("bias_relu_dropout / the mask is the generator's, element by element") {
    for (float dropout : {0.5f, 0.6f, 0.1f}) {
      Case c{.n = 41, .d = 29, .dropout = dropout};
      std::fill(c.x.values.begin(), c.x.values.end(), 1.0f);
      std::fill(c.dy.values.begin(), c.dy.values.end(), 1.0f);
      const uint32_t threshold = dropout_threshold(dropout);
      for (const auto& [name, device] : devices()) {
        INFO(text(name, " / p=", dropout));
        Workbench workbench(device);
        const std::vector<float> y = c.forward(workbench);
        const std::vector<float> dx = c.backward(workbench, {c.n, c.d, y}).dx;
        int64_t wrong = 0;
        for (std::size_t i = 0; i < y.size(); ++i) {
          const bool dropped = random_word(c.random(&c.step), i) < threshold;
          wrong += (y[i] == 0) != dropped || (dx[i] == 0) != dropped;
        }
        CHECK(wrong == 0);
      }
    }
  }

  TEST_CASE("bias_relu_dropout / what is dropped is 0, were it infinite or NaN") {
    for (bool relu : flags) {
      for (float value : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        Case c{.n = 5, .d = 21, .relu = relu, .dropout = 0.5f};
        std::fill(c.x.values.begin(), c.x.values.end(), value);
        const bench::Reference expected = bench::bias_relu_dropout(c.x, c.activation());
        for (const auto& [name, device] : devices()) {
          INFO(text(name, relu ? " / relu of " : " / ", value));
          Workbench workbench(device);
          CHECK(mismatch(c.forward(workbench), expected) == "");
        }
      }
    }
  }

  TEST_CASE("bias_relu_dropout / a NaN passes relu, so that divergence shows") {
    Case c{.n = 3, .d = 19, .bias = true, .relu = true};
    c.x.values[30] = std::numeric_limits<float>::quiet_NaN();
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      CHECK(mismatch(c.forward(workbench), bench::bias_relu_dropout(c.x, c.activation())) == "");
    }
  }

  TEST_CASE("bias_relu_dropout / the rate of drops lies within five standard deviations of p") {
    for (float dropout : {0.5f, 0.6f}) {
      Case c{.n = 400, .d = 50, .dropout = dropout};
      std::fill(c.x.values.begin(), c.x.values.end(), 1.0f);
      const double count = static_cast<double>(c.n * c.d);
      for (const auto& [name, device] : devices()) {
        INFO(text(name, " / p=", dropout));
        Workbench workbench(device);
        const std::vector<float> y = c.forward(workbench);
        const auto dropped = static_cast<double>(std::count(y.begin(), y.end(), 0.0f));
        CHECK(std::abs(dropped - count * dropout) <= 5 * std::sqrt(count * dropout * (1 - dropout)));
      }
    }
  }

  TEST_CASE("bias_relu_dropout / the step counter changes the mask, and a null one is step 0") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      Case c{.n = 8, .d = 16, .dropout = 0.5f, .step = 0};
      const std::vector<float> zero = c.forward(workbench);
      const DeviceMatrix x(workbench.stream(), c.x);
      const Guarded<float> y = workbench.output(c.n * c.d);
      bias_relu_dropout({.x = x.view(), .dropout = 0.5f, .random = c.random(nullptr), .y = y.view(c.n, c.d)},
                        workbench.execution());
      CHECK(bit_difference(y.values(), zero) == "");
      c.step = 1;
      CHECK(bit_difference(c.forward(workbench), zero) != "");
    }
  }

  TEST_CASE("bias_relu_dropout / the bias gradient alone, without dx, is the column sums of dy") {
    const Case c{.n = 700, .d = 13, .bias = true};
    const bench::ActivationGradient expected = bench::bias_relu_dropout_backward({}, c.dy, c.activation());
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const DeviceMatrix dy(workbench.stream(), c.dy);
      const Guarded<float> dbias = workbench.output(c.d);
      bias_relu_dropout_backward({.dy = dy.view(), .dbias = dbias.data()}, workbench.execution());
      CHECK(mismatch(dbias.values(), expected.dbias) == "");
    }
  }

  TEST_CASE("bias_relu_dropout / without rows the bias gradient is zero") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const Case c{.n = 0, .d = 6, .bias = true, .relu = true, .dropout = 0.5f};
      CHECK(c.forward(workbench).empty());
      CHECK(c.backward(workbench, {0, 6, {}}).dbias == std::vector<float>(6, 0.0f));
    }
  }

  TEST_CASE("bias_relu_dropout / the bits depend neither on threads nor on schedules") {
    std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
    groups.push_back(fused_isas());
    groups.push_back(simt_orders());
    for (const auto& group : groups) {
      for (bool relu : flags) {
        const Case c{.n = 1100, .d = 13, .bias = true, .relu = relu, .dropout = 0.6f};
        INFO(c.name());
        check_same_bits(group, [&](Workbench& workbench) {
          HostMatrix y{c.n, c.d, c.forward(workbench)};
          const Case::Gradient gradient = c.backward(workbench, y);
          std::vector<float> all = std::move(y.values);
          all.insert(all.end(), gradient.dx.begin(), gradient.dx.end());
          all.insert(all.end(), gradient.dbias.begin(), gradient.dbias.end());
          return all;
        });
      }
    }
  }
}
