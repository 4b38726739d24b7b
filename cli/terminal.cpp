#include "cli/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "cli/text_columns.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

/// The state of the one terminal there is.
std::mutex terminal_mutex;
bool line_is_drawn = false;

/// As much of it as is taken.
void write_all(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Under the lock.
void erase() noexcept {
  if (line_is_drawn) write_all("\r\033[K");
  line_is_drawn = false;
}

/// Whether the terminal takes something now: one that was stopped (Ctrl-S) must not stop the work.
bool is_ready() noexcept {
  pollfd standard_error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&standard_error, 1, 0) == 1 && (standard_error.revents & POLLOUT) != 0;
}

}  // namespace

void open_missing_streams() noexcept {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free descriptor is this one, since those below it are open.
    if (::open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY) != descriptor) return;
  }
}

bool can_draw() noexcept {
  const char* const term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) != 0 && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

int terminal_width() noexcept {
  constexpr int usual = 80;
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

int output_width() noexcept {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void draw_line(std::string_view line) noexcept try {
  const std::lock_guard lock(terminal_mutex);
  if (!is_ready()) return;
  const std::string shown = cut_to_columns(io::detail::printable(line), terminal_width() - columns_left_free);
  write_all("\r" + shown + "\033[K");
  line_is_drawn = !shown.empty();
} catch (...) {  // no memory: then it is not drawn
}

void erase_line() noexcept {
  const std::lock_guard lock(terminal_mutex);
  erase();
}

void say(std::string_view line) noexcept try {
  const std::string bytes = io::detail::printable_lines(line) + '\n';  // in one write: lines of several programs do not mix
  const std::lock_guard lock(terminal_mutex);
  erase();
  write_all(bytes);
} catch (...) {  // no memory for the sentence that says so, perhaps
  write_all(line);
  write_all("\n");
}

bool write_standard_output(std::string_view bytes) noexcept {
  const std::lock_guard lock(terminal_mutex);
  erase();
  return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() && std::fflush(stdout) == 0;
}

}  // namespace heddle::cli
