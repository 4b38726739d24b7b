#include "heddle/tape.h"

#include "heddle/context.h"
#include "heddle/error.h"
#include "kernels/elementwise/elementwise.h"

namespace heddle {

bool Tape::wants_gradient(const Tensor& output, std::initializer_list<Tensor> inputs) const {
  require(&output.context().tape() == this, ErrorKind::usage, "record: the output belongs to another context than the tape");
  const Context& context = output.context();
  bool wants = false;
  for (const Tensor& input : inputs) {
    if (&input.context() != &context) {
      fail(ErrorKind::usage, "record: the output belongs to a context on ", context.device().description(),
           ", an input to another on ", input.context().device().description(), "; an op's inputs must be made in one context");
    }
    wants = wants || (input.requires_grad() && context.training());
  }
  return wants;
}

void Tape::push(const Tensor& output, const void* closure, void (*run)(const void*)) {
  output.node().requires_grad = true;
  void* memory = arena_.allocate(sizeof(Entry), alignof(Entry));
  last_ = new (memory) Entry{output, closure, run, last_};
}

void Tape::backward(const Tensor& loss) {
  require(loss.rows() == 1 && loss.cols() == 1, ErrorKind::usage, "backward: the loss is ", loss.rows(), " x ", loss.cols(),
          ", it must be 1 x 1");
  require(loss.requires_grad(), ErrorKind::usage, "backward: the loss depends on nothing that wants a gradient");
  Context& context = loss.context();
  require(&context.tape() == this, ErrorKind::usage, "backward: the loss belongs to another context than the tape");
  const ProfiledSpan span(context.profiler(), context.stream(), "backward", ProfilePhase::backward);
  loss.add_grad([&](DenseView<float> one) {
    kernels::Execution execution = context.execution();
    kernels::fill(1.0f, one, execution);
  });
  const auto free_gradient = [&](const Tensor& inner) {
    TensorNode& node = inner.node();
    context.arena().give_back(node.grad);  // null where an input took it over
    node.grad = nullptr;
    node.grad_generation = 0;
  };
  const Entry* entry = last_;
  try {
    for (; entry != nullptr; entry = entry->previous) {
      if (!entry->output.has_grad()) continue;  // the loss does not depend on it
      entry->run(entry->closure);
      free_gradient(entry->output);
    }
  } catch (...) {
    // Nothing is left of this walk in inner tensors, which a later one would count in.
    for (; entry != nullptr; entry = entry->previous) free_gradient(entry->output);
    throw;
  }
}

}  // namespace heddle
