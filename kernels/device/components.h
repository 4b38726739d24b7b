#pragma once

#include <memory>
#include <string>

#include "heddle/device.h"
#include "kernels/common/twins.h"

// How the rest of the library reaches the devices whose code a program may be linked without (kernels/common/twins.h): null
// there.
namespace heddle::kernels {

class Backend;

namespace simt {
HEDDLE_COMPONENT std::shared_ptr<Backend> make_backend(const SimtOptions& options);
}

namespace cuda {
/// Throws Error{no_device} where no GPU answers.
HEDDLE_COMPONENT std::shared_ptr<Backend> make_backend(int index);
/// GPUs that a driver offers; 0 where there is no driver. Never throws.
HEDDLE_COMPONENT int device_count() noexcept;
/// Versions for `heddle info`: "13.0 (runtime), no driver".
HEDDLE_COMPONENT std::string description();
}  // namespace cuda

}  // namespace heddle::kernels
