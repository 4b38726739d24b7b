#pragma once

#include <cstddef>

#include "kernels/common/twins.h"
#include "kernels/gat/gat.h"

// The launchers that variants.cpp lists; the cpu's other ones stand in cpu_gat.h.
namespace heddle::kernels {

void gat_forward_cpu_row_loop(const GatForwardArgs& args, void* workspace, Stream& stream);
std::size_t gat_backward_cpu_row_loop_workspace(const GatBackwardArgs& args);
void gat_backward_cpu_row_loop(const GatBackwardArgs& args, void* workspace, Stream& stream);

#define HEDDLE_GAT_LAUNCHERS                                                                       \
  void gat_forward(const GatForwardArgs& args, Stream& stream);                                    \
  void gat_backward(const GatBackwardArgs& args, float* records, Stream& stream);                  \
  void gat_forward_column_per_thread(const GatForwardArgs& args, void* workspace, Stream& stream); \
  void gat_backward_column_per_thread(const GatBackwardArgs& args, void* workspace, Stream& stream);

HEDDLE_DECLARE_DEVICE(HEDDLE_GAT_LAUNCHERS)

}  // namespace heddle::kernels
