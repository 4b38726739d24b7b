#include "bench/lab_module.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>
#include <vector>

#include "bench/command.h"
#include "bench/lab_core.h"
#include "heddle/error.h"

namespace heddle::bench {

namespace {

namespace fs = std::filesystem;

bool has_headers(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "heddle" / "kernel" / "module.h", ignored);
}

}  // namespace

void check_include_folder() {
  const char* const set = std::getenv("HEDDLE_INCLUDE");
  require(set == nullptr || *set == '\0' || has_headers(set), ErrorKind::usage, "HEDDLE_INCLUDE is '", set == nullptr ? "" : set,
          "', where there is no heddle/kernel/module.h; it must be the folder include of heddle's sources or installation");
}

std::string include_folder() {
  check_include_folder();
  if (const char* set = std::getenv("HEDDLE_INCLUDE"); set != nullptr && *set != '\0') return set;
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path installed = program.parent_path().parent_path() / "include";
  for (const fs::path& folder : {installed, fs::path(HEDDLE_SOURCE_INCLUDE)}) {
    if (has_headers(folder)) return folder.string();
  }
  fail(ErrorKind::usage, "heddle's headers are neither in ", installed.string(), " nor in ", HEDDLE_SOURCE_INCLUDE,
       ": name their folder in HEDDLE_INCLUDE");
}

namespace {

/// What a compiler said: all of it to the log, its first complaint as the sentence.
void run_compiler(const std::string& source, std::vector<std::string> command, const char* variable) {
  const CommandResult result = run_command(command);
  require(result.status != 127, ErrorKind::usage, "there is no compiler ", command[0], " to compile ", source,
          " with: name one in ", variable);
  if (!result.output.empty()) log_message(result.output);
  if (result.status == 0) return;
  std::istringstream lines(result.output);
  std::string complaint;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("error") != std::string::npos) {
      complaint = line;
      break;
    }
  }
  fail(ErrorKind::bad_data, source,
       " does not compile: ", complaint.empty() ? text(command[0], " ends with status ", result.status) : complaint);
}

}  // namespace

VariantFile::VariantFile(std::string source, DeviceKind device) : source_(std::move(source)) {
  std::error_code ignored;
  require(fs::is_regular_file(source_, ignored), ErrorKind::io, "cannot read ", source_, ": there is no such file");
  require(device != DeviceKind::cpu, ErrorKind::usage, source_, ": a file's kernels run on simt or cuda, not on cpu");
  check_can_count(device);
  const std::string include = "-I" + include_folder();
  const std::string object = folder_.file("module.o"), module = folder_.file("module.so");
  const std::vector<std::string> extra = command_words("HEDDLE_MODULE_FLAGS", "");
  if (device == DeviceKind::cuda) {
    std::vector<std::string> command = command_words("NVCC", HEDDLE_NVCC);
    command.insert(command.end(),
                   {"-std=c++20", "-O3", "-lineinfo", "-shared", "-Xcompiler", "-fPIC,-fvisibility=hidden", "-DHEDDLE_TWIN=cuda",
                    "-gencode", "arch=compute_80,code=compute_80", "-cudart", HEDDLE_CUDART, include});
    command.insert(command.end(), extra.begin(), extra.end());
    command.insert(command.end(), {source_, "-o", module});
    run_compiler(source_, std::move(command), "NVCC");
  } else {
    // Compiled and linked apart: the program answers the calls of -fsanitize=thread, not the compiler's own library.
    std::vector<std::string> command = command_words("CXX", HEDDLE_CXX);
    const std::vector<std::string> instrumented = words_of(HEDDLE_INSTRUMENT_FLAGS);
    command.insert(command.end(),
                   {"-std=c++20", "-Wall", "-fPIC", "-fvisibility=hidden", "-DHEDDLE_TWIN=simt_instrumented", include});
    command.insert(command.end(), instrumented.begin(), instrumented.end());
    command.insert(command.end(), extra.begin(), extra.end());
    command.insert(command.end(), {"-x", "c++", "-c", source_, "-o", object});
    run_compiler(source_, std::move(command), "CXX");
    command = command_words("CXX", HEDDLE_CXX);
    command.insert(command.end(), {"-shared", object, "-o", module});
    run_compiler(source_, std::move(command), "CXX");
  }
  handle_ = dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) fail(ErrorKind::bad_data, source_, " cannot be loaded: ", dlerror());
}

bool VariantFile::exports(const std::string& op) const { return dlsym(handle_, ("heddle_variants_" + op).c_str()) != nullptr; }

const kernels::VariantModule* VariantFile::find(const std::string& op, std::size_t variant_bytes, std::size_t args_bytes) const {
  void* const symbol = dlsym(handle_, ("heddle_variants_" + op).c_str());
  if (symbol == nullptr) return nullptr;
  const kernels::VariantModule* const module = reinterpret_cast<const kernels::VariantModule* (*)()>(symbol)();
  require(module->interface == kernels::module_interface && module->variant_bytes == variant_bytes &&
              module->args_bytes == args_bytes,
          ErrorKind::bad_data, source_, " was compiled against headers of another version of heddle");
  return module;
}

}  // namespace heddle::bench
