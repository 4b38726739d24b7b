#pragma once

#include "kernels/loss/loss.h"

namespace heddle::kernels::cpu {

void masked_nll(const MaskedNllArgs& args, double* partials, int threads);
void masked_nll_backward(const MaskedNllBackwardArgs& args, int threads);
void count_correct(const CountCorrectArgs& args, int threads);

}  // namespace heddle::kernels::cpu
