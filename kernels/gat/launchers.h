#pragma once

#include <cstddef>

#include "heddle/device.h"
#include "kernels/gat/gat.h"

// The plain loops that variants.cpp lists; the cpu's other launchers stand in cpu_gat.h.
namespace heddle::kernels {

void gat_forward_cpu_row_loop(const GatForwardArgs& args, void* workspace, Stream& stream);
std::size_t gat_backward_cpu_row_loop_workspace(const GatBackwardArgs& args);
void gat_backward_cpu_row_loop(const GatBackwardArgs& args, void* workspace, Stream& stream);

}  // namespace heddle::kernels
