#pragma once

#include <string>
#include <utility>
#include <vector>

#include "heddle/export.h"
#include "heddle/version_number.h"

HEDDLE_API_BEGIN
namespace heddle {

/// "MAJOR.MINOR.PATCH" of the library that a program runs with; HEDDLE_VERSION is that of the headers it was compiled with. The
/// two differ where a shared library was replaced.
const char* version();

/// How this library was built and what it runs with.
struct BuildInfo {
  std::string version;     ///< as version()
  std::string compiler;    ///< "GCC 12.2.0"
  std::string build_type;  ///< CMake's, "Release"
  std::string cuda;        ///< versions of the CUDA runtime and driver, or "not built in"
  std::string blas;        ///< as the BLAS describes itself, or why none can be opened
  /// Name and version of each other library, as loaded.
  std::vector<std::pair<std::string, std::string>> libraries;
};

/// Opens the BLAS and libzip, to tell of them.
BuildInfo build_info();

}  // namespace heddle
HEDDLE_API_END
