#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/rethrow.h"
#include "io/limits.h"

namespace heddle::io::detail {

namespace {

/// Throws Error{io} with the system's reason for the failure that just happened.
[[noreturn]] void fail_errno(const char* action, const std::string& path) {
  const int reason = errno;
  fail(ErrorKind::io, "cannot ", action, " ", path, ": ", std::strerror(reason));
}

}  // namespace

void MemorySource::read(int64_t offset, void* target, int64_t length) const {
  if (length > 0) std::memcpy(target, bytes_.data() + offset, static_cast<size_t>(length));
}

InputFile::InputFile(const std::string& path) : path_(path) {
  // Without O_NONBLOCK, opening a named pipe that nobody writes to would wait for ever.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) fail_errno("read", path);
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    const int reason = errno;
    ::close(descriptor_);
    require(known, ErrorKind::io, "cannot read ", path, ": ", std::strerror(reason));
    fail(ErrorKind::io, "cannot read ", path, ": it is ", S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
  }
  size_ = status.st_size;
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read(int64_t offset, void* target, int64_t length) const {
  char* out = static_cast<char*>(target);
  while (length > 0) {
    const ssize_t got = ::pread(descriptor_, out, static_cast<size_t>(length), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno("read", path_);
    require(got > 0, ErrorKind::io, "cannot read ", path_, ": it became shorter than ", size_, " bytes while it was read");
    out += got;
    offset += got;
    length -= got;
  }
}

ByteBuffer::ByteBuffer(int64_t size) : data_(std::make_unique_for_overwrite<char[]>(static_cast<size_t>(size))), size_(size) {}

void ByteBuffer::resize(int64_t size) {
  ByteBuffer resized(size);
  if (const int64_t kept = std::min(size, size_); kept > 0) std::memcpy(resized.data(), data(), static_cast<size_t>(kept));
  *this = std::move(resized);
}

ByteBuffer read_file(const std::string& path) {
  const InputFile file(path);
  ByteBuffer buffer(file.size());
  file.read(0, buffer.data(), file.size());
  return buffer;
}

ByteBuffer read_text_file(const std::string& path) {
  ByteBuffer buffer = read_file(path);
  require(!buffer.view().empty(), ErrorKind::bad_data, path, " is empty");
  if (!is_gzip(buffer.view())) return buffer;
  return gunzip(buffer.view(), path, max_inflated(static_cast<int64_t>(buffer.view().size())));
}

AtomicFile::AtomicFile(const std::string& path) : path_(path), target_(path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    require(!S_ISDIR(status.st_mode), ErrorKind::io, "cannot write ", path, ": it is a directory");
    if (!S_ISREG(status.st_mode)) {
      descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
      if (descriptor_ < 0) fail_errno("write", path);
      return;
    }
    std::error_code unresolved;
    const std::filesystem::path resolved = std::filesystem::canonical(path, unresolved);
    if (!unresolved) target_ = resolved.string();
  }
  static std::atomic<unsigned> serial{0};
  do {
    temporary_ = text(target_, ".tmp-", ::getpid(), "-", serial++);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EEXIST);  // left behind by a killed process that had our id
  if (descriptor_ < 0) fail_errno("write", path);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* bytes, int64_t length) {
  const char* in = static_cast<const char*>(bytes);
  while (length > 0) {
    const ssize_t put = ::write(descriptor_, in, static_cast<size_t>(length));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_errno("write", path_);
    in += put;
    length -= put;
  }
}

void AtomicFile::commit() {
  if (temporary_.empty()) return;  // a device or a pipe has what it was given
  if (::fsync(descriptor_) != 0) fail_errno("write", path_);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_errno("write", path_);
  ::close(descriptor_);
  descriptor_ = -1;
  // The rename itself survives a power failure once the folder is flushed; a file system that cannot do so keeps the file.
  const std::filesystem::path folder = std::filesystem::path(target_).parent_path();
  const int folder_descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_descriptor < 0) return;
  ::fsync(folder_descriptor);
  ::close(folder_descriptor);
}

}  // namespace heddle::io::detail

namespace heddle::io {

void write_file(const std::string& path, const std::string& content) try {
  detail::AtomicFile file(path);
  file.write(content);
  file.commit();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
