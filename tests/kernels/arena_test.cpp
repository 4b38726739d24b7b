#include "heddle/arena.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bench/graphs.h"
#include "kernels/device/backend.h"
#include "tests/support/compare.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/devices.h"

namespace {

using namespace heddle;
using namespace heddle::test;

bool aligned(const void* pointer, std::size_t alignment) { return reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0; }

/// A device in host memory that counts what is taken from it, and has no more than `room`.
class CountingBackend final : public kernels::Backend {
 public:
  explicit CountingBackend(std::size_t room = SIZE_MAX) : room_(room) {}
  DeviceKind kind() const noexcept override { return DeviceKind::cpu; }
  std::string description() const override { return "counting"; }
  void* allocate(std::size_t bytes) override {
    require(bytes <= room_ - taken, ErrorKind::out_of_memory, "counting: no room for ", bytes, " bytes");
    taken += bytes;
    ++allocations;
    void* const memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(memory, 0xFF, bytes);
    return memory;
  }
  void release(void* pointer, std::size_t bytes) noexcept override {
    taken -= bytes;
    std::free(pointer);
  }
  void copy_to_device(void*, const void*, std::size_t, Stream&) override {}
  void copy_to_host(void*, const void*, std::size_t, Stream&) override {}
  void copy(void*, const void*, std::size_t, Stream&) override {}
  void fill_zero(void*, std::size_t, Stream&) override {}

  std::size_t taken = 0;
  int allocations = 0;

 private:
  std::size_t room_;
};

/// An arena on such a device. It knows what is in use, writes all of it, and sees what overlaps.
class Watched {
 public:
  explicit Watched(std::size_t room = SIZE_MAX)
      : backend_(std::make_shared<CountingBackend>(room)), stream_(backend_), arena_(stream_) {}

  Arena& arena() { return arena_; }
  const CountingBackend& device() const { return *backend_; }
  /// Of the largest step so far, in whole 256 bytes.
  std::size_t most_in_use() const { return most_in_use_; }

  unsigned char* allocate(std::size_t bytes) {
    auto* const begin = static_cast<unsigned char*>(arena_.allocate(bytes));
    REQUIRE(begin != nullptr);
    CHECK(aligned(begin, 256));
    const std::size_t rounded = std::max<std::size_t>((bytes + 255) / 256 * 256, 256);
    const auto after = live_.lower_bound(begin);
    if (after != live_.end()) REQUIRE(begin + rounded <= after->first);
    if (after != live_.begin()) REQUIRE(std::prev(after)->first + std::prev(after)->second <= begin);
    live_[begin] = rounded;
    in_use_ += rounded;
    most_in_use_ = std::max(most_in_use_, in_use_);
    std::memset(begin, 1, bytes);
    CHECK(arena_.held_bytes() == backend_->taken);
    return begin;
  }
  void give_back(unsigned char* pointer) {
    arena_.give_back(pointer);
    in_use_ -= live_.at(pointer);
    live_.erase(pointer);
  }
  void reset() {
    arena_.reset();
    live_.clear();
    in_use_ = 0;
    CHECK(arena_.held_bytes() == backend_->taken);
  }

