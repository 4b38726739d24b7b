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

bool ServedFile::refresh() try {
  const Identity now = identity_of(path_);
  if (now == loaded_) return false;
  loaded_ = now;
  problem_.clear();
  try {
    bundle_ = std::make_unique<const Bundle>(Bundle::load(path_, device_));
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::out_of_memory) {
      loaded_ = {};  // nothing is wrong with the file: the next time it is tried again
      throw;
    }
    problem_ = error.what();
    return false;
  }
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
