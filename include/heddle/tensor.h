#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "heddle/buffer.h"
#include "heddle/data.h"
#include "heddle/kernel/views.h"

namespace heddle {

class Context;

/// What a Tensor names. Lives in the context's host arena (a step's tensors) or in a Parameter.
struct TensorNode {
  float* value = nullptr;
  float* grad = nullptr;  ///< storage; holds a gradient when grad_generation is the context's
  int64_t rows = 0;
  int64_t cols = 0;
  uint32_t grad_generation = 0;
  bool requires_grad = false;
  bool reusable = false;  ///< the op that made the value does not read it again
  bool consumed = false;  ///< the value's memory has gone to another tensor
};

/// A row-major float matrix on a device, with room for its gradient: a handle, cheap to copy, that owns nothing. Valid until the
/// step of its context ends (a Parameter's: as long as the Parameter); use after that throws Error{usage}.
class Tensor {
 public:
  Tensor() = default;
  Tensor(Context& context, TensorNode* node, uint32_t generation) : context_(&context), node_(node), generation_(generation) {}

  int64_t rows() const { return node().rows; }
  int64_t cols() const { return node().cols; }
  Context& context() const;
  bool requires_grad() const { return node().requires_grad; }

  DenseView<float> value() const;
  /// The gradient that backward left here; throws Error{usage} where there is none.
  DenseView<float> grad() const;
  bool has_grad() const;

  /// A new tensor of this shape in the same step, with undefined values.
  Tensor like() const;
  /// For an op that makes this tensor: promises that its backward does not read the value again.
  Tensor reusable() const;
  /// For an op that is handed this tensor as an rvalue: `like`, in this tensor's own memory where its maker allows that.
  Tensor like_in_place() const;
  /// For an op that is handed this tensor as an rvalue and whose backward does not read it: gives its memory back to the step
  /// where its maker allows that.
  void finish() const;

  /// For backward: hands `write` a matrix to overwrite with this tensor's gradient, and adds it to what is there already.
  /// Does nothing where no gradient is wanted.
  template <class Write>
  void add_grad(const Write& write) const {
    if (!requires_grad()) return;
    const DenseView<float> target = begin_grad();
    write(target);
    end_grad(target);
  }
  /// For backward: `output`'s gradient storage becomes this tensor's where it has none yet, so that `write(target, source)`
  /// may work in place; otherwise as add_grad.
  template <class Write>
  void add_grad_in_place_of(const Tensor& output, const Write& write) const {
    if (!requires_grad()) return;
    const DenseView<float> source = output.grad();
    const DenseView<float> target = has_grad() || node().grad != nullptr ? begin_grad() : take_grad(output);
    write(target, source);
    end_grad(target);
  }

  /// For backward of an op that read a few rows: hands `add` the gradient as it stands, zeros where there is none yet, to add to
  /// in place.
  template <class Add>
  void add_to_grad(const Add& add) const {
    if (requires_grad()) add(grad_so_far());
  }

  /// Copies the values to the host; waits for the device.
  HostMatrix to_host() const;
  HostMatrix grad_to_host() const;

  TensorNode& node() const;

 private:
  DenseView<float> begin_grad() const;
  void end_grad(DenseView<float> written) const;
  DenseView<float> take_grad(const Tensor& output) const;
  DenseView<float> grad_so_far() const;

  Context* context_ = nullptr;
  TensorNode* node_ = nullptr;
  uint32_t generation_ = 0;
};

/// A matrix that lives across steps and is not trained.
class Constant {
 public:
  Constant(Context& context, const HostMatrix& values) : Constant(context, values.rows, values.cols, values.values) {}
  /// `values`: rows * cols of them, row-major.
  Constant(Context& context, int64_t rows, int64_t cols, const std::vector<float>& values);
  Tensor tensor() const { return {*context_, node_.get(), 0}; }

 private:
  Context* context_;
  Buffer value_;
  std::unique_ptr<TensorNode> node_;
};

/// A matrix that lives across steps and is trained. Movable; its Tensor stays valid.
class Parameter {
 public:
  /// `regularised`: weight decay applies to it.
  Parameter(Context& context, std::string name, const HostMatrix& initial, bool regularised = false);

  const std::string& name() const { return name_; }
  bool regularised() const { return regularised_; }
  Tensor tensor() const { return {*context_, node_.get(), 0}; }
  operator Tensor() const { return tensor(); }
  /// Overwrites the values; throws Error{usage} unless the shape is the same.
  void assign(const HostMatrix& values);

 private:
  Context* context_;
  std::string name_;
  bool regularised_;
  Buffer value_;
  Buffer grad_;
  std::unique_ptr<TensorNode> node_;
};

}  // namespace heddle
