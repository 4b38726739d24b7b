#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>

namespace heddle::test {

/// Which needs minutes for hundreds of threads, and for what is counted in millions.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool under_thread_sanitizer = true;
#else
inline constexpr bool under_thread_sanitizer = false;
#endif

/// Who came, and whether as many as were awaited came before a deadline. Those who have come sleep, so that two processors are
/// enough for any number of them.
class Meeting {
 public:
  explicit Meeting(int awaited) : awaited_(awaited), number_(++meetings) {}
  /// Waits at the first chunk that a thread does.
  void attend() {
    thread_local int64_t attended = 0;
    if (attended == number_) return;
    attended = number_;
    {
      const std::lock_guard lock(mutex_);
      who_.insert(std::this_thread::get_id());
    }
    for (int i = 0; i < 20000 && present() < awaited_; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  int present() const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(who_.size());
  }

 private:
  static inline std::atomic<int64_t> meetings{0};
  int awaited_;
  int64_t number_;
  mutable std::mutex mutex_;
  std::set<std::thread::id> who_;
};

}  // namespace heddle::test
