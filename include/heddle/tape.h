#pragma once

#include <cstdint>
#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>

#include "heddle/arena.h"
#include "heddle/tensor.h"

namespace heddle {

/// The record of a step's ops, for reverse-mode differentiation. An op computes its output, then records how the output's
/// gradient becomes its inputs'; `backward` walks the record in reverse. Entries and closures live in the context's host arena.
class Tape {
 public:
  explicit Tape(HostArena& arena) : arena_(arena) {}

  /// Records `backward` if the context is training and some input wants a gradient; `output` wants one then. `backward` must be
  /// trivially destructible (capture tensors, views and numbers by value): the arena never destroys anything.
  template <class Backward>
  Tensor record(Tensor output, std::initializer_list<Tensor> inputs, const Backward& backward) {
    static_assert(std::is_trivially_destructible_v<Backward>, "a recorded closure may capture handles and numbers only");
    if (!wants_gradient(inputs)) return output;
    output.node().requires_grad = true;
    void* closure = arena_.allocate(sizeof(Backward), alignof(Backward));
    new (closure) Backward(backward);
    push(output, closure, [](const void* recorded) { (*static_cast<const Backward*>(recorded))(); });
    return output;
  }

  /// Whether `record` would record: an op that keeps memory for its gradient asks first.
  static bool wants_gradient(std::initializer_list<Tensor> inputs);

  /// Fills in the gradients of everything `loss` (1 x 1) depends on. Gradients of the step's inner tensors are freed as soon as
  /// they have been used; inputs and parameters keep theirs. Throws Error{usage} if `loss` is not 1 x 1 or depends on nothing.
  void backward(const Tensor& loss);

  /// Forgets the record.
  void clear() { last_ = nullptr; }

 private:
  struct Entry {
    Tensor output;
    const void* closure;
    void (*run)(const void* closure);
    Entry* previous;
  };
  static_assert(std::is_trivially_destructible_v<Entry>);

  void push(const Tensor& output, const void* closure, void (*run)(const void*));

  HostArena& arena_;
  Entry* last_ = nullptr;
};

}  // namespace heddle
