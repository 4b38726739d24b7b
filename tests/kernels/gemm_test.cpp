#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bench/graphs.h"
#include "bench/references.h"
#include "kernels/dense/dense.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

struct Shape {
  int64_t m, k, n;
};

/// A product with its reference.
class Product {
 public:
  Product(Shape shape, bool transpose_a, bool transpose_b)
      : shape_(shape),
        transpose_a_(transpose_a),
        transpose_b_(transpose_b),
        a_(bench::random_matrix(transpose_a ? shape.k : shape.m, transpose_a ? shape.m : shape.k, 21)),
        b_(bench::random_matrix(transpose_b ? shape.n : shape.k, transpose_b ? shape.k : shape.n, 22)),
        expected_(bench::gemm(a_, b_, transpose_a, transpose_b)) {}

  /// The arguments without data, as `supports` takes them.
  GemmArgs shape_args() const {
    return {{nullptr, a_.rows, a_.cols}, {nullptr, b_.rows, b_.cols}, {nullptr, shape_.m, shape_.n}, transpose_a_, transpose_b_};
  }
  std::vector<float> run(Workbench& workbench, const char* variant, int64_t offset = 0) const {
    const DeviceMatrix a(workbench.stream(), a_, offset);
    const DeviceMatrix b(workbench.stream(), b_, offset);
    const Guarded<float> c = workbench.output(shape_.m * shape_.n, offset);
    workbench.overrides().gemm = variant;
    gemm({a.view(), b.view(), c.view(shape_.m, shape_.n), transpose_a_, transpose_b_}, workbench.execution());
    CHECK(bit_difference(a.values(), a_.values) == "");
    CHECK(bit_difference(b.values(), b_.values) == "");
    return c.values();
  }
  const bench::Reference& expected() const { return expected_; }
  std::string name() const {
    return text(shape_.m, " x ", shape_.k, " x ", shape_.n, transpose_a_ ? " / A transposed" : "",
                transpose_b_ ? " / B transposed" : "");
  }

 private:
  Shape shape_;
  bool transpose_a_, transpose_b_;
  HostMatrix a_, b_;
  bench::Reference expected_;
};

/// The product by every variant that supports it; the others must give their reason.
void check_product(const Product& product, const std::vector<NamedDevice>& on, int64_t offset = 0) {
  for (const auto& [name, device] : on) {
    Workbench workbench(device);
    for (const auto& variant : gemm_variants(device.kind())) {
      INFO(text("gemm / ", variant.name, " / ", name, " / ", product.name()));
      const std::string reason = variant.supports(product.shape_args());
      if (reason.empty()) {
        CHECK(mismatch(product.run(workbench, variant.name, offset), product.expected()) == "");
      } else if (!product.expected().values.empty()) {
        CHECK(error_mismatch(ErrorKind::usage, reason, [&] { product.run(workbench, variant.name); }) == "");
      }
    }
  }
}

std::vector<NamedDevice> cpu_devices() {
  std::vector<NamedDevice> result;
  for (const NamedDevice& each : devices()) {
    if (each.device.kind() == DeviceKind::cpu) result.push_back(each);
  }
  return result;
}

void check_bits(const Product& product, const std::vector<NamedDevice>& group, DeviceKind kind) {
  for (const auto& variant : gemm_variants(kind)) {
    if (!variant.deterministic || !variant.supports(product.shape_args()).empty()) continue;
    INFO(text("gemm / ", variant.name, " / ", product.name()));
    check_same_bits(group, [&](Workbench& workbench) { return product.run(workbench, variant.name); });
  }
}

