#include "kernels/common/thread_team.h"

#include <unistd.h>

#include <atomic>
#include <climits>
#include <deque>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "heddle/error.h"

namespace heddle::kernels {

namespace {

// About 20 us: longer than the host's part between two kernels of a training step, shorter than anyone would notice.
constexpr int spins_before_sleep = 1000;

/// Loops that a team shares out at the same time. A caller that finds as many under way is one thread more than enough.
constexpr int most_loops = 16;

// A claim is one atomic word: a tag, how many units are gone from the front of a run, and how many from its back.
constexpr int count_bits = 20;
constexpr int64_t most_units = (int64_t{1} << count_bits) - 1;
constexpr uint64_t one_from_front = uint64_t{1} << count_bits;
constexpr int tag_shift = 2 * count_bits;
constexpr uint64_t most_tags = uint64_t{1} << (64 - tag_shift);

using Body = void (*)(const void*, int64_t);

/// Whether this thread is in the body of a loop, of whatever team. A team's own threads always are.
thread_local bool in_body = false;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Spins for a moment, then lets others have the processor.
template <class Condition>
void wait_until(const Condition& condition) {
  for (int spins = 0; !condition(); ++spins) {
    if (spins < spins_before_sleep) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}

}  // namespace

/// A loop while threads take chunks of it. It is cut into units: a chunk each or, in a loop of more than a million, a few
/// neighbours. Units are dealt out in runs, one for each thread while there are enough. A thread takes units from the front of
/// its own run, then single ones from the back of others' runs, its neighbours' first. Nothing is ever put back, so that runs
/// only get shorter, and who finds all of them empty may leave.
class SharedLoop {
 public:
  explicit SharedLoop(int threads)
      : threads_(threads),
        runs_(std::make_unique<Run[]>(static_cast<std::size_t>(threads))),
        left_(std::make_unique<std::atomic<uint64_t>[]>(static_cast<std::size_t>((threads + 63) / 64))) {}

  /// For its caller, while the loop is closed. `own_only`: each thread takes its own run and no other.
  void open(int64_t chunks, Body body, const void* context, bool own_only) {
    chunks_ = chunks;
    chunks_per_unit_ = (chunks - 1) / most_units + 1;
    units_ = (chunks - 1) / chunks_per_unit_ + 1;
    run_count_ = units_ < threads_ ? static_cast<int>(units_) : threads_;
    body_ = body;
    context_ = context;
    own_only_ = own_only;
    // A run whose tag is an older loop's has not been touched in this one: nobody need write to all of them. When the tags begin
    // anew, none may be left over from the last time.
    if (++tag_ == most_tags) {
      tag_ = 0;
      for (int run = 0; run < threads_; ++run) runs_[run].claimed.store(0);
    }
    for (int word = 0; word < words(); ++word) {
      const int runs = run_count_ - 64 * word;
      left_[word].store(runs >= 64 ? ~uint64_t{0} : (uint64_t{1} << runs) - 1, std::memory_order_relaxed);
    }
    wanted_helpers_.store(run_count_ - 1, std::memory_order_relaxed);
    is_open_.store(true);
  }

  /// For its caller, once it found nothing more to take.
  void close() {
    if (own_only_) wait_until([&] { return next_run(0) < 0; });
    // Those who come from now on stay out; those inside are on their last unit.
    is_open_.store(false);
    wait_until([&] { return helpers_.load() == 0; });
  }

  int wanted_helpers() const { return wanted_helpers_.load(); }
  int helpers() const { return helpers_.load(); }

  /// Takes part if the loop is open; false: there was nothing to do.
  bool help(int thread) {
    // Enter before looking: the caller closes the loop before it counts who is inside.
    helpers_.fetch_add(1);
    const bool did_some = is_open_.load() && take(thread);
    helpers_.fetch_sub(1);
    return did_some;
  }

  /// Does units until none is left that this thread may take.
  bool take(int thread) {
    const auto own = static_cast<int>(int64_t{thread} * run_count_ / threads_);
    bool did_some = false;
    for (int64_t unit = claim(own, true); unit >= 0; unit = claim(own, true)) did_some = run_unit(unit);
    if (own_only_) return did_some;
    for (int run = next_run(own); run >= 0; run = next_run(run)) {
      const int64_t unit = claim(run, false);
      if (unit >= 0) did_some = run_unit(unit);
    }
    return did_some;
  }

