#include "heddle/operation.h"

#include "heddle/error.h"

namespace heddle {

namespace {

Context& first_context(const char* name, std::initializer_list<Tensor> inputs) {
  require(inputs.size() > 0, ErrorKind::internal, name, ": an op without inputs has no context");
  return inputs.begin()->context();
}

std::string device_of(DeviceKind kind, int index) {
  return kind == DeviceKind::cuda ? text("cuda:", index) : std::string(to_string(kind));
}

}  // namespace

Operation::Operation(const char* name, std::initializer_list<Tensor> inputs, const SparseMatrix* matrix)
    : context_(first_context(name, inputs)), execution_(context_.execution()) {
  int number = 0;
  for (const Tensor& input : inputs) {
    ++number;
    // Compared before anything is asked of the input: steps of two contexts are counted apart.
    if (&input.context() != &context_) {
      fail(ErrorKind::usage, name, ": input 1 belongs to a context on ", context_.device().description(), ", input ", number,
           " to another on ", input.context().device().description(), "; an op's inputs must be made in one context");
    }
    if (input.requires_grad()) wants_gradient_ = context_.training();
  }
  if (matrix == nullptr || matrix->device_index() < 0) return;
  const Stream& stream = context_.stream();
  if (matrix->device_kind() != stream.kind() || matrix->device_index() != stream.device_index()) {
    fail(ErrorKind::usage, name, ": the matrix is on ", device_of(matrix->device_kind(), matrix->device_index()),
         ", the tensors are on ", context_.device().description());
  }
}

Tensor Operation::make_tensor(int64_t rows, int64_t cols) const { return context_.make_tensor(rows, cols); }

}  // namespace heddle
