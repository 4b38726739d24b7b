#pragma once

#include "heddle/error.h"

namespace heddle::cli {

/// The program's exit status for an error; 0 is success. docs/cli.md lists them.
int exit_status(ErrorKind kind);

}  // namespace heddle::cli