 private:
  struct alignas(64) Run {
    std::atomic<uint64_t> claimed{0};
  };

  int words() const { return (run_count_ + 63) / 64; }

  /// A unit of the run that nobody else has or will get; -1: it has none left.
  int64_t claim(int run, bool from_front) {
    const int64_t begin = units_ * run / run_count_;
    const int64_t size = units_ * (run + 1) / run_count_ - begin;
    std::atomic<uint64_t>& claimed = runs_[run].claimed;
    uint64_t seen = claimed.load();
    for (;;) {
      const uint64_t now = seen >> tag_shift == tag_ ? seen : tag_ << tag_shift;
      const auto front = static_cast<int64_t>(now >> count_bits & most_units);
      const auto back = static_cast<int64_t>(now & most_units);
      if (front + back == size) return -1;
      if (!claimed.compare_exchange_weak(seen, now + (from_front ? one_from_front : 1))) continue;
      if (front + back + 1 == size) left_[run / 64].fetch_and(~(uint64_t{1} << run % 64));
      return from_front ? begin + front : begin + size - 1 - back;
    }
  }

  /// The first run from `from` on, in a circle, that has units left; -1: none has.
  int next_run(int from) const {
    const int first = from / 64;
    for (int i = 0; i <= words(); ++i) {  // the first word twice: its bits from `from` on, then those before
      const int word = first + i < words() ? first + i : first + i - words();
      uint64_t bits = left_[word].load();
      if (i == 0) bits &= ~uint64_t{0} << from % 64;
      if (bits != 0) return 64 * word + __builtin_ctzll(bits);
    }
    return -1;
  }

  bool run_unit(int64_t unit) {
    const int64_t first = unit * chunks_per_unit_;
    const int64_t count = chunks_ - first < chunks_per_unit_ ? chunks_ - first : chunks_per_unit_;
    for (int64_t chunk = first; chunk < first + count; ++chunk) body_(context_, chunk);
    return true;
  }

  // The loop's description; written only while it is closed and nobody is inside.
  int threads_;
  int run_count_ = 0;
  int64_t chunks_ = 0;
  int64_t chunks_per_unit_ = 1;
  int64_t units_ = 0;
  Body body_ = nullptr;
  const void* context_ = nullptr;
  bool own_only_ = false;
  uint64_t tag_ = most_tags - 64;  ///< so that tags begin anew in every test
  std::unique_ptr<Run[]> runs_;
  // Apart from each other and from the description, which all threads read.
  std::unique_ptr<std::atomic<uint64_t>[]> left_;  ///< a bit a run: it has units left
  alignas(64) std::atomic<bool> is_open_{false};
  std::atomic<int> wanted_helpers_{0};  ///< more would find nothing
  alignas(64) std::atomic<int> helpers_{0};
};

class ThreadTeam {
 public:
  explicit ThreadTeam(int threads) : threads_(threads) {
    for (int loop = 0; loop < most_loops; ++loop) loops_.emplace_back(threads);
    try {
      for (int thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { work(thread); });
    } catch (...) {
      stop();
      throw;
    }
  }

  ~ThreadTeam() { stop(); }

  void run(int64_t chunks, Body body, const void* context, bool own_only) {
    if (const LoopObserver* const observer = observer_.load()) {
      const Observed observed{observer, body, context};
      observer->loop(observer->context, chunks);
      return share(chunks, Observed::body_of, &observed, own_only);
    }
    share(chunks, body, context, own_only);
  }

  int threads() const { return threads_; }
  int begin_request() { return requests_.fetch_add(1) + 1; }
  void end_request() { requests_.fetch_sub(1); }
  void observe(const LoopObserver* observer) { observer_.store(observer); }

 private:
  struct Observed {
    const LoopObserver* observer;
    Body body;
    const void* context;
    static void body_of(const void* self, int64_t chunk) {
      const auto& [observer, body, context] = *static_cast<const Observed*>(self);
      observer->chunk(observer->context, chunk);
      body(context, chunk);
    }
  };

  void share(int64_t chunks, Body body, const void* context, bool own_only) {
    const bool alone = own_only && (in_body || in_forked_child());
    const int place = threads_ > 1 && chunks > 1 && !alone ? take_place(own_only) : -1;
    const bool nested = in_body;
    in_body = true;
    if (place < 0) {
      for (int64_t chunk = 0; chunk < chunks; ++chunk) body(context, chunk);
    } else {
      SharedLoop& loop = loops_[place];
      loop.open(chunks, body, context, own_only);
      call(loop.wanted_helpers());
      loop.take(0);
      loop.close();
      places_.fetch_and(~(1u << place));
    }
    in_body = nested;
  }

