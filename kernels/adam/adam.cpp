#include "kernels/adam/adam.h"

#include "heddle/error.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/common/twins.h"

namespace heddle::kernels {

HEDDLE_DECLARE_CPU(void adam(const AdamArgs& args, Threads threads))
HEDDLE_DECLARE_DEVICE(void adam(const AdamArgs& args, Stream& stream))

void adam(const AdamArgs& args, Execution& execution) {
  require(args.step != nullptr, ErrorKind::usage, "adam: step is null");
  require(args.learning_rate > 0, ErrorKind::usage, "adam: the learning rate is ", args.learning_rate);
  require(args.beta1 >= 0 && args.beta1 < 1 && args.beta2 >= 0 && args.beta2 < 1, ErrorKind::usage, "adam: beta1 is ", args.beta1,
          ", beta2 is ", args.beta2, "; both belong to [0, 1)");
  require(args.decay_steps >= 0, ErrorKind::usage, "adam: the learning rate is to fall over ", counted(args.decay_steps, "step"));
  for (int64_t i = 0; i < args.tensor_count; ++i) {
    const AdamTensor& tensor = args.tensors[i];
    Operands("adam")
        .writes("weight", tensor.weight, tensor.size)
        .writes("moment1", tensor.moment1, tensor.size)
        .writes("moment2", tensor.moment2, tensor.size)
        .reads("gradient", tensor.gradient, tensor.size)
        .reads("step", args.step, 1)
        .check();
  }
  if (args.tensor_count == 0) return;
  const ProfiledOp op(execution, "adam", [&](OpArguments& arguments) {
    int64_t weights = 0;
    for (int64_t i = 0; i < args.tensor_count; ++i) weights += args.tensors[i].size;
    // The gradient is read; weight and both moments are read and written.
    arguments.add("weights", weights, 1, 7 * weights * static_cast<int64_t>(sizeof(float)));
  });
  HEDDLE_CALL(execution.stream, adam, args);
}

}  // namespace heddle::kernels
