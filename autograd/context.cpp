#include "heddle/context.h"

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/spmm/spmm.h"

namespace heddle {

Context::Context(const Device& device, uint64_t seed) try
    : device_(device),
      stream_(device.backend()),
      arena_(stream_),
      tape_(host_arena_),
      overrides_(kernels::VariantOverrides::from_environment()),
      seed_(seed) {
  const uint32_t zero = 0;
  step_ = Buffer::upload(stream_, &zero, 1);
} catch (...) {
  rethrow_as_error();
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

void Context::set_tuned(const TunedVariants& tuned) try {
  const DeviceKind kind = device_.kind();
  const std::string here = device_.description();
  std::map<std::pair<StructureHash, int64_t>, const char*> chosen;
  for (const TunedChoice& choice : tuned.choices()) {
    if (choice.device != here) continue;
    const kernels::Variant<kernels::SpmmArgs>& variant =
        kernels::find_variant("tuned variants", kernels::spmm_variants(kind), kind, choice.variant);
    require(variant.deterministic, ErrorKind::usage, "tuned variants: ", variant.name, " for ", choice.graph, " at width ",
            choice.width, " gives other bits in every run; it can only be forced");
    require(variant.rounding == 0, ErrorKind::usage, "tuned variants: ", variant.name, " for ", choice.graph, " at width ",
            choice.width, " rounds its input; it can only be forced");
    chosen[{choice.structure, choice.width}] = variant.name;
  }
  tuned_spmm_ = std::move(chosen);
} catch (...) {
  rethrow_as_error();
}

const char* Context::tuned_spmm(const StructureHash& structure, int64_t width) const {
  if (tuned_spmm_.empty()) return nullptr;
  const auto found = tuned_spmm_.find({structure, width});
  return found == tuned_spmm_.end() ? nullptr : found->second;
}

RandomStream Context::next_random_stream() {
  return {.seed = seed_, .purpose = random_purpose::dropout + random_streams_++, .step = step()};
}

}  // namespace heddle
