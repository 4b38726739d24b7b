#include "cli/run_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "cli/report.h"
#include "heddle/error.h"
#include "io/file.h"
#include "io/input_files.h"

namespace heddle::cli {

namespace {

namespace fs = std::filesystem;

/// A file whatever it is called: device and inode.
using FileId = std::pair<dev_t, ino_t>;

/// Of the regular file at `path`, or of what it links to; nothing where there is none.
std::optional<FileId> id_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return FileId{status.st_dev, status.st_ino};
}

std::optional<FileId> id_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return FileId{status.st_dev, status.st_ino};
}

/// What two names of one file have in common, although there may be no file yet: the path without links and dots.
std::string place_of(const std::string& path) {
  std::error_code ignored;
  fs::path at(path);
  // weakly_canonical leaves a link alone that points to nothing.
  for (int links = 0; links < 40 && fs::is_symlink(fs::symlink_status(at, ignored)); ++links)
    at = at.parent_path() / fs::read_symlink(at, ignored);
  at = fs::absolute(at, ignored);
  const fs::path canonical = fs::weakly_canonical(at, ignored);  // empty where some folder cannot be looked into
  return (canonical.empty() ? at : canonical).string();
}

void check_writable(const std::string& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status)) {
    // A device or a pipe: opening it might wait for somebody who reads, or tell them that nothing comes.
    require(access(path.c_str(), W_OK) == 0, ErrorKind::io, "cannot write ", path, ": ", std::strerror(errno));
    return;
  }
  // Begun and not finished: that leaves what there is as it is, and meets every reason why the write itself would fail but a disk
  // that is full.
  const io::detail::AtomicFile begun(path);
}

/// A standard stream that goes to a file of the run's inputs would add to it; `what`: "standard output".
void refuse_stream_into(const std::map<FileId, std::string>& inputs, int descriptor, const char* what) {
  const std::optional<FileId> id = id_of(descriptor);
  const auto found = id ? inputs.find(*id) : inputs.end();
  if (found == inputs.end()) return;
  // The sentence itself must not go there.
  const std::optional<FileId> other = id_of(STDOUT_FILENO);
  if (descriptor == STDERR_FILENO) {
    const int elsewhere = other && inputs.contains(*other) ? ::open("/dev/null", O_WRONLY | O_CLOEXEC) : STDOUT_FILENO;
    ::dup2(elsewhere, STDERR_FILENO);
  }
  fail(ErrorKind::usage, what, " goes to a file that ", found->second, "; send it elsewhere");
}

}  // namespace

void RunFiles::reads(const std::string& option, const std::string& path) {
  if (!path.empty()) inputs_.push_back({option, path});
}

void RunFiles::reads(const std::string& option, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) reads(option, path);
}

void RunFiles::reads_file(const std::string& option, const std::string& path) {
  if (!path.empty()) inputs_.push_back({option, path, true});
}

void RunFiles::writes(const std::string& option, const std::string& path) {
  if (!path.empty()) outputs_.push_back({option, path});
}

void RunFiles::check() const {
  std::map<FileId, std::string> taken;  // by whom, as words
  for (const Named& input : inputs_) {
    for (const std::string& file : input.alone ? std::vector{input.path} : io::detail::input_files(input.path)) {
      if (const std::optional<FileId> id = id_of(file)) {
        taken.emplace(*id, text("is part of what this run reads (", input.option, " ", input.path,
                                file == input.path ? "" : text(": ", file), ")"));
      }
    }
  }
  refuse_stream_into(taken, STDERR_FILENO, "standard error");
  refuse_stream_into(taken, STDOUT_FILENO, "standard output");
  if (const std::optional<FileId> id = id_of(STDOUT_FILENO)) taken.emplace(*id, "is where standard output goes");
  if (const std::optional<FileId> id = id_of(STDERR_FILENO)) taken.emplace(*id, "is where standard error goes");
  std::map<std::string, std::string> places;
  for (const Named& output : outputs_) {
    std::string words = text("is named for two outputs (", output.option);
    if (const std::optional<FileId> id = id_of(output.path)) {
      const auto [found, fresh] = taken.emplace(*id, words);
      require(fresh, ErrorKind::usage, output.option, ": ", output.path, " ", found->second,
              found->second.starts_with("is named") ? text(" and ", output.option, ")") : "", "; name another file");
    }
    const auto [found, fresh] = places.emplace(place_of(output.path), words);
    require(fresh, ErrorKind::usage, output.option, ": ", output.path, " ", found->second, " and ", output.option,
            "); name another file");
    for (const Named& input : inputs_) {
      require(input.alone || !io::detail::would_be_input(input.path, output.path), ErrorKind::usage, output.option, ": ",
              output.path, " is named like a part of a data set, and stands where ", input.path,
              " is read; give it another name, or another folder");
    }
  }
  for (const Named& output : outputs_) check_writable(output.path);
}

void require_room(const std::string& option, const std::string& path, int64_t bytes) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (path.empty() || (fs::exists(status) && !fs::is_regular_file(status))) return;
  const std::string folder = fs::path(place_of(path)).parent_path().string();
  struct statvfs system {};
  // A file system that tells of no blocks at all does not count them.
  if (::statvfs(folder.c_str(), &system) != 0 || system.f_blocks == 0) return;
  // What a file system keeps back for root is root's.
  const double room =
      static_cast<double>(::geteuid() == 0 ? system.f_bfree : system.f_bavail) * static_cast<double>(system.f_frsize);
  require(room >= static_cast<double>(bytes), ErrorKind::io, option, ": ", path, " will take ", size_text(bytes),
          " or more, and its file system has ", size_text(static_cast<int64_t>(room)),
          " left; make room, or name a file elsewhere");
}

}  // namespace heddle::cli
