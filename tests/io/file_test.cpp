#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heddle/error.h"
#include "heddle/io.h"
#include "io/file.h"
#include "samples.h"
#include "tests/support/temp_dir.h"

using namespace heddle;
using namespace heddle::test;
namespace fs = std::filesystem;

namespace {

std::string content(const std::string& path) { return std::string(io::detail::read_file(path).view()); }

/// The kind of the error that `action` throws.
template <class Action>
ErrorKind kind_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("nothing was thrown");
  return ErrorKind::internal;
}

}  // namespace

TEST_CASE("io / write_file: replaces the whole file, through a symbolic link too, and leaves nothing else behind") {
  const TempDir folder;
  io::write_file(folder.file("a"), "first");
  CHECK(content(folder.file("a")) == "first");
  fs::create_symlink(folder.file("a"), folder.file("link"));
  io::write_file(folder.file("link"), "second");
  CHECK(content(folder.file("a")) == "second");
  CHECK(fs::is_symlink(folder.file("link")));
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 2);
}

TEST_CASE("io / write_file: an abandoned write leaves what stood there before") {
  const TempDir folder;
  io::write_file(folder.file("a"), "before");
  {
    io::detail::AtomicFile file(folder.file("a"));
    file.write("half of");
    CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 2);
  }
  CHECK(content(folder.file("a")) == "before");
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("io / write_file: a pipe is written, not replaced; folders and absent folders are refused") {
  const TempDir folder;
  const std::string pipe = folder.file("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(kind_of([&] { io::detail::read_file(pipe); }) == ErrorKind::io);  // without waiting for a writer
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  io::write_file("/dev/fd/" + std::to_string(ends[1]), "through");
  char received[8] = {};
  CHECK(::read(ends[0], received, 7) == 7);
  CHECK(std::string(received) == "through");
  ::close(ends[0]);
  ::close(ends[1]);
  CHECK(kind_of([&] { io::write_file(folder.path().string(), "x"); }) == ErrorKind::io);
  CHECK(kind_of([&] { io::write_file(folder.file("absent/a"), "x"); }) == ErrorKind::io);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("io / reading: what cannot be opened is an io error with the system's reason") {
  const TempDir folder;
  CHECK_THROWS_WITH(io::read_npy(folder.file("absent")), doctest::Contains("absent: No such file or directory"));
  CHECK_THROWS_WITH(io::read_npz(folder.path().string()), doctest::Contains("it is a directory"));
  CHECK(kind_of([&] { io::read_safetensors(folder.file("absent")); }) == ErrorKind::io);
}

TEST_CASE("io / gzip: members are joined, a bomb is stopped at the limit, damage is reported") {
  const std::string two = gzip(std::string(3000, 'a')) + gzip("b\n");
  CHECK(io::detail::gunzip(two, "z", 10000).view() == std::string(3000, 'a') + "b\n");
  CHECK_THROWS_WITH_AS(io::detail::gunzip(two, "z", 2000), doctest::Contains("hold more than 2000 bytes"), Error);
  for (size_t length = 2; length < two.size(); ++length) {
    if (length == gzip(std::string(3000, 'a')).size() || length == gzip(std::string(3000, 'a')).size() + 1) continue;
    CHECK_THROWS_WITH_AS(io::detail::gunzip(two.substr(0, length), "z", 10000), doctest::Contains("truncated"), Error);
  }
  std::string damaged = two;
  damaged[500] ^= 1;
  CHECK_THROWS_WITH_AS(io::detail::gunzip(damaged, "z", 10000), doctest::Contains("is damaged (incorrect data check)"), Error);
}
