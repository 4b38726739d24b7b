#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/ceilings.h"
#include "bench/lab_graphs.h"
#include "heddle/device.h"

/// Compares the variants of the sparse-dense product: each is checked against double precision, then timed or counted.
namespace heddle::bench {

struct SpmmLabOptions {
  std::vector<std::string> variants;  ///< empty: all
  int repeats = 7;                    ///< timed runs of each variant, by turns
  bool cold = false;                  ///< caches are emptied before each run
};

/// What was timed, on cpu or cuda.
struct SpmmTime {
  double median_ms = 0, least_ms = 0, most_ms = 0;
  double gflops = 0;
  /// Share of the least time that the device's ceilings leave (cpu only, else 0), and which ceiling that is.
  double ceiling_share = 0;
  std::string ceiling;
};

/// What was counted, on simt; and the least time on an H100 that the counts leave. An estimate: no GPU ran.
struct SpmmCount {
  uint64_t launches = 0, load_requests = 0, store_requests = 0, atomic_requests = 0, shuffles = 0, barriers = 0;
  uint64_t bank_conflicts = 0;
  double lanes_per_request = 0, sectors_per_request = 0;
  double l2_hit_share = 0;
  uint64_t dram_bytes = 0;
  double imbalance = 0;
  uint64_t busiest_warp = 0;
  double estimate_us = 0;
  std::string bound_by;  ///< "DRAM", "L2", "L2, unevenly", "busiest warp" or "launches"
};

struct SpmmRow {
  std::string variant;
  bool deterministic = true;
  bool chosen = false;          ///< the one that runs where none is asked for
  std::string refused;          ///< why it cannot run this; then nothing below is set
  double error_over_bound = 0;  ///< the largest, over all elements
  bool wrong = false;           ///< beyond the bound: neither timed nor counted
  uint64_t bytes_moved = 0;     ///< timed: gathered and written; counted: sectors of the second-level cache, 32 bytes each
  std::optional<SpmmTime> time;
  std::optional<SpmmCount> count;
};

/// One graph and one width on one device; best first, then what was not measured.
struct SpmmResult {
  int64_t width = 0;
  uint64_t bytes_compulsory = 0;  ///< every array once: what no variant can do without
  std::optional<Ceilings> ceilings;
  std::vector<SpmmRow> rows;
};

/// Throws Error{usage} for a variant that the device does not have, and for simt where this build cannot count.
SpmmResult compare_spmm(const LabGraph& graph, int64_t width, const Device& device, const SpmmLabOptions& options);

}  // namespace heddle::bench
