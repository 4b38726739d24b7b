#include "cli/process.h"

#include <sys/resource.h>
#include <time.h>

#include <cstdio>
#include <memory>

namespace heddle::cli {

namespace {

double start = 0;

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

// The kernel tells a process's start in hundredths of a second only; what passed before main is the loader's work, which the
// process's CPU time counts well.
void note_start() { start = seconds(CLOCK_MONOTONIC) - seconds(CLOCK_PROCESS_CPUTIME_ID); }

double seconds_since_start() { return seconds(CLOCK_MONOTONIC) - start; }

int64_t peak_rss_bytes() {
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

}  // namespace heddle::cli
