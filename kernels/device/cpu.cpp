#include <omp.h>

#include "heddle/error.h"
#include "kernels/device/host_memory.h"

// OpenBLAS's own thread pool changes the bits of a product with its size, so heddle calls it from its own threads, one panel
// each. Weak: any other CBLAS links too.
extern "C" void openblas_set_num_threads(int threads) __attribute__((weak));

namespace heddle::kernels {

namespace {

class CpuBackend final : public HostBackend {
 public:
  CpuBackend(int threads, Isa isa) : threads_(threads), isa_(isa) {
    if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
  }
  DeviceKind kind() const noexcept override { return DeviceKind::cpu; }
  std::string description() const override {
    return text("cpu (", threads_, threads_ == 1 ? " thread, " : " threads, ", to_string(isa_), ")");
  }
  int threads() const noexcept override { return threads_; }
  Isa isa() const noexcept override { return isa_; }

 private:
  int threads_;
  Isa isa_;
};

}  // namespace

std::shared_ptr<Backend> make_cpu_backend(const CpuOptions& options) {
  require(options.threads >= 0, ErrorKind::usage, "cpu: ", options.threads, " threads were asked for");
  require(options.isa <= best_isa(), ErrorKind::no_device, "cpu: this processor has no ", to_string(options.isa));
  return std::make_shared<CpuBackend>(options.threads > 0 ? options.threads : omp_get_max_threads(), options.isa);
}

}  // namespace heddle::kernels
