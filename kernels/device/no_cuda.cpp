#include "heddle/error.h"
#include "kernels/device/backend.h"

// The cuda device of a build without the CUDA Toolkit.
namespace heddle::kernels {

std::shared_ptr<Backend> make_cuda_backend(int) {
  fail(ErrorKind::no_device, "this build of heddle has no cuda device: it was configured without the CUDA Toolkit");
}

int cuda_device_count() noexcept { return 0; }

std::string cuda_description() { return "not built in"; }

}  // namespace heddle::kernels
