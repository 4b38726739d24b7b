#include "kernels/scores/scores.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
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

/// Each entry of a rows x cols matrix is there with this probability; columns are distinct, as in B.
HostCsr distinct_csr(int64_t rows, int64_t cols, double density, uint64_t seed) {
  bench::Draws draws(seed);
  HostCsr csr{.rows = rows, .cols = cols, .row_offsets = {0}, .col_indices = {}, .values = {}};
  for (int64_t row = 0; row < rows; ++row) {
    for (int32_t column = 0; column < cols; ++column) {
      if (draws.uniform() < density) {
        csr.col_indices.push_back(column);
        csr.values.push_back(draws.mixed());
      }
    }
    csr.row_offsets.push_back(csr.nnz());
  }
  return csr;
}

HostMatrix dense_of(const HostCsr& csr, bool ones) {
  HostMatrix matrix{csr.rows, csr.cols, std::vector<float>(static_cast<std::size_t>(csr.rows * csr.cols))};
  for (int64_t row = 0; row < csr.rows; ++row) {
    for (int64_t k = csr.row_offsets[row]; k < csr.row_offsets[row + 1]; ++k) {
      matrix.values[row * csr.cols + csr.col_indices[k]] = ones ? 1.0f : csr.values[k];
    }
  }
  return matrix;
}

std::vector<float> run_sparse_product(Workbench& workbench, const HostCsr& a, const HostCsr& b, bool ones) {
  const DeviceCsr left(workbench.stream(), a, {}), right(workbench.stream(), b, {});
  const bench::CsrValues kind = ones ? bench::CsrValues::ones : bench::CsrValues::direct;
  const Guarded<float> y = workbench.output(a.rows * b.cols);
  sparse_product({left.view(kind), right.view(kind), y.view(a.rows, b.cols)}, workbench.execution());
  return y.values();
}

void check_sparse_product(const HostCsr& a, const HostCsr& b, const std::string& what) {
  for (const bool ones : {false, true}) {
    // The dense product has at least the roundings of the sparse one: an absent entry is an addition of 0.
    const bench::Reference expected =
        bench::spmm(a, ones ? bench::CsrValues::ones : bench::CsrValues::direct, {}, dense_of(b, ones));
    for (const auto& [name, device] : devices()) {
      INFO(text("sparse_product / ", name, " / ", what, ones ? " of ones" : "", " matches double precision"));
      Workbench workbench(device);
      CHECK(mismatch(run_sparse_product(workbench, a, b, ones), expected) == "");
    }
  }
}

HostMatrix draw(int64_t rows, int64_t cols, uint64_t seed) { return bench::random_matrix(rows, cols, seed); }

std::vector<float> run_add_transposed(Workbench& workbench, const HostMatrix& x, const HostMatrix* z,
                                      const std::vector<float>& scale, int64_t offset) {
  const DeviceMatrix source(workbench.stream(), x, offset);
  const DeviceMatrix other(workbench.stream(), z != nullptr ? *z : HostMatrix{}, offset);
  const Guarded<float> factors = workbench.array(scale, offset);
  const Guarded<float> y = workbench.output(x.rows * x.cols, offset);
  AddTransposedArgs args{.x = source.view(), .y = y.view(x.cols, x.rows)};
  if (z != nullptr) {
    args.z = other.view();
    args.scale = factors.data();
  }
  add_transposed(args, workbench.execution());
  return y.values();
}

/// Mean and standard deviation in long double: a mean of 10^6 rounds away digits of a deviation of 2. The kernel's own double
/// sums of differences d from the row's first element err by less than n^2 2^-53 relatively (n additions; the variance is at
/// least max d^2 / (2 n) unless it is 0, so that subtracting the mean's square loses at most another factor of n), the last
/// rounding to float by 2^-24.
bench::Reference standardised(const HostMatrix& x) {
  bench::Reference expected;
  const auto n = static_cast<long double>(x.cols);
  for (int64_t row = 0; row < x.rows; ++row) {
    const float* values = x.values.data() + row * x.cols;
    long double mean = 0, variance = 0;
    for (int64_t c = 0; c < x.cols; ++c) mean += values[c] / n;
    for (int64_t c = 0; c < x.cols; ++c) variance += (values[c] - mean) * (values[c] - mean) / n;
    for (int64_t c = 0; c < x.cols; ++c) {
      const bool flat = std::all_of(values, values + x.cols, [&](float value) { return value == values[0]; });
      const auto value = flat ? 0.0 : static_cast<double>((values[c] - mean) / std::sqrt(variance));
      expected.values.push_back(value);
      expected.bounds.push_back(
          flat ? 0 : 0x1p-24 * std::abs(value) + 4.0 * static_cast<double>(x.cols * x.cols) * 0x1p-53 * (1 + std::abs(value)));
    }
  }
  return expected;
}

