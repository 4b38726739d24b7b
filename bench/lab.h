#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/ceilings.h"
#include "bench/cost_model.h"
#include "bench/lab_graphs.h"
#include "bench/ptx.h"
#include "heddle/device.h"

/// Compares the variants of a kernel op: each is checked against double precision, then timed (cpu, cuda) or counted (simt).
namespace heddle::bench {

class VariantFile;

struct LabOptions {
  std::vector<std::string> variants;  ///< empty: all
  int repeats = 7;                    ///< timed rounds, in each of which every variant is timed
  bool cold = false;                  ///< caches are emptied before each timed run
  bool ptx = false;                   ///< count the instructions of the kernels' PTX too, which takes nvcc and heddle's sources
  std::vector<std::shared_ptr<const VariantFile>> added = {};  ///< variants of other people's files, beside the built-in ones
  /// Asked before each variant that is checked or counted and before each timed round; false ends the comparison with
  /// Error{interrupted}.
  std::function<bool()> go_on = {};
  Card card = cards().front();  ///< what is counted for: its second-level cache and multiprocessors, and the estimate
};

/// What was timed, on cpu or cuda.
struct LabTime {
  double median_ms = 0, least_ms = 0, most_ms = 0;  ///< over the rounds, each the mean of its runs
  double gflops = 0;
  /// Share of the least time that the device's ceilings leave, and which ceiling that is.
  double ceiling_share = 0;
  std::string ceiling;
};

/// What was counted, on simt, and the estimate for LabOptions::card.
struct LabCount {
  simt::Counts counts;
  Estimate estimate;
  std::optional<PtxInstructions> ptx;  ///< of the kernels that ran, each once; where LabOptions::ptx asks for it
};

struct LabRow {
  std::string variant;
  bool deterministic = true;
  double rounding = 0;          ///< above 0: it rounds an input first, its bound is wider by that, and it is never chosen
  bool added = false;           ///< from a file of LabOptions::added
  bool chosen = false;          ///< the one that runs where none is asked for
  std::string refused;          ///< why it cannot run this; then nothing below is set
  std::string failed;           ///< what the executor found in it: a race, an access out of bounds, a deadlock; then likewise
  double error_over_bound = 0;  ///< the largest, over all elements
  bool wrong = false;           ///< beyond the bound: neither timed nor counted
  std::string wrong_where;      ///< the worst element, and on simt the thread and the line that wrote it
  uint64_t bytes_moved = 0;     ///< timed: gathered and written by the definition; counted: sectors, 32 bytes each
  std::optional<LabTime> time;
  std::optional<LabCount> count;
};

/// Whether what has no figures ought to have some: it is wrong, or failed.
bool is_bad(const LabRow& row);
/// Why a row has no figures: "refused: ...", "WRONG: ..."; empty where it has some.
std::string not_measured(const LabRow& row);

/// One op on one graph (or other input) at one width on one device; best first, then what was not measured.
struct LabResult {
  std::string op;     ///< "spmm"
  std::string input;  ///< the graph's name, or the sizes of what has none
  std::string form;   ///< LabGraph::form
  int64_t rows = 0, nnz = 0;
  std::optional<DegreeSpread> spread;  ///< of a graph
  int64_t width = 0;
  uint64_t bytes_compulsory = 0;  ///< every array once: what no variant can do without
  std::optional<Ceilings> ceilings;
  std::vector<LabRow> rows_by_rank;
};

/// What a variant is chosen by: the median in milliseconds where it was timed, the bytes it moved where it was counted; infinite
/// where neither was.
double cost(const LabRow& row);
/// The cheapest of the deterministic variants that round no input, and the one that the rule chooses; null where it was not
/// measured.
const LabRow* best_deterministic(const LabResult& result);
const LabRow* chosen_by_rule(const LabResult& result);

/// Throw Error{usage} for a variant that the device does not have, and for simt where this build cannot count.
LabResult compare_spmm(const LabGraph& graph, int64_t width, const Device& device, const LabOptions& options);
/// Heads side by side in rows of heads * width columns (SDDMM); numbers per edge and head (softmax); the fused operator with
/// dropout 0.6, forward and then backward.
LabResult compare_sddmm(const LabGraph& graph, int64_t heads, int64_t width, const Device& device, const LabOptions& options);
LabResult compare_edge_softmax(const LabGraph& graph, int64_t heads, const Device& device, const LabOptions& options);
std::vector<LabResult> compare_gat(const LabGraph& graph, int64_t heads, int64_t width, const Device& device,
                                   const LabOptions& options);
/// C [m x n] = A [m x k] B [k x n].
LabResult compare_gemm(int64_t m, int64_t n, int64_t k, const Device& device, const LabOptions& options);
/// The best k of `items` scores of each of `users`, made from rows of `width` factors.
LabResult compare_top_k(int64_t users, int64_t items, int64_t width, int64_t k, const Device& device, const LabOptions& options);
/// `batch` BPR triples from the graph, taken as users x items.
LabResult compare_sampling(const LabGraph& graph, int64_t batch, const Device& device, const LabOptions& options);

}  // namespace heddle::bench
