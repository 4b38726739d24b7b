#include "heddle/tensor.h"

#include "heddle/context.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/device/backend.h"
#include "kernels/elementwise/elementwise.h"

namespace heddle {

namespace {

HostMatrix copy_to_host(Context& context, DenseView<const float> view) {
  HostMatrix host{view.rows, view.cols, std::vector<float>(static_cast<std::size_t>(view.size()))};
  download(context.stream(), host.values.data(), view.data, host.values.size() * sizeof(float));
  return host;
}

void check(int64_t rows, int64_t cols, const std::vector<float>& values, const char* what) {
  require(rows >= 0 && cols >= 0 && static_cast<std::size_t>(rows * cols) == values.size(), ErrorKind::usage, what, ": ", rows,
          " x ", cols, " does not fit ", counted(values.size(), "value"));
}

void check(const HostMatrix& matrix, const char* what) { check(matrix.rows, matrix.cols, matrix.values, what); }

}  // namespace

TensorNode& Tensor::node() const {
  require(node_ != nullptr, ErrorKind::usage, "an empty Tensor is used");
  require(generation_ == 0 || generation_ == context_->generation(), ErrorKind::usage,
          "a Tensor is used after its step ended: make it anew in each step, or make it a Parameter");
  return *node_;
}

Context& Tensor::context() const {
  require(context_ != nullptr, ErrorKind::usage, "an empty Tensor is used");
  return *context_;
}

DenseView<float> Tensor::value() const {
  const TensorNode& n = node();
  require(!n.consumed, ErrorKind::usage, "a Tensor is used after an op has overwritten it in place");
  return {n.value, n.rows, n.cols};
}

bool Tensor::has_grad() const {
  const TensorNode& n = node();
  return n.grad != nullptr && n.grad_generation == context_->generation();
}

DenseView<float> Tensor::grad() const {
  require(has_grad(), ErrorKind::usage, "a gradient is read that no backward of this step has filled in");
  const TensorNode& n = node();
  return {n.grad, n.rows, n.cols};
}

Tensor Tensor::like() const { return context().make_tensor(rows(), cols()); }

Tensor Tensor::like_in_place() const {
  TensorNode& n = node();
  if (!n.reusable) return like();
  value();  // a tensor that was overwritten cannot be so again
  void* memory = context_->host_arena().allocate(sizeof(TensorNode), alignof(TensorNode));
  TensorNode* result = new (memory) TensorNode{.value = n.value, .rows = n.rows, .cols = n.cols};
  n.consumed = true;
  return {*context_, result, generation_};
}

void Tensor::finish() const {
  TensorNode& n = node();
  if (!n.reusable || n.consumed) return;
  context_->arena().give_back(n.value);
  n.consumed = true;
}

Tensor Tensor::reusable() const {
  node().reusable = true;
  return *this;
}

void Tensor::fill_with_zeros(DenseView<float> view) const {
  kernels::Execution execution = context_->execution();
  kernels::fill(0.0f, view, execution);
}

HostMatrix Tensor::to_host() const try { return copy_to_host(context(), value()); } catch (...) {
  rethrow_as_error();
}
HostMatrix Tensor::grad_to_host() const try { return copy_to_host(context(), grad()); } catch (...) {
  rethrow_as_error();
}

GradientSlot::GradientSlot(const Tensor& input, Unwanted unwanted) : input_(input), wanted_(input.requires_grad()) {
  const TensorNode& n = input.node();
  if (wanted_) {
    begin();
  } else if (unwanted == Unwanted::scratch) {
    view_ = {input.context().arena().allocate_array<float>(n.rows * n.cols), n.rows, n.cols};
    own_ = true;
  } else {
    view_ = {nullptr, n.rows, n.cols};
  }
}

GradientSlot::GradientSlot(const Tensor& input, const Tensor& output) : input_(input), wanted_(input.requires_grad()) {
  TensorNode& n = input.node();
  if (wanted_ && n.grad == nullptr) n.grad = std::exchange(output.node().grad, nullptr);
  if (wanted_) begin();
}

void GradientSlot::begin() {
  TensorNode& n = input_.node();
  Arena& arena = input_.context().arena();
  own_ = input_.has_grad() || n.grad_begun;
  if (own_) {
    view_ = {arena.allocate_array<float>(n.rows * n.cols), n.rows, n.cols};
    return;
  }
  if (n.grad == nullptr) n.grad = arena.allocate_array<float>(n.rows * n.cols);
  n.grad_begun = true;
  view_ = {n.grad, n.rows, n.cols};
}

namespace {

/// The storage holds a gradient from now on. Those that were added before it did are added to it, and their memory is free.
void begin_gradient(const Tensor& tensor) {
  TensorNode& n = tensor.node();
  Context& context = tensor.context();
  kernels::Execution execution = context.execution();
  n.grad_begun = false;
  n.grad_generation = context.generation();
  for (const LateGradient* late = std::exchange(n.late, nullptr); late != nullptr; late = late->next) {
    kernels::add_scaled({late->data, n.rows, n.cols}, 1.0f, tensor.grad(), execution);
    context.arena().give_back(late->data);
  }
}

/// Moves `data`, a gradient in memory of its own, into the storage, which holds none. A copy: a Parameter's storage is its own.
void begin_gradient_with(const Tensor& tensor, float* data) {
  const TensorNode& n = tensor.node();
  Context& context = tensor.context();
  const std::size_t bytes = static_cast<std::size_t>(n.rows * n.cols) * sizeof(float);
  context.stream().backend().copy(n.grad, data, bytes, context.stream());
  context.arena().give_back(data);
  begin_gradient(tensor);
}

}  // namespace

void GradientSlot::add() {
  require(open_, ErrorKind::internal, "a gradient is added twice");
  if (!wanted_) return;
  TensorNode& n = input_.node();
  Context& context = input_.context();
  open_ = false;
  if (!own_) return begin_gradient(input_);
  if (input_.has_grad()) {
    kernels::Execution execution = context.execution();
    kernels::add_scaled({view_.data, n.rows, n.cols}, 1.0f, input_.grad(), execution);
    context.arena().give_back(view_.data);
  } else if (n.grad_begun) {  // the slot that was handed the storage is still being written
    void* memory = context.host_arena().allocate(sizeof(LateGradient), alignof(LateGradient));
    n.late = new (memory) LateGradient{view_.data, n.late};
  } else {  // that slot has ended without a gradient
    begin_gradient_with(input_, view_.data);
  }
}

GradientSlot::~GradientSlot() {
  if (!open_) return;
  if (own_) {
    input_.context().arena().give_back(view_.data);
  } else if (wanted_) {
    TensorNode& n = input_.node();
    n.grad_begun = false;
    if (n.late == nullptr) return;
    // What others have added in the meantime stays: the first of them takes the storage.
    const LateGradient* const first = std::exchange(n.late, n.late->next);
    try {
      begin_gradient_with(input_, first->data);
    } catch (const Error& error) {  // of the device, which the next op on it reports as well
      log_message(error.what());
    }
  }
}

Constant::Constant(Context& context, int64_t rows, int64_t cols, const std::vector<float>& values) try
    : context_(&context), node_(std::make_unique<TensorNode>()) {
  check(rows, cols, values, "a constant");
  value_ = Buffer::upload(context.stream(), values);
  node_->value = value_.as<float>();
  node_->rows = rows;
  node_->cols = cols;
} catch (...) {
  rethrow_as_error();
}

Parameter::Parameter(Context& context, std::string name, const HostMatrix& initial, bool regularised) try
    : context_(&context), name_(std::move(name)), regularised_(regularised), node_(std::make_unique<TensorNode>()) {
  check(initial, name_.c_str());
  value_ = Buffer::upload(context.stream(), initial.values);
  grad_ = Buffer(context.stream(), value_.bytes());
  node_->value = value_.as<float>();
  node_->grad = grad_.as<float>();
  node_->rows = initial.rows;
  node_->cols = initial.cols;
  node_->requires_grad = true;
} catch (...) {
  rethrow_as_error();
}

void Parameter::assign(const HostMatrix& values) {
  check(values, name_.c_str());
  require(values.rows == node_->rows && values.cols == node_->cols, ErrorKind::usage, name_, " is ", node_->rows, " x ",
          node_->cols, ", the values are ", values.rows, " x ", values.cols);
  upload(context_->stream(), value_.data(), values.values.data(), value_.bytes());
}

Tensor Context::make_tensor(int64_t rows, int64_t cols) {
  require(rows >= 0 && cols >= 0, ErrorKind::usage, "a tensor of ", rows, " x ", cols, " is asked for");
  void* memory = host_arena_.allocate(sizeof(TensorNode), alignof(TensorNode));
  TensorNode* node = new (memory) TensorNode{.value = arena_.allocate_array<float>(rows * cols), .rows = rows, .cols = cols};
  return {*this, node, generation_};
}

Tensor Context::make_tensor(const HostMatrix& values, bool requires_grad) {
  check(values, "make_tensor");
  Tensor tensor = make_tensor(values.rows, values.cols);
  tensor.node().requires_grad = requires_grad;
  upload(stream_, tensor.value().data, values.values.data(), values.values.size() * sizeof(float));
  return tensor;
}

}  // namespace heddle
