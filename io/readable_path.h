#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "heddle/progress.h"
#include "heddle/reading.h"
#include "io/reading_progress.h"
#include "io/zip_archive.h"

namespace heddle::io::detail {

/// The place of the one member of an archive that could be data; the others, folders left aside, go to `passed_over`. Throws
/// Error{bad_data} that lists those there are where it is not one.
std::size_t only_data_member(const ZipArchive& archive, const std::string& name, std::vector<std::string>& passed_over);

/// Whether a name, of a file or in an archive, is a folder's, hidden, or that of what systems and people put beside their data.
bool is_beside_data(const std::string& member);

/// A path as readers open it: by name, as often as they want. Of a pipe, of standard input, and of the one file in a zip archive
/// it is a copy in memory, which the system has a name for.
class ReadablePath {
 public:
  /// "-" stands for standard input. A zip archive that is no file of a program's own (.npz, .xlsx) must hold one file that could
  /// be data; Error{bad_data} lists those there are. `progress` is told while a pipe is read, and may end that.
  ReadablePath(const std::string& given, const ProgressCallback& progress);
  ~ReadablePath();
  ReadablePath(const ReadablePath&) = delete;
  ReadablePath& operator=(const ReadablePath&) = delete;

  /// What to open: the path that was given, or the copy's.
  const std::string& path() const { return path_; }
  /// What people call it: the path that was given, or "standard input".
  const std::string& name() const { return name_; }
  bool is_copy() const { return descriptor_ >= 0; }

  /// Says of the file that was given what is said of the copy.
  void rename(Reading& reading) const;
  std::string renamed(std::string sentence) const;

 private:
  void copy_pipe(int from, const ProgressCallback& progress);
  void unpack();

  std::string name_;
  std::string member_;                    // of the archive
  std::vector<std::string> passed_over_;  // other members
  std::string path_;
  int descriptor_ = -1;  // of the copy
};

/// What `read(paths, reading)` gives of a data set of several files, with its reading, and `told`, if given, the same even where
/// an Error ends it.
template <class Read>
auto read_all_and_tell(const std::vector<std::string>& given, const ReadOptions& options, Reading* told, const Read& read) {
  Reading reading;
  std::deque<ReadablePath> readable;
  const auto rename = [&] {
    for (const ReadablePath& path : readable) path.rename(reading);
  };
  try {
    tell_reading(options.progress, 0);
    for (const std::string& path : given) readable.emplace_back(path, options.progress);
    auto data = read(readable, reading);
    rename();
    if (options.strict) require_certain(reading);
    if (told != nullptr) *told = reading;
    data.reading = std::move(reading);
    return data;
  } catch (const Error& error) {
    rename();
    reading.refused = error.what();
    for (const ReadablePath& path : readable) reading.refused = path.renamed(std::move(reading.refused));
    const Error renamed(error.kind(), reading.refused);
    if (told != nullptr) *told = std::move(reading);
    throw renamed;
  }
}

/// The same of one path: `read(path, reading)`.
template <class Read>
auto read_and_tell(const std::string& given, const ReadOptions& options, Reading* told, const Read& read) {
  return read_all_and_tell({given}, options, told, [&](const std::deque<ReadablePath>& readable, Reading& reading) {
    return read(readable.front(), reading);
  });
}

}  // namespace heddle::io::detail
