#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "heddle/error.h"
#include "heddle/io.h"
#include "io/file.h"
#include "tests/io/samples.h"
#include "tests/support/temp_dir.h"

using namespace heddle;
using namespace heddle::test;
namespace fs = std::filesystem;

namespace {

/// What is done in place of each lock that the library waits for, if anything; whether it is still to be had.
std::function<bool()> before_lock;

}  // namespace

extern "C" {
int __real_flock(int descriptor, int operation);
int __wrap_flock(int descriptor, int operation) {
  if (operation == LOCK_EX && before_lock && !before_lock()) {
    errno = EINTR;
    return -1;
  }
  return __real_flock(descriptor, operation);
}
}

namespace {

/// Sets before_lock while it lives.
struct BeforeLock {
  explicit BeforeLock(std::function<bool()> what) { before_lock = std::move(what); }
  ~BeforeLock() { before_lock = nullptr; }
};

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

TEST_CASE("io / write_file: a link to nothing yet, and a link to a link, are followed to their end") {
  const TempDir folder;
  fs::create_directory(folder.file("models"));
  fs::create_symlink("models/today", folder.file("middle"));
  fs::create_symlink(folder.file("middle"), folder.file("live"));
  for (const char* content : {"first", "second"}) {
    io::write_file(folder.file("live"), content);
    CHECK(fs::is_symlink(folder.file("live")));
    CHECK(fs::is_symlink(folder.file("middle")));
    CHECK(!fs::is_symlink(folder.file("models/today")));
    CHECK(content == ::content(folder.file("models/today")));
  }
  fs::create_symlink("round", folder.file("round"));
  CHECK_THROWS_WITH_AS(io::write_file(folder.file("round"), "x"), doctest::Contains("symbolic links"), Error);
}

TEST_CASE("io / write_file: a new file has the mode that is asked for, one that is replaced keeps its own") {
  const TempDir folder;
  const auto mode = [&](const char* name) {
    struct stat status {};
    REQUIRE(::stat(folder.file(name).c_str(), &status) == 0);
    return status.st_mode & 07777;
  };
  const mode_t before = ::umask(027);
  io::write_file(folder.file("open"), "x");
  io::write_file(folder.file("own"), "x", io::FileAccess::owner);
  ::umask(before);
  CHECK(mode("open") == 0640);
  CHECK(mode("own") == 0600);
  for (const mode_t kept : {0600, 0604, 0664, 0444}) {
    for (const char* name : {"open", "own"}) {
      REQUIRE(::chmod(folder.file(name).c_str(), kept) == 0);
      io::write_file(folder.file(name), "y", name == std::string("own") ? io::FileAccess::owner : io::FileAccess::umask);
      CHECK(mode(name) == kept);
      CHECK(content(folder.file(name)) == "y");
    }
  }
  // While it is written, it is open to nobody whom the old one was closed to.
  REQUIRE(::chmod(folder.file("open").c_str(), 0640) == 0);
  const io::detail::AtomicFile file(folder.file("open"));
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.path())) {
    if (entry.path().filename().string().starts_with("open.tmp-")) CHECK((mode(entry.path().filename().c_str()) & 07) == 0);
  }
}

TEST_CASE("io / write_file: a file that is replaced keeps its owner and group") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root gives files away");
    return;
  }
  const TempDir folder;
  const std::string path = folder.write("a", "x");
  REQUIRE(::chown(path.c_str(), 1234, 4321) == 0);
  REQUIRE(::chmod(path.c_str(), 0660) == 0);
  io::write_file(path, "y", io::FileAccess::owner);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(status.st_uid == 1234);
  CHECK(status.st_gid == 4321);
  CHECK((status.st_mode & 07777) == 0660);
}

