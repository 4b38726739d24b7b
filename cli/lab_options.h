#pragma once

#include <CLI/App.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "cli/run_files.h"

/// Options that the commands about kernel variants share.
namespace heddle::cli {

/// `--graph NAME...`
void add_graphs(CLI::App& app, std::vector<std::string>& graphs);
/// The names, with those of the standard set in place of "standard"; `absent` gets those of it that HEDDLE_DATA lacks.
std::vector<std::string> graph_names(const std::vector<std::string>& wanted, std::vector<std::string>& absent);
/// Lists what reading these graphs opens; throws for one that there is not.
void list_graphs(const std::vector<std::string>& wanted, RunFiles& files);

/// `--dim N,...`; `what`: what the numbers are.
void add_widths(CLI::App& app, std::string& widths, const std::string& what);
/// "16,32"; throws Error{usage} for anything but whole numbers from 1.
std::vector<int64_t> widths_of(const std::string& list);

/// `--repeats N`.
void add_repeats(CLI::App& app, int64_t& repeats);

/// Runs `compare`; false where a signal ended it before its end (Error{interrupted}).
bool unless_interrupted(const std::function<void()>& compare);

/// Tells which of the cases (a graph at a width) is being measured.
class LabProgress {
 public:
  LabProgress(ProgressBar& progress, std::size_t cases) : progress_(progress), cases_(cases) {}
  /// The case of this number, from 0.
  void begin(std::size_t number) const;
  /// Throws Error{interrupted} with how many cases were `measured`, and `outcome`, what came of them, where a signal kept the
  /// rest from being measured.
  void require_all(std::size_t measured, const std::string& outcome) const;

 private:
  ProgressBar& progress_;
  std::size_t cases_;
};

}  // namespace heddle::cli
