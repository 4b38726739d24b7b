#pragma once

#include <string>
#include <vector>

namespace heddle::cli {

/// The files of a run. Every subcommand that writes files lists here, before it does anything else, what it will read and what it
/// was asked to write, and has both checked: nobody's file is written over by a slip of the hand, and what cannot be written is
/// found out before the work, not after it.
class RunFiles {
 public:
  /// `option` ("--data") names `path` to be read: a file, a data set's folder, or what stands for one ("DIR/cora"). An empty path
  /// was not asked for.
  void reads(const std::string& option, const std::string& path);
  /// `option` names `path` to be written. An empty path was not asked for.
  void writes(const std::string& option, const std::string& path);

  /// Throws Error{usage} where an output is a file that is read (whatever the two are called: by device and inode), where
  /// standard output or standard error goes, or another output; Error{io} where it cannot be written.
  void check() const;

 private:
  struct Named {
    std::string option, path;
  };
  std::vector<Named> inputs_, outputs_;
};

}  // namespace heddle::cli
