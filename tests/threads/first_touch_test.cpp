// Memory of a cpu device: who touches it first, and copies that all threads share.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

#include "heddle/buffer.h"
#include "kernels/device/host_memory.h"
#include "tests/threads/watch.h"

namespace heddle::test {

namespace {

using namespace heddle::kernels;

/// Which of a block's pages have memory.
std::vector<bool> resident(void* block, std::size_t bytes) {
  std::vector<unsigned char> pages((bytes + small_page - 1) / small_page);
  REQUIRE(mincore(block, bytes, pages.data()) == 0);
  std::vector<bool> result;
  for (unsigned char page : pages) result.push_back((page & 1) != 0);
  return result;
}

/// A block that nobody has touched, on small pages.
class Untouched {
 public:
  explicit Untouched(std::size_t bytes)
      : bytes_(bytes), block_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    REQUIRE(block_ != MAP_FAILED);
    madvise(block_, bytes_, MADV_NOHUGEPAGE);
  }
  ~Untouched() { munmap(block_, bytes_); }
  void* data() const { return block_; }

 private:
  std::size_t bytes_;
  void* block_;
};

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("first touch / the parts of a block are whole huge pages and together all of it") {
  for (std::size_t bytes : {huge_page, 2 * huge_page, 5 * huge_page, 5 * huge_page + 1, 16 * huge_page - 3}) {
    for (int64_t parts : {1, 2, 3, 64}) {
      INFO(bytes, " bytes, ", parts, " parts");
      const Untouched block(bytes);
      std::vector<bool> before = resident(block.data(), bytes);
      CHECK(std::count(before.begin(), before.end(), true) == 0);
      for (int64_t part = 0; part < parts; ++part) {
        touch_part(block.data(), bytes, part, parts);
        const std::vector<bool> now = resident(block.data(), bytes);
        // What this part touched is one run that follows on the parts before.
        for (std::size_t page = 0; page < now.size(); ++page) {
          if (before[page]) CHECK(now[page]);
          if (page > 0 && now[page]) CHECK(now[page - 1]);
        }
        const auto touched = static_cast<std::size_t>(std::count(now.begin(), now.end(), true));
        CHECK((touched == now.size() || touched * small_page % huge_page == 0));
        before = now;
      }
      CHECK(std::count(before.begin(), before.end(), false) == 0);
    }
  }
}

TEST_CASE("first touch / of a large buffer each thread touches its own part, of a small one nobody any") {
  for (int threads : {2, 64}) {
    INFO(threads, " threads");
    const Device device = Device::cpu({.threads = threads});
    Stream stream(device.backend());
    const Watch watch(device);
    const Buffer small(stream, large_host_block - 1);
    CHECK(watch.loops().empty());
    const Buffer large(stream, std::size_t{64} << 20);
    REQUIRE(watch.loops().size() == 1);
    CHECK(watch.loops()[0].chunks == threads);
    CHECK(watch.loops()[0].threads() == threads);
    const std::vector<bool> pages = resident(large.data(), large.bytes());
    CHECK(std::count(pages.begin(), pages.end(), false) == 0);
    // Zeroing it is a loop whose chunks, dealt in order, go to the same threads: who touched a part works on it.
    stream.backend().fill_zero(large.data(), large.bytes(), stream);
    REQUIRE(watch.loops().size() == 2);
    const Watch::Loop& loop = watch.loops()[1];
    CHECK(loop.threads() == threads);
    for (int thread = 0; thread < threads; ++thread) {
      const int64_t first = (loop.chunks * thread + threads - 1) / threads;
      CHECK(loop.by[static_cast<std::size_t>(first)] == watch.loops()[0].by[static_cast<std::size_t>(thread)]);
    }
  }
}

TEST_CASE("first touch / a forked child has the device, its memory and its loops, without the threads" *
          doctest::skip(under_thread_sanitizer)) {
  const Device device = Device::cpu({.threads = 4});
  Stream stream(device.backend());
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(60);  // a child that waits for its parent's threads would wait for ever
    const Buffer large(stream, 2 * large_host_block);
    stream.backend().fill_zero(large.data(), large.bytes(), stream);
    const std::vector<bool> pages = resident(large.data(), large.bytes());
    kernels::destroy_thread_team(kernels::make_thread_team(3));  // of its own, with threads
    _exit(std::count(pages.begin(), pages.end(), false) == 0 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));  // by no signal
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("copies / of every size arrive whole, overlapping ones too") {
  for (int threads : {1, 2, 7}) {
    const Device device = Device::cpu({.threads = threads});
    Stream stream(device.backend());
    for (std::size_t bytes : {std::size_t{1}, large_host_block - 1, large_host_block, large_host_block + 12345}) {
      INFO(threads, " threads, ", bytes, " bytes");
      std::vector<uint8_t> values(bytes);
      for (std::size_t i = 0; i < bytes; ++i) values[i] = static_cast<uint8_t>(i * 7 + i / 251);
      const Buffer buffer(stream, bytes);
      upload(stream, buffer.data(), values.data(), bytes);
      std::vector<uint8_t> back(bytes);
      download(stream, back.data(), buffer.data(), bytes);
      CHECK(back == values);
      // One to the right, within the block.
      stream.backend().copy(buffer.as<uint8_t>() + bytes / 3 + 1, buffer.data(), bytes - bytes / 3 - 1, stream);
      std::memmove(values.data() + bytes / 3 + 1, values.data(), bytes - bytes / 3 - 1);
      download(stream, back.data(), buffer.data(), bytes);
      CHECK(back == values);
      stream.backend().fill_zero(buffer.data(), bytes, stream);
      download(stream, back.data(), buffer.data(), bytes);
      CHECK(std::count(back.begin(), back.end(), 0) == static_cast<std::ptrdiff_t>(bytes));
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
