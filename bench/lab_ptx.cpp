#include "bench/lab_ptx.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "bench/command.h"
#include "bench/lab_module.h"
#include "heddle/error.h"

namespace heddle::bench {

namespace {

namespace fs = std::filesystem;

std::map<std::string, PtxInstructions> compile(const std::string& file) {
  std::error_code ignored;
  require(fs::exists(file, ignored), ErrorKind::usage, "the kernels' source ", file, " is not there to be compiled to PTX");
  const TempFolder folder;
  const std::string ptx = folder.file("kernels.ptx");
  std::vector<std::string> command = command_words("NVCC", HEDDLE_NVCC);
  // The project's own kernels include its other folders from its root.
  command.insert(command.end(), {"-std=c++20", "-ptx", "-arch=compute_80", "-DHEDDLE_TWIN=cuda", "-I" + include_folder(),
                                 "-I" + fs::path(HEDDLE_SOURCE_INCLUDE).parent_path().string()});
  const std::vector<std::string> extra = command_words("HEDDLE_MODULE_FLAGS", "");
  command.insert(command.end(), extra.begin(), extra.end());
  command.insert(command.end(), {file, "-o", ptx});
  const CommandResult result = run_command(command);
  std::string content;
  if (result.status == 0) {
    std::ifstream made(ptx, std::ios::binary);
    content.assign(std::istreambuf_iterator<char>(made), {});
  }
  require(result.status != 127, ErrorKind::usage, "PTX needs nvcc, and there is no ", command[0], ": name one in NVCC");
  require(result.status == 0, ErrorKind::usage, "nvcc makes no PTX of ", file, ": ",
          result.output.substr(0, result.output.find('\n')));
  return count_ptx(content);
}

}  // namespace

PtxInstructions ptx_instructions(const void* kernel) {
  static std::map<std::string, std::map<std::string, PtxInstructions>> files;
  FunctionPlace place = function_at(kernel);
  require(!place.file.empty(), ErrorKind::usage,
          "nothing tells which source file a kernel comes from: PTX needs binutils' addr2line");
  // The project's own kernels are told from the folder that they were built in.
  place.file = (fs::path(HEDDLE_BUILD_FOLDER) / place.file).lexically_normal().string();
  auto known = files.find(place.file);
  if (known == files.end()) known = files.emplace(place.file, compile(place.file)).first;
  const auto found = known->second.find(kernel_name(place.name));
  require(found != known->second.end(), ErrorKind::usage, "the PTX of ", place.file, " has no kernel ", kernel_name(place.name));
  return found->second;
}

}  // namespace heddle::bench
