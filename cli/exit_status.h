#pragma once

#include "heddle/error.h"

namespace heddle::cli {

/// The program's exit status for an error; 0 is success. docs/cli.md lists them. Of an interrupted run it tells the signal.
int exit_status(ErrorKind kind);

/// The exception that is being handled, in a `catch (...)`, as one of heddle's.
Error current_error();

/// Nobody reads standard output any more. Where nothing else is lost by that, it needs no words.
class OutputClosed : public Error {
 public:
  OutputClosed() : Error(ErrorKind::interrupted, "standard output was closed before everything was printed") {}
};

}  // namespace heddle::cli
