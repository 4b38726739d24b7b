#pragma once

#include <string>
#include <vector>

/// Other programs: the compiler of a variant's file, and binutils.
namespace heddle::bench {

struct CommandResult {
  int status = -1;     ///< exit status, 128 + signal where one ended it; 127 where there is no such program
  std::string output;  ///< standard output and standard error
};

/// Runs arguments[0], looked up in PATH, without a shell and without input, to its end. Throws Error{io} where the system
/// refuses.
CommandResult run_command(const std::vector<std::string>& arguments);

/// "kernel.cu:12" for a return address in this program or in a module that it loaded, by binutils' addr2line and the code's debug
/// information; "code address 0x..." where these are missing.
std::string source_line(const void* code);

}  // namespace heddle::bench
