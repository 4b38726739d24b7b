#include "kernels/common/thread_team.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "heddle/error.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;

struct Destroy {
  void operator()(ThreadTeam* team) const { destroy_thread_team(team); }
};
using Team = std::unique_ptr<ThreadTeam, Destroy>;

/// How often each chunk of a loop ran.
struct Counts {
  explicit Counts(int64_t chunks) : runs(static_cast<std::size_t>(chunks)) {}
  std::vector<std::atomic<int>> runs;
  bool each_once() const {
    for (const auto& count : runs) {
      if (count != 1) return false;
    }
    return true;
  }
  static void body(const void* context, int64_t chunk) {
    auto& counts = *static_cast<Counts*>(const_cast<void*>(context));
    ++counts.runs.at(static_cast<std::size_t>(chunk));
  }
};

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("thread team / every chunk of every loop runs once, and all have run when the loop returns") {
    for (int threads : {1, 2, 3, 7}) {
      const Team team(make_thread_team(threads));
      for (int again = 0; again < 50; ++again) {
        for (int64_t chunks : {0, 1, 2, 3, 6, 7, 8, 100, 1001}) {
          INFO(text(threads, " threads / ", chunks, " chunks"));
          Counts counts(chunks);
          run_on_team(*team, chunks, &Counts::body, &counts);
          REQUIRE(counts.each_once());
        }
      }
    }
  }

  TEST_CASE("thread team / a loop inside a loop is done by its caller") {
    const Team team(make_thread_team(2));
    struct Outer {
      ThreadTeam* team;
      std::atomic<int> complete{0};
    } outer{team.get()};
    const auto body = [](const void* context, int64_t) {
      auto& self = *static_cast<Outer*>(const_cast<void*>(context));
      Counts inner(9);
      run_on_team(*self.team, 9, &Counts::body, &inner);
      self.complete += inner.each_once();
    };
    run_on_team(*team, 20, body, &outer);
    CHECK(outer.complete == 20);
  }

  TEST_CASE("thread team / two threads that share a team get each their own loops done") {
    const Team team(make_thread_team(2));
    std::atomic<int> complete{0};
    const auto use = [&] {
      for (int again = 0; again < 200; ++again) {
        Counts counts(13);
        run_on_team(*team, 13, &Counts::body, &counts);
        complete += counts.each_once();
      }
    };
    std::thread other(use);
    use();
    other.join();
    CHECK(complete == 400);
  }
}
