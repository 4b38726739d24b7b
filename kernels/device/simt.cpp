#include "heddle/kernel/simt.h"

#include <memory>

#include "heddle/error.h"
#include "kernels/device/host_memory.h"
#include "kernels/simt/watch.h"

namespace heddle {

namespace simt {

namespace {
Watch* watch_of_all = nullptr;
}

void set_watch(Watch* watch) noexcept { watch_of_all = watch; }
Watch* watch() noexcept { return watch_of_all; }

}  // namespace simt

namespace kernels {

namespace {

class SimtBackend final : public HostBackend {
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
    if (simt::watch() != nullptr) simt::watch()->allocated(memory, bytes);
    return memory;
  }
  void release(void* memory, std::size_t bytes) noexcept override {
    if (simt::watch() != nullptr) simt::watch()->released(memory, bytes);
    HostBackend::release(memory, bytes);
  }
  void* create_stream() override {
    simt::Watch* const watch = simt::watch();
    if (watch == nullptr) return new simt::Executor(options_);
    SimtOptions options = options_;
    if (options.schedule == SimtSchedule::forward) options.schedule = watch->schedule();
    auto executor = std::make_unique<simt::Executor>(options);
    executor->set_observer(watch->observer());
    return executor.release();
  }
  void destroy_stream(void* stream) noexcept override { delete static_cast<simt::Executor*>(stream); }

 private:
  SimtOptions options_;
};

}  // namespace

std::shared_ptr<Backend> make_simt_backend(const SimtOptions& options) {
  require(options.host_threads >= 1, ErrorKind::usage, "simt: ", counted(options.host_threads, "host thread"), " were asked for");
  return std::make_shared<SimtBackend>(options);
}

}  // namespace kernels

}  // namespace heddle
