#include "kernels/dense/blas_library.h"

#include <dlfcn.h>

#include <cstdlib>

#include "heddle/error.h"

namespace heddle::kernels {

namespace {

template <class Function>
Function symbol(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

/// Keeps OpenBLAS from starting threads when it is opened, unless the user has said how many it may have.
void* open_without_threads(const char* file) {
  constexpr const char* variable = "OPENBLAS_NUM_THREADS";
  const bool ours = std::getenv(variable) == nullptr;
  if (ours) setenv(variable, "1", 0);
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (ours) unsetenv(variable);
  return library;
}

std::string describe(void* library, const char* file) {
  const auto config = symbol<char* (*)()>(library, "openblas_get_config");
  if (config == nullptr) return file;
  std::string text_of_it = config();
  while (text_of_it.ends_with(' ')) text_of_it.pop_back();
  const auto kernels_for = symbol<char* (*)()>(library, "openblas_get_corename");
  return kernels_for == nullptr ? text_of_it : text(text_of_it, ", kernels for ", kernels_for());
}

BlasLibrary open() {
  std::string reasons;
  // OpenBLAS's own name first, then what Debian's alternatives call the CBLAS, then the file that the build found.
  for (const char* file : {"libopenblas.so.0", "libcblas.so.3", "libblas.so.3", HEDDLE_CBLAS_LIBRARY}) {
    void* library = open_without_threads(file);
    if (library == nullptr) {
      reasons += text(reasons.empty() ? "" : "; ", dlerror());
      continue;
    }
    const auto sgemm = symbol<decltype(&cblas_sgemm)>(library, "cblas_sgemm");
    if (sgemm == nullptr) {
      reasons += text(reasons.empty() ? "" : "; ", file, " has no cblas_sgemm");
      dlclose(library);
      continue;
    }
    // The program may have opened it before, with threads: its own change the bits of a product with their number.
    if (const auto set_threads = symbol<void (*)(int)>(library, "openblas_set_num_threads")) set_threads(1);
    return {sgemm, describe(library, file)};
  }
  fail(ErrorKind::no_device, "cpu: products this large need a BLAS, and none can be opened: ", reasons);
}

}  // namespace

const BlasLibrary& blas_library() {
  static const BlasLibrary library = open();
  return library;
}

}  // namespace heddle::kernels
