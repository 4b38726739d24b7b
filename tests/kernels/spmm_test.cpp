#include "kernels/spmm/spmm.h"

#include <doctest/doctest.h>

#include <algorithm>
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
  const bench::Reference& expected() const { return expected_; }

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
      CHECK(mismatch(product.run(workbench, variant.name, offset), product.expected()) == "");
    }
  }
}

/// The deterministic variants of `kind`, as run-functions of one product, under every given group of devices.
void check_bits(const Product& product, const std::vector<NamedDevice>& group, DeviceKind kind, const std::string& what) {
  for (const auto& variant : spmm_variants(kind)) {
    if (!variant.deterministic) continue;
    INFO(text("spmm / ", variant.name, " / ", what));
    check_same_bits(group, [&](Workbench& workbench) { return product.run(workbench, variant.name); });
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
          CHECK(mismatch(y.values(), expected) == "");
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
          CHECK(mismatch(product.run(workbench, variant.name), product.expected()) == "");
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
        check_same_bits(isas, [&](Workbench& workbench) { return product.run(workbench, "cpu_row_vectorised"); });
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
  }

  TEST_CASE("spmm / the automatic choice is a deterministic variant of the device") {
    for (const auto& [name, device] : devices()) {
      for (int64_t d : {0, 1, 3, 4, 7, 16, 64, 1433}) {
        const SpmmArgs args{{.rows = 10, .cols = 12, .nnz = 30}, {nullptr, 12, d}, {nullptr, 10, d}};
        INFO(text(name, " / d=", d));
        CHECK(find_variant("spmm", spmm_variants(device.kind()), device.kind(), pick_spmm(args, device.kind())).deterministic);
      }
    }
  }
}
