#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "heddle/data.h"
#include "heddle/kernel/philox.h"

namespace heddle::bench {

/// A row-major matrix of doubles.
struct DoubleMatrix {
  int64_t rows = 0;
  int64_t cols = 0;
  std::vector<double> values;
};

/// Dropout as an op does it: element (row, col) of the mask is word row * stride + col of the stream.
struct DoubleDropout {
  float p = 0;
  RandomStream random;
  int64_t stride = 0;       ///< 0: the number of columns
  bool multiplies = false;  ///< what is dropped is multiplied by 0, so that NaN stays; else it is 0, whatever it was
};

/// The differentiable ops in double precision, each in plain loops from its definition, with their gradients: what an op must
/// give for any input, infinities and NaN among them. It knows no bounds of float32; bench/references.h has those.
class DoubleTape {
 public:
  /// Names a matrix on this tape.
  using Ref = std::size_t;

  Ref leaf(const HostMatrix& matrix);
  const DoubleMatrix& value(Ref x) const { return nodes_[x].value; }
  /// After backward.
  const DoubleMatrix& gradient(Ref x) const { return nodes_[x].gradient; }
  /// Gradients of <dy, output>; once.
  void backward(Ref output, const HostMatrix& dy);

  /// An op that is not below: `forward` fills in the values of y, a matrix of zeros, and `backward` adds to the gradients of
  /// what y was computed from.
  Ref record(int64_t rows, int64_t cols, const std::function<void(Ref y)>& forward, const std::function<void(Ref y)>& backward);
  /// Row-major values and gradients, and sizes, for such functions.
  double* values(Ref x) { return nodes_[x].value.values.data(); }
  double* gradients(Ref x) { return nodes_[x].gradient.values.data(); }
  int64_t rows(Ref x) const { return nodes_[x].value.rows; }
  int64_t cols(Ref x) const { return nodes_[x].value.cols; }
  int64_t size(Ref x) const { return rows(x) * cols(x); }

  Ref matmul(Ref a, Ref b);
  Ref spmm(const HostCsr& a, Ref x);
  Ref add(Ref a, Ref b);
  Ref scale(Ref x, double factor);
  Ref add_bias(Ref x, Ref bias);
  Ref relu(Ref x);
  Ref elu(Ref x);
  Ref dropout(Ref x, const DoubleDropout& dropout);
  Ref l2_penalty(Ref x, double factor);
  Ref masked_nll(Ref logits, const std::vector<int32_t>& labels, const std::vector<int32_t>& listed,
                 const std::vector<float>& weights = {});
  Ref gather_rows(Ref x, const std::vector<int32_t>& ids);
  Ref propagate(const HostCsr& a, bool ones, const std::vector<float>& scale, Ref x, int64_t layers);
  Ref bpr_loss(Ref x);
  Ref sampled_softmax_loss(Ref x, int64_t batch, double temperature);
  Ref head_scores(Ref x, Ref a, int64_t heads);
  Ref edge_sums(const HostCsr& graph, Ref sources, Ref targets);
  Ref head_sddmm(const HostCsr& graph, Ref x, Ref y, int64_t heads);
  Ref leaky_relu(Ref x, double slope);
  Ref edge_softmax(const HostCsr& graph, Ref x);
  Ref head_spmm(const HostCsr& graph, Ref s, Ref x, int64_t heads);

 private:
  struct Node {
    DoubleMatrix value, gradient;
    std::function<void()> backward;  // null: a leaf
  };
  Ref make(int64_t rows, int64_t cols);
  Ref elementwise(Ref x, const std::function<double(double)>& f, const std::function<double(double, double)>& df);

  std::vector<Node> nodes_;
};

}  // namespace heddle::bench
