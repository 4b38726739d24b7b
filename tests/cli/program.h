#pragma once

#include <signal.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace heddle::test {

/// What a run of the program left behind.
struct ProgramResult {
  int status = -1;  ///< exit status; 128 + signal where one ended it
  std::string out;
  std::string err;

  /// Standard output as one JSON object; a failed test where it is anything else.
  nlohmann::json json() const;
};

/// The program. One source file knows its name, so that a compiler cache serves several checkouts.
std::string program_path();

/// Runs `heddle ARGUMENTS` by a shell. `before` stands in front of the program: variables ("HEDDLE_ISA=avx2"), "timeout 1", ...
ProgramResult run_program(const std::string& arguments, const std::string& before = "");

/// Runs `heddle ARGUMENTS` and sends it `signals` (Ctrl-C by default), one after the other, once it has caught the first kind and
/// then worked for some processor time: however slow the machine, it is then in its training. `between` two signals that much
/// time passes; two of a kind that wait at the same time are one.
ProgramResult run_interrupted(const std::string& arguments, const std::vector<int>& signals = {SIGINT},
                              std::chrono::milliseconds between = std::chrono::milliseconds(30));
/// The same at the beginning of its work: as soon as it has caught Ctrl-C and worked for 0.2 s of processor time, sanitizers or
/// not.
ProgramResult run_interrupted_early(const std::string& arguments);

/// Runs `heddle ARGUMENTS` and sends it Ctrl-C as soon as its progress on standard error, told without delay, has `words`.
ProgramResult run_interrupted_at(const std::string& words, const std::string& arguments);

/// Runs `heddle ARGUMENTS` with a standard output that nobody reads any more.
ProgramResult run_unread(const std::string& arguments);

/// Whether `heddle bench --device simt` counts in this build; says that the test is skipped where it says that it cannot, and
/// fails for any other reason.
bool can_count();

/// The karate club as a folder of files: edges, labels, train and test split.
void write_karate(const TempDir& folder);

/// 60 users and 40 items of 4 kinds as train.txt and test.txt: users have mostly items of one kind, 12 to train on and 2 to test.
void write_interactions(const TempDir& folder);

/// A file's bytes.
std::string file_content(const std::string& path);

}  // namespace heddle::test
