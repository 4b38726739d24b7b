#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "heddle/buffer.h"
#include "heddle/data.h"
#include "heddle/export.h"
#include "heddle/kernel/views.h"

HEDDLE_API_BEGIN
namespace heddle {

class Context;

/// A gradient that was written while another of the same tensor was not finished.
struct LateGradient {
  float* data = nullptr;         ///< as many as the tensor has elements
  LateGradient* next = nullptr;  ///< of the same tensor
};

/// What a Tensor names. Lives in the context's host arena (a step's tensors) or in a Parameter.
struct TensorNode {
  float* value = nullptr;        ///< rows * cols, row-major, on the device
  float* grad = nullptr;         ///< storage; holds a gradient when grad_generation is the context's
  int64_t rows = 0;              ///< how many rows
  int64_t cols = 0;              ///< how many columns
  uint32_t grad_generation = 0;  ///< see grad
  bool requires_grad = false;    ///< backward leaves a gradient
  bool grad_begun = false;       ///< a GradientSlot has handed out `grad`, which holds no gradient yet
  bool reusable = false;         ///< the op that made the value does not read it again
  bool consumed = false;         ///< the value's memory has gone to another tensor
  LateGradient* late = nullptr;  ///< to be added once `grad` holds a gradient
};

/// A row-major float matrix on a device, with room for its gradient: a handle, cheap to copy, that owns nothing. Valid until the
/// step of its context ends (a Parameter's: as long as the Parameter); use after that throws Error{usage}.
class Tensor {
 public:
  Tensor() = default;
  /// Names `node` for the step `generation` of the context; 0: for every step.
  Tensor(Context& context, TensorNode* node, uint32_t generation) : context_(&context), node_(node), generation_(generation) {}

  /// How many rows.
  int64_t rows() const { return node().rows; }
  /// How many columns.
  int64_t cols() const { return node().cols; }
  /// What it was made in; throws Error{usage} for an empty handle.
  Context& context() const;
  /// Whether backward leaves a gradient here.
  bool requires_grad() const { return node().requires_grad; }

  /// Its values, on the device.
  DenseView<float> value() const;
  /// The gradient that backward left here; throws Error{usage} where there is none.
  DenseView<float> grad() const;
  /// Whether there is one.
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
  /// Does nothing where no gradient is wanted. For a kernel that writes several gradients at once: GradientSlot.
  template <class Write>
  void add_grad(const Write& write) const;
  /// For backward: `output`'s gradient storage becomes this tensor's where it has none yet, so that `write(target, source)`
  /// may work in place; otherwise as add_grad.
  template <class Write>
  void add_grad_in_place_of(const Tensor& output, const Write& write) const;
  /// For backward of an op that read a few rows: hands `add` the gradient as it stands, zeros where there is none yet, to add to
  /// in place.
  template <class Add>
  void add_to_grad(const Add& add) const;

  /// Copies the values to the host; waits for the device.
  HostMatrix to_host() const;
  /// The same of the gradient; throws Error{usage} where there is none.
  HostMatrix grad_to_host() const;

  /// What it names; throws Error{usage} where the step has ended.
  TensorNode& node() const;

 private:
  void fill_with_zeros(DenseView<float> view) const;

  Context* context_ = nullptr;
  TensorNode* node_ = nullptr;
  uint32_t generation_ = 0;
};

/// For backward: a matrix that an op overwrites with its part of the gradient of `input`; `add` then counts it in. Several slots
/// of one tensor may be open at a time, since an op may be given the same tensor for two inputs: each has memory of its own. What
/// was not added when the slot ends is dropped.
class GradientSlot {
 public:
  /// Where no gradient is wanted: no memory, or some to be thrown away, for a kernel that fills all of its outputs.
  enum class Unwanted { null, scratch };
  /// In memory of its own where `input` has a gradient already, or another slot is open.
  explicit GradientSlot(const Tensor& input, Unwanted unwanted = Unwanted::null);
  /// In the storage of the gradient of `output`, which then has none, where `input` has no storage yet.
  GradientSlot(const Tensor& input, const Tensor& output);
  ~GradientSlot();
  GradientSlot(const GradientSlot&) = delete;
  GradientSlot& operator=(const GradientSlot&) = delete;

  /// Shaped as the input, with undefined values; null data where no gradient is wanted.
  DenseView<float> view() const { return view_; }
  /// view() has been written: it is added to the gradient, or becomes it. Once.
  void add();

 private:
  void begin();

  Tensor input_;
  DenseView<float> view_;
  bool wanted_;
  bool own_ = false;  // view_ is memory of the arena that nobody else knows
  bool open_ = true;
};

template <class Write>
void Tensor::add_grad(const Write& write) const {
  if (!requires_grad()) return;
  GradientSlot slot(*this);
  write(slot.view());
  slot.add();
}

template <class Write>
void Tensor::add_grad_in_place_of(const Tensor& output, const Write& write) const {
  if (!requires_grad()) return;
  const DenseView<float> source = output.grad();
  GradientSlot slot(*this, output);
  write(slot.view(), source);
  slot.add();
}

template <class Add>
void Tensor::add_to_grad(const Add& add) const {
  if (!requires_grad()) return;
  if (has_grad()) return add(grad());
  GradientSlot slot(*this);
  fill_with_zeros(slot.view());
  add(slot.view());
  slot.add();
}

/// A matrix that lives across steps and is not trained.
class Constant {
 public:
  /// Copies the values to the context's device.
  Constant(Context& context, const HostMatrix& values) : Constant(context, values.rows, values.cols, values.values) {}
  /// `values`: rows * cols of them, row-major.
  Constant(Context& context, int64_t rows, int64_t cols, const std::vector<float>& values);
  /// Its handle, valid in every step.
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

  /// What a saved file calls it.
  const std::string& name() const { return name_; }
  /// Whether weight decay applies to it.
  bool regularised() const { return regularised_; }
  /// Its handle, valid in every step.
  Tensor tensor() const { return {*context_, node_.get(), 0}; }
  /// As tensor().
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
HEDDLE_API_END
