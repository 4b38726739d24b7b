#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// Other programs, the compiler of a variant's file and binutils, and a place for what they make.
namespace heddle::bench {

/// A new folder that goes away with the object.
class TempFolder {
 public:
  /// Throws Error{io} where none can be made.
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

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

/// The function that the code begins: its mangled name, and the path of its file as it was compiled. Empty where binutils or
/// debug information are missing.
struct FunctionPlace {
  std::string name, file;
};
FunctionPlace function_at(const void* code);

/// The words between blanks: a command with its options. The second: those of a variable of the environment, or where that is not
/// set, of `fallback`.
std::vector<std::string> words_of(const std::string& written);
std::vector<std::string> command_words(const char* variable, const char* fallback);

}  // namespace heddle::bench
