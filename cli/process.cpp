#include "cli/process.h"

#include <malloc.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace heddle::cli {

namespace {

double start = 0;
int64_t forgotten_peak = 0;   ///< the peak before the last forget_peak_rss
bool peak_is_recent = false;  ///< whether the system has forgotten that one

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The system's figure.
int64_t resident_peak() {
  // getrusage alone would mislead: its ru_maxrss survives exec, so it also counts the program that started this one.
  if (const std::unique_ptr<FILE, int (*)(FILE*)> status(std::fopen("/proc/self/status", "r"), std::fclose); status != nullptr) {
    char line[256];
    long long kilobytes = 0;
    while (std::fgets(line, sizeof line, status.get()) != nullptr) {
      if (std::sscanf(line, "VmHWM: %lld kB", &kilobytes) == 1) return kilobytes * 1024;
    }
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

// The kernel tells a process's start in hundredths of a second only; what passed before main is the loader's work, which the
// process's CPU time counts well.
void note_start() { start = seconds(CLOCK_MONOTONIC) - seconds(CLOCK_PROCESS_CPUTIME_ID); }

double seconds_since_start() { return seconds(CLOCK_MONOTONIC) - start; }

int64_t peak_rss_bytes() { return std::max(forgotten_peak, resident_peak()); }

void forget_peak_rss() {
  forgotten_peak = peak_rss_bytes();
  malloc_trim(0);
  // proc(5): writing 5 resets the peak resident set size.
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/proc/self/clear_refs", "w"), std::fclose);
  peak_is_recent = file != nullptr && std::fputs("5", file.get()) >= 0 && std::fflush(file.get()) == 0;
}

int64_t recent_peak_rss_bytes() { return peak_is_recent ? resident_peak() : -1; }

}  // namespace heddle::cli
