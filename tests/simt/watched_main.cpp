// The suites of kernels and gradients once more, in a program whose simt kernels are the instrumented ones: each launch of theirs
// is looked at for races and accesses out of bounds, in three orders of the threads. A device file of the project that no launch
// comes from fails the program, and so does a single launch in it. --any-files leaves that out, for a choice of the tests.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bench/command.h"
#include "kernels/simt/bounds_checker.h"
#include "kernels/simt/race_detector.h"
#include "kernels/simt/watch.h"
#include "tests/support/source_dir.h"

namespace {

using namespace heddle;
namespace fs = std::filesystem;

/// Device files without kernels that the executor could run, and why.
const std::map<std::string, std::string> without_kernels = {
    {"kernels/graph_build/graph_build.cu", "Thrust's algorithms, no kernel of our own"},
    {"kernels/rows/rows_cub.cu", "CUB's sort, for cuda alone; its twin in rows.cu is run"}};

/// Remembers the lines that launch, and hands everything on.
class Launches final : public simt::Observer {
 public:
  explicit Launches(simt::Observer& next) : next_(next) {}
  /// Of a file, named from the project's folder on: the compiler may have been given another way to it.
  std::set<unsigned> lines(const std::string& file) const {
    std::set<unsigned> found;
    for (const auto& [name, lines] : lines_) {
      if (name == file || name.ends_with("/" + file)) found.insert(lines.begin(), lines.end());
    }
    return found;
  }

  void launch_begins(const simt::Launch& launch) override {
    lines_[launch.where.file].insert(launch.where.line);
    next_.launch_begins(launch);
  }
  void block_begins(uint64_t serial, simt::Index3 block) override { next_.block_begins(serial, block); }
  void shared_allocated(const void* address, std::size_t bytes) override { next_.shared_allocated(address, bytes); }
  const std::string* accesses(const simt::Access& access) override { return next_.accesses(access); }
  void lanes_met(unsigned warp, uint32_t mask, simt::Collective collective) override { next_.lanes_met(warp, mask, collective); }
  void block_met() override { next_.block_met(); }
  void fenced(unsigned thread) override { next_.fenced(thread); }

 private:
  simt::Observer& next_;
  std::map<std::string, std::set<unsigned>> lines_;
};

class WatchAll final : public simt::Watch {
 public:
  WatchAll() {
    races_.name_memory([this](const void* address) { return bounds_.name_of(address); });
  }
  SimtSchedule schedule() override { return schedule_; }
  simt::Observer* observer() override { return &bounds_; }
  void allocated(const void* address, std::size_t bytes) override {
    bounds_.name_array("an array of " + std::to_string(bytes) + " bytes", address, bytes);
  }
  void released(const void* address, std::size_t bytes) override { bounds_.forget_arrays(address, bytes); }
  void set_schedule(SimtSchedule schedule) { schedule_ = schedule; }
  const Launches& launches() const { return launches_; }

 private:
  simt::RaceDetector races_{bench::source_line};
  Launches launches_{races_};
  simt::BoundsChecker bounds_{launches_, bench::source_line};
  SimtSchedule schedule_ = SimtSchedule::forward;
};

/// The lines of a file that begin a launch.
std::vector<unsigned> launching_lines(const fs::path& file) {
  std::vector<unsigned> lines;
  std::ifstream source(file);
  unsigned number = 0;
  for (std::string line; std::getline(source, line);) {
    ++number;
    const std::size_t at = line.find("launch(");
    if (at != std::string::npos && (at == 0 || line[at - 1] == ' ') && line.find("//") > at) lines.push_back(number);
  }
  return lines;
}

/// Says which device files and which of their launches nothing has run; how many those are.
int unwatched(const Launches& launches) {
  int missing = 0, watched = 0;
  for (const auto& entry : fs::recursive_directory_iterator(test::source_dir() / "kernels")) {
    if (entry.path().extension() != ".cu") continue;
    const std::string file = entry.path().lexically_relative(test::source_dir()).string();
    if (without_kernels.contains(file)) continue;
    const std::vector<unsigned> lines = launching_lines(entry.path());
    const std::set<unsigned> found = launches.lines(file);
    if (found.empty() || lines.empty()) {
      std::fprintf(stderr, "%s: no launch of it was watched\n", file.c_str());
      ++missing;
      continue;
    }
    for (const unsigned line : lines) {
      if (found.contains(line)) {
        ++watched;
      } else {
        std::fprintf(stderr, "%s:%u: this launch was not watched\n", file.c_str(), line);
        ++missing;
      }
    }
  }
  std::printf("%d launches of device files were watched, %d were not\n", watched, missing);
  return missing;
}

}  // namespace

int main(int argc, char** argv) {
  bool any_files = false;
  std::vector<const char*> arguments;
  for (int i = 0; i < argc; ++i) {
    if (std::strcmp(argv[i], "--any-files") == 0) {
      any_files = true;
    } else {
      arguments.push_back(argv[i]);
    }
  }
  WatchAll watch;
  simt::set_watch(&watch);
  int failed = 0;
  for (const SimtSchedule schedule : {SimtSchedule::forward, SimtSchedule::reverse, SimtSchedule::random}) {
    watch.set_schedule(schedule);
    failed |= doctest::Context(static_cast<int>(arguments.size()), arguments.data()).run();
  }
  simt::set_watch(nullptr);
  if (failed != 0 || any_files) return failed;
  return unwatched(watch.launches()) == 0 ? 0 : 1;
}
