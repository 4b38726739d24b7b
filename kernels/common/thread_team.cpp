#include "kernels/common/thread_team.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "heddle/error.h"

namespace heddle::kernels {

namespace {

// About 20 us: longer than the host's part between two kernels of a training step, shorter than anyone would notice.
constexpr int spins_before_sleep = 1000;
constexpr int64_t most_chunks = 4096;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

class ThreadTeam {
 public:
  explicit ThreadTeam(int threads) : claims_(std::make_unique<std::atomic<uint64_t>[]>(most_chunks)), threads_(threads) {
    for (int thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { work(thread); });
  }

  ~ThreadTeam() {
    stopping_.store(true);
    set_state(state_.load() + 2);
    for (std::thread& worker : workers_) worker.join();
  }

  void run(int64_t chunks, void (*body)(const void*, int64_t), const void* context) {
    const std::unique_lock busy(mutex_, std::try_to_lock);
    if (!busy.owns_lock() || chunks > most_chunks) {
      for (int64_t chunk = 0; chunk < chunks; ++chunk) body(context, chunk);
      return;
    }
    chunks_ = chunks;
    body_ = body;
    context_ = context;
    const uint64_t loop = loop_of(state_.load()) + 1;
    set_state(2 * loop + 1);
    take(0, loop);
    // Every chunk is claimed. Those who come from now on stay out; those inside are on their last chunk.
    state_.store(2 * loop);
    for (int spins = 0; active_.load() != 0; ++spins) {
      if (spins < spins_before_sleep) {
        pause();
      } else {
        std::this_thread::yield();
      }
    }
  }

 private:
  static uint64_t loop_of(uint64_t state) { return state / 2; }
  static bool is_open(uint64_t state) { return state % 2 == 1; }

  void set_state(uint64_t state) {
    state_.store(state);
    if (sleepers_.load() > 0) state_.notify_all();
  }

  /// Claims and does chunks, beginning with this thread's own run of them.
  void take(int thread, uint64_t loop) {
    const int64_t first = chunks_ * thread / threads_;
    for (int64_t i = 0; i < chunks_; ++i) {
      const int64_t chunk = first + i < chunks_ ? first + i : first + i - chunks_;
      uint64_t claimed = claims_[chunk].load(std::memory_order_relaxed);
      if (claimed != loop && claims_[chunk].compare_exchange_strong(claimed, loop)) body_(context_, chunk);
    }
  }

  void work(int thread) {
    uint64_t seen = 0;
    for (;;) {
      wait_for_loop_after(seen);
      // Enter before looking: the caller closes the loop before it counts who is inside. Number and openness are one value: a
      // loop that is open but goes by its predecessor's number would have chunks done twice.
      active_.fetch_add(1);
      const uint64_t state = state_.load();
      seen = loop_of(state);
      // Looked at after the number: who has seen the one that comes with stopping, which is the last, must not wait for another.
      const bool stopping = stopping_.load();
      if (is_open(state) && !stopping) take(thread, seen);
      active_.fetch_sub(1);
      if (stopping) return;
    }
  }

  void wait_for_loop_after(uint64_t seen) {
    for (int spins = 0; spins < spins_before_sleep; ++spins) {
      if (loop_of(state_.load()) != seen) return;
      pause();
    }
    sleepers_.fetch_add(1);
    for (uint64_t state = state_.load(); loop_of(state) == seen; state = state_.load()) state_.wait(state);
    sleepers_.fetch_sub(1);
  }

  std::unique_ptr<std::atomic<uint64_t>[]> claims_;  ///< per chunk: the last loop in which it was claimed
  int threads_;
  std::mutex mutex_;
  std::vector<std::thread> workers_;
  // The loop under way; written only while it is closed and nobody is inside.
  int64_t chunks_ = 0;
  void (*body_)(const void*, int64_t) = nullptr;
  const void* context_ = nullptr;
  // Apart from each other and from the loop's description, which all threads read.
  alignas(64) std::atomic<uint64_t> state_{0};  ///< twice the number of the loop, plus 1 while it is open
  alignas(64) std::atomic<int> active_{0};
  alignas(64) std::atomic<int> sleepers_{0};
  std::atomic<bool> stopping_{false};
};

ThreadTeam* make_thread_team(int threads) {
  try {
    return new ThreadTeam(threads);
  } catch (const std::system_error& error) {
    fail(ErrorKind::out_of_memory, "cpu: ", threads, " threads cannot be started: ", error.what());
  }
}

void destroy_thread_team(ThreadTeam* team) noexcept { delete team; }

void run_on_team(ThreadTeam& team, int64_t chunks, void (*body)(const void*, int64_t), const void* context) noexcept {
  team.run(chunks, body, context);
}

}  // namespace heddle::kernels
