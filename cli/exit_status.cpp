#include "cli/exit_status.h"

#include <exception>

#include "cli/interrupt.h"
#include "heddle/rethrow.h"

namespace heddle::cli {

int exit_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return 2;
    case ErrorKind::bad_data: return 3;
    case ErrorKind::out_of_memory: return 4;
    case ErrorKind::no_device: return 5;
    case ErrorKind::diverged: return 6;
    case ErrorKind::io: return 7;
    case ErrorKind::internal: return 8;
    case ErrorKind::interrupted: return 128 + interrupting_signal();  // as a shell says it
  }
  return 8;
}

Error current_error() {
  try {
    rethrow_as_error();
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return {ErrorKind::internal, text("unexpected error: ", error.what())};
  }
}

}  // namespace heddle::cli
