#include "kernels/propagate/propagate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
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

float from_bf16(uint16_t half) {
  const uint32_t bits = uint32_t{half} << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// The nearest of the two neighbours, by their distance; of two equally near ones that with an even last bit.
uint16_t to_bf16(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  if (std::isnan(value)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  const uint32_t rest = bits & 0xFFFF;
  const uint32_t down = bits >> 16;
  return static_cast<uint16_t>(rest > 0x8000 || (rest == 0x8000 && down % 2 == 1) ? down + 1 : down);
}

std::vector<float> widened(const std::vector<uint16_t>& halves) {
  std::vector<float> values;
  for (uint16_t half : halves) values.push_back(from_bf16(half));
  return values;
}

/// One product with its options.
struct Options {
  bool values = false, x_scale = false, x_slots = false, x_bf16 = false;
  bool base = false, base_slots = false, listed = false, compact = false, prescale = false, y_bf16 = false;
  float factor = 1;
  int64_t offset = 0;

  static Options drawn(bench::Draws& draws) {
    const auto coin = [&] { return draws.below(2) == 1; };
    Options o;
    o.values = coin(), o.x_scale = coin(), o.x_slots = coin(), o.x_bf16 = coin();
    o.base = coin(), o.base_slots = o.base && coin(), o.listed = coin(), o.compact = coin();
    o.prescale = coin(), o.y_bf16 = coin();
    o.factor = coin() ? 1.0f : 0.25f + static_cast<float>(draws.uniform());
    o.offset = draws.below(3) == 0 ? 1 : 0;
    return o;
  }
  std::string name() const {
    return text(values ? "values " : "", x_scale ? "x_scale " : "", x_slots ? "x_slots " : "", x_bf16 ? "x_bf16 " : "",
                base ? "base " : "", base_slots ? "base_slots " : "", listed ? "listed " : "", compact ? "compact " : "",
                prescale ? "prescale " : "", y_bf16 ? "y_bf16 " : "", "factor=", factor, " offset=", offset);
  }
};

class Product {
 public:
  Product(const HostCsr& a, int64_t width, const Options& options)
      : options_(options), a_(a), width_(width), scale_(bench::random_matrix(1, a.rows, 51).values) {
    const int64_t n = a.rows;
    bench::Draws draws(52);
    int32_t slots = 0, base_slots = 0;
    for (int64_t row = 0; row < n; ++row) {
      x_slots_.push_back(draws.below(3) == 0 ? slots++ : -1);
      base_slots_.push_back(draws.below(2) == 0 ? base_slots++ : -1);
      if (draws.below(3) != 0) rows_.push_back(static_cast<int32_t>(row));
    }
    x_ = bench::random_matrix(options.x_slots ? slots : n, width, 53).values;
    if (options.x_bf16) {
      for (float& value : x_) value = from_bf16(to_bf16(value));
    }
    base_ = bench::random_matrix(options.base_slots ? base_slots : n, width, 54).values;
    x_scale_ = bench::random_matrix(1, n, 55).values;
    expect();
  }

  /// y as floats; what nobody wrote is NaN.
  std::vector<float> run(Workbench& workbench) const {
    const Options& o = options_;
    Stream& stream = workbench.stream();
    const DeviceCsr a(stream, a_, {});
    const auto scale = workbench.array(scale_), x_scale = workbench.array(x_scale_);
    const auto x = workbench.array(o.x_bf16 ? std::vector<float>{} : x_, o.offset);
    std::vector<uint16_t> halves;
    for (float value : x_) halves.push_back(to_bf16(value));
    const auto x_halves = workbench.array(o.x_bf16 ? halves : std::vector<uint16_t>{}, o.offset);
    const auto base = workbench.array(base_, o.offset);
    const auto x_slots = workbench.array(x_slots_), base_slots = workbench.array(base_slots_), rows = workbench.array(rows_);
    const int64_t size = y_rows() * width_;
    const auto y = workbench.output(o.y_bf16 ? 0 : size, o.offset);
    const auto y_halves = workbench.output<uint16_t>(o.y_bf16 ? size : 0, o.offset);
    PropagateArgs args{.a = a.view(o.values ? bench::CsrValues::direct : bench::CsrValues::ones),
                       .scale = scale.data(),
                       .x_slots = o.x_slots ? x_slots.data() : nullptr,
                       .x_scale = o.x_scale ? x_scale.data() : nullptr,
                       .base = o.base ? base.data() : nullptr,
                       .base_slots = o.base_slots ? base_slots.data() : nullptr,
                       .rows = o.listed ? rows.data() : nullptr,
                       .row_count = static_cast<int64_t>(rows_.size()),
                       .width = width_,
                       .factor = o.factor,
                       .prescale = o.prescale,
                       .compact = o.compact};
    (o.x_bf16 ? void(args.x.bf16 = x_halves.data()) : void(args.x.f32 = x.data()));
    (o.y_bf16 ? void(args.y.bf16 = y_halves.data()) : void(args.y.f32 = y.data()));
    propagate(args, workbench.execution());
    return o.y_bf16 ? widened(y_halves.values()) : y.values();
  }
  const bench::Reference& expected() const { return expected_; }

 private:
  int64_t y_rows() const { return options_.listed && options_.compact ? static_cast<int64_t>(rows_.size()) : a_.rows; }

  // A row's sum has nnz terms of at most two rounded products and nnz additions; scale, base, factor and prescale round five
  // times more. Stored as bfloat16 the result is off by another 2^-8 at most.
  void expect() {
    const Options& o = options_;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    expected_.values.assign(static_cast<std::size_t>(y_rows() * width_), nan);
    expected_.bounds.assign(expected_.values.size(), 0);
    const int64_t count = o.listed ? static_cast<int64_t>(rows_.size()) : a_.rows;
    for (int64_t p = 0; p < count; ++p) {
      const int64_t row = o.listed ? rows_[p] : p;
      const int64_t base_row = !o.base ? -1 : o.base_slots ? base_slots_[row] : row;
      const double factor = static_cast<double>(o.factor) * (o.prescale ? scale_[row] : 1.0f);
      for (int64_t c = 0; c < width_; ++c) {
        double sum = 0, magnitude = 0;
        for (int64_t k = a_.row_offsets[row]; k < a_.row_offsets[row + 1]; ++k) {
          const int32_t column = a_.col_indices[k];
          const int64_t slot = o.x_slots ? x_slots_[column] : column;
          if (slot < 0) continue;
          const double weight = (o.values ? a_.values[k] : 1.0) * (o.x_scale ? x_scale_[column] : 1.0);
          sum += weight * x_[slot * width_ + c];
          magnitude += std::abs(weight * x_[slot * width_ + c]);
        }
        const double base = base_row < 0 ? 0 : base_[base_row * width_ + c];
        const std::size_t at = static_cast<std::size_t>((o.listed && o.compact ? p : row) * width_ + c);
        expected_.values[at] = factor * (base + scale_[row] * sum);
        const double most = std::abs(factor) * (std::abs(base) + std::abs(scale_[row]) * magnitude);
        expected_.bounds[at] = bench::gamma(a_.row_offsets[row + 1] - a_.row_offsets[row] + 8) * most + 1e-35;
        if (o.y_bf16) expected_.bounds[at] += 0x1p-8 * (std::abs(expected_.values[at]) + expected_.bounds[at]);
      }
    }
  }

  Options options_;
  HostCsr a_;
  int64_t width_;
  std::vector<float> scale_, x_, x_scale_, base_;
  std::vector<int32_t> x_slots_, base_slots_, rows_;
  bench::Reference expected_;
};

std::vector<bench::NamedGraph> square_graphs() {
  std::vector<int32_t> all(21);
  for (int32_t i = 0; i < 21; ++i) all[i] = i;
  std::vector<std::vector<int32_t>> hub(21);
  hub[3] = all;
  hub[20] = {3, 3, 3, 0, 19, 3};
  return {{"no nodes", bench::csr_from_rows({}, 0, 1)},
          {"no edges", bench::csr_from_rows({{}, {}, {}}, 3, 1)},
          {"one node and a loop", bench::csr_from_rows({{0}}, 1, 1)},
          {"a hub row, repeats, empty rows", bench::csr_from_rows(hub, 21, 1)},
          {"random", bench::random_graph(30, 30, 170, 2)}};
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("propagate / a base of which slots name no row may end where y begins") {
    Workbench workbench(Device::cpu({.threads = 1}));
    const HostCsr a = bench::csr_from_rows({{}, {}, {}}, 3, 1);
    const DeviceCsr csr(workbench.stream(), a, {});
    const std::vector<float> scale(3, 1.0f);
    std::vector<float> x(300);
    const std::vector<int32_t> none(3, -1);
    std::vector<float> memory(8 + 300, 1.0f);  // base, of no rows, and y
    PropagateArgs args{.a = csr.view(bench::CsrValues::ones),
                       .scale = scale.data(),
                       .base = memory.data(),
                       .base_slots = none.data(),
                       .width = 100};
    args.x.f32 = x.data();
    args.y.f32 = memory.data() + 8;
    CHECK_NOTHROW(propagate(args, workbench.execution()));
    CHECK(std::count(memory.begin() + 8, memory.end(), 0.0f) == 300);
  }

  TEST_CASE("propagate / every option on hostile graphs at every width matches double precision") {
    bench::Draws draws(50);
    for (const auto& [graph, a] : square_graphs()) {
      for (int64_t width : {1, 7, 8, 31, 33, 64, 100}) {
        for (int draw = 0; draw < 5; ++draw) {
          const Options options = Options::drawn(draws);
          const Product product(a, width, options);
          for (const auto& [name, device] : devices()) {
            INFO(text("propagate / ", name, " / ", graph, " / d=", width, " / ", options.name()));
            Workbench workbench(device);
            CHECK(mismatch(product.run(workbench), product.expected()) == "");
          }
        }
      }
    }
  }

  TEST_CASE("propagate / a row of more non-zeros than are listed at once matches double precision") {
    if (!tested(DeviceKind::cpu)) return;
    const HostCsr a = bench::random_graph(3, 3, 7000, 3);
    for (bool weighted : {false, true}) {
      Options options;
      options.values = options.x_scale = weighted;
      options.x_slots = true;
      const Product product(a, 65, options);
      for (Isa isa : available_isas()) {
        INFO(heddle::to_string(isa));
        Workbench workbench(Device::cpu({.threads = 2, .isa = isa}));
        CHECK(mismatch(product.run(workbench), product.expected()) == "");
      }
    }
  }

  TEST_CASE("propagate / the bits depend neither on threads nor on schedules, and are avx512's on avx2") {
    bench::Draws draws(56);
    const HostCsr large = bench::power_law_graph(3000, 3000, 30000, 4), small = bench::random_graph(40, 40, 300, 5);
    for (int draw = 0; draw < 8; ++draw) {
      const Options options = Options::drawn(draws);
      INFO(options.name());
      const int64_t width = draw % 2 == 0 ? 64 : 33;
      const auto check = [&](const Product& product, const std::vector<NamedDevice>& group) {
        check_same_bits(group, [&](Workbench& workbench) { return product.run(workbench); });
      };
      const Product product(large, width, options);
      for (const auto& group : cpu_thread_counts()) check(product, group);
      check(product, fused_isas());
      check({small, width, options}, simt_orders());
    }
  }

  TEST_CASE("prescale / float32 and bfloat16, rounded to the nearest even, NaN and infinity kept") {
    const float inf = std::numeric_limits<float>::infinity();
    std::vector<float> x = bench::random_matrix(3, 35, 57).values;
    const std::vector<float> special = {inf, -inf, std::numeric_limits<float>::quiet_NaN(), 0.0f, -0.0f, 1e-42f, 3.4e38f,
                                        // Halfway between two bfloat16, the lower and the upper of them even; just above.
                                        1.00390625f, 1.01171875f, 1.0039064f};
    std::copy(special.begin(), special.end(), x.begin());
    for (int64_t width : {1, 7, 35, 105}) {
      const int64_t rows = 105 / width;
      std::vector<float> scale = bench::random_matrix(1, rows, 58).values;
      if (width > 1) scale[0] = 1;
      std::vector<float> expected;
      for (int64_t i = 0; i < 105; ++i) expected.push_back(scale[i / width] * x[i]);
      for (const auto& [name, device] : devices()) {
        INFO(text("prescale / ", name, " / d=", width));
        Workbench workbench(device);
        const auto input = workbench.array(x), factors = workbench.array(scale);
        const auto y = workbench.output(105);
        const auto halves = workbench.output<uint16_t>(105);
        PrescaleArgs args{input.data(), factors.data(), rows, width, {.f32 = y.data()}};
        prescale(args, workbench.execution());
        args.y = {.bf16 = halves.data()};
        prescale(args, workbench.execution());
        const std::vector<float> found = y.values();
        const std::vector<uint16_t> found_halves = halves.values();
        for (std::size_t i = 0; i < 105; ++i) {
          INFO(i, ": ", expected[i]);
          if (std::isnan(expected[i])) {
            CHECK((std::isnan(found[i]) && std::isnan(from_bf16(found_halves[i]))));
          } else {
            CHECK(found[i] == expected[i]);
            CHECK(found_halves[i] == to_bf16(expected[i]));
          }
        }
      }
    }
  }

  TEST_CASE("neighbours / distinct columns in order with their non-zeros, whatever the number of threads") {
    const HostCsr a = bench::power_law_graph(5000, 5000, 20000, 6);
    const std::vector<int32_t> rows = {0, 7, 2500, 4999};
    for (bool themselves : {false, true}) {
      std::vector<int32_t> expected;
      if (themselves) expected = rows;
      for (int32_t row : rows) {
        expected.insert(expected.end(), a.col_indices.begin() + a.row_offsets[row],
                        a.col_indices.begin() + a.row_offsets[row + 1]);
      }
      std::sort(expected.begin(), expected.end());
      expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
      int64_t nnz = 0;
      for (int32_t row : expected) nnz += a.row_offsets[row + 1] - a.row_offsets[row];
      for (const auto& group : cpu_thread_counts()) {
        for (const auto& [name, device] : group) {
          INFO(name);
          Workbench workbench(device);
          const DeviceCsr csr(workbench.stream(), a, {});
          const auto list = workbench.array(rows), columns = workbench.output<int32_t>(a.rows);
          std::vector<uint8_t> flags(static_cast<std::size_t>(a.rows), 3);
          const Frontier found = neighbours({.a = csr.view(bench::CsrValues::ones),
                                             .rows = list.data(),
                                             .row_count = 4,
                                             .themselves = themselves,
                                             .flags = flags.data(),
                                             .columns = columns.data()},
                                            workbench.execution());
          REQUIRE(found.rows == static_cast<int64_t>(expected.size()));
          CHECK(found.nnz == nnz);
          std::vector<int32_t> values = columns.values();
          values.resize(expected.size());
          CHECK(values == expected);
        }
      }
    }
  }

  TEST_CASE("propagate / arguments that do not fit are refused with the values") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      float number = 0, scale = 1;
      const int64_t offsets[] = {0, 0};
      const PropagateArgs fits{
          .a = {.rows = 1, .cols = 1, .nnz = 0, .row_offsets = offsets}, .scale = &scale, .width = 1, .y = {.f32 = &number}};
      const auto refused = [&](const char* sentence, auto change) {
        PropagateArgs args = fits;
        change(args);
        CHECK(error_mismatch(ErrorKind::usage, sentence, [&] { propagate(args, workbench.execution()); }) == "");
      };
      uint16_t half = 0;
      refused("the matrix is 1 x 2, it must be square", [](PropagateArgs& args) { args.a.cols = 2; });
      refused("the width is -1", [](PropagateArgs& args) { args.width = -1; });
      refused("y is given in both precisions", [&](PropagateArgs& args) { args.y.bf16 = &half; });
      refused("y is null", [](PropagateArgs& args) { args.y = {}; });
      refused("scale is null", [](PropagateArgs& args) { args.scale = nullptr; });
      refused("y and base share memory", [&](PropagateArgs& args) { args.base = &number; });
      const int32_t list[] = {0, 0};
      refused("the list has 2 rows, the matrix 1", [&](PropagateArgs& args) { args.rows = list, args.row_count = 2; });
    }
  }
}
