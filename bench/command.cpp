#include "bench/command.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <sstream>

#include "heddle/error.h"

namespace heddle::bench {

TempFolder::TempFolder() {
  std::error_code status;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(status);
  require(!status, ErrorKind::io, "there is no folder for temporary files (TMPDIR, or /tmp): ", status.message());
  std::string pattern = (parent / "heddle-XXXXXX").string();
  require(mkdtemp(pattern.data()) != nullptr, ErrorKind::io, "cannot make a folder like ", pattern, ": ", std::strerror(errno));
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

CommandResult run_command(const std::vector<std::string>& arguments) {
  int ends[2];
  require(pipe2(ends, O_CLOEXEC) == 0, ErrorKind::io, "cannot make a pipe to ", arguments[0], ": ", std::strerror(errno));
  posix_spawn_file_actions_t actions;
  int refused = posix_spawn_file_actions_init(&actions);
  require(refused == 0, ErrorKind::io, "cannot run ", arguments[0], ": ", std::strerror(refused));
  refused = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  for (const int output : {STDOUT_FILENO, STDERR_FILENO}) {
    if (refused == 0) refused = posix_spawn_file_actions_adddup2(&actions, ends[1], output);
  }
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  pid_t child = -1;
  if (refused == 0) refused = posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  CommandResult result;
  if (refused != 0) {
    close(ends[0]);
    require(refused == ENOENT, ErrorKind::io, "cannot run ", arguments[0], ": ", std::strerror(refused));
    result.status = 127;
    return result;
  }
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(ends[0], buffer, sizeof buffer);
    if (got > 0) {
      result.output.append(buffer, static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      break;
    }
  }
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) fail(ErrorKind::io, "cannot wait for ", arguments[0], ": ", std::strerror(errno));
  }
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

namespace {

/// The lines that addr2line prints about code of this program or of a module; empty where there are none.
std::vector<std::string> addr2line(const void* code, uintptr_t back, const char* options) {
  Dl_info info{};
  if (dladdr(code, &info) == 0) return {};
  const auto offset = reinterpret_cast<uintptr_t>(code) - back - reinterpret_cast<uintptr_t>(info.dli_fbase);
  const char* const file = strchr(info.dli_fname, '/') != nullptr ? info.dli_fname : "/proc/self/exe";
  // addr2line would take /proc/self/exe for itself.
  char resolved[4096];
  const ssize_t length = readlink(file, resolved, sizeof resolved);
  const std::string object = length > 0 ? std::string(resolved, static_cast<std::size_t>(length)) : std::string(file);
  const CommandResult result = run_command({"addr2line", options, "-e", object, text("0x", std::hex, offset)});
  std::vector<std::string> lines;
  if (result.status != 0) return lines;
  std::istringstream said(result.output);
  for (std::string line; std::getline(said, line);) lines.push_back(line);
  return lines;
}

}  // namespace

std::string source_line(const void* code) {
  static std::map<const void*, std::string> known;
  if (const auto found = known.find(code); found != known.end()) return found->second;
  std::string line = text("code address ", code);
  // A return address is behind the call.
  if (const std::vector<std::string> lines = addr2line(code, 1, "-s"); !lines.empty() && !lines[0].starts_with("?")) {
    line = lines[0].substr(0, lines[0].find(' '));
  }
  return known[code] = line;
}

FunctionPlace function_at(const void* code) {
  const std::vector<std::string> lines = addr2line(code, 0, "-f");
  if (lines.size() < 2 || lines[0].starts_with("?") || lines[1].starts_with("?")) return {};
  return {lines[0], lines[1].substr(0, lines[1].rfind(':'))};
}

std::vector<std::string> words_of(const std::string& written) {
  std::istringstream blanks(written);
  return {std::istream_iterator<std::string>(blanks), {}};
}

std::vector<std::string> command_words(const char* variable, const char* fallback) {
  const char* const set = std::getenv(variable);
  return words_of(set != nullptr && *set != '\0' ? set : fallback);
}

}  // namespace heddle::bench
