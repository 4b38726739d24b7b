#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "kernels/dense/dense.h"
#include "kernels/edge/variants.h"
#include "kernels/gat/variants.h"
#include "kernels/spmm/spmm.h"
#include "tests/cli/program.h"
#include "tests/support/source_dir.h"

using namespace heddle;
using heddle::test::file_content;
using heddle::test::run_program;

namespace {

template <class Args>
void check_limits(std::span<const kernels::Variant<Args>> (*table)(DeviceKind)) {
  for (DeviceKind device : {DeviceKind::cpu, DeviceKind::simt, DeviceKind::cuda}) {
    for (const kernels::Variant<Args>& variant : table(device)) {
      CAPTURE(variant.name);
      CHECK((variant.supports == kernels::takes_anything<Args>) == (variant.limits == std::string("none")));
    }
  }
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("variants: whatever can refuse says what") {
    check_limits<kernels::SpmmArgs>(kernels::spmm_variants);
    check_limits<kernels::GemmArgs>(kernels::gemm_variants);
    check_limits<kernels::HeadSddmmArgs>(kernels::head_sddmm_variants);
    check_limits<kernels::EdgeSoftmaxArgs>(kernels::edge_softmax_variants);
    check_limits<kernels::GatForwardArgs>(kernels::gat_forward_variants);
    check_limits<kernels::GatBackwardArgs>(kernels::gat_backward_variants);
  }

  TEST_CASE("variants lists every variant of every device") {
    std::size_t expected = 0;
    for (DeviceKind device : {DeviceKind::cpu, DeviceKind::simt, DeviceKind::cuda})
      expected += kernels::spmm_variants(device).size() + kernels::gemm_variants(device).size() +
                  kernels::head_sddmm_variants(device).size() + kernels::edge_softmax_variants(device).size() +
                  kernels::gat_forward_variants(device).size();
    const nlohmann::json variants = run_program("variants --json").json()["variants"];
    CHECK(variants.size() == expected);
    for (const nlohmann::json& variant : variants) {
      for (const char* field : {"op", "device", "name", "summary", "source", "limits"}) {
        CAPTURE(field);
        CHECK(variant[field].get<std::string>() != "");
      }
      CHECK(variant["deterministic"].is_boolean());
    }
    const std::string text = run_program("variants").out;
    CHECK(text.find("spmm on cpu\n  cpu_row_vectorised ") != std::string::npos);
    CHECK(text.find("bits differ from run to run") != std::string::npos);
  }

  TEST_CASE("variants: the README's table is the one that the program prints") {
    const std::string readme = file_content((heddle::test::source_dir() / "README.md").string());
    const std::string printed = run_program("variants --markdown").out;
    const std::string header = printed.substr(0, printed.find('\n') + 1);
    const std::size_t begin = readme.find(header);
    REQUIRE(begin != std::string::npos);
    std::istringstream lines(readme.substr(begin));
    std::string table;
    for (std::string line; std::getline(lines, line) && line.starts_with('|');) {
      // A build without CUDA does not know the rows that are the GPU's alone.
      if (!kernels::spmm_variants(DeviceKind::cuda).empty() || line.find("| cuda |") == std::string::npos) table += line + "\n";
    }
    CHECK(table == printed);
  }
}