constexpr bool flags[] = {false, true};

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("gemm / every variant at odd, tiny and empty sizes matches double precision, whatever is transposed") {
    for (Shape shape : {Shape{0, 3, 4},
                        {3, 0, 4},
                        {3, 4, 0},
                        {0, 0, 0},
                        {1, 1, 1},
                        {1, 5, 1},
                        {5, 1, 7},
                        {7, 7, 7},
                        {2, 3, 16},
                        {33, 16, 7},
                        {17, 31, 33},
                        {16, 65, 15},
                        {64, 64, 64},
                        {65, 63, 64},
                        {64, 65, 65},
                        {129, 17, 16},
                        {9, 40, 130}}) {
      for (bool transpose_a : flags) {
        for (bool transpose_b : flags) check_product({shape, transpose_a, transpose_b}, devices());
      }
    }
  }

  TEST_CASE("gemm / every variant at every width up to 70 matches double precision") {
    for (int64_t n = 1; n <= 70; ++n) {
      check_product({{9, 5, n}, false, false}, devices());
      check_product({{6, 11, n}, true, false}, devices());
    }
  }

  TEST_CASE("gemm / every variant on a weight gradient, a long k by a narrow output, matches double precision") {
    check_product({{16, 5000, 16}, true, false}, devices());
    check_product({{7, 1030, 5}, true, false}, devices());
    check_product({{3, 2500, 20}, false, false}, devices());
  }

  TEST_CASE("gemm / every variant on 513 rows matches double precision") {
    for (bool transpose_b : flags) check_product({{513, 20, 9}, false, transpose_b}, devices());
  }

  TEST_CASE("gemm / every variant on arrays one float off their alignment matches double precision") {
    for (bool transpose_a : flags) {
      for (bool transpose_b : flags) check_product({{36, 28, 20}, transpose_a, transpose_b}, devices(), 1);
    }
  }

  TEST_CASE("gemm / large products on the cpu match double precision") {
    const std::vector<NamedDevice> cpu = cpu_devices();
    for (bool transpose_a : flags) {
      for (bool transpose_b : flags) {
        check_product({{1300, 40, 70}, transpose_a, transpose_b}, cpu);
        check_product({{70, 5000, 33}, transpose_a, transpose_b}, cpu);
      }
    }
  }

  TEST_CASE("gemm / the cpu's bits do not depend on the number of threads") {
    const auto check = [groups = cpu_thread_counts()](Shape shape, bool transpose_a, bool transpose_b) {
      const Product product(shape, transpose_a, transpose_b);
      for (const auto& group : groups) check_bits(product, group, DeviceKind::cpu);
    };
    for (Shape shape : {Shape{1100, 64, 64}, {2000, 30, 7}, {1600, 65, 70}}) {
      check(shape, false, false);
      check(shape, false, true);
    }
    for (Shape shape : {Shape{16, 9000, 7}, {64, 5000, 64}, {65, 5000, 70}}) check(shape, true, false);
  }

  TEST_CASE("gemm / cpu_skinny gives the same bits on avx2 and avx512") {
    const std::vector<NamedDevice> isas = fused_isas();
    for (int64_t n : {1, 7, 16, 31, 33, 64}) {
      for (bool transpose_a : flags) {
        const Product product({transpose_a ? 40 : 300, transpose_a ? 1300 : 40, n}, transpose_a, false);
        INFO(product.name());
        check_same_bits(isas, [&](Workbench& workbench) { return product.run(workbench, "cpu_skinny"); });
      }
    }
  }

  TEST_CASE("gemm / the executor's bits do not depend on its schedule or its host threads") {
    const std::vector<NamedDevice> orders = simt_orders();
    for (Shape shape : {Shape{70, 33, 65}, {40, 300, 7}, {16, 1500, 16}}) {
      for (bool transpose_a : flags) check_bits({shape, transpose_a, false}, orders, DeviceKind::simt);
    }
  }

  TEST_CASE("gemm / cpu_skinny says what is too large for it") {
    const auto& variant = find_variant("gemm", gemm_variants(DeviceKind::cpu), DeviceKind::cpu, "cpu_skinny");
    const auto reason = [&](Shape shape, bool transpose_a, bool transpose_b) {
      return variant.supports(Product(shape, transpose_a, transpose_b).shape_args());
    };
    CHECK(reason({1000, 64, 64}, false, false) == "");
    CHECK(reason({64, 1000, 64}, true, false) == "");
    CHECK(reason({10, 64, 65}, false, false) == "c has 65 columns, more than 64");
    CHECK(reason({10, 65, 64}, false, false) == "b has 65 rows, more than 64");
    CHECK(reason({65, 10, 64}, true, false) == "c has 65 rows, more than 64");
    CHECK(reason({5, 5, 5}, true, true) == "both operands are transposed");
  }

  TEST_CASE("gemm / the automatic choice is a deterministic variant that supports the product") {
    for (const auto& [name, device] : devices()) {
      for (Shape shape : {Shape{1, 1, 1}, {2708, 1433, 16}, {2708, 16, 7}, {64, 64, 64}, {65, 65, 65}}) {
        for (bool transpose_a : flags) {
          for (bool transpose_b : flags) {
            const Product product({shape.m, shape.k % 100, shape.n}, transpose_a, transpose_b);
            INFO(text(name, " / ", product.name()));
            const GemmArgs args = product.shape_args();
            const auto& variant =
                find_variant("gemm", gemm_variants(device.kind()), device.kind(), pick_gemm(args, device.kind()));
            CHECK(variant.deterministic);
            CHECK(variant.supports(args) == "");
          }
        }
      }
    }
  }
}