 private:
  std::shared_ptr<CountingBackend> backend_;
  Stream stream_;
  Arena arena_;
  std::map<unsigned char*, std::size_t> live_;
  std::size_t in_use_ = 0, most_in_use_ = 0;
};

/// Requests of a step and what it gives back in between, drawn: `sizes` draws a size.
std::vector<unsigned char*> drawn_step(Watched& watched, bench::Draws& draws, int64_t requests,
                                       const std::function<std::size_t()>& sizes) {
  std::vector<unsigned char*> live, given;
  for (int64_t i = 0; i < requests; ++i) {
    given.push_back(watched.allocate(sizes()));
    live.push_back(given.back());
    while (!live.empty() && draws.below(5) < 2) {
      const auto place = static_cast<std::size_t>(draws.below(static_cast<int64_t>(live.size())));
      watched.give_back(live[place]);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(place));
    }
  }
  return given;
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("arena / a step of the same requests gets the same addresses and holds no more") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Stream stream(device.backend());
      Arena arena(stream);
      const auto step = [&] {
        std::vector<void*> addresses;
        for (std::size_t bytes : {0, 1, 1000, 256, 255, 257, 1000, 70000}) addresses.push_back(arena.allocate(bytes));
        arena.give_back(addresses[2]);
        addresses.push_back(arena.allocate(990));
        return addresses;
      };
      const std::vector<void*> first = step();
      const std::size_t held = arena.held_bytes();
      for (const void* address : first) CHECK(aligned(address, device.kind() == DeviceKind::cuda ? 256 : 64));
      for (int again = 0; again < 3; ++again) {
        arena.reset();
        CHECK(step() == first);
        CHECK(arena.held_bytes() == held);
      }
    }
  }

  TEST_CASE("arena / steps of equal requests, drawn, get equal addresses and allocate nothing on device or host") {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      INFO("seed ", seed);
      Watched watched;
      // Blocks that are added late in the first step would fit better in the second: it must not be led astray.
      const auto step = [&] {
        bench::Draws draws(seed);
        return drawn_step(watched, draws, 200, [&] { return static_cast<std::size_t>(draws.below(40) * draws.below(300)); });
      };
      const std::vector<unsigned char*> first = step();
      const std::size_t held = watched.arena().held_bytes();
      const int taken = watched.device().allocations;
      // It takes no more than it needs, but for the holes that are left.
      CHECK(held <= 3 * watched.most_in_use());
      for (int again = 0; again < 3; ++again) {
        watched.reset();
        CHECK(step() == first);
      }
      CHECK(watched.arena().held_bytes() == held);
      CHECK(watched.device().allocations == taken);

      // The same without the watcher, which allocates itself.
      Stream stream(Device::cpu({.threads = 1}).backend());
      Arena arena(stream);
      std::vector<void*> given(200);
      const auto plain = [&] {
        bench::Draws draws(seed);
        for (std::size_t i = 0; i < given.size(); ++i) {
          given[i] = arena.allocate(static_cast<std::size_t>(draws.below(40) * draws.below(300)));
          if (i >= 3 && draws.below(2) == 0) arena.give_back(given[i - static_cast<std::size_t>(draws.below(4))]);
        }
        arena.reset();
      };
      plain();
      const int64_t before = allocations();
      for (int again = 0; again < 3; ++again) plain();
      CHECK(allocations() == before);
    }
  }

  TEST_CASE("arena / sizes that differ from step to step hold at most twice what the largest step had in use") {
    // One request that grows each time; many that do, or shrink; sizes all drawn; of all orders of magnitude.
    for (const std::string kind : {"grows", "shrinks", "grow together", "shrink together", "drawn", "orders"}) {
      for (uint64_t seed = 0; seed < 3; ++seed) {
        INFO(kind, ", seed ", seed);
        Watched watched;
        bench::Draws draws(seed);
        for (int64_t step = 0; step < 1000; ++step) {
          const auto size = [&]() -> std::size_t {
            if (kind == "grows") return static_cast<std::size_t>(1000 + step) * 256;
            if (kind == "shrinks") return static_cast<std::size_t>(2000 - step) * 256;
            if (kind == "grow together") return static_cast<std::size_t>((1 + draws.below(20)) * (1000 + step) * 16);
            if (kind == "shrink together") return static_cast<std::size_t>((1 + draws.below(20)) * (2000 - step) * 16);
            if (kind == "drawn") return static_cast<std::size_t>(draws.below(100'000));
            return static_cast<std::size_t>(std::int64_t{1} << draws.below(18)) + static_cast<std::size_t>(draws.below(1000));
          };
          const bool one = kind == "grows" || kind == "shrinks";
          drawn_step(watched, draws, one ? 1 : 30, size);
          CHECK(watched.arena().held_bytes() <= 2 * watched.most_in_use());
          watched.reset();
          CHECK(watched.arena().held_bytes() <= 2 * watched.most_in_use());
        }
        // What fits is used again: after a while few steps take anything from the device.
        CHECK(watched.device().allocations < 3000);
      }
    }
  }

  TEST_CASE("arena / what one large step took goes back to the device after some hundred small ones") {
    Watched watched;
    for (int step = 0; step < 5; ++step) {
      watched.allocate(1000);
      watched.reset();
    }
    watched.allocate(std::size_t{1} << 24);
    watched.reset();
    CHECK(watched.arena().held_bytes() >= std::size_t{1} << 24);
    for (int step = 0; step < 1000; ++step) {
      watched.allocate(1000);
      watched.reset();
    }
    CHECK(watched.arena().held_bytes() <= 4096);
  }

  TEST_CASE("arena / steps of two kinds that take turns keep the memory of both") {
    Watched watched;
    for (int step = 0; step < 100; ++step) {
      for (std::size_t i = 1; i <= 20; ++i) watched.allocate(step % 2 == 0 ? i * 10'000 : 150'000 - i * 3000);
      watched.reset();
      if (step == 3) CHECK(watched.device().allocations > 20);
      if (step == 20) {
        const int taken = watched.device().allocations;
        for (int more = 0; more < 10; ++more) {
          for (std::size_t i = 1; i <= 20; ++i) watched.allocate(more % 2 == 1 ? i * 10'000 : 150'000 - i * 3000);
          watched.reset();
        }
        CHECK(watched.device().allocations == taken);
        return;
      }
    }
  }

  TEST_CASE("arena / a place given back serves the next request that it holds, neighbours make one place") {
    Watched watched;
    unsigned char* const large = watched.allocate(4096);
    watched.allocate(100);
    watched.give_back(large);
    unsigned char* const first = watched.allocate(1000);
    unsigned char* const second = watched.allocate(2000);
    CHECK(first == large);
    CHECK(second == large + 1024);
    CHECK(watched.allocate(1000) == large + 3072);
    watched.give_back(first);
    watched.give_back(second);
    CHECK(watched.allocate(3000) == large);
    CHECK(watched.arena().held_bytes() == 4096 + 256);
    CHECK_NOTHROW(watched.arena().give_back(nullptr));
    CHECK_NOTHROW(watched.arena().give_back(first + 1));  // not the begin of anything
  }

  TEST_CASE("arena / the blocks of a recorded step stay while the recording lives, whatever other steps do") {
    Watched watched;
    unsigned char* recorded = nullptr;
    {
      Arena::Recording recording(watched.arena());
      watched.reset();
      recorded = watched.allocate(100'000);
      unsigned char* const second = watched.allocate(300'000);  // a step that is being recorded may not lose what it has used
      CHECK(watched.arena().held_bytes() >= 400'000);
      recording.close();
      for (int step = 0; step < 2000; ++step) {
        watched.reset();
        watched.allocate(256);
        CHECK(watched.arena().held_bytes() >= 400'000);
      }
      // The step can be repeated in its memory; meanwhile that serves other steps.
      const std::size_t held = watched.arena().held_bytes();
      recording.repeat();
      watched.reset();
      CHECK(watched.allocate(100'000) == recorded);
      CHECK(watched.allocate(300'000) == second);
      recording.close();
      CHECK(watched.arena().held_bytes() == held);
      watched.reset();
      CHECK(watched.allocate(90'000) == recorded);
      CHECK(error_mismatch(ErrorKind::internal, "recorded already",
                           [&] { const Arena::Recording one(watched.arena()), two(watched.arena()); }) == "");
    }
    for (int step = 0; step < 1000; ++step) {
      watched.reset();
      watched.allocate(256);
    }
    watched.reset();
    CHECK(watched.arena().held_bytes() <= 512);
  }

  TEST_CASE("arena / a repetition that breaks off, or never begins, leaves what is to be repeated") {
    Watched watched;
    Arena::Recording recording(watched.arena());
    watched.reset();
    unsigned char* const first = watched.allocate(300'000);
    watched.give_back(first);
    REQUIRE(watched.allocate(100'000) == first);
    recording.close();
    const auto other_step = [&] {
      watched.reset();
      watched.allocate(300'000);
      watched.allocate(100'000);  // a block that fits better than the first: only who remembers the step passes it by
    };
    const auto repeated = [&] {
      recording.repeat();
      watched.reset();
      CHECK(watched.allocate(300'000) == first);
      watched.give_back(first);
      CHECK(watched.allocate(100'000) == first);
      recording.close();
    };
    other_step();
    repeated();

    other_step();
    recording.repeat();
    watched.reset();
    CHECK(watched.allocate(300'000) == first);
    recording.close();
    other_step();
    repeated();

    other_step();
    recording.repeat();
    recording.close();
    CHECK_NOTHROW(Arena::Recording(watched.arena()));  // the arena is not being recorded any more
    other_step();
    repeated();
  }

  TEST_CASE("arena / more than there is throws out_of_memory and leaves the arena as it was") {
    Stream stream(devices().front().device.backend());
    Arena arena(stream);
    CHECK(error_mismatch(ErrorKind::out_of_memory, "bytes", [&] { arena.allocate(SIZE_MAX); }) == "");
    CHECK(error_mismatch(ErrorKind::out_of_memory, "bytes", [&] { arena.allocate_array<float>(-1); }) == "");
    CHECK(arena.held_bytes() == 0);
    CHECK(arena.allocate(1) != nullptr);
  }

  TEST_CASE("arena / blocks that are not in use make room where the device has no more") {
    Watched watched(1 << 20);
    unsigned char* const idle = watched.allocate(600'000);
    watched.give_back(idle);
    CHECK(watched.allocate(700'000) != nullptr);
    CHECK(error_mismatch(ErrorKind::out_of_memory, "no room", [&] { watched.arena().allocate(600'000); }) == "");
    CHECK(watched.arena().held_bytes() == watched.device().taken);
    CHECK(watched.allocate(100'000) != nullptr);
  }

  TEST_CASE("arena array / goes back when it ends, moves, and is null where it is empty") {
    Watched watched;
    float* place = nullptr;
    {
      ArenaArray<float> moved;
      CHECK(moved.data() == nullptr);
      {
        ArenaArray<float> array(watched.arena(), 100);
        place = array.data();
        moved = std::move(array);
      }
      CHECK(moved.data() == place);
      CHECK(static_cast<void*>(watched.arena().allocate(400)) != place);
    }
    CHECK(watched.arena().allocate(400) == place);
  }

  TEST_CASE("host arena / packs, aligns, and gives the same addresses again after a reset, large requests among them") {
    HostArena arena;
    const auto step = [&] {
      std::vector<void*> addresses;
      for (std::size_t i = 0; i < 300; ++i) {
        const std::size_t alignment = std::size_t{1} << i % 7;
        const std::size_t bytes = i % 50 == 17 ? 20'000 * (1 + i / 100) : 1 + i % 200;
        addresses.push_back(arena.allocate(bytes, alignment));
        CHECK(aligned(addresses.back(), alignment));
        std::fill_n(static_cast<unsigned char*>(addresses.back()), bytes, static_cast<unsigned char>(i));
      }
      return addresses;
    };
    const std::vector<void*> first = step();
    for (std::size_t i = 0; i < first.size(); ++i) {
      const auto* bytes = static_cast<const unsigned char*>(first[i]);
      CHECK(bytes[0] == static_cast<unsigned char>(i));
      CHECK(bytes[i % 200] == static_cast<unsigned char>(i));
    }
    arena.reset();
    const int64_t before = allocations();
    HostArena& same = arena;
    for (std::size_t i = 0; i < 10; ++i) same.allocate(1 + i, 1);
    CHECK(allocations() == before);
    arena.reset();
    CHECK(step() == first);
    arena.reset();
    CHECK(error_mismatch(ErrorKind::out_of_memory, "no room for ", [&] { arena.allocate(SIZE_MAX, 8); }) == "");
  }
}
