#include "kernels/device/processors.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "heddle/error.h"
#include "kernels/device/backend.h"

namespace heddle::kernels {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// Whether `word` is one of those that commas part.
bool lists(const std::string& list, std::string_view word) {
  std::istringstream in(list);
  for (std::string entry; std::getline(in, entry, ',');) {
    if (entry == word) return true;
  }
  return false;
}

std::optional<int64_t> number(const std::string& word) {
  int64_t value = 0;
  const char* const end = word.data() + word.size();
  const auto [stopped, status] = std::from_chars(word.data(), end, value);
  if (status != std::errc() || stopped != end) return std::nullopt;
  return value;
}

/// A path in /proc/self/mountinfo: blanks, tabs, newlines and backslashes stand there as a backslash and three octal digits.
std::string unescaped(const std::string& path) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string result;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\' && i + 3 < path.size() && octal(path[i + 1]) && octal(path[i + 2]) && octal(path[i + 3])) {
      result += static_cast<char>((path[i + 1] - '0') * 64 + (path[i + 2] - '0') * 8 + (path[i + 3] - '0'));
      i += 3;
    } else {
      result += path[i];
    }
  }
  return result;
}

/// A mounted hierarchy of control groups that can limit processor time.
struct Hierarchy {
  bool version2 = false;
  std::string top;    ///< the group that is mounted
  std::string mount;  ///< where
};

std::vector<Hierarchy> hierarchies(const fs::path& root) {
  std::vector<Hierarchy> found;
  for (const std::string& line : lines_of(root / "proc/self/mountinfo")) {
    // number, parent, device, top, mount point, options, tags ..., "-", type, source, options of the file system
    const std::vector<std::string> words = words_of(line);
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (dash - words.begin() < 6 || words.end() - dash < 4) continue;
    const std::string& type = dash[1];
    if (type == "cgroup2" || (type == "cgroup" && lists(dash[3], "cpu"))) {
      found.push_back({type == "cgroup2", unescaped(words[3]), unescaped(words[4])});
    }
  }
  return found;
}

/// The group of this process in version 2's hierarchy, or in that of version 1 that has the cpu controller.
std::optional<std::string> own_group(const fs::path& root, bool version2) {
  for (const std::string& line : lines_of(root / "proc/self/cgroup")) {
    // number, controllers, path; colons may occur in the path
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool is_own = version2 ? line.starts_with("0:") && controllers.empty() : lists(controllers, "cpu");
    if (is_own) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// Processors that the group in `folder` is granted.
std::optional<double> granted(const fs::path& folder, bool version2) {
  std::optional<int64_t> quota, period;
  if (version2) {
    const std::vector<std::string> lines = lines_of(folder / "cpu.max");
    if (lines.size() != 1) return std::nullopt;
    const std::vector<std::string> words = words_of(lines[0]);  // "max 100000": no limit
    if (words.size() != 2) return std::nullopt;
    quota = number(words[0]);
    period = number(words[1]);
  } else {
    const auto only = [&](const char* file) -> std::optional<int64_t> {
      const std::vector<std::string> lines = lines_of(folder / file);
      return lines.size() == 1 ? number(lines[0]) : std::nullopt;
    };
    quota = only("cpu.cfs_quota_us");  // -1: no limit
    period = only("cpu.cfs_period_us");
  }
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace

std::optional<CpuQuota> cpu_quota(const fs::path& root) {
  std::optional<CpuQuota> least;
  for (const Hierarchy& hierarchy : hierarchies(root)) {
    const std::optional<std::string> group = own_group(root, hierarchy.version2);
    if (!group) continue;
    // The group's folder below the mount point. A container often sees its own group's files there, under the name that the
    // group has outside, or none: then the mount point itself is what there is to read.
    fs::path below = fs::path(*group).lexically_relative(hierarchy.top);
    if (below.empty() || below.begin()->string() == "..") below = ".";
    below = below.lexically_normal();
    if (std::find(below.begin(), below.end(), "..") != below.end()) below = ".";
    for (;; below = below.parent_path()) {
      const fs::path folder = below == "." ? fs::path(hierarchy.mount) : hierarchy.mount / below;
      const std::optional<double> here = granted(root / folder.relative_path(), hierarchy.version2);
      if (here && (!least || *here < least->processors)) {
        least = CpuQuota{*here, (folder / (hierarchy.version2 ? "cpu.max" : "cpu.cfs_quota_us")).string()};
      }
      if (below.empty() || below == ".") break;
    }
  }
  return least;
}

int usable_processors() {
#if defined(__linux__)
  // A set for as many processors as the kernel knows: it refuses smaller ones.
  for (int most = CPU_SETSIZE; most <= 1 << 20; most *= 2) {
    cpu_set_t* const set = CPU_ALLOC(most);
    if (set == nullptr) break;
    const int status = sched_getaffinity(0, CPU_ALLOC_SIZE(most), set);
    const int count = status == 0 ? CPU_COUNT_S(CPU_ALLOC_SIZE(most), set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
#endif
  const unsigned threads = std::thread::hardware_concurrency();
  return threads > 0 ? static_cast<int>(threads) : 1;
}

DefaultThreads default_threads(int usable, const std::optional<CpuQuota>& quota) {
  const std::string processors = text(counted(usable, "processor"));
  if (quota && std::ceil(quota->processors) < usable) {
    const int count = std::max(1, static_cast<int>(std::ceil(quota->processors)));
    return {std::min(count, most_threads), text(quota->file, " grants the time of ", quota->processors, " of ", processors)};
  }
  if (usable > most_threads) return {most_threads, text("the most there can be, on ", processors)};
  return {usable, usable == 1 ? "one for the one processor" : text("one for each of ", processors)};
}

std::optional<Isa> forced_isa() {
  const char* const forced = std::getenv("HEDDLE_ISA");
  if (forced == nullptr || *forced == '\0') return std::nullopt;
  std::string names;
  for (const Isa isa : available_isas()) {
    if (forced == std::string_view(to_string(isa))) return isa;
    names += text(names.empty() ? "" : ", ", to_string(isa));
  }
  fail(ErrorKind::usage, "HEDDLE_ISA is '", forced, "', this processor has: ", names);
}

}  // namespace heddle::kernels

namespace heddle {

DefaultThreads default_threads() { return kernels::default_threads(kernels::usable_processors(), kernels::cpu_quota()); }

}  // namespace heddle
