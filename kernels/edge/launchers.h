#pragma once

#include "heddle/device.h"
#include "kernels/edge/edge.h"

// The plain loops that variants.cpp lists; the cpu's other launchers stand in cpu_edge.h.
namespace heddle::kernels {

void head_sddmm_cpu_row_loop(const HeadSddmmArgs& args, void* workspace, Stream& stream);
void edge_softmax_cpu_row_loop(const EdgeSoftmaxArgs& args, void* workspace, Stream& stream);

}  // namespace heddle::kernels
