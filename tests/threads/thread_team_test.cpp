#include "kernels/common/thread_team.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "heddle/error.h"
#include "tests/threads/meeting.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using heddle::test::Meeting;
using heddle::test::under_thread_sanitizer;

struct Destroy {
  void operator()(ThreadTeam* team) const { destroy_thread_team(team); }
};
using Team = std::unique_ptr<ThreadTeam, Destroy>;

template <class Body>
void run(const Team& team, int64_t chunks, const Body& body) {
  run_on_team(
      *team, chunks, [](const void* context, int64_t chunk) { (*static_cast<const Body*>(context))(chunk); }, &body);
}

template <class Body>
void run_on_every(const Team& team, const Body& body) {
  run_on_every_thread(
      *team, [](const void* context, int64_t thread) { (*static_cast<const Body*>(context))(thread); }, &body);
}

/// How often each chunk of a loop ran.
class Counts {
 public:
  explicit Counts(int64_t chunks) : runs_(static_cast<std::size_t>(chunks)) {}
  void add(int64_t chunk) { runs_.at(static_cast<std::size_t>(chunk)).fetch_add(1, std::memory_order_relaxed); }
  bool each_once() const {
    return std::all_of(runs_.begin(), runs_.end(), [](const std::atomic<int>& count) { return count == 1; });
  }

 private:
  std::vector<std::atomic<int>> runs_;
};

}  // namespace

