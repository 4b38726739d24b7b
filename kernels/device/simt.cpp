#include "heddle/kernel/simt.h"

#include "heddle/error.h"
#include "kernels/device/host_memory.h"

namespace heddle::kernels {

namespace {

class SimtBackend final : public HostBackend {
 public:
  explicit SimtBackend(const SimtOptions& options) : options_(options) {}
  DeviceKind kind() const noexcept override { return DeviceKind::simt; }
  std::string description() const override {
    const char* schedule = options_.schedule == SimtSchedule::forward   ? "forward"
                           : options_.schedule == SimtSchedule::reverse ? "reverse"
                                                                        : "random";
    return text("simt (CUDA kernels on ", options_.host_threads,
                options_.host_threads == 1 ? " host thread, " : " host threads, ", schedule, " schedule)");
  }
  int threads() const noexcept override { return options_.host_threads; }
  void* create_stream() override { return new ::heddle::simt::Executor(options_); }
  void destroy_stream(void* stream) noexcept override { delete static_cast<::heddle::simt::Executor*>(stream); }

 private:
  SimtOptions options_;
};

}  // namespace

std::shared_ptr<Backend> make_simt_backend(const SimtOptions& options) {
  require(options.host_threads >= 1, ErrorKind::usage, "simt: ", options.host_threads, " host threads were asked for");
  return std::make_shared<SimtBackend>(options);
}

}  // namespace heddle::kernels
