#include <doctest/doctest.h>
#include <stdlib.h>

#include <set>
#include <string>

#include "kernels/dense/dense.h"
#include "kernels/edge/variants.h"
#include "kernels/gat/variants.h"
#include "kernels/spmm/spmm.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

/// An environment variable that is set, or unset, until the object ends.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = ::getenv(name)) before_ = before, was_set_ = true;
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Environment() { was_set_ ? ::setenv(name_, before_.c_str(), 1) : ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::string before_;
  bool was_set_ = false;
};

template <class Args>
void check_table(std::span<const Variant<Args>> table, const char* what) {
  INFO(text(what));
  CHECK_FALSE(table.empty());
  std::set<std::string> names;
  for (const Variant<Args>& variant : table) {
    INFO(text(variant.name));
    CHECK(names.insert(variant.name).second);
    CHECK(std::string(variant.summary) != "");
    CHECK(std::string(variant.source) != "");
  }
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("variants / every device has some, with distinct names, a summary and a source") {
    for (const auto& [name, device] : devices()) {
      check_table(spmm_variants(device.kind()), name.c_str());
      check_table(gemm_variants(device.kind()), name.c_str());
      check_table(head_sddmm_variants(device.kind()), name.c_str());
      check_table(edge_softmax_variants(device.kind()), name.c_str());
      check_table(gat_forward_variants(device.kind()), name.c_str());
      check_table(gat_backward_variants(device.kind()), name.c_str());
    }
  }

  TEST_CASE("variants / an unknown name is a usage error that lists those there are") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device, {.spmm = "row_per_weaver", .gemm = "naive"});
      const Guarded<float> memory = workbench.output(64);
      float* const p = memory.data();
      const std::vector<int64_t> row_offsets{0, 0};
      const auto offsets = workbench.array(row_offsets);
      const auto kind = to_string(device.kind());
      const CsrView a{.rows = 1, .cols = 2, .row_offsets = offsets.data()};
      const auto multiply = [&] { spmm({a, {p, 2, 2}, {p + 32, 1, 2}}, workbench.execution()); };
      CHECK(error_mismatch(ErrorKind::usage, text("spmm: ", kind, " has no variant 'row_per_weaver'; it has "), multiply) == "");
      for (const auto& variant : spmm_variants(device.kind()))
        CHECK(error_mismatch(ErrorKind::usage, variant.name, multiply) == "");
      const auto product = [&] { gemm({{p, 2, 2}, {p + 16, 2, 2}, {p + 32, 2, 2}}, workbench.execution()); };
      CHECK(error_mismatch(ErrorKind::usage, text("gemm: ", kind, " has no variant 'naive'; it has "), product) == "");
      for (const auto& variant : gemm_variants(device.kind()))
        CHECK(error_mismatch(ErrorKind::usage, variant.name, product) == "");
    }
  }

  TEST_CASE("variants / HEDDLE_FORCE_... names the variants of each op") {
    const Environment spmm_name("HEDDLE_FORCE_SPMM", "row_per_thread");
    const Environment gemm_name("HEDDLE_FORCE_GEMM", "cpu_blas");
    const Environment sddmm_name("HEDDLE_FORCE_SDDMM", "row_per_subwarp");
    const Environment softmax_name("HEDDLE_FORCE_EDGE_SOFTMAX", "row_per_warp");
    const Environment gat_name("HEDDLE_FORCE_GAT", "cpu_row_loop");
    const VariantOverrides overrides = VariantOverrides::from_environment();
    CHECK(overrides.spmm == "row_per_thread");
    CHECK(overrides.gemm == "cpu_blas");
    CHECK(overrides.sddmm == "row_per_subwarp");
    CHECK(overrides.edge_softmax == "row_per_warp");
    CHECK(overrides.gat == "cpu_row_loop");
  }

  TEST_CASE("variants / unset and empty variables leave the choice to the rule") {
    for (const char* value : {static_cast<const char*>(nullptr), ""}) {
      const Environment spmm_name("HEDDLE_FORCE_SPMM", value);
      const Environment gemm_name("HEDDLE_FORCE_GEMM", value);
      const Environment sddmm_name("HEDDLE_FORCE_SDDMM", value);
      const Environment softmax_name("HEDDLE_FORCE_EDGE_SOFTMAX", value);
      const Environment gat_name("HEDDLE_FORCE_GAT", value);
      const VariantOverrides overrides = VariantOverrides::from_environment();
      CHECK(overrides.spmm == "");
      CHECK(overrides.gemm == "");
      CHECK(overrides.sddmm == "");
      CHECK(overrides.edge_softmax == "");
      CHECK(overrides.gat == "");
    }
  }

  TEST_CASE("variants / a variable with a name that no device has is a usage error that lists them all") {
    {
      const Environment unknown("HEDDLE_FORCE_SPMM", "cpu_blas");
      CHECK(error_mismatch(ErrorKind::usage, "HEDDLE_FORCE_SPMM is 'cpu_blas'; there are cpu_row_vectorised (cpu), ",
                           VariantOverrides::from_environment) == "");
      CHECK(error_mismatch(ErrorKind::usage, "row_per_thread (simt)", VariantOverrides::from_environment) == "");
    }
    const struct {
      const char* variable;
      const char* first;
    } others[] = {{"HEDDLE_FORCE_GEMM", "cpu_blas"},
                  {"HEDDLE_FORCE_SDDMM", "cpu_row_vectorised"},
                  {"HEDDLE_FORCE_EDGE_SOFTMAX", "cpu_row_vectorised"},
                  {"HEDDLE_FORCE_GAT", "cpu_blocks"}};
    for (const auto& [variable, first] : others) {
      const Environment unknown(variable, "fast");
      CHECK(error_mismatch(ErrorKind::usage, text(variable, " is 'fast'; there are ", first, " (cpu), "),
                           VariantOverrides::from_environment) == "");
    }
  }
}
