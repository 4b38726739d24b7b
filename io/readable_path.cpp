#include "io/readable_path.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "heddle/error.h"
#include "io/content_kind.h"
#include "io/file.h"
#include "io/reading_progress.h"
#include "io/text.h"
#include "io/zip_archive.h"

namespace heddle::io::detail {

namespace {

/// Closes what it holds, whatever happens.
struct OpenDescriptor {
  int descriptor = -1;
  ~OpenDescriptor() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

[[noreturn]] void fail_reading(const std::string& name) { fail(ErrorKind::io, "cannot read ", name, ": ", std::strerror(errno)); }

/// A file in memory, and the name it can be opened by.
int make_memory_file(std::string& path) {
  const int descriptor = ::memfd_create("heddle-input", MFD_CLOEXEC);
  if (descriptor < 0) fail(ErrorKind::io, "cannot make a file in memory: ", std::strerror(errno));
  path = text("/proc/self/fd/", descriptor);
  return descriptor;
}

void write_whole(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == ENOMEM) throw std::bad_alloc();
    if (put < 0) fail(ErrorKind::io, "cannot write to a file in memory: ", std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

bool is_beside_data(const std::string& member) {
  const std::string name = lower_case(std::filesystem::path(member).filename().string());
  if (name.empty() || name.starts_with('.') || member.starts_with("__MACOSX/")) return true;
  if (name.starts_with("readme") || name.starts_with("license") || name.starts_with("licence")) return true;
  constexpr std::string_view endings[] = {".md", ".pdf", ".html", ".docx"};
  return std::any_of(std::begin(endings), std::end(endings), [&](std::string_view ending) { return name.ends_with(ending); });
}

ReadablePath::ReadablePath(const std::string& given, const ProgressCallback& progress) : name_(given), path_(given) {
  std::error_code ignored;
  const bool standard_input = (given == "-" && !std::filesystem::exists(given, ignored)) || given == "/dev/stdin";
  if (standard_input) {
    path_ = "/dev/stdin";
    name_ = "standard input";
  }
  struct stat status {};
  const bool there = standard_input ? ::fstat(STDIN_FILENO, &status) == 0 : ::stat(path_.c_str(), &status) == 0;
  if (!there) return;  // who opens it says why it cannot be read
  try {
    // A terminal is a device that ends; /dev/zero and its like do not.
    const bool terminal = standard_input && S_ISCHR(status.st_mode) && ::isatty(STDIN_FILENO) == 1;
    if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || terminal) {
      OpenDescriptor from{standard_input ? ::dup(STDIN_FILENO) : ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
      if (from.descriptor < 0) fail_reading(name_);
      copy_pipe(from.descriptor, progress);
    }
    if (kind_at(path_).format == "zip") unpack();
  } catch (...) {
    if (descriptor_ >= 0) ::close(descriptor_);
    throw;
  }
}

ReadablePath::~ReadablePath() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ReadablePath::copy_pipe(int from, const ProgressCallback& progress) {
  constexpr int64_t piece = int64_t{1} << 20;
  constexpr int look_up_ms = 100;  // how long who wants to stop waits for it, where nothing comes
  ByteBuffer buffer(piece);
  descriptor_ = make_memory_file(path_);
  for (;;) {
    tell_reading(progress, 0);
    // A named pipe that nobody has opened to write yet is waited for, as cat does.
    pollfd waiting{from, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, look_up_ms);
    if (ready < 0 && errno != EINTR) fail_reading(name_);
    if (ready <= 0) continue;
    const ssize_t got = ::read(from, buffer.data(), static_cast<std::size_t>(piece));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) fail_reading(name_);
    if (got == 0) return;
    write_whole(descriptor_, buffer.view().substr(0, static_cast<std::size_t>(got)));
  }
}

std::size_t only_data_member(const ZipArchive& archive, const std::string& name, std::vector<std::string>& passed_over) {
  const std::vector<std::string>& names = archive.names();
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].ends_with('/')) continue;
    if (!is_beside_data(names[i])) {
      candidates.push_back(i);
    } else {
      passed_over.push_back(names[i]);
    }
  }
  require(!candidates.empty(), ErrorKind::bad_data, name, " is a zip archive without a file that could be data");
  if (candidates.size() == 1) return candidates.front();
  constexpr std::size_t most_listed = 5;
  std::string listed;
  for (std::size_t i = 0; i < std::min(most_listed, candidates.size()); ++i)
    listed += (i > 0 ? ", " : "") + in_quotes(names[candidates[i]]);
  if (candidates.size() > most_listed) listed += ", …";
  fail(ErrorKind::bad_data, name, " is a zip archive of ", counted(candidates.size(), "file"), " (", listed,
       "); unpack it (unzip -d FOLDER) and name the file, or the folder that holds them");
}

void ReadablePath::unpack() {
  const ByteBuffer bytes = read_file(path_);
  ZipArchive archive(bytes.view(), name_, "a zip archive");
  const std::size_t index = only_data_member(archive, name_, passed_over_);
  const ByteBuffer content = archive.read(index);
  member_ = archive.names()[index];
  std::string path;
  const int unpacked = make_memory_file(path);
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = unpacked;
  path_ = std::move(path);
  write_whole(descriptor_, content.view());
}

std::string ReadablePath::renamed(std::string sentence) const {
  if (path_ == name_) return sentence;
  const std::string name = member_.empty() ? name_ : name_ + " [" + printable(member_) + "]";
  for (std::size_t at = 0; (at = sentence.find(path_, at)) != std::string::npos; at += name.size())
    sentence.replace(at, path_.size(), name);
  return sentence;
}

void ReadablePath::rename(Reading& reading) const {
  if (path_ == name_) return;
  for (FileReading& file : reading.files) {
    if (file.path != path_) continue;
    file.path = name_;
    if (!member_.empty()) file.member = member_;
  }
  for (RowsLeftOut& rows : reading.left_out) rows.file = rows.file == path_ ? name_ : rows.file;
  for (ReadingNote& note : reading.notes) {
    if (note.file == path_) note.file = name_;
    note.sentence = renamed(std::move(note.sentence));
  }
  for (const std::string& member : passed_over_) reading.files_not_read.push_back(name_ + "/" + member);
  reading.refused = renamed(std::move(reading.refused));
}

}  // namespace heddle::io::detail
