#include "tests/cli/program.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "heddle/io.h"

namespace heddle::test {

namespace {

std::string lines(const std::vector<int32_t>& numbers) {
  std::string text;
  for (int32_t number : numbers) text += std::to_string(number) + "\n";
  return text;
}

/// Whether a process has a handler of its own for a signal: signal n is bit n - 1 of the mask.
bool catches(int signal, const std::string& process) {
  std::istringstream status(file_content(process + "/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigCgt:")) return (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1) != 0;
  }
  return false;
}

/// Processor time after which a training is under way; sanitizers slow what comes before it as well.
constexpr double seconds_to_start = sizeof HEDDLE_SANITIZERS > 1 ? 3 : 0.3;

/// Seconds of processor time that a process has used.
double processor_seconds(const std::string& process) {
  const std::string stat = file_content(process + "/stat");
  std::istringstream fields(stat.substr(stat.find(')') + 1));
  std::string field;
  for (int i = 3; i < 14; ++i) fields >> field;  // fields 3 to 13; 14 and 15 are the times in user and system mode
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

nlohmann::json ProgramResult::json() const {
  INFO(out);
  INFO(err);
  REQUIRE(status == 0);
  nlohmann::json object = nlohmann::json::parse(out, nullptr, false);
  REQUIRE(object.is_object());
  return object;
}

ProgramResult run_program(const std::string& arguments, const std::string& before) {
  const TempDir folder;
  const std::string errors = folder.file("err");
  // Progress, which comes after a second, is told where a test asks for it: `before` has the last word.
  const std::string command =
      "export HEDDLE_PROGRESS_DELAY=1000000000; " + before + " '" + program_path() + "' " + arguments + " 2>'" + errors + "'";
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  ProgramResult result;
  std::array<char, 4096> chunk{};
  for (std::size_t got = 0; (got = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) result.out.append(chunk.data(), got);
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.err = file_content(errors);
  return result;
}

ProgramResult run_unread(const std::string& arguments) {
  const TempDir folder;
  const std::string errors = folder.file("err"), status = folder.file("status");
  // The reader is gone before the program starts to write: it opens the pipe's other end and closes it.
  const std::string command = "mkfifo '" + folder.file("out") + "'; ('" + program_path() + "' " + arguments + " >'" +
                              folder.file("out") + "' 2>'" + errors + "'; echo $? >'" + status + "') & : <'" +
                              folder.file("out") + "'; wait";
  REQUIRE(std::system(command.c_str()) == 0);
  ProgramResult result;
  result.status = std::stoi(file_content(status));
  result.err = file_content(errors);
  return result;
}

namespace {

ProgramResult run_interrupted_after(double seconds, const std::string& arguments, const std::vector<int>& signals,
                                    std::chrono::milliseconds between) {
  const TempDir folder;
  const std::string pid_file = folder.file("pid");
  for (int signal : signals) ::signal(signal, SIG_DFL);  // a background job of a script has some ignored, and its children too
  std::jthread finger([&](const std::stop_token& stop) {
    double caught_at = -1;
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      const std::string pid = file_content(pid_file);
      if (pid.empty() || pid.back() != '\n') continue;
      const std::string process = "/proc/" + pid.substr(0, pid.size() - 1);
      if (caught_at < 0 && catches(signals.front(), process)) caught_at = processor_seconds(process);
      if (caught_at < 0 || processor_seconds(process) < caught_at + seconds) continue;
      for (int signal : signals) {
        ::kill(static_cast<pid_t>(std::stol(pid)), signal);
        std::this_thread::sleep_for(between);
      }
      return;
    }
  });
  return run_program(arguments, "sh -c 'echo $$ >\"" + pid_file + "\"; exec \"$@\"' sh");
}

}  // namespace

ProgramResult run_interrupted(const std::string& arguments, const std::vector<int>& signals, std::chrono::milliseconds between) {
  return run_interrupted_after(seconds_to_start, arguments, signals, between);
}

ProgramResult run_interrupted_early(const std::string& arguments) {
  return run_interrupted_after(0.2, arguments, {SIGINT}, std::chrono::milliseconds(30));
}

ProgramResult run_interrupted_at(const std::string& words, const std::string& arguments) {
  const TempDir folder;
  const std::string pid_file = folder.file("pid");
  ::signal(SIGINT, SIG_DFL);
  std::jthread finger([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const std::string pid = file_content(pid_file);
      if (pid.empty() || pid.back() != '\n') continue;
      const std::string told = file_content("/proc/" + pid.substr(0, pid.size() - 1) + "/fd/2");
      if (told.find(words) == std::string::npos) continue;
      ::kill(static_cast<pid_t>(std::stol(pid)), SIGINT);
      return;
    }
  });
  return run_program(arguments, "HEDDLE_PROGRESS_DELAY=0 sh -c 'echo $$ >\"" + pid_file + "\"; exec \"$@\"' sh");
}

bool can_count() {
  static const ProgramResult counted = run_program("bench spmm --device simt --graph star:3 --dim 1");
  if (counted.status == 0) return true;
  INFO(counted.err);
  REQUIRE(counted.status == 2);
  REQUIRE(counted.err.find("this build cannot count") != std::string::npos);
  MESSAGE("skipped: this build cannot count");
  return false;
}

void write_karate(const TempDir& folder) {
  const NodeDataset data = io::karate_club();
  std::string edges = "# from to\n";
  for (const auto& [first, second] : data.edges) edges += std::to_string(first) + " " + std::to_string(second) + "\n";
  folder.write("edges.txt", edges);
  folder.write("labels.txt", lines(data.labels));
  folder.write("train.txt", lines(data.train));
  folder.write("test.txt", lines(data.test));
}

void write_interactions(const TempDir& folder) {
  std::string train;
  std::string test;
  uint32_t random = 1;
  for (int user = 0; user < 60; ++user) {
    std::vector<int> items;
    while (items.size() < 14) {
      random = random * 1664525 + 1013904223;
      const int drawn = static_cast<int>(random >> 16) % 40;
      // The user's own kind, unless the item is one of the few that everybody may have.
      const int item = items.size() < 9 ? drawn / 4 * 4 + user % 4 : drawn;
      if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
    }
    train += std::to_string(user);
    test += std::to_string(user);
    for (std::size_t i = 0; i < items.size(); ++i) (i < 2 ? test : train) += " " + std::to_string(items[i]);
    train += "\n";
    test += "\n";
  }
  folder.write("train.txt", train);
  folder.write("test.txt", test);
}

std::string file_content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace heddle::test
