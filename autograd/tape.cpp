#include "heddle/tape.h"

#include "heddle/context.h"
#include "heddle/error.h"
#include "kernels/elementwise/elementwise.h"

namespace heddle {

bool Tape::wants_gradient(std::initializer_list<Tensor> inputs) {
  for (const Tensor& input : inputs) {
    if (input.requires_grad() && input.context().training()) return true;
  }
  return false;
}

void Tape::push(const Tensor& output, const void* closure, void (*run)(const void*)) {
  void* memory = arena_.allocate(sizeof(Entry), alignof(Entry));
  last_ = new (memory) Entry{output, closure, run, last_};
}

void Tape::backward(const Tensor& loss) {
  require(loss.rows() == 1 && loss.cols() == 1, ErrorKind::usage, "backward: the loss is ", loss.rows(), " x ", loss.cols(),
          ", it must be 1 x 1");
  require(loss.requires_grad(), ErrorKind::usage, "backward: the loss depends on nothing that wants a gradient");
  Context& context = loss.context();
  const ProfiledSpan span(context.profiler(), context.stream(), "backward", ProfilePhase::backward);
  loss.add_grad([&](DenseView<float> one) {
    kernels::Execution execution = context.execution();
    kernels::fill(1.0f, one, execution);
  });
  for (const Entry* entry = last_; entry != nullptr; entry = entry->previous) {
    TensorNode& node = entry->output.node();
    if (!entry->output.has_grad()) continue;  // the loss does not depend on it
    entry->run(entry->closure);
    context.arena().give_back(node.grad);  // null where an input took it over
    node.grad = nullptr;
    node.grad_generation = 0;
  }
}

}  // namespace heddle
