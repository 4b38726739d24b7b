#pragma once

#include <cstdint>
#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>

#include "heddle/arena.h"
#include "heddle/export.h"
#include "heddle/tensor.h"

HEDDLE_API_BEGIN
namespace heddle {

class Operation;

/// The record of a step's ops, for reverse-mode differentiation. An op computes its output, then records how the output's
/// gradient becomes its inputs'; `backward` walks the record in reverse. Entries and closures live in the context's host arena.
class Tape {
 public:
  /// Its record stands in `arena`, which outlives it.
  explicit Tape(HostArena& arena) : arena_(arena) {}

  /// Records `backward` if the context is training and some input wants a gradient; `output` wants one then. `backward` must be
  /// trivially destructible (capture tensors, views and numbers by value): the arena never destroys anything. It may run several
  /// times in a step, so what it reads must stay as it is until the step ends. Throws Error{usage} unless output and inputs
  /// belong to this tape's context. An op does better to begin with an Operation, which looks at the inputs before any kernel
  /// runs.
  template <class Backward>
  Tensor record(const Tensor& output, std::initializer_list<Tensor> inputs, const Backward& backward) {
    return wants_gradient(output, inputs) ? add(output, backward) : output;
  }

  /// Adds the gradient of `loss` (1 x 1) to that of everything it depends on. Gradients of the step's inner tensors are freed as
  /// soon as they have been used; inputs and parameters keep theirs until the step ends. So several losses of one step add up,
  /// whatever they share, and the same loss twice gives twice the gradient. Throws Error{usage} if `loss` is not 1 x 1, depends
  /// on nothing that wants a gradient, or belongs to another context.
  void backward(const Tensor& loss);

  /// Forgets the record.
  void clear() { last_ = nullptr; }

 private:
  friend class Operation;

  struct Entry {
    Tensor output;
    const void* closure;
    void (*run)(const void* closure);
    Entry* previous;
  };
  static_assert(std::is_trivially_destructible_v<Entry>);

  template <class Backward>
  Tensor add(const Tensor& output, const Backward& backward) {
    static_assert(std::is_trivially_destructible_v<Backward>, "a recorded closure may capture handles and numbers only");
    void* closure = arena_.allocate(sizeof(Backward), alignof(Backward));
    new (closure) Backward(backward);
    push(output, closure, [](const void* recorded) { (*static_cast<const Backward*>(recorded))(); });
    return output;
  }
  bool wants_gradient(const Tensor& output, std::initializer_list<Tensor> inputs) const;
  void push(const Tensor& output, const void* closure, void (*run)(const void*));

  HostArena& arena_;
  Entry* last_ = nullptr;
};

}  // namespace heddle
HEDDLE_API_END
