#pragma once

#include "heddle/kernel/spmm.h"
#include "kernels/common/thread_team.h"

// What cpu_row_vectorised.cpp offers to its neighbours, of one instruction set.
namespace heddle::kernels {

/// What two variants leave out of cpu_row_vectorised, so that its worth can be measured.
struct CpuRowOptions {
  bool prefetch = true;  ///< fetch x rows early where they are wide and x outgrows the second-level cache
  bool balance = true;   ///< share out rows + non-zeros evenly; else rows
};

/// How far apart rows of d bfloat16 stand: whole vectors of every instruction set.
[[gnu::always_inline]] constexpr int64_t bf16_stride(int64_t d) { return (d + 15) / 16 * 16; }

}  // namespace heddle::kernels

#ifdef HEDDLE_ISA
namespace heddle::kernels::HEDDLE_ISA {

/// Whether fetching x rows early pays for these arguments.
bool spmm_cpu_prefetches(const SpmmArgs& args);

/// The rows [begin, end) of the product, on the calling thread.
void spmm_cpu_rows(const SpmmArgs& args, int64_t begin, int64_t end, bool prefetch);

}  // namespace heddle::kernels::HEDDLE_ISA
#endif
