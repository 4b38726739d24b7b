#include <sched.h>

#include <memory>
#include <thread>

#include "heddle/error.h"
#include "kernels/common/thread_team.h"
#include "kernels/device/host_memory.h"

namespace heddle::kernels {

namespace {

class CpuBackend final : public HostBackend {
 public:
  CpuBackend(int threads, Isa isa) : threads_(threads), isa_(isa) {
    if (threads > 1) team_.reset(make_thread_team(threads));
  }
  DeviceKind kind() const noexcept override { return DeviceKind::cpu; }
  std::string description() const override {
    return text("cpu (", threads_, threads_ == 1 ? " thread, " : " threads, ", to_string(isa_), ")");
  }
  int threads() const noexcept override { return threads_; }
  Threads thread_team() const noexcept override { return {team_.get(), threads_}; }
  Isa isa() const noexcept override { return isa_; }

 private:
  struct DestroyTeam {
    void operator()(ThreadTeam* team) const noexcept { destroy_thread_team(team); }
  };
  int threads_;
  Isa isa_;
  std::unique_ptr<ThreadTeam, DestroyTeam> team_;
};

}  // namespace

int available_processors() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  const unsigned threads = std::thread::hardware_concurrency();
  return threads > 0 ? static_cast<int>(threads) : 1;
}

std::shared_ptr<Backend> make_cpu_backend(const CpuOptions& options) {
  constexpr int most_threads = 1024;
  require(options.threads >= 0 && options.threads <= most_threads, ErrorKind::usage, "cpu: ", options.threads,
          " threads were asked for; 1 to ", most_threads, " can be had, 0 takes one per processor");
  require(options.isa <= best_isa(), ErrorKind::no_device, "cpu: this processor has no ", to_string(options.isa));
  return std::make_shared<CpuBackend>(options.threads > 0 ? options.threads : available_processors(), options.isa);
}

}  // namespace heddle::kernels
