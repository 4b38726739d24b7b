#include "heddle/kernel/simt.h"

#include <memory>

#include "heddle/error.h"
#include "kernels/device/components.h"
#include "kernels/device/host_memory.h"
#include "kernels/simt/watch.h"

namespace heddle {

namespace simt {

namespace {

class SimtBackend final : public kernels::HostBackend {
 public:
  explicit SimtBackend(const SimtOptions& options) : options_(options) {}
  DeviceKind kind() const noexcept override { return DeviceKind::simt; }
  std::string description() const override {
    const char* schedule = options_.schedule == SimtSchedule::forward   ? "forward"
                           : options_.schedule == SimtSchedule::reverse ? "reverse"
                                                                        : "random";
    return text("simt (CUDA kernels on ", counted(options_.host_threads, "host thread"), ", ", schedule, " schedule)");
  }
  int threads() const noexcept override { return options_.host_threads; }
  void* allocate(std::size_t bytes) override {
    void* const memory = HostBackend::allocate(bytes);
    if (watch() != nullptr) watch()->allocated(memory, bytes);
    return memory;
  }
  void release(void* memory, std::size_t bytes) noexcept override {
    if (watch() != nullptr) watch()->released(memory, bytes);
    HostBackend::release(memory, bytes);
  }
  void* create_stream() override {
    if (watch() == nullptr) return new Executor(options_);
    SimtOptions options = options_;
    if (options.schedule == SimtSchedule::forward) options.schedule = watch()->schedule();
    auto executor = std::make_unique<Executor>(options);
    executor->set_observer(watch()->observer());
    return executor.release();
  }
  void destroy_stream(void* stream) noexcept override { delete static_cast<Executor*>(stream); }

 private:
  SimtOptions options_;
};

}  // namespace

}  // namespace simt

std::shared_ptr<kernels::Backend> kernels::simt::make_backend(const SimtOptions& options) {
  require(options.host_threads >= 1, ErrorKind::usage, "simt: ", counted(options.host_threads, "host thread"), " were asked for");
  return std::make_shared<::heddle::simt::SimtBackend>(options);
}

}  // namespace heddle