  /// fork() copies the team without its threads. Of other loops the caller takes all that nobody else does; what is for every
  /// thread would wait for those that do not exist.
  bool in_forked_child() const { return getpid() != process_; }

  /// A place in loops_ for a loop of the calling thread; -1: all are taken. `wait`: until one is free.
  int take_place(bool wait) {
    for (;;) {
      uint32_t taken = places_.load();
      while (taken != (1u << most_loops) - 1) {
        const int place = __builtin_ctz(~taken);
        if (places_.compare_exchange_weak(taken, taken | 1u << place)) return place;
      }
      if (!wait) return -1;
      std::this_thread::yield();
    }
  }

  /// Tells the threads that a loop has been opened, which so many of them can take part in.
  void call(int wanted) {
    news_.fetch_add(1);
    const int sleeping = sleepers_.load();
    if (sleeping == 0) return;
    if (wanted >= sleeping) return news_.notify_all();
    for (int i = 0; i < wanted; ++i) news_.notify_one();
  }

  void work(int thread) {
    in_body = true;
    for (;;) {
      // Looked at before the loops: one that is opened after the look is news.
      const uint32_t news = news_.load();
      if (stopping_.load()) return;
      if (!help_with_a_loop(thread)) wait_for_news(news);
    }
  }

  /// Takes part in one of the open loops, where fewest help first; false: there was nothing to do in any.
  bool help_with_a_loop(int thread) {
    uint32_t places = places_.load();
    while (places != 0) {
      int best = 0;
      int fewest = INT_MAX;
      for (uint32_t rest = places; rest != 0; rest &= rest - 1) {
        const int place = __builtin_ctz(rest);
        if (const int helpers = loops_[place].helpers(); helpers < fewest) {
          fewest = helpers;
          best = place;
        }
      }
      if (fewest < loops_[best].wanted_helpers() && loops_[best].help(thread)) return true;
      places &= ~(1u << best);
    }
    return false;
  }

  void wait_for_news(uint32_t seen) {
    for (int spins = 0; spins < spins_before_sleep; ++spins) {
      if (news_.load() != seen) return;
      pause();
    }
    sleepers_.fetch_add(1);
    news_.wait(seen);
    sleepers_.fetch_sub(1);
  }

  void stop() {
    if (in_forked_child()) {
      // The handles name no threads of this process: there is nobody to join, and std::thread's destructor would end the program.
      static_cast<void>(new std::vector<std::thread>(std::move(workers_)));
      return;
    }
    stopping_.store(true);
    news_.fetch_add(1);
    news_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  int threads_;
  const pid_t process_ = getpid();  ///< that the threads are in
  std::atomic<const LoopObserver*> observer_{nullptr};
  std::deque<SharedLoop> loops_;
  std::vector<std::thread> workers_;
  alignas(64) std::atomic<uint32_t> places_{0};  ///< a bit a loop: it belongs to a caller
  alignas(64) std::atomic<uint32_t> news_{0};    ///< how many loops have been opened
  std::atomic<int> sleepers_{0};
  std::atomic<int> requests_{0};
  std::atomic<bool> stopping_{false};
};

ThreadTeam* make_thread_team(int threads) {
  try {
    return new ThreadTeam(threads);
  } catch (const std::system_error& error) {
    fail(ErrorKind::out_of_memory, "cpu: ", counted(threads, "thread"), " cannot be started: ", error.what());
  }
}

void destroy_thread_team(ThreadTeam* team) noexcept { delete team; }

void run_on_team(ThreadTeam& team, int64_t chunks, void (*body)(const void*, int64_t), const void* context) noexcept {
  team.run(chunks, body, context, false);
}

void run_on_every_thread(ThreadTeam& team, void (*body)(const void*, int64_t), const void* context) noexcept {
  team.run(team.threads(), body, context, true);
}

int begin_request(ThreadTeam& team) noexcept { return team.begin_request(); }
void end_request(ThreadTeam& team) noexcept { team.end_request(); }

void observe_loops(ThreadTeam& team, const LoopObserver* observer) noexcept { team.observe(observer); }

}  // namespace heddle::kernels
