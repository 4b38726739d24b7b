#include "kernels/dense/blas_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

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

/// OpenBLAS brings LAPACK along; the reference BLAS has it in a library of its own.
Dsyevd find_dsyevd(void* library) {
  if (const auto found = symbol<Dsyevd>(library, "dsyevd_")) return found;
  void* lapack = open_without_threads("liblapack.so.3");
  return lapack == nullptr ? nullptr : symbol<Dsyevd>(lapack, "dsyevd_");
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
    return {sgemm, find_dsyevd(library), describe(library, file)};
  }
  fail(ErrorKind::no_device, "cpu: products this large need a BLAS, and none can be opened: ", reasons);
}

}  // namespace

const BlasLibrary& blas_library() {
  static const BlasLibrary library = open();
  return library;
}

void symmetric_eigen(double* a, int64_t n, double* values) {
  if (n == 0) return;
  require(n <= 1 << 14, ErrorKind::usage, "symmetric_eigen: a matrix of ", n, " rows, 16384 is the limit");  // int workspaces
  require(std::all_of(a, a + n * n, [](double value) { return std::isfinite(value); }), ErrorKind::diverged,
          "symmetric_eigen: the matrix has values that are not finite");
  const BlasLibrary& blas = blas_library();
  require(blas.dsyevd != nullptr, ErrorKind::no_device, "eigenvectors need LAPACK's dsyevd, and neither ", blas.description,
          " nor liblapack.so.3 has it");
  const int size = static_cast<int>(n);
  int info = 0;
  double work_size = 0;
  int integers_size = 0;
  constexpr int ask = -1;
  const auto call = [&](double* work, int work_count, int* integers, int integers_count) {
    blas.dsyevd("V", "U", &size, a, &size, values, work, &work_count, integers, &integers_count, &info, 1, 1);
    require(info == 0, ErrorKind::diverged, "symmetric_eigen: dsyevd of ", n, " rows ended with info ", info);
  };
  call(&work_size, ask, &integers_size, ask);
  std::vector<double> work(static_cast<std::size_t>(work_size));
  std::vector<int> integers(static_cast<std::size_t>(integers_size));
  call(work.data(), static_cast<int>(work.size()), integers.data(), static_cast<int>(integers.size()));
}

}  // namespace heddle::kernels