TEST_CASE("io / write_file: a group that cannot be kept gets no more rights than everybody") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: the test takes off root's rights");
    return;
  }
  const TempDir folder;
  const std::string path = folder.write("a", "x");
  REQUIRE(::chown(folder.path().c_str(), 1234, 1234) == 0);
  REQUIRE(::chown(path.c_str(), 1234, 4321) == 0);
  REQUIRE(::chmod(path.c_str(), 0664) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    bool done = ::setgroups(0, nullptr) == 0 && ::setgid(1234) == 0 && ::setuid(1234) == 0;
    try {
      io::write_file(path, "y");
    } catch (const Error&) {
      done = false;
    }
    ::_exit(done ? 0 : 1);
  }
  int ended = -1;
  REQUIRE(::waitpid(child, &ended, 0) == child);
  CHECK(ended == 0);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(status.st_gid == 1234);
  CHECK((status.st_mode & 07777) == 0644);
}

TEST_CASE("io / write_file: what a killed process left is removed by the next write to the path, what is being written is not") {
  const TempDir folder;
  const std::string path = folder.file("a");
  io::write_file(path, "before");
  const pid_t child = ::fork();
  if (child == 0) {
    io::detail::AtomicFile file(path);
    file.write("half of");
    ::kill(::getpid(), SIGKILL);
  }
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  const auto count = [&] { return std::distance(fs::directory_iterator(folder.path()), {}); };
  CHECK(count() == 2);
  for (const char* others : {"ab.tmp-1-0", "a.tmp-1-0-x", "a.tmp--0", "a.tmp-1-", "b.tmp-1-0", "a.tmp-notes"})
    folder.write(others, "not ours");
  {
    io::detail::AtomicFile first(path);
    CHECK(count() == 1 + 6 + 1);  // the killed one's is gone
    first.write("first");
    io::write_file(path, "second");  // leaves the first's alone
    first.commit();
  }
  CHECK(content(path) == "first");
  CHECK(count() == 1 + 6);
}

TEST_CASE("io / write_file: a signal does not keep a temporary from being locked") {
  const TempDir folder;
  int signals = 3;
  const BeforeLock interrupted([&] { return signals-- <= 0; });
  const io::detail::AtomicFile file(folder.file("a"));
  CHECK(signals == -1);
  const int descriptor = ::open(fs::directory_iterator(folder.path())->path().c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  CHECK(__real_flock(descriptor, LOCK_EX | LOCK_NB) != 0);
  ::close(descriptor);
}

TEST_CASE("io / write_file: a temporary that somebody removes before it is locked is made anew, and not for ever") {
  const TempDir folder;
  const std::string path = folder.write("a", "before");
  int removals = 3;
  const BeforeLock removed([&] {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder.path())) {
      if (removals > 0 && entry.path().filename() != "a" && fs::remove(entry.path())) --removals;
    }
    return true;
  });
  io::write_file(path, "after");
  CHECK(removals == 0);
  CHECK(content(path) == "after");
  removals = 1000;
  CHECK_THROWS_WITH_AS(io::write_file(path, "never"), doctest::Contains("removed by somebody as soon as they were made"), Error);
  CHECK(removals == 900);
  CHECK(content(path) == "after");
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
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
  CHECK_THROWS_WITH(io::read_npz(folder.path().string()), doctest::Contains("it is a folder"));
  CHECK(kind_of([&] { io::read_safetensors(folder.file("absent")); }) == ErrorKind::io);
}

TEST_CASE("io / gzip: members are joined, a bomb is stopped at the limit, damage is reported") {
  const std::string two = gzip(std::string(3000, 'a')) + gzip("b\n");
  std::string both(3000, 'a');
  both += "b\n";
  CHECK(io::detail::gunzip(two, "z", 10000).view() == both);
  CHECK_THROWS_WITH_AS(io::detail::gunzip(two, "z", 2000), doctest::Contains("holds more than 2000 bytes"), Error);
  for (std::size_t length = 2; length < two.size(); ++length) {
    if (length == gzip(std::string(3000, 'a')).size() || length == gzip(std::string(3000, 'a')).size() + 1) continue;
    CHECK_THROWS_WITH_AS(io::detail::gunzip(two.substr(0, length), "z", 10000), doctest::Contains("truncated"), Error);
  }
  std::string damaged = two;
  damaged[500] ^= 1;
  CHECK_THROWS_WITH_AS(io::detail::gunzip(damaged, "z", 10000), doctest::Contains("is damaged (incorrect data check)"), Error);
}
