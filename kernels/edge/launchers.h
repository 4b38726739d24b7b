#pragma once

#include <cstddef>
#include <string>

#include "kernels/common/twins.h"
#include "kernels/edge/edge.h"

// The launchers that variants.cpp lists.
namespace heddle::kernels {

void head_sddmm_cpu_row_loop(const HeadSddmmArgs& args, void* workspace, Stream& stream);
void edge_softmax_cpu_row_loop(const EdgeSoftmaxArgs& args, void* workspace, Stream& stream);

#define HEDDLE_EDGE_LAUNCHERS                                                                  \
  void head_sddmm(const HeadSddmmArgs& args, Stream& stream);                                  \
  std::string head_sddmm_row_per_subwarp_supports(const HeadSddmmArgs& args);                  \
  void head_sddmm_row_per_subwarp(const HeadSddmmArgs& args, void* workspace, Stream& stream); \
  void edge_softmax(const EdgeSoftmaxArgs& args, Stream& stream);                              \
  void edge_softmax_row_per_warp(const EdgeSoftmaxArgs& args, void* workspace, Stream& stream);

HEDDLE_DECLARE_DEVICE(HEDDLE_EDGE_LAUNCHERS)

}  // namespace heddle::kernels
