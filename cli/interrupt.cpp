#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>

namespace heddle::cli {

namespace {

std::atomic<int> first_signal{0};
std::atomic<bool> asked_to_stop{false};  ///< by SIGINT or SIGTERM
std::atomic<const char*> answer{nullptr};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free &&
                  std::atomic<const char*>::is_always_lock_free,
              "a signal handler may only touch lock-free atomics");

// On a terminal the cursor may stand behind a progress bar, or behind the ^C that it echoes.
constexpr const char* kAnswer = "heddle: stopping after this step; once more ends at once\n";
constexpr const char* kAnswerOnTerminal = "\nheddle: stopping after this step; once more ends at once\n";

/// Calls nothing but what signal-safety(7) lists.
void on_signal(int signal) {
  const int before = errno;
  note_interrupt(signal);
  // A terminal that is closed may send SIGHUP more than once, by the kernel and by the shell; only who asks twice means it.
  if (signal == SIGINT || signal == SIGTERM) {
    if (asked_to_stop.exchange(true)) {
      ::signal(signal, SIG_DFL);
      ::raise(signal);  // comes through as soon as this handler is left
    } else if (const char* const line = answer) {
      [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line, std::char_traits<char>::length(line));
    }
  }
  errno = before;
}

void catch_signal(int signal) {
  struct sigaction before {};
  sigaction(signal, nullptr, &before);
  // A shell script starts its background jobs with SIGINT ignored, nohup its command with SIGHUP, and they mean it.
  if (before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

void catch_closed_pipes() { catch_signal(SIGPIPE); }

void catch_interrupts(bool quiet) {
  static std::atomic<bool> caught{false};
  if (caught.exchange(true)) return;
  if (!quiet) answer = ::isatty(STDERR_FILENO) != 0 ? kAnswerOnTerminal : kAnswer;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) catch_signal(signal);
}

bool interrupted() { return first_signal != 0; }

void note_interrupt(int signal) {
  int none = 0;
  first_signal.compare_exchange_strong(none, signal);
}

int interrupting_signal() { return first_signal == 0 ? SIGINT : first_signal.load(); }

}  // namespace heddle::cli