std::vector<float> run_standardise(Workbench& workbench, const HostMatrix& x, int64_t offset) {
  const DeviceMatrix source(workbench.stream(), x, offset);
  const Guarded<float> y = workbench.output(x.rows * x.cols, offset);
  standardise_rows(source.view(), y.view(x.rows, x.cols), workbench.execution());
  return y.values();
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("sparse_product / every shape matches double precision") {
    check_sparse_product(distinct_csr(0, 5, 1, 1), distinct_csr(5, 4, 1, 2), "no rows");
    check_sparse_product(distinct_csr(3, 0, 1, 1), distinct_csr(0, 4, 1, 2), "nothing between");
    check_sparse_product(distinct_csr(3, 5, 0, 1), distinct_csr(5, 33, 1, 2), "empty rows");
    check_sparse_product(distinct_csr(3, 5, 1, 1), distinct_csr(5, 1, 0.5, 2), "one column");
    check_sparse_product(distinct_csr(1, 40, 1, 3), distinct_csr(40, 31, 0.3, 4), "one full row");
    check_sparse_product(distinct_csr(7, 20, 0.2, 5), distinct_csr(20, 300, 0.4, 6), "rows longer than a block");
    check_sparse_product(distinct_csr(64, 30, 0.1, 7), distinct_csr(30, 100, 0.1, 8), "a block of queries");
  }

  TEST_CASE("sparse_product / a's rows may repeat columns, and be a slice of a larger matrix") {
    const HostCsr a = bench::csr_from_rows({{2, 2, 0}, {}, {1, 1, 1}}, 3, 1), b = distinct_csr(3, 9, 0.6, 2);
    check_sparse_product(a, b, "repeated columns");
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const DeviceCsr left(workbench.stream(), a, {}), right(workbench.stream(), b, {});
      CsrView last = left.view(bench::CsrValues::direct);
      last.rows = 1;
      last.row_offsets += 2;
      const Guarded<float> y = workbench.output(9);
      sparse_product({last, right.view(bench::CsrValues::direct), y.view(1, 9)}, workbench.execution());
      const std::vector<float> all = run_sparse_product(workbench, a, b, false);
      CHECK(bit_difference(y.values(), std::vector<float>(all.begin() + 18, all.end())) == "");
    }
  }

  TEST_CASE("add_transposed / every shape, unaligned too, matches double precision") {
    for (const auto& [rows, cols] : std::vector<std::pair<int64_t, int64_t>>{
             {0, 3}, {3, 0}, {1, 1}, {7, 31}, {33, 1}, {1, 33}, {64, 33}, {100, 7}, {300, 64}}) {
      const HostMatrix x = draw(rows, cols, 1), z = draw(rows, cols, 2);
      const std::vector<float> scale = draw(1, rows, 3).values;
      bench::Reference plain, sum;
      for (int64_t c = 0; c < cols; ++c) {
        for (int64_t r = 0; r < rows; ++r) {
          const double a = x.values[r * cols + c], b = double{scale[r]} * z.values[r * cols + c];
          plain.values.push_back(a);
          plain.bounds.push_back(0);
          sum.values.push_back(a + b);
          sum.bounds.push_back(bench::gamma(2) * (std::abs(a) + std::abs(b)));  // a product and a sum
        }
      }
      for (const auto& [name, device] : devices()) {
        for (const int64_t offset : {0, 1}) {
          INFO(text("add_transposed / ", name, " / ", rows, " x ", cols, offset == 0 ? "" : ", unaligned"));
          Workbench workbench(device);
          CHECK(mismatch(run_add_transposed(workbench, x, nullptr, scale, offset), plain) == "");
          CHECK(mismatch(run_add_transposed(workbench, x, &z, scale, offset), sum) == "");
        }
      }
    }
  }

  TEST_CASE("standardise_rows / every width, offsets far from 0 and equal values match double precision") {
    for (const int64_t cols : {1, 2, 7, 31, 33, 255, 256, 257, 700}) {
      HostMatrix x = draw(4, cols, 9);
      for (int64_t c = 0; c < cols; ++c) {
        x.values[cols + c] = 5;                                     // a row of equal values
        x.values[2 * cols + c] = 1e6f + static_cast<float>(c % 7);  // a mean far above the deviation
        x.values[3 * cols + c] = c == cols - 1 ? 1.0f : 0.0f;       // a single one
      }
      const bench::Reference expected = standardised(x);
      for (const auto& [name, device] : devices()) {
        INFO(text("standardise_rows / ", name, " / ", cols, " columns"));
        Workbench workbench(device);
        CHECK(mismatch(run_standardise(workbench, x, 0), expected) == "");
        CHECK(mismatch(run_standardise(workbench, x, 1), expected) == "");
      }
    }
  }

  TEST_CASE("scores / the same bits for every number of threads and every schedule") {
    const HostCsr a = distinct_csr(64, 200, 0.1, 1), b = distinct_csr(200, 900, 0.05, 2);
    const HostMatrix x = draw(900, 33, 3), z = draw(900, 33, 4);
    const std::vector<float> scale = draw(1, 900, 5).values;
    std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
    groups.push_back(simt_orders());
    for (const std::vector<NamedDevice>& group : groups) {
      check_same_bits(group, [&](Workbench& workbench) { return run_sparse_product(workbench, a, b, false); });
      check_same_bits(group, [&](Workbench& workbench) { return run_add_transposed(workbench, x, &z, scale, 0); });
      check_same_bits(group, [&](Workbench& workbench) { return run_standardise(workbench, x, 0); });
    }
  }

  TEST_CASE("scores / refuse what does not fit") {
    Workbench workbench(devices().front().device);
    const Guarded<float> memory = workbench.output(1000);
    float* const p = memory.data();
    Execution& execution = workbench.execution();
    const int64_t offsets[] = {0, 1, 2, 2};
    const int32_t columns[] = {0, 2};
    const int64_t order[] = {1, 0};
    const CsrView square{.rows = 3, .cols = 3, .nnz = 2, .row_offsets = offsets, .col_indices = columns};
    const auto refuses = [&](const std::string& fragment, const auto& call) {
      return error_mismatch(ErrorKind::usage, fragment, call);
    };
    CsrView wide = square;
    wide.cols = 4;
    CsrView indexed = square;
    indexed.values = p;
    indexed.value_index = order;
    CsrView bare = square;
    bare.row_offsets = nullptr;
    CHECK(refuses("sparse_product: a has 4 columns, b has 3 rows", [&] {
            sparse_product({wide, square, {p, 3, 3}}, execution);
          }) == "");
    CHECK(refuses("sparse_product: y is 3 x 4, the product is 3 x 3", [&] {
            sparse_product({square, square, {p, 3, 4}}, execution);
          }) == "");
    CHECK(refuses("sparse_product: b has its values in another order", [&] {
            sparse_product({square, indexed, {p, 3, 3}}, execution);
          }) == "");
    CHECK(refuses("sparse_product: a's row_offsets is null", [&] {
            sparse_product({bare, square, {p, 3, 3}}, execution);
          }) == "");
    CHECK(refuses("sparse_product: y is null", [&] { sparse_product({square, square, {nullptr, 3, 3}}, execution); }) == "");
    CHECK(refuses("add_transposed: y is 3 x 4, x is 3 x 4", [&] {
            add_transposed({.x = {p, 3, 4}, .y = {p + 100, 3, 4}}, execution);
          }) == "");
    CHECK(refuses("add_transposed: y and x share memory", [&] {
            add_transposed({.x = {p, 3, 4}, .y = {p + 11, 4, 3}}, execution);
          }) == "");
    CHECK(refuses("add_transposed: z is 4 x 4, x is 3 x 4", [&] {
            add_transposed({.x = {p, 3, 4}, .z = {p + 50, 4, 4}, .scale = p, .y = {p + 100, 4, 3}}, execution);
          }) == "");
    CHECK(refuses("add_transposed: scale is null", [&] {
            add_transposed({.x = {p, 3, 4}, .z = {p + 50, 3, 4}, .y = {p + 100, 4, 3}}, execution);
          }) == "");
    CHECK(refuses("standardise_rows: y is 3 x 3, x is 3 x 4", [&] {
            standardise_rows({p, 3, 4}, {p + 50, 3, 3}, execution);
          }) == "");
    CHECK(refuses("standardise_rows: y and x share memory", [&] { standardise_rows({p, 3, 4}, {p, 3, 4}, execution); }) == "");
  }
}
