#include "heddle/error.h"

#include <atomic>
#include <new>
#include <stdexcept>
#include <system_error>

#include "heddle/rethrow.h"

namespace heddle {

namespace {

std::atomic<LogSink> log_sink{nullptr};

// Made when the program starts: copies of them share the sentence, so that they can be thrown where there is no memory at all.
const Error no_memory(ErrorKind::out_of_memory, "the host has no memory left for this");
const Error too_long(ErrorKind::out_of_memory, "more memory was asked for than any host has");

}  // namespace

void rethrow_as_error() {
  try {
    try {
      throw;
    } catch (const std::length_error&) {
      throw too_long;
    } catch (const std::system_error& error) {
      const bool memory = error.code() == std::errc::not_enough_memory;
      fail(memory ? ErrorKind::out_of_memory : ErrorKind::io, error.what());
    }
  } catch (const std::bad_alloc&) {  // of the sentence as well
    throw no_memory;
  }
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
