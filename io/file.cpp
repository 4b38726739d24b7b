#include "io/file.h"

#include <fcntl.h>
#include <sys/file.h>
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
#include "io/decompress.h"
#include "io/limits.h"
#include "io/listing.h"

namespace heddle::io::detail {

namespace {

/// Throws Error{io} with the system's reason for the failure that just happened.
[[noreturn]] void fail_errno(const char* action, const std::string& path) {
  const int reason = errno;
  fail(ErrorKind::io, "cannot ", action, " ", path, ": ", std::strerror(reason));
}

constexpr const char* temporary_mark = ".tmp-";

/// The file that `path` stands for: symbolic links followed to their end, whether something is there or not yet.
std::string follow_links(const std::string& path) {
  constexpr int most_links = 40;  // as the system itself allows
  std::filesystem::path at(path);
  std::error_code failed;
  for (int i = 0; i < most_links; ++i) {
    if (!std::filesystem::is_symlink(std::filesystem::symlink_status(at, failed))) return at.string();
    const std::filesystem::path next = std::filesystem::read_symlink(at, failed);
    if (failed) fail(ErrorKind::io, "cannot write ", path, ": ", failed.message());
    at = at.parent_path() / next;  // an absolute one replaces the folder
  }
  fail(ErrorKind::io, "cannot write ", path, ": ", std::strerror(ELOOP));
}

/// Throws Error{io} where the folder of `target`, which `path` stands for, is not there, or is no folder.
void require_folder_of(const std::string& target, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(target).parent_path();
  std::filesystem::path at;
  for (const std::filesystem::path& part : folder) {
    at /= part;
    std::error_code failed;
    const std::filesystem::file_status status = std::filesystem::status(at, failed);
    require(status.type() != std::filesystem::file_type::not_found, ErrorKind::io, "cannot write ", path, ": the folder ",
            at.string(), " does not exist");
    const bool other = std::filesystem::exists(status) && !std::filesystem::is_directory(status);
    require(!other, ErrorKind::io, "cannot write ", path, ": ", at.string(), " is a file, not a folder");
  }
}

/// Whether `name` is what a temporary of `target` is called: TARGET.tmp-PROCESS-NUMBER.
bool is_temporary_of(std::string_view target, std::string_view name) {
  if (!name.starts_with(target)) return false;
  name.remove_prefix(target.size());
  if (!name.starts_with(temporary_mark)) return false;
  name.remove_prefix(std::string_view(temporary_mark).size());
  const std::size_t dash = name.find('-');
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return dash != std::string_view::npos && digits(name.substr(0, dash)) && digits(name.substr(dash + 1));
}

/// Removes temporaries of `target` that a killed process left: those that nobody holds a lock on. Whatever fails is left to the
/// next time.
void remove_abandoned(const std::string& target) {
  const std::filesystem::path path(target);
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const std::string name = path.filename().string();
  for (const std::string& entry : names_in(folder.string())) {
    if (!is_temporary_of(name, entry)) continue;
    const std::string found = (folder / entry).string();
    const int descriptor = ::open(found.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) continue;
    struct stat opened {
    }, named{};
    if (::fstat(descriptor, &opened) == 0 && S_ISREG(opened.st_mode) && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 &&
        ::lstat(found.c_str(), &named) == 0 && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino)
      ::unlink(found.c_str());
    ::close(descriptor);
  }
}

/// Gives a new file the owner, group and mode of the one whose place it will take, as far as the system allows that: a group that
/// cannot be kept has no more rights than everybody.
void take_over(int descriptor, const struct stat& before) {
  const bool group_kept =
      ::fchown(descriptor, before.st_uid, before.st_gid) == 0 || ::fchown(descriptor, static_cast<uid_t>(-1), before.st_gid) == 0;
  mode_t mode = before.st_mode & 0777;
  if (!group_kept) mode = (mode & ~070U) | ((mode & 007U) << 3);
  // A file system without modes refuses; the file then has the one that it gives to all.
  [[maybe_unused]] const int changed = ::fchmod(descriptor, mode);
}

}  // namespace

void MemorySource::read(int64_t offset, void* target, int64_t length) const {
  if (length > 0) std::memcpy(target, bytes_.data() + offset, static_cast<std::size_t>(length));
}

InputFile::InputFile(const std::string& path) : path_(path) {
  // Without O_NONBLOCK, opening a named pipe that nobody writes to would wait for ever.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) {
    const int reason = errno;
    fail(ErrorKind::io, "cannot read ", path, ": ", std::strerror(reason), reason == ENOENT ? near_paths(path) : "");
  }
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    const int reason = errno;
    ::close(descriptor_);
    require(known, ErrorKind::io, "cannot read ", path, ": ", std::strerror(reason));
    fail(ErrorKind::io, "cannot read ", path, ": it is ", S_ISDIR(status.st_mode) ? "a folder" : "not a regular file");
  }
  size_ = status.st_size;
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read(int64_t offset, void* target, int64_t length) const {
  char* out = static_cast<char*>(target);
  while (length > 0) {
    const ssize_t got = ::pread(descriptor_, out, static_cast<std::size_t>(length), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno("read", path_);
    require(got > 0, ErrorKind::io, "cannot read ", path_, ": it became shorter than ", counted(size_, "byte"),
            " while it was read");
    out += got;
    offset += got;
    length -= got;
  }
}

ByteBuffer::ByteBuffer(int64_t size)
    : data_(std::make_unique_for_overwrite<char[]>(static_cast<std::size_t>(size))), size_(size) {}

void ByteBuffer::resize(int64_t size) {
  ByteBuffer resized(size);
  if (const int64_t kept = std::min(size, size_); kept > 0) std::memcpy(resized.data(), data(), static_cast<std::size_t>(kept));
  *this = std::move(resized);
}

std::pair<std::string, bool> ending_of(const std::string& path) {
  std::filesystem::path named(path);
  const bool gzip = named.extension() == ".gz";
  if (gzip) named = named.stem();
  return {named.extension().string(), gzip};
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
  if (compression_of(buffer.view()) == Compression::none) return buffer;
  return decompress(buffer.view(), path, max_inflated(static_cast<int64_t>(buffer.view().size())));
}

AtomicFile::AtomicFile(const std::string& path, FileAccess access) : path_(path) {
  struct stat before {};
  const bool exists = ::stat(path.c_str(), &before) == 0;
  if (!exists && errno != ENOENT && errno != ENOTDIR) fail_errno("write", path);
  require(!exists || !S_ISDIR(before.st_mode), ErrorKind::io, "cannot write ", path, ": it is a folder");
  if (exists && !S_ISREG(before.st_mode)) {
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail_errno("write", path);
    return;
  }
  target_ = follow_links(path);
  if (!exists) require_folder_of(target_, path);
  remove_abandoned(target_);
  // What takes a file's place must never be open to more people than that file was, not even while it is written.
  open_temporary(exists || access == FileAccess::owner ? 0600 : 0666);
  if (exists) take_over(descriptor_, before);
}

void AtomicFile::open_temporary(unsigned mode) {
  static std::atomic<unsigned> serial{0};
  constexpr int most_removed = 100;
  for (int removed = 0; removed < most_removed;) {
    temporary_ = text(target_, temporary_mark, ::getpid(), "-", serial++);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor_ < 0 && errno == EEXIST) continue;  // of a process of another machine or container that has our id
    if (descriptor_ < 0) fail_errno("write", path_);
    // The lock tells others that this file is being written: it ends with the process, however that ends. Somebody who looked
    // between `open` and `flock` took the file for an abandoned one and removed it; then another is made. A file system without
    // locks leaves all temporaries alone. Whether it is there is asked by its name: there are file systems that count no links.
    while (::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
    }
    struct stat status {};
    if (::lstat(temporary_.c_str(), &status) == 0 || errno != ENOENT) return;
    ::close(descriptor_);
    descriptor_ = -1;
    ++removed;
  }
  fail(ErrorKind::io, "cannot write ", path_, ": ", counted(most_removed, "temporary file"),
       " beside it were removed by somebody as soon as they were made");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  ::close(descriptor_);
}

void AtomicFile::write(const void* bytes, int64_t length) {
  const char* in = static_cast<const char*>(bytes);
  while (length > 0) {
    const ssize_t put = ::write(descriptor_, in, static_cast<std::size_t>(length));
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

void write_file(const std::string& path, const std::string& content, FileAccess access) try {
  detail::AtomicFile file(path, access);
  file.write(content);
  file.commit();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
