#include "kernels/adam/adam.h"

#include <cstring>

#include "heddle/adam.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/device/backend.h"
#include "kernels/elementwise/elementwise.h"

namespace heddle {

Adam::Adam(Context& context, std::span<Parameter> parameters, const AdamOptions& options) try
    : context_(context), options_(options) {
  Stream& stream = context.stream();
  int64_t weights = 0;
  for (const Parameter& parameter : parameters) {
    Context& owner = parameter.tensor().context();
    if (&owner != &context) {
      fail(ErrorKind::usage, "adam: parameter ", parameter.name(), " belongs to a context on ", owner.device().description(),
           ", the optimiser to another on ", context.device().description(), "; both must be made in one context");
    }
    parameters_.push_back(parameter);
    weights += parameter.tensor().value().size();
  }
  moments_ = Buffer(stream, static_cast<std::size_t>(2 * weights) * sizeof(float));
  stream.backend().fill_zero(moments_.data(), moments_.bytes(), stream);
  const uint32_t zero = 0;
  steps_ = Buffer::upload(stream, &zero, 1);

  std::vector<kernels::AdamTensor> table;
  float* moment = moments_.as<float>();
  for (const Tensor& parameter : parameters_) {
    const int64_t size = parameter.value().size();
    table.push_back({.weight = parameter.value().data,
                     .gradient = parameter.node().grad,
                     .moment1 = moment,
                     .moment2 = moment + size,
                     .size = size});
    moment += 2 * size;
  }
  tensors_ = Buffer::upload(stream, table);
  host_tensors_.resize(table.size() * sizeof(kernels::AdamTensor));
  if (!table.empty()) std::memcpy(host_tensors_.data(), table.data(), host_tensors_.size());
} catch (...) {
  rethrow_as_error();
}

void Adam::step() {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    require(parameters_[i].has_grad(), ErrorKind::usage, "adam: parameter ", i, " has no gradient in this step");
  }
  const ProfiledSpan span(context_.profiler(), context_.stream(), "update", ProfilePhase::update);
  kernels::Execution execution = context_.execution();
  kernels::adam({.tensors = reinterpret_cast<const kernels::AdamTensor*>(host_tensors_.data()),
                 .device_tensors = tensors_.as<kernels::AdamTensor>(),
                 .tensor_count = static_cast<int64_t>(parameters_.size()),
                 .step = steps_.as<uint32_t>(),
                 .learning_rate = options_.learning_rate,
                 .beta1 = options_.beta1,
                 .beta2 = options_.beta2,
                 .epsilon = options_.epsilon,
                 .decay_steps = options_.decay_steps},
                execution);
  kernels::increment(steps_.as<uint32_t>(), execution);
}

}  // namespace heddle
