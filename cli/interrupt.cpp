#include "cli/interrupt.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "cli/terminal.h"

namespace heddle::cli {

namespace {

std::atomic<int> first_signal{0};
std::atomic<int64_t> asked_at{0};  ///< to stop, by SIGINT or SIGTERM; nanoseconds of a clock that only goes on, 0: not yet
std::atomic<const char*> answer{nullptr};
std::atomic<const char*> last_words{nullptr};  ///< with which the program ends at the first signal; null: it goes on
std::atomic<bool> caught{false};               ///< catch_interrupts was called
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free &&
                  std::atomic<const char*>::is_always_lock_free,
              "a signal handler may only touch lock-free atomics");

// A program that ends another may send the signal to it and to its group, as timeout does: that asks once.
constexpr int64_t same_request = 500'000'000;

// On a terminal the cursor may stand behind a progress bar, and behind the ^C that it echoes.
constexpr const char* plain_answer = "heddle: stopping after this step; once more ends at once\n";
constexpr const char* answer_over_bar = "\r\033[Kheddle: stopping after this step; once more ends at once\n";
constexpr const char* answer_on_terminal = "\nheddle: stopping after this step; once more ends at once\n";

int64_t nanoseconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void write_line(const char* line) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line, std::char_traits<char>::length(line));
}

/// Calls nothing but what signal-safety(7) lists.
void on_signal(int signal) {
  const int before = errno;
  if (const char* const words = last_words; words != nullptr && (signal == SIGINT || signal == SIGTERM)) {
    last_words = nullptr;
    write_line(words);
    ::signal(signal, SIG_DFL);
    ::raise(signal);  // comes through as soon as this handler is left
    errno = before;
    return;
  }
  note_interrupt(signal);
  // A terminal that is closed may send SIGHUP more than once, by the kernel and by the shell; only who asks twice means it.
  if (signal == SIGINT || signal == SIGTERM) {
    const int64_t now = nanoseconds_now();
    int64_t first = 0;
    if (asked_at.compare_exchange_strong(first, now)) {
      if (const char* const line = answer) write_line(line);
    } else if (now - first >= same_request) {
      ::signal(signal, SIG_DFL);
      ::raise(signal);  // comes through as soon as this handler is left
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
  if (caught.exchange(true)) return;
  last_words = nullptr;
  if (!quiet) answer = can_draw() ? answer_over_bar : ::isatty(STDERR_FILENO) != 0 ? answer_on_terminal : plain_answer;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) catch_signal(signal);
}

void note_doing(std::string_view doing, std::string_view left) {
  if (caught) return;
  // A signal may come at any time, as late as the program's end: no sentence goes away.
  static std::mutex& mutex = *new std::mutex;
  static std::set<std::string>& sentences = *new std::set<std::string>;
  const std::lock_guard lock(mutex);
  const char* const before = can_draw() ? "\r\033[K" : ::isatty(STDERR_FILENO) != 0 ? "\n" : "";  // as for plain_answer
  const std::string sentence = before + ("heddle: interrupted while " + std::string(doing)) + "; " + std::string(left) + "\n";
  const bool first = sentences.empty();
  last_words = sentences.insert(sentence).first->c_str();
  if (caught) last_words = nullptr;
  if (!first) return;
  for (const int signal : {SIGINT, SIGTERM}) catch_signal(signal);
}

bool interrupted() { return first_signal != 0; }

void note_interrupt(int signal) {
  int none = 0;
  first_signal.compare_exchange_strong(none, signal);
}

int interrupting_signal() { return first_signal == 0 ? SIGINT : first_signal.load(); }

}  // namespace heddle::cli
