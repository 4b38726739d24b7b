#include "heddle/tuned.h"

#include <doctest/doctest.h>

#include <string>

#include "bench/graphs.h"
#include "heddle/context.h"
#include "heddle/graph.h"
#include "heddle/io.h"
#include "heddle/ops.h"
#include "heddle/profile.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

const Device cpu = Device::cpu({.threads = 2});

HostCsr karate() {
  const NodeDataset data = io::karate_club();
  return gcn_adjacency(data.nodes, data.edges);
}

TunedVariants tuned_to(const StructureHash& structure, int64_t width, const std::string& variant,
                       const std::string& device = cpu.description()) {
  TunedVariants tuned;
  tuned.add({structure, width, device, variant, "karate", ""});
  return tuned;
}

/// The variant of the sparse product in the forward pass, and in the backward pass.
std::pair<std::string, std::string> variants_run(Context& context, const SparseMatrix& a, int64_t width) {
  Profiler profiler;
  context.set_profiler(&profiler);
  context.begin_step();
  const Tensor x = context.make_tensor(bench::random_matrix(a.cols(), width, 3), true);
  context.tape().backward(l2_penalty(spmm(a, x), 1));
  context.set_profiler(nullptr);
  std::string names[2];
  int found = 0;
  for (const ProfileEvent& event : profiler.events()) {
    if (std::string_view(event.name) == "spmm") names[found++ % 2] = event.variant;
  }
  CHECK(found == 2);
  return {names[0], names[1]};
}

const std::string by_rule = "cpu_row_vectorised";

}  // namespace

TEST_SUITE_BEGIN("autograd");

TEST_CASE("tuned / a structure's hash knows sizes, offsets and columns, and not values") {
  HostCsr a = karate();
  const StructureHash hash = structure_hash(a);
  CHECK(hash.hex().size() == 32);
  Context context(cpu);
  CHECK(SparseMatrix(context.stream(), a, true).structure() == hash);
  a.values[3] = 7;
  CHECK(structure_hash(a) == hash);
  HostCsr wider = a;
  ++wider.cols;
  CHECK(structure_hash(wider) != hash);
  HostCsr moved = a;
  ++moved.row_offsets[2];
  CHECK(structure_hash(moved) != hash);
  HostCsr other = a;
  other.col_indices.back() = 0;
  CHECK(structure_hash(other) != hash);
}

TEST_CASE("tuned / a choice is followed for its matrix, width and device only, the transpose has one of its own") {
  Context context(cpu);
  const SparseMatrix a(context.stream(), bench::random_graph(20, 30, 90, 5));
  CHECK(variants_run(context, a, 6) == std::pair(by_rule, by_rule));
  context.set_tuned(tuned_to(a.structure(), 6, "cpu_merge_path"));
  CHECK(variants_run(context, a, 6) == std::pair(std::string("cpu_merge_path"), by_rule));
  CHECK(variants_run(context, a, 7) == std::pair(by_rule, by_rule));
  context.set_tuned(tuned_to(a.transpose_structure(), 6, "cpu_row_loop"));
  CHECK(variants_run(context, a, 6) == std::pair(by_rule, std::string("cpu_row_loop")));
  context.set_tuned(tuned_to(a.structure(), 6, "cpu_merge_path", "cpu (64 threads, avx2)"));
  CHECK(variants_run(context, a, 6) == std::pair(by_rule, by_rule));
}

TEST_CASE("tuned / of two choices for the same product the later one stands") {
  const StructureHash structure = structure_hash(karate());
  TunedVariants tuned = tuned_to(structure, 6, "cpu_merge_path");
  tuned.add({structure, 6, cpu.description(), "cpu_row_loop", "karate", ""});
  tuned.add({structure, 7, cpu.description(), "cpu_merge_path", "karate", ""});
  REQUIRE(tuned.choices().size() == 2);
  CHECK(tuned.choices()[0].variant == "cpu_row_loop");
}

TEST_CASE("tuned / a variant that this device has not, or whose bits do not repeat, is refused and nothing is changed") {
  const StructureHash structure = structure_hash(karate());
  Context context(cpu);
  context.set_tuned(tuned_to(structure, 6, "cpu_merge_path"));
  CHECK(error_mismatch(ErrorKind::usage, "tuned variants: cpu has no variant 'edge_atomic'; it has cpu_row_vectorised",
                       [&] { context.set_tuned(tuned_to(structure, 6, "edge_atomic")); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "cpu_row_bf16 for karate at width 6 rounds its input; it can only be forced",
                       [&] { context.set_tuned(tuned_to(structure, 6, "cpu_row_bf16")); }) == "");
  CHECK(context.tuned_spmm(structure, 6) == std::string("cpu_merge_path"));
  const Device simt = Device::simt();
  Context executor(simt);
  CHECK(error_mismatch(ErrorKind::usage, "edge_atomic for karate at width 6 gives other bits in every run",
                       [&] { executor.set_tuned(tuned_to(structure, 6, "edge_atomic", simt.description())); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
