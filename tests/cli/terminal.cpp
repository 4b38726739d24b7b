#include "tests/cli/terminal.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/text_columns.h"
#include "tests/cli/program.h"

namespace heddle::test {

namespace {

/// Appends what is there to be read within `milliseconds`; false at the end.
bool read_some(int descriptor, int milliseconds, std::string& seen) {
  pollfd ready{.fd = descriptor, .events = POLLIN, .revents = 0};
  const int count = ::poll(&ready, 1, milliseconds);
  if (count <= 0) return true;
  char chunk[4096];
  const ssize_t got = ::read(descriptor, chunk, sizeof chunk);  // EIO: nobody has the other side any more
  if (got <= 0) return got < 0 && errno == EINTR;
  seen.append(chunk, static_cast<std::size_t>(got));
  return true;
}

/// Stops the program, and has all read that it had written; it goes on by SIGCONT.
void stop(int descriptor, pid_t program, TerminalRun& run) {
  ::kill(program, SIGSTOP);
  for (std::size_t before = std::string::npos; before != run.seen.size();) {
    before = run.seen.size();
    read_some(descriptor, 30, run.seen);
  }
  run.changed = run.seen.size();
}

/// Changes the window while the program stands still, with all that it had drawn read: what it draws later is of the new width,
/// but for one line that it may have been about to draw.
void change_window(int descriptor, pid_t program, int columns, TerminalRun& run) {
  stop(descriptor, program, run);
  const winsize size{.ws_row = 24, .ws_col = static_cast<unsigned short>(columns), .ws_xpixel = 0, .ws_ypixel = 0};
  REQUIRE(::ioctl(descriptor, TIOCSWINSZ, &size) == 0);  // sends SIGWINCH too
  ::kill(program, SIGCONT);
}

/// Whether a thread of the program waits for what is typed: it reads from its terminal, or asks again and again whether it could.
bool waits_for_input(pid_t program) {
  const std::filesystem::path process = "/proc/" + std::to_string(program);
  std::error_code ended;
  for (const auto& thread : std::filesystem::directory_iterator(process / "task", ended)) {
    std::ifstream call(thread.path() / "syscall");  // "0 0x3 ...": its number, what it is given; "running" where it is in none
    int number = -1;
    std::string first;
    if (!(call >> number >> first)) continue;
#ifdef SYS_poll
    if (number == SYS_poll) return true;
#endif
    if (number == SYS_ppoll) return true;
    if (number != SYS_read) continue;
    const std::string file = std::to_string(std::stoull(first, nullptr, 16));
    if (std::filesystem::read_symlink(process / "fd" / file, ended).string().starts_with("/dev/pts/")) return true;
  }
  return false;
}

/// Whether `text` was seen in a drawing that came to its end: another one began after it.
bool drawn_whole(const std::string& seen, const std::string& text) {
  const std::size_t at = seen.find(text);
  return at != std::string::npos && seen.find('\r', at) != std::string::npos;
}

void stop_for_a_while(int descriptor, pid_t program, TerminalRun& run) {
  using std::chrono::steady_clock;
  stop(descriptor, program, run);
  std::this_thread::sleep_for(std::chrono::seconds(5));
  stop(descriptor, program, run);  // what a busy machine had not handed on by then was drawn before, too
  ::kill(program, SIGCONT);
  for (const auto start = steady_clock::now(); steady_clock::now() - start < std::chrono::milliseconds(500);)
    read_some(descriptor, 100, run.seen);
  REQUIRE(::write(descriptor, "\x03", 1) == 1);
}

}  // namespace

TerminalRun run_on_terminal(const std::string& arguments, const Terminal& terminal) {
  const TempDir folder;
  const std::string results = folder.file("out");
  const std::string command = "TERM='" + terminal.type + "' HEDDLE_PROGRESS_DELAY='" + terminal.delay + "' exec '" +
                              program_path() + "' " + arguments + (terminal.results_there_too ? "" : " >'" + results + "'");
  winsize size{.ws_row = 24, .ws_col = static_cast<unsigned short>(terminal.columns), .ws_xpixel = 0, .ws_ypixel = 0};
  int descriptor = -1;
  int side = -1;
  REQUIRE(::openpty(&descriptor, &side, nullptr, nullptr, &size) == 0);
  const pid_t program = ::fork();
  REQUIRE(program >= 0);
  if (program == 0) {  // only what a signal handler may call, too: other threads may hold locks
    ::close(descriptor);
    ::setsid();
    ::ioctl(side, TIOCSCTTY, 0);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(side, stream);
    if (side > STDERR_FILENO) ::close(side);
    ::signal(SIGINT, SIG_DFL);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(side);
  TerminalRun run;
  bool changed = terminal.then_columns == 0;
  bool pressed = terminal.press_interrupt_at.empty() && !terminal.interrupt_waiting;
  bool stopped = terminal.stop_at.empty();
  while (read_some(descriptor, terminal.interrupt_waiting && !pressed ? 20 : 1000, run.seen)) {
    if (!changed && run.seen.find('\r') != std::string::npos) {
      change_window(descriptor, program, terminal.then_columns, run);
      changed = true;
    }
    if (!pressed && (terminal.interrupt_waiting ? waits_for_input(program)
                                                : run.seen.find(terminal.press_interrupt_at) != std::string::npos)) {
      REQUIRE(::write(descriptor, "\x03", 1) == 1);
      pressed = true;
    }
    if (!stopped && drawn_whole(run.seen, terminal.stop_at)) {
      stop_for_a_while(descriptor, program, run);
      stopped = true;
    }
    if (!terminal.close_at.empty() && run.seen.find(terminal.close_at) != std::string::npos) {
      ::close(std::exchange(descriptor, -1));
      break;
    }
  }
  int status = 0;
  REQUIRE(::waitpid(program, &status, 0) == program);
  if (descriptor >= 0) ::close(descriptor);
  run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (!terminal.results_there_too) run.out = file_content(results);
  if (terminal.then_columns == 0 && terminal.stop_at.empty()) run.changed = run.seen.size();
  CHECK(pressed);
  CHECK(stopped);
  return run;
}

std::vector<std::string> drawings(std::string_view seen) {
  std::vector<std::string> found;
  for (std::size_t at = seen.find('\r'); at != std::string_view::npos; at = seen.find('\r', at + 1)) {
    std::string_view piece = seen.substr(at + 1);
    piece = piece.substr(0, piece.find('\r'));
    if (piece.starts_with('\n')) continue;  // the end of a line that stays
    const std::size_t cleared = piece.find("\033[K");
    if (cleared != std::string_view::npos && cleared > 0) found.emplace_back(piece.substr(0, cleared));
  }
  return found;
}

std::vector<std::string> screen(std::string_view seen, int columns) {
  std::vector<std::vector<std::string>> rows(1);  // characters of a row
  std::size_t column = 0;
  for (std::size_t at = 0; at < seen.size();) {
    if (seen.substr(at).starts_with("\033[K")) {
      if (column < rows.back().size()) rows.back().resize(column);
      at += 3;
    } else if (seen[at] == '\r') {
      column = 0;
      ++at;
    } else if (seen[at] == '\n') {
      rows.emplace_back();
      column = 0;
      ++at;
    } else {
      if (static_cast<unsigned char>(seen[at]) < 0x20)
        throw std::runtime_error("a control character: " + std::to_string(seen[at]));
      std::size_t end = at + 1;
      while (end < seen.size() && (static_cast<unsigned char>(seen[end]) & 0xc0) == 0x80) ++end;
      const std::string character(seen.substr(at, end - at));
      const auto taken = static_cast<std::size_t>(cli::columns_of(character));
      at = end;
      if (taken == 0) {  // stands on the one before it
        if (column > 0) rows.back()[column - 1] += character;
        continue;
      }
      if (column + taken > static_cast<std::size_t>(columns)) {
        rows.emplace_back();
        column = 0;
      }
      if (rows.back().size() < column + taken) rows.back().resize(column + taken, " ");
      rows.back()[column] = character;
      if (taken == 2) rows.back()[column + 1].clear();
      column += taken;
    }
  }
  std::vector<std::string> lines;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (const std::string& character : row) line += character;
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace heddle::test
