#include "kernels/spmm/spmm.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
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
using bench::CsrValues;

constexpr CsrValues all_kinds[] = {CsrValues::ones, CsrValues::direct, CsrValues::indexed};

const char* to_string(CsrValues kind) {
  switch (kind) {
    case CsrValues::ones: return "no values";
    case CsrValues::direct: return "values";
    case CsrValues::indexed: return "values through an index";
  }
  return "";
}

/// A product with its reference.
class Product {
 public:
  Product(const HostCsr& a, int64_t d, CsrValues kind)
      : a_(a),
        x_(bench::random_matrix(a.cols, d, 77)),
        kind_(kind),
        value_index_(bench::random_permutation(a.nnz(), 78)),
        expected_(bench::spmm(a, kind, value_index_, x_)) {}

  /// Why the variant cannot run this, or nothing.
  std::string refusal(const Variant<SpmmArgs>& variant) const {
    const int64_t d = x_.cols;
    static const float value = 0;
    static const int64_t index = 0;
    const CsrView a{.rows = a_.rows,
                    .cols = a_.cols,
                    .nnz = a_.nnz(),
                    .values = kind_ == CsrValues::ones ? nullptr : &value,
                    .value_index = kind_ == CsrValues::indexed ? &index : nullptr};
    return variant.supports({a, {nullptr, a_.cols, d}, {nullptr, a_.rows, d}});
  }

  /// By the variant of this name; x and y stand `offset` floats off their alignment.
  std::vector<float> run(Workbench& workbench, const char* variant, int64_t offset = 0) const {
    const DeviceCsr a(workbench.stream(), a_, value_index_);
    const DeviceMatrix x(workbench.stream(), x_, offset);
    const Guarded<float> y = workbench.output(a_.rows * x_.cols, offset);
    workbench.overrides().spmm = variant;
    spmm({a.view(kind_), x.view(), y.view(a_.rows, x_.cols)}, workbench.execution());
    CHECK(bit_difference(x.values(), x_.values) == "");
    return y.values();
  }
  bench::Reference expected(const Variant<SpmmArgs>& variant) const { return bench::widened(expected_, variant.rounding); }
  bool empty() const { return expected_.values.empty(); }

 private:
  HostCsr a_;
  HostMatrix x_;
  CsrValues kind_;
  std::vector<int64_t> value_index_;
  bench::Reference expected_;
};

/// The product, by every variant of every device, against its reference.
void check_product(const Product& product, const std::string& what, int64_t offset = 0) {
  for (const auto& [name, device] : devices()) {
    Workbench workbench(device);
    for (const auto& variant : spmm_variants(device.kind())) {
      INFO(text("spmm / ", variant.name, " / ", name, " / ", what, " matches double precision"));
      const std::string refusal = product.refusal(variant);
      if (refusal.empty()) {
        CHECK(mismatch(product.run(workbench, variant.name, offset), product.expected(variant)) == "");
      } else if (!product.empty()) {
        CHECK(error_mismatch(ErrorKind::usage, refusal, [&] { product.run(workbench, variant.name, offset); }) == "");
      }
    }
  }
}

/// The deterministic variants of `kind`, as run-functions of one product, under every given group of devices.
void check_bits(const Product& product, const std::vector<NamedDevice>& group, DeviceKind kind, const std::string& what) {
  for (const auto& variant : spmm_variants(kind)) {
    if (!variant.deterministic || !product.refusal(variant).empty()) continue;
    INFO(text("spmm / ", variant.name, " / ", what));
    check_same_bits(group, [&](Workbench& workbench) { return product.run(workbench, variant.name); });
  }
}

/// A product by a matrix that stands on the workbench's device already, by each of its variants.
void check_view(Workbench& workbench, const CsrView& view, const HostCsr& a, int64_t d) {
  const HostMatrix x = bench::random_matrix(a.cols, d, static_cast<uint64_t>(60 + d));
  const bench::Reference expected = bench::spmm(a, CsrValues::direct, {}, x);
  for (const Variant<SpmmArgs>& variant : spmm_variants(workbench.stream().kind())) {
    INFO(text(variant.name, " / identity ", view.identity, " / d=", d));
    const DeviceMatrix input(workbench.stream(), x, 0);
    const Guarded<float> y = workbench.output(a.rows * d, 0);
    workbench.overrides().spmm = variant.name;
    spmm({view, input.view(), y.view(a.rows, d)}, workbench.execution());
    CHECK(mismatch(y.values(), bench::widened(expected, variant.rounding)) == "");
  }
}

