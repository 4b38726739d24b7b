#pragma once

#include "kernels/spmm/launchers.h"
#include "kernels/spmm/spmm.h"

// The rows of the table that the kernels' builds share: simt, cuda and the instrumented one differ in their namespace only.
namespace heddle::kernels {

#define HEDDLE_SPMM_ROW(twin, name, summary, source, deterministic, workspace) \
  { #name, summary, source, deterministic, takes_anything < SpmmArgs>, workspace, twin::spmm_##name }

#define HEDDLE_SPMM_ROWS(twin)                                                                                                \
  HEDDLE_SPMM_ROW(twin, row_per_subwarp, "2^k lanes own a row, 16-byte loads", "Yang, Buluc, Owens 2018 (row split)", true,   \
                  needs_no_workspace<SpmmArgs>),                                                                              \
      HEDDLE_SPMM_ROW(twin, degree_bins, "short rows packed, middle rows a warp, long rows split, segments added in order",   \
                      "Greathouse and Daga 2014 (CSR-Adaptive), Ashari et al. 2014", true, twin::spmm_degree_bins_workspace), \
      HEDDLE_SPMM_ROW(twin, merge_path, "equal shares of rows + non-zeros, carries added in order",                           \
                      "Merrill and Garland 2016; Yang, Buluc, Owens 2018", true, twin::spmm_merge_path_workspace),            \
      HEDDLE_SPMM_ROW(twin, row_cache, "a warp owns a row, its columns and values staged in shared memory",                   \
                      "Huang et al. 2020 (GE-SpMM)", true, needs_no_workspace<SpmmArgs>),                                     \
      HEDDLE_SPMM_ROW(twin, parallel_reduction, "lanes along a row's non-zeros, shuffles add them up: for narrow widths",     \
                      "Bell and Garland 2009 (vector CSR), Dai et al. 2022", true, needs_no_workspace<SpmmArgs>),             \
      HEDDLE_SPMM_ROW(twin, row_per_thread, "a thread owns a row: the plain reference", "Bell and Garland 2009 (scalar CSR)", \
                      true, needs_no_workspace<SpmmArgs>),                                                                    \
      HEDDLE_SPMM_ROW(twin, edge_atomic, "lanes own a non-zero, atomic additions: the order, so the bits, differ by run",     \
                      "Fey and Lenssen 2019 (scatter-add)", false, needs_no_workspace<SpmmArgs>)

}  // namespace heddle::kernels
