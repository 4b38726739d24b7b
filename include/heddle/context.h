#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "heddle/arena.h"
#include "heddle/buffer.h"
#include "heddle/data.h"
#include "heddle/device.h"
#include "heddle/export.h"
#include "heddle/kernel/philox.h"
#include "heddle/kernel/variant.h"
#include "heddle/profile.h"
#include "heddle/tape.h"
#include "heddle/tuned.h"

HEDDLE_API_BEGIN
namespace heddle {

class Tensor;

/// Everything a computation needs, and the only place where state is kept: two contexts share nothing, so two models can train
/// side by side. Not safe for use by several threads at once. Outlives every Tensor, Parameter and model made in it.
class Context {
 public:
  /// `seed` keys every random number drawn in this context.
  explicit Context(const Device& device, uint64_t seed = 0);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Where it computes.
  const Device& device() const { return device_; }
  /// The queue that its work goes through.
  Stream& stream() { return stream_; }
  /// A step's temporary memory on the device.
  Arena& arena() { return arena_; }
  /// A step's temporary memory on the host.
  HostArena& host_arena() { return host_arena_; }
  /// What the step has recorded for its gradients.
  Tape& tape() { return tape_; }
  /// The key of its random numbers.
  uint64_t seed() const { return seed_; }

  /// Whether dropout drops and the tape records. To evaluate for a while, see Evaluating.
  bool training() const { return training_; }
  /// See training().
  void set_training(bool training) { training_ = training; }

  /// Starts a step: every Tensor that is not a Parameter's ends here, its memory is used again.
  void begin_step();
  /// Counts up with begin_step; a Tensor knows the step that it belongs to.
  uint32_t generation() const { return generation_; }

  /// The number of finished training steps, in the device's memory: it keys dropout, and a captured step advances it by itself.
  const uint32_t* step() const { return step_.as<uint32_t>(); }
  /// Counts a training step as finished.
  void advance_step();

  /// Random words for the next use in this step (each dropout in a step gets its own).
  RandomStream next_random_stream();

  /// Who records the cost of what runs here; null: nobody. The profiler must live until another one or null is set.
  Profiler* profiler() const { return profiler_; }
  /// See profiler().
  void set_profiler(Profiler* profiler) { profiler_ = profiler; }

  /// Follows the choices of `tuned` for this device from now on, where HEDDLE_FORCE_SPMM names no variant. Throws Error{usage}
  /// for a choice of this device whose variant the build does not have, whose bits differ from run to run, or that rounds its
  /// input.
  void set_tuned(const TunedVariants& tuned);
  /// The variant chosen for products of that matrix with `width` columns; null: none is.
  const char* tuned_spmm(const StructureHash& structure, int64_t width) const;

  /// What kernel ops run with.
  kernels::Execution execution() { return {stream_, arena_, overrides_, profiler_}; }

  /// A matrix of this step with undefined values.
  Tensor make_tensor(int64_t rows, int64_t cols);
  /// A matrix of this step with the given values. `requires_grad`: backward leaves its gradient in it.
  Tensor make_tensor(const HostMatrix& values, bool requires_grad = false);

 private:
  Device device_;
  Stream stream_;
  Arena arena_;
  HostArena host_arena_;
  Tape tape_;
  kernels::VariantOverrides overrides_;
  std::map<std::pair<StructureHash, int64_t>, const char*> tuned_spmm_;
  Profiler* profiler_ = nullptr;
  Buffer step_;
  uint64_t seed_;
  uint32_t generation_ = 1;
  uint32_t random_streams_ = 0;
  bool training_ = true;
};

/// Keeps a context in evaluation (no dropout, no tape) while it lives, and puts back what was before however the scope ends.
class Evaluating {
 public:
  /// From here on; `context` outlives it.
  explicit Evaluating(Context& context) : context_(context), before_(context.training()) { context.set_training(false); }
  ~Evaluating() { context_.set_training(before_); }
  Evaluating(const Evaluating&) = delete;
  Evaluating& operator=(const Evaluating&) = delete;

 private:
  Context& context_;
  bool before_;
};

}  // namespace heddle
HEDDLE_API_END
