#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace heddle::cli {

/// The files of a run. Every subcommand that reads or writes files lists here, before it does anything else, what it will read
/// and what it was asked to write, and has both checked: nobody's file is written over or added to by a slip of the hand, and
/// what cannot be written is found out before the work, not after it.
class RunFiles {
 public:
  /// `option` ("--data") names `path` to be read: a file, a data set's folder, or what stands for one ("DIR/cora"). An empty path
  /// was not asked for.
  void reads(const std::string& option, const std::string& path);
  /// The same of several; "-" among them is standard input.
  void reads(const std::string& option, const std::vector<std::string>& paths);
  /// The same for a file alone, whatever stands beside it: a model.
  void reads_file(const std::string& option, const std::string& path);
  /// `option` names `path` to be written. An empty path was not asked for.
  void writes(const std::string& option, const std::string& path);

  /// Throws Error{usage} where an output is a file that is read (whatever the two are called: by device and inode), would be one
  /// of a data set's files the next time that is read, is where standard output or standard error goes, or another output; where
  /// standard output or standard error goes to a file that is read; Error{io} where an output cannot be written.
  void check() const;

  /// Of a run that writes no files.
  template <class Paths>
  static void check_read(const std::string& option, const Paths& path) {
    RunFiles files;
    files.reads(option, path);
    files.check();
  }
  static void check_read_file(const std::string& option, const std::string& path) {
    RunFiles files;
    files.reads_file(option, path);
    files.check();
  }

 private:
  struct Named {
    std::string option, path;
    bool alone = false;  ///< of what is read: nothing beside it is
  };
  std::vector<Named> inputs_, outputs_;
};

/// Throws Error{io} where the file system has less room than `bytes` for `path`, a file that does not exist or is replaced once
/// the new one is whole. Nothing is known of a device or a pipe, nor where `path` is empty.
void require_room(const std::string& option, const std::string& path, int64_t bytes);

}  // namespace heddle::cli
