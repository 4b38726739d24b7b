#pragma once

#include <string>
#include <utility>
#include <vector>

namespace heddle {

/// "MAJOR.MINOR.PATCH" of the library that is linked.
const char* version();

/// How this library was built and what it runs with.
struct BuildInfo {
  std::string version;
  std::string compiler;    ///< "GCC 12.2.0"
  std::string build_type;  ///< CMake's, "Release"
  std::string cuda;        ///< versions of the CUDA runtime and driver, or "not built in"
  std::string blas;        ///< as the BLAS describes itself, or why none can be opened
  /// Name and version of each other library, as loaded.
  std::vector<std::pair<std::string, std::string>> libraries;
};

BuildInfo build_info();

}  // namespace heddle
