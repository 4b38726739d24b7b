#pragma once

#include "kernels/common/twins.h"
#include "kernels/edge/edge.h"

// The cpu's side of edge.cpp, once per instruction set.
namespace heddle::kernels {

HEDDLE_DECLARE_CPU(void edge_sums(const EdgeSumsArgs& args, Threads threads);
                   void sum_over_edges(const SumOverEdgesArgs& args, Threads threads);
                   void head_sddmm(const HeadSddmmArgs& args, Threads threads);
                   void head_spmm(const HeadSpmmArgs& args, Threads threads);
                   void edge_softmax(const EdgeSoftmaxArgs& args, Threads threads);
                   void edge_softmax_backward(const EdgeSoftmaxBackwardArgs& args, Threads threads);
                   void leaky_relu(DenseView<const float> x, float slope, DenseView<float> y, Threads threads);
                   void leaky_relu_backward(DenseView<const float> x, float slope, DenseView<const float> dy, DenseView<float> dx,
                                            Threads threads))

}  // namespace heddle::kernels