/// Large enough for every path of the cpu variants: many parts, x beyond the second-level cache, empty rows.
HostCsr large_graph() { return bench::power_law_graph(6000, 5000, 60000, 5); }

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("spmm / every variant on hostile graphs at every width matches double precision") {
    for (const auto& [graph, a] : bench::hostile_graphs()) {
      for (int64_t d : {1, 4, 7, 16, 31, 33, 64, 100, 128, 256}) {
        for (CsrValues kind : all_kinds) check_product({a, d, kind}, text(graph, " / d=", d, " / ", to_string(kind)));
      }
    }
  }

  TEST_CASE("spmm / every variant on arrays one float off their alignment matches double precision") {
    const HostCsr a = bench::random_graph(21, 18, 90, 3);
    for (int64_t d : {1, 4, 16, 33, 64, 128, 132}) check_product({a, d, CsrValues::direct}, text("unaligned / d=", d), 1);
  }

  TEST_CASE("spmm / every variant at width 1433 matches double precision") {
    const HostCsr a = bench::random_graph(6, 9, 24, 4);
    for (CsrValues kind : all_kinds) check_product({a, 1433, kind}, text("d=1433 / ", to_string(kind)));
  }

  TEST_CASE("spmm / every variant on a row of 5000 non-zeros matches double precision") {
    const HostCsr a = bench::giant_row_graph(5000, 6);
    for (int64_t d : {1, 7, 16, 33}) check_product({a, d, CsrValues::direct}, text("giant row / d=", d));
  }

  TEST_CASE("spmm / a matrix of width 0 gives nothing and reads nothing") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const HostCsr a = bench::random_graph(5, 4, 9, 7);
      const DeviceCsr csr(workbench.stream(), a, {});
      CHECK_NOTHROW(spmm({csr.view(CsrValues::direct), {nullptr, 4, 0}, {nullptr, 5, 0}}, workbench.execution()));
    }
  }

  TEST_CASE("spmm / rows of x that no non-zero names do not reach y, and NaN in one that is named does") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const HostCsr a = bench::csr_from_rows({{1, 3}, {}, {3, 5}, {1}}, 7, 8);
    for (int64_t d : {1, 16, 33}) {
      HostMatrix x = bench::random_matrix(7, d, 9);
      for (int64_t row : {0, 2, 4, 5, 6}) {
        std::fill_n(x.values.begin() + row * d, d, nan);
      }
      const bench::Reference expected = bench::spmm(a, CsrValues::direct, {}, x);
      for (const auto& [name, device] : devices()) {
        Workbench workbench(device);
        for (const auto& variant : spmm_variants(device.kind())) {
          INFO(text(variant.name, " / ", name, " / d=", d));
          const DeviceCsr csr(workbench.stream(), a, {});
          const DeviceMatrix input(workbench.stream(), x);
          const Guarded<float> y = workbench.output(4 * d);
          workbench.overrides().spmm = variant.name;
          spmm({csr.view(CsrValues::direct), input.view(), y.view(4, d)}, workbench.execution());
          CHECK(mismatch(y.values(), bench::widened(expected, variant.rounding)) == "");
        }
      }
    }
  }

  TEST_CASE("spmm / large products on the cpu match double precision") {
    if (!tested(DeviceKind::cpu)) return;
    const HostCsr a = large_graph();
    for (int64_t d : {7, 64, 100}) {
      const Product product(a, d, CsrValues::indexed);
      for (Isa isa : available_isas()) {
        Workbench workbench(Device::cpu({.threads = 2, .isa = isa}));
        for (const auto& variant : spmm_variants(DeviceKind::cpu)) {
          INFO(text(variant.name, " / ", heddle::to_string(isa), " / d=", d));
          CHECK(mismatch(product.run(workbench, variant.name), product.expected(variant)) == "");
        }
      }
    }
  }

  TEST_CASE("spmm / the cpu's bits do not depend on the number of threads") {
    const auto check = [groups = cpu_thread_counts()](const Product& product, const std::string& what) {
      for (const auto& group : groups) check_bits(product, group, DeviceKind::cpu, what);
    };
    const HostCsr large = large_graph();
    for (int64_t d : {7, 64}) check({large, d, CsrValues::direct}, text("large / d=", d));
    check({bench::giant_row_graph(3000, 10), 33, CsrValues::ones}, "giant row / d=33");
  }

  TEST_CASE("spmm / avx2 and avx512 give the same bits") {
    const std::vector<NamedDevice> isas = fused_isas();
    for (const auto& [graph, a] : bench::hostile_graphs()) {
      for (int64_t d : {1, 7, 16, 31, 33, 64, 100, 256}) {
        const Product product(a, d, CsrValues::direct);
        INFO(text(graph, " / d=", d));
        for (const char* variant : {"cpu_row_vectorised", "cpu_merge_path", "cpu_row_bf16"}) {
          INFO(variant);
          check_same_bits(isas, [&](Workbench& workbench) { return product.run(workbench, variant); });
        }
      }
    }
  }

  TEST_CASE("spmm / the executor's bits do not depend on its schedule or its host threads") {
    const std::vector<NamedDevice> orders = simt_orders();
    for (const auto& [graph, a] : bench::hostile_graphs()) {
      for (int64_t d : {1, 7, 33, 100, 128}) {
        check_bits({a, d, CsrValues::indexed}, orders, DeviceKind::simt, text(graph, " / d=", d));
      }
    }
    // Shares and segments of one row by many groups.
    const HostCsr giant = bench::giant_row_graph(5000, 6);
    for (int64_t d : {4, 33}) check_bits({giant, d, CsrValues::direct}, orders, DeviceKind::simt, text("giant row / d=", d));
  }

  TEST_CASE("spmm / long rows among short and middling ones match double precision") {
    // Degrees on both sides of every bound of degree_bins and of merge_path's shares; two long rows, neighbours.
    std::vector<std::vector<int32_t>> rows;
    bench::Draws draws(31);
    for (int64_t degree : {0, 32, 33, 1, 1025, 1536, 0, 1024, 500, 2, 31, 512, 40, 0}) {
      std::vector<int32_t>& row = rows.emplace_back();
      for (int64_t k = 0; k < degree; ++k) row.push_back(static_cast<int32_t>(draws.below(50)));
    }
    const HostCsr a = bench::csr_from_rows(rows, 50, 32);
    for (int64_t d : {1, 16, 33}) check_product({a, d, CsrValues::direct}, text("long rows / d=", d));
  }

  TEST_CASE("spmm / columns and values that begin off a multiple of 16 bytes are read as well") {
    const HostCsr a = bench::random_graph(37, 30, 333, 3);
    std::vector<int32_t> columns{-1};
    columns.insert(columns.end(), a.col_indices.begin(), a.col_indices.end());
    std::vector<float> values{NAN};
    values.insert(values.end(), a.values.begin(), a.values.end());
    for (const auto& [name, device] : devices()) {
      Workbench workbench(device);
      Stream& stream = workbench.stream();
      const Buffer offsets = Buffer::upload(stream, a.row_offsets), shifted_columns = Buffer::upload(stream, columns),
                   shifted_values = Buffer::upload(stream, values);
      const CsrView view{
          a.rows, a.cols, a.nnz(), offsets.as<int64_t>(), shifted_columns.as<int32_t>() + 1, shifted_values.as<float>() + 1,
          nullptr};
      INFO(name);
      for (int64_t d : {8, 33}) check_view(workbench, view, a, d);
    }
  }

  TEST_CASE("spmm / what is kept of a matrix with an identity serves other factors and widths, and no other matrix") {
    // Two structures of the same sizes, one after the other at the same address.
    std::vector<HostCsr> structures;
    for (uint64_t seed : {1, 2}) structures.push_back(bench::random_graph(40, 30, 200, seed));
    for (const auto& [name, device] : devices()) {
      Workbench workbench(device);
      Stream& stream = workbench.stream();
      const Buffer offsets = Buffer::upload(stream, structures[0].row_offsets),
                   columns = Buffer::upload(stream, structures[0].col_indices),
                   values = Buffer::upload(stream, structures[0].values);
      uint64_t identity = uint64_t{1} << 40;  // far above those of the process
      for (const HostCsr& a : structures) {
        ++identity;
        upload(stream, offsets.as<int64_t>(), a.row_offsets.data(), offsets.bytes());
        upload(stream, columns.as<int32_t>(), a.col_indices.data(), columns.bytes());
        upload(stream, values.as<float>(), a.values.data(), values.bytes());
        const CsrView view{a.rows,  a.cols, a.nnz(), offsets.as<int64_t>(), columns.as<int32_t>(), values.as<float>(),
                           nullptr, -1,     identity};
        INFO(name);
        for (int64_t d : {4, 9, 4}) check_view(workbench, view, a, d);
      }
    }
  }

  TEST_CASE("spmm / the automatic choice is a deterministic variant of the device") {
    for (const auto& [name, device] : devices()) {
      for (int64_t nnz : {0, 30, 100, 1 << 19}) {
        for (int64_t d : {0, 1, 3, 4, 7, 16, 64, 1433}) {
          const SpmmArgs args{{.rows = 10, .cols = 12, .nnz = nnz}, {nullptr, 12, d}, {nullptr, 10, d}};
          INFO(text(name, " / nnz=", nnz, " / d=", d));
          CHECK(find_variant("spmm", spmm_variants(device.kind()), device.kind(), pick_spmm(args, device.kind())).deterministic);
        }
      }
    }
  }

  TEST_CASE("spmm / the automatic choice follows its rule") {
    const auto choice = [](DeviceKind device, int64_t nnz, int64_t d, int64_t longest_row = -1) {
      return std::string(pick_spmm(
          {{.rows = 1000, .cols = 12, .nnz = nnz, .longest_row = longest_row}, {nullptr, 12, d}, {nullptr, 1000, d}}, device));
    };
    for (DeviceKind device : {DeviceKind::simt, DeviceKind::cuda}) {
      CHECK(choice(device, 7999, 4) == "row_per_thread");
      CHECK(choice(device, 8000, 4) == "parallel_reduction");
      CHECK(choice(device, 8000, 5) == "row_per_subwarp");
      CHECK(choice(device, (1 << 19) - 1, 64) == "row_per_subwarp");
      CHECK(choice(device, 1 << 19, 64) == "merge_path");
      CHECK(choice(device, 1 << 19, 64, 512) == "row_per_subwarp");
      CHECK(choice(device, 8000, 16, 513) == "merge_path");
    }
    CHECK(choice(DeviceKind::cpu, 1 << 19, 4) == "cpu_row_vectorised");
  }
}
