#include <cstddef>
#include <span>
#include <string>

#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"

// The variants of the GPU's kernels, a table for each of their builds: compiled once for simt, for cuda and for the instrumented
// kernels, in the namespace of that name (HEDDLE_TWIN).
namespace heddle::kernels::HEDDLE_TWIN {

// The launchers: one per .cu file of this folder.
void spmm_row_per_thread(const SpmmArgs& args, void* workspace, Stream& stream);
void spmm_row_per_subwarp(const SpmmArgs& args, void* workspace, Stream& stream);
void spmm_row_cache(const SpmmArgs& args, void* workspace, Stream& stream);
void spmm_edge_atomic(const SpmmArgs& args, void* workspace, Stream& stream);
std::size_t spmm_merge_path_workspace(const SpmmArgs& args);
void spmm_merge_path(const SpmmArgs& args, void* workspace, Stream& stream);
std::size_t spmm_degree_bins_workspace(const SpmmArgs& args);
void spmm_degree_bins(const SpmmArgs& args, void* workspace, Stream& stream);
void spmm_parallel_reduction(const SpmmArgs& args, void* workspace, Stream& stream);
#ifdef HEDDLE_TWIN_IS_CUDA
std::string spmm_cusparse_supports(const SpmmArgs& args);
std::size_t spmm_cusparse_workspace(const SpmmArgs& args);
void spmm_cusparse_alg2(const SpmmArgs& args, void* workspace, Stream& stream);
void spmm_cusparse_alg3(const SpmmArgs& args, void* workspace, Stream& stream);
#endif

namespace {

const Variant<SpmmArgs> spmm_rows[] = {
    {"row_per_subwarp", "2^k lanes own a row, 16-byte loads", "Yang, Buluc, Owens 2018 (row split)", true,
     takes_anything<SpmmArgs>, needs_no_workspace<SpmmArgs>, spmm_row_per_subwarp},
    {"degree_bins", "short rows packed, middle rows a warp, long rows split, segments added in order",
     "Greathouse and Daga 2014 (CSR-Adaptive), Ashari et al. 2014", true, takes_anything<SpmmArgs>, spmm_degree_bins_workspace,
     spmm_degree_bins},
    {"merge_path", "equal shares of rows + non-zeros, carries added in order",
     "Merrill and Garland 2016; Yang, Buluc, Owens 2018", true, takes_anything<SpmmArgs>, spmm_merge_path_workspace,
     spmm_merge_path},
    {"row_cache", "a warp owns a row, its columns and values staged in shared memory", "Huang et al. 2020 (GE-SpMM)", true,
     takes_anything<SpmmArgs>, needs_no_workspace<SpmmArgs>, spmm_row_cache},
    {"parallel_reduction", "lanes along a row's non-zeros, shuffles add them up: for narrow widths",
     "Bell and Garland 2009 (vector CSR), Dai et al. 2022", true, takes_anything<SpmmArgs>, needs_no_workspace<SpmmArgs>,
     spmm_parallel_reduction},
    {"row_per_thread", "a thread owns a row: the plain reference", "Bell and Garland 2009 (scalar CSR)", true,
     takes_anything<SpmmArgs>, needs_no_workspace<SpmmArgs>, spmm_row_per_thread},
    {"edge_atomic", "lanes own a non-zero, atomic additions: the order, so the bits, differ by run",
     "Fey and Lenssen 2019 (scatter-add)", false, takes_anything<SpmmArgs>, needs_no_workspace<SpmmArgs>, spmm_edge_atomic},
#ifdef HEDDLE_TWIN_IS_CUDA
    {"cusparse_alg2", "cuSPARSE's CSR_ALG2, for row-major matrices", "NVIDIA cuSPARSE", false, spmm_cusparse_supports,
     spmm_cusparse_workspace, spmm_cusparse_alg2, "stored values in order, fewer than 2^31 non-zeros"},
    {"cusparse_alg3", "cuSPARSE's CSR_ALG3, the one whose bits repeat", "NVIDIA cuSPARSE", true, spmm_cusparse_supports,
     spmm_cusparse_workspace, spmm_cusparse_alg3, "stored values in order, fewer than 2^31 non-zeros"},
#endif
};

}  // namespace

std::span<const Variant<SpmmArgs>> spmm_variants() { return spmm_rows; }

}  // namespace heddle::kernels::HEDDLE_TWIN
