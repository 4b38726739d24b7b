#include "cli/exit_status.h"

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
    case ErrorKind::interrupted: return 130;  // a shell's 128 + SIGINT
  }
  return 8;
}

}  // namespace heddle::cli
