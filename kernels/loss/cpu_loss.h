#pragma once

#include "kernels/common/thread_team.h"
#include "kernels/loss/loss.h"

namespace heddle::kernels::cpu {

/// `losses`: scratch memory for a number a listed row.
void masked_nll(const MaskedNllArgs& args, double* losses, Threads threads);
void masked_nll_backward(const MaskedNllBackwardArgs& args, Threads threads);
void count_correct(const CountCorrectArgs& args, Threads threads);

}  // namespace heddle::kernels::cpu
