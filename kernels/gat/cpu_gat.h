#pragma once

#include "kernels/common/twins.h"
#include "kernels/gat/gat.h"

// The cpu's side of gat.cpp, once per instruction set.
namespace heddle::kernels {

/// A drop probability as the loops want it: dropped where the word is below the threshold, else scaled.
struct AttentionDropout {
  uint32_t threshold = 0;
  float scale = 1;
};

/// Per target, what the backward walk reads of it beside dy: [4][stride]: target score, max, 1 / sum, delta.
inline constexpr int64_t gat_record_fields = 4;

/// Bytes of the backward walk's records.
inline std::size_t gat_records_workspace(const GatBackwardArgs& args) {
  return static_cast<std::size_t>(args.x.rows * gat_record_fields * head_stride(args.use.heads)) * sizeof(float);
}

/// Rows whose sums are added up first, before those of such groups are: the order does not depend on the threads.
inline constexpr int64_t head_scores_chunk_rows = 512;

HEDDLE_DECLARE_CPU(void head_scores(const HeadScoresArgs& args, Threads threads);
                   void head_scores_backward(const HeadScoresBackwardArgs& args, float* partials, Threads threads);
                   void gat_forward(const GatForwardArgs& args, AttentionDropout dropout, Threads threads);
                   void gat_backward(const GatBackwardArgs& args, AttentionDropout dropout, float* records, Threads threads))

}  // namespace heddle::kernels
