#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/run_files.h"
#include "heddle/error.h"

namespace heddle::cli {

/// What a run leaves behind, written one by one. A file that cannot be written keeps neither the others from being written nor
/// the figures from being printed; and whatever fails afterwards, its sentence tells which files are safe.
class ResultFiles {
 public:
  /// `nothing_saved`: what to say where no file was asked for, such as how to keep the model the next time; or empty.
  explicit ResultFiles(std::string nothing_saved) : nothing_saved_(std::move(nothing_saved)) {}

  /// Calls `write` with `path`, unless that is empty, and remembers what came of it. `what` is lost if it fails: "the model".
  void write(const std::string& what, const std::string& path, const std::function<void(const std::string& path)>& write);
  /// Files written, in their order.
  const std::vector<std::string>& saved() const { return saved_; }
  /// The same as a report's line, "saved      a, b"; empty where there are none.
  std::string saved_text() const;
  /// "saved a, b", what could not be saved and how to get it all the same, or that nothing was to be.
  std::string outcome() const;
  /// Runs `report`, which prints or judges; what it throws is thrown on with the outcome behind its sentence.
  void report(const std::function<void()>& report) const;
  /// Throws the first failure to write, if there was one.
  void require_saved() const;

 private:
  std::string failures() const;

  struct Failure {
    ErrorKind kind;
    std::string sentence;
  };
  std::string nothing_saved_;
  std::vector<std::string> saved_;
  std::vector<Failure> failures_;
};

/// Where a training that did not come to its end leaves what would have gone to `path`, for only a finished training takes a
/// file's name: "live.unfinished.safetensors" for "live.safetensors". A device or a pipe is no finished model's place: empty for
/// these, as for an empty path.
std::string unfinished_path(const std::string& path);

/// Which of the two names the results of a training take.
class SaveNames {
 public:
  /// `--replace-with-unfinished`, for a training that can end early; `early`: how, "interrupted".
  void add_to(CLI::App& app, const std::string& early);
  /// Lists an output, and the name that it has when the training does not come to its end.
  void list(RunFiles& files, const std::string& option, const std::string& path) const;
  /// The name to write to.
  std::string of(const std::string& path, bool finished) const;
  /// Behind a sentence about an unfinished training: why `path` was left alone; empty where it was not.
  std::string left_alone(const std::string& path) const;

 private:
  bool replace_ = false;
};

}  // namespace heddle::cli
