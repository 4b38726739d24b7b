#include "heddle/context.h"

#include "heddle/error.h"
#include "kernels/elementwise/elementwise.h"

namespace heddle {

Context::Context(const Device& device, uint64_t seed)
    : device_(device),
      stream_(device.backend()),
      arena_(stream_),
      tape_(host_arena_),
      overrides_(kernels::VariantOverrides::from_environment()),
      seed_(seed) {
  const uint32_t zero = 0;
  step_ = Buffer::upload(stream_, &zero, 1);
}

void Context::begin_step() {
  tape_.clear();
  arena_.reset();
  host_arena_.reset();
  random_streams_ = 0;
  ++generation_;
  if (generation_ == 0) generation_ = 1;  // 0 marks parameters
}

void Context::advance_step() {
  kernels::Execution work = execution();
  kernels::increment(step_.as<uint32_t>(), work);
}

RandomStream Context::next_random_stream() {
  return {.seed = seed_, .purpose = random_purpose::dropout + random_streams_++, .step = step()};
}

}  // namespace heddle
