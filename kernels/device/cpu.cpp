#include <algorithm>
#include <cstring>
#include <memory>

#include "heddle/error.h"
#include "kernels/common/parallel.h"
#include "kernels/device/host_memory.h"

namespace heddle::kernels {

namespace {

class CpuBackend final : public HostBackend {
 public:
  CpuBackend(int threads, Isa isa) : threads_(threads), isa_(isa) {
    if (threads > 1) team_.reset(make_thread_team(threads));
  }
  DeviceKind kind() const noexcept override { return DeviceKind::cpu; }
  std::string description() const override { return text("cpu (", counted(threads_, "thread"), ", ", to_string(isa_), ")"); }
  int threads() const noexcept override { return threads_; }
  Threads thread_team() const noexcept override { return {team_.get(), threads_}; }
  Isa isa() const noexcept override { return isa_; }

  /// Large blocks are touched here, each thread its part: Linux gives a page memory of the socket whose thread first touches it,
  /// and loops deal the same part of every array to the same thread. So that it keeps to its socket is left to the system, which
  /// moves threads seldom: pinned, they would stand in the way of whatever else runs on their processors.
  void* allocate(std::size_t bytes) override {
    void* const block = allocate_host(bytes);
    if (bytes >= large_host_block && threads_ > 1) {
      on_every_thread(thread_team(), [&](int64_t thread) { touch_part(block, bytes, thread, threads_); });
    }
    return block;
  }
  void copy_to_device(void* device, const void* host, std::size_t bytes, Stream&) override { move(device, host, bytes); }
  void copy_to_host(void* host, const void* device, std::size_t bytes, Stream&) override { move(host, device, bytes); }
  void copy(void* to, const void* from, std::size_t bytes, Stream&) override { move(to, from, bytes); }
  void fill_zero(void* pointer, std::size_t bytes, Stream&) override {
    for_ranges(bytes,
               [&](std::size_t begin, std::size_t end) { std::memset(static_cast<char*>(pointer) + begin, 0, end - begin); });
  }

 private:
  /// f(begin, end) over [0, bytes): where they are many, in ranges for all threads.
  template <class F>
  void for_ranges(std::size_t bytes, const F& f) const {
    if (bytes < large_host_block) {
      if (bytes > 0) f(std::size_t{0}, bytes);
      return;
    }
    parallel_ranges(thread_team(), static_cast<int64_t>(bytes), small_page, 1,
                    [&](int64_t begin, int64_t end) { f(static_cast<std::size_t>(begin), static_cast<std::size_t>(end)); });
  }

  void move(void* to, const void* from, std::size_t bytes) const {
    char* const target = static_cast<char*>(to);
    const char* const source = static_cast<const char*>(from);
    if (target < source + bytes && source < target + bytes) {  // overlapping: in one piece
      if (bytes > 0) std::memmove(to, from, bytes);
      return;
    }
    for_ranges(bytes, [&](std::size_t begin, std::size_t end) { std::memcpy(target + begin, source + begin, end - begin); });
  }

  struct DestroyTeam {
    void operator()(ThreadTeam* team) const noexcept { destroy_thread_team(team); }
  };
  int threads_;
  Isa isa_;
  std::unique_ptr<ThreadTeam, DestroyTeam> team_;
};

}  // namespace

std::shared_ptr<Backend> make_cpu_backend(const CpuOptions& options) {
  require(options.threads >= 0 && options.threads <= most_threads, ErrorKind::usage, "cpu: ", counted(options.threads, "thread"),
          " were asked for; 1 to ", most_threads, " can be had, 0 takes what the processors allow");
  require(options.isa <= best_isa(), ErrorKind::no_device, "cpu: this processor has no ", to_string(options.isa));
  return std::make_shared<CpuBackend>(options.threads > 0 ? options.threads : default_threads().count, options.isa);
}

}  // namespace heddle::kernels
