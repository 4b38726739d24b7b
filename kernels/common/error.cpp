#include "heddle/error.h"

#include <atomic>

namespace heddle {

namespace {
std::atomic<LogSink> log_sink{nullptr};
}

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return "usage";
    case ErrorKind::bad_data: return "bad_data";
    case ErrorKind::out_of_memory: return "out_of_memory";
    case ErrorKind::no_device: return "no_device";
    case ErrorKind::diverged: return "diverged";
    case ErrorKind::interrupted: return "interrupted";
    case ErrorKind::io: return "io";
    case ErrorKind::internal: return "internal";
  }
  return "unknown";
}

void set_log_sink(LogSink sink) noexcept { log_sink = sink; }

void log_message(std::string_view message) noexcept {
  if (LogSink sink = log_sink) {
    try {
      sink(message);
    } catch (...) {  // a destructor may be the caller: a sink that throws must not end the program
    }
  }
}

}  // namespace heddle
