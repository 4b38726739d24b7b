#include "heddle/version.h"

#include <xxhash.h>
#include <zlib.h>

#include "heddle/error.h"
#include "io/zip_library.h"
#include "kernels/dense/blas_library.h"
#include "kernels/device/backend.h"

namespace heddle {

namespace {

std::string compiler() {
#if defined(__clang__)
  return text("Clang ", __clang_major__, ".", __clang_minor__, ".", __clang_patchlevel__);
#elif defined(__GNUC__)
  return text("GCC ", __GNUC__, ".", __GNUC_MINOR__, ".", __GNUC_PATCHLEVEL__);
#else
  return "unknown";
#endif
}

std::string blas() {
  try {
    return kernels::blas_library().description;
  } catch (const Error& error) {
    return error.what();
  }
}

std::string xxhash_version() {
  const unsigned number = XXH_versionNumber();  // major * 10000 + minor * 100 + release
  return text(number / 10000, ".", number / 100 % 100, ".", number % 100);
}

}  // namespace

const char* version() { return HEDDLE_VERSION; }

BuildInfo build_info() {
  return {.version = version(),
          .compiler = compiler(),
          .build_type = HEDDLE_BUILD_TYPE,
          .cuda = kernels::cuda_description(),
          .blas = blas(),
          .libraries = {{"zlib", zlibVersion()}, {"libzip", io::detail::zip_library_version()}, {"xxhash", xxhash_version()}}};
}

}  // namespace heddle
