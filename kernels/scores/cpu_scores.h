#pragma once

#include "kernels/common/thread_team.h"
#include "kernels/scores/scores.h"

namespace heddle::kernels::cpu {

void sparse_product(const SparseProductArgs& args, Threads threads);
void add_transposed(const AddTransposedArgs& args, Threads threads);
void standardise_rows(DenseView<const float> x, DenseView<float> y, Threads threads);

}  // namespace heddle::kernels::cpu
