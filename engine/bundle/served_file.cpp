#include <sys/stat.h>

#include <utility>

#include "heddle/bundle.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"

namespace heddle {

ServedFile::Identity ServedFile::identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .seconds = status.st_mtim.tv_sec,
          .nanoseconds = status.st_mtim.tv_nsec};
}

// Which file it is, is asked before it is read: one that takes its place meanwhile is then met the next time.
ServedFile::ServedFile(std::string path, const Device& device) try
    : path_(std::move(path)),
      device_(device),
      loaded_(identity_of(path_)),
      bundle_(std::make_unique<const Bundle>(Bundle::load(path_, device_))) {
} catch (...) {
  rethrow_as_error();
}

bool ServedFile::refresh(const std::function<void(const Bundle&)>& accept) noexcept {
  using Clock = std::chrono::steady_clock;
  const Identity now = identity_of(path_);
  const Clock::time_point begin = Clock::now();
  if (now == loaded_ && !(again_ && begin >= *again_)) return false;
  loaded_ = now;
  again_.reset();
  ErrorKind kind = ErrorKind::internal;
  try {
    try {
      auto next = std::make_unique<const Bundle>(Bundle::load(path_, device_));
      if (accept) accept(*next);
      bundle_ = std::move(next);
      problem_.clear();
      return true;
    } catch (...) {
      rethrow_as_error();
    }
  } catch (const Error& error) {
    kind = error.kind();
    try {
      problem_ = error.what();
    } catch (...) {
      problem_.assign("out of memory");  // see below
    }
  } catch (...) {
    kind = ErrorKind::out_of_memory;   // not even the sentence had room
    problem_.assign("out of memory");  // so short that a string holds it in itself
  }
  // Nothing is wrong with the file: it is tried again, and the trials take a tenth of the time at most.
  if (kind == ErrorKind::out_of_memory) again_ = Clock::now() + 10 * (Clock::now() - begin);
  return false;
}

}  // namespace heddle
