#pragma once

#include "kernels/gat/cpu_gat.h"
#include "kernels/gat/gatv2.h"

// The cpu's side of gatv2.cpp, once per instruction set.
namespace heddle::kernels {

HEDDLE_DECLARE_CPU(void gatv2_forward(const GatV2ForwardArgs& args, AttentionDropout dropout, Threads threads);
                   void gatv2_backward(const GatV2BackwardArgs& args, AttentionDropout dropout, const GatV2Workspace& workspace,
                                       Threads threads))

}  // namespace heddle::kernels