TEST_SUITE("threads") {
  TEST_CASE("thread team / every chunk of every loop runs once, and all have run when the loop returns") {
    for (int threads : {1, 2, 3, 7, 64, 256}) {
      if (under_thread_sanitizer && threads > 64) continue;
      const Team team(make_thread_team(threads));
      // More than a hundred loops: the tags of a team's claims begin anew among them.
      for (int again = 0; again < (threads > 7 ? 6 : 50); ++again) {
        for (int64_t chunks : {0, 1, 2, 3, 6, 7, 8, 63, 64, 65, 100, 129, 255, 257, 1001}) {
          INFO(text(threads, " threads / ", chunks, " chunks"));
          Counts counts(chunks);
          run(team, chunks, [&](int64_t chunk) { counts.add(chunk); });
          REQUIRE(counts.each_once());
        }
      }
    }
  }

  TEST_CASE("thread team / a loop of any number of chunks is shared by all threads") {
    for (int threads : {2, 3, 64, 256}) {
      if (under_thread_sanitizer && threads > 64) continue;
      const Team team(make_thread_team(threads));
      for (int64_t chunks : {1, 2, 63, 64, 65, 255, 256, 4096, 4097, 100'000, 1'000'000, 1'048'575, 1'048'576, 3'000'001}) {
        if (under_thread_sanitizer && chunks > 5000) continue;
        INFO(text(threads, " threads / ", chunks, " chunks"));
        Counts counts(chunks);
        const int expected = static_cast<int>(std::min<int64_t>(threads, chunks));
        Meeting meeting(expected);
        run(team, chunks, [&](int64_t chunk) {
          counts.add(chunk);
          meeting.attend();
        });
        CHECK(meeting.present() == expected);
        CHECK(counts.each_once());
      }
    }
  }

  TEST_CASE("thread team / more chunks than an int counts are all done" * doctest::skip(under_thread_sanitizer)) {
    const Team team(make_thread_team(2));
    constexpr int64_t chunks = (int64_t{1} << 31) + 12345;
    std::atomic<int64_t> done{0};
    std::atomic<uint64_t> sum{0};
    // Only every 4096th chunk is counted, so that the loop is over in seconds.
    run(team, chunks, [&](int64_t chunk) {
      if (chunk % 4096 != 0) return;
      done.fetch_add(1, std::memory_order_relaxed);
      sum.fetch_add(static_cast<uint64_t>(chunk / 4096), std::memory_order_relaxed);
    });
    constexpr int64_t counted = (chunks + 4095) / 4096;
    CHECK(done == counted);
    CHECK(sum == static_cast<uint64_t>(counted) * (counted - 1) / 2);
  }

  TEST_CASE("thread team / a thread that is held up costs only the chunk it is working on") {
    const Team team(make_thread_team(4));
    constexpr int64_t chunks = 400;
    Counts counts(chunks);
    std::atomic<int64_t> done{0};
    run(team, chunks, [&](int64_t chunk) {
      // The chunk in front of a run waits for all others: those of its own run are done by somebody else.
      if (chunk == chunks / 4) {
        for (int i = 0; i < 20000 && done < chunks - 1; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        CHECK(done == chunks - 1);
      }
      counts.add(chunk);
      ++done;
    });
    CHECK(counts.each_once());
  }

  TEST_CASE("thread team / neighbouring chunks go to one thread, the same each time") {
    constexpr int threads = 8;
    const Team team(make_thread_team(threads));
    std::vector<std::thread::id> first;
    for (int64_t chunks : {8, 16, 80, 8000}) {
      std::vector<std::thread::id> by(static_cast<std::size_t>(threads));
      Meeting meeting(threads);
      std::mutex mutex;
      run(team, chunks, [&](int64_t chunk) {
        // All have come before anybody is done: nobody takes the first chunk of another's run.
        if (chunk % (chunks / threads) == 0) {
          const std::lock_guard lock(mutex);
          by[static_cast<std::size_t>(chunk / (chunks / threads))] = std::this_thread::get_id();
        }
        meeting.attend();
      });
      if (first.empty()) first = by;
      INFO(text(chunks, " chunks"));
      CHECK(by == first);
    }
    CHECK(first[0] == std::this_thread::get_id());
  }

  TEST_CASE("thread team / a loop inside a loop is done, by threads that are free too") {
    const Team team(make_thread_team(2));
    std::atomic<int> complete{0};
    run(team, 20, [&](int64_t) {
      Counts inner(9);
      run(team, 9, [&](int64_t chunk) { inner.add(chunk); });
      complete += inner.each_once();
    });
    CHECK(complete == 20);

    const Team four(make_thread_team(4));
    Meeting meeting(3);
    run(four, 2, [&](int64_t outer) {
      // One of the outer chunks is over at once: its thread and the two others are free for the loop inside the other.
      if (outer == 1) run(four, 100, [&](int64_t) { meeting.attend(); });
    });
    CHECK(meeting.present() >= 3);
  }

  TEST_CASE("thread team / loops nest as deep as they like") {
    const Team team(make_thread_team(3));
    std::atomic<int64_t> leaves{0};
    struct Nest {
      const Team& team;
      std::atomic<int64_t>& leaves;
      void operator()(int depth) const {
        if (depth == 0) {
          ++leaves;
          return;
        }
        run(team, 2, [&](int64_t) { (*this)(depth - 1); });
      }
    };
    // Deeper than there are places for loops in a team.
    Nest{team, leaves}(12);
    CHECK(leaves == 1 << 12);
    struct Chain {
      const Team& team;
      std::atomic<int64_t>& leaves;
      void operator()(int depth) const {
        run(team, 2, [&](int64_t chunk) {
          if (depth == 0) ++leaves;
          if (depth > 0 && chunk == 0) (*this)(depth - 1);
        });
      }
    };
    leaves = 0;
    Chain{team, leaves}(40);
    CHECK(leaves == 2);
  }

  TEST_CASE("thread team / threads that share a team get each their own loops done") {
    for (int callers : {2, 5, 24}) {
      const Team team(make_thread_team(3));
      std::atomic<int> complete{0};
      const auto use = [&] {
        for (int again = 0; again < 100; ++again) {
          Counts counts(13);
          run(team, 13, [&](int64_t chunk) { counts.add(chunk); });
          complete += counts.each_once();
        }
      };
      std::vector<std::thread> others;
      for (int caller = 1; caller < callers; ++caller) others.emplace_back(use);
      use();
      for (std::thread& other : others) other.join();
      CHECK(complete == 100 * callers);
    }
  }

  TEST_CASE("thread team / a second caller begins at once, and the threads join it when they are free") {
    const Team team(make_thread_team(5));
    Meeting first(5), second(5);
    const auto wait_until = [](const auto& condition) {
      for (int i = 0; i < 20000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    std::thread other([&] {
      wait_until([&] { return first.present() == 5; });
      run(team, 100, [&](int64_t) { second.attend(); });
    });
    run(team, 100, [&](int64_t) {
      first.attend();
      wait_until([&] { return second.present() > 0; });
    });
    other.join();
    CHECK(first.present() == 5);
    CHECK(second.present() == 5);
  }

  TEST_CASE("thread team / what is for every thread is done by each thread itself, in the order of the runs") {
    for (int threads : {1, 2, 64, 256}) {
      const Team team(make_thread_team(threads));
      const auto count = static_cast<std::size_t>(threads);
      std::vector<std::thread::id> by(count);
      for (int again = 0; again < 3; ++again) {
        std::vector<std::thread::id> now(count);
        run_on_every(team, [&](int64_t thread) { now[static_cast<std::size_t>(thread)] = std::this_thread::get_id(); });
        if (again == 0) by = now;
        CHECK(now == by);
      }
      CHECK(by[0] == std::this_thread::get_id());
      CHECK(std::set<std::thread::id>(by.begin(), by.end()).size() == count);
      // The threads that the runs of a loop are dealt to.
      std::vector<std::thread::id> in_loop(count);
      Meeting meeting(threads);
      run(team, threads, [&](int64_t chunk) {
        in_loop[static_cast<std::size_t>(chunk)] = std::this_thread::get_id();
        meeting.attend();
      });
      CHECK(in_loop == by);
    }
  }

  TEST_CASE("thread team / what is for every thread is done by the caller where its loop's threads cannot come") {
    const Team team(make_thread_team(3));
    std::atomic<int> done{0};
    run(team, 3, [&](int64_t) {
      const std::thread::id caller = std::this_thread::get_id();
      run_on_every(team, [&](int64_t) { done += std::this_thread::get_id() == caller; });
    });
    CHECK(done == 9);
  }

  TEST_CASE("thread team / in a forked child the caller does everything, and the team can end" *
            doctest::skip(under_thread_sanitizer)) {
    Team team(make_thread_team(5));
    run_on_every(team, [](int64_t) {});
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      alarm(60);  // who waited for the parent's threads would wait for ever
      Counts every(5), shared(100);
      run_on_every(team, [&](int64_t thread) { every.add(thread); });
      run(team, 100, [&](int64_t chunk) { shared.add(chunk); });
      team.reset();
      _exit(every.each_once() && shared.each_once() ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));  // by no signal
    CHECK(WEXITSTATUS(status) == 0);
  }
}
