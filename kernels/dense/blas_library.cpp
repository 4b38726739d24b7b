#include "kernels/dense/blas_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/error.h"

namespace heddle::kernels {

namespace {

template <class Function>
Function symbol(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

/// Of the dynamic linker, which has none where what failed was not its own.
std::string last_error() {
  const char* const message = dlerror();
  return message != nullptr ? message : "the dynamic linker gives no reason";
}

/// What the libraries of a PrivateNamespace read when they are opened: one thread, which nobody ties to a core. An OpenMP build
/// asks for its number of threads in every call, so that no call of ours afterwards could settle it.
constexpr std::pair<const char*, const char*> one_thread[] = {
    {"OPENBLAS_NUM_THREADS", "1"}, {"GOTO_NUM_THREADS", "1"},   {"OMP_NUM_THREADS", "1"},  {"MKL_NUM_THREADS", "1"},
    {"BLIS_NUM_THREADS", "1"},     {"OPENBLAS_MAIN_FREE", "1"}, {"OMP_PROC_BIND", "false"}};

/// Opens libraries that share nothing with the program's own: a namespace of the dynamic linker, with a C library, an environment
/// and, where OpenBLAS is built with it, an OpenMP of its own. What is set there the program never sees.
class PrivateNamespace {
 public:
  PrivateNamespace();
  PrivateNamespace(const PrivateNamespace&) = delete;
  PrivateNamespace& operator=(const PrivateNamespace&) = delete;
  /// The namespace stays for as long as something that was opened into it does.
  ~PrivateNamespace() {
    if (c_library_ != nullptr) dlclose(c_library_);
  }

  void* open(const char* file) const {
#ifdef LM_ID_NEWLM
    if (c_library_ != nullptr) return dlmopen(id_, file, RTLD_NOW | RTLD_LOCAL);
#endif
    return dlopen(file, RTLD_NOW | RTLD_LOCAL);
  }
  /// Empty, or why `open` opens into the program's own namespace.
  const std::string& missing() const { return missing_; }

 private:
  void* c_library_ = nullptr;
#ifdef LM_ID_NEWLM
  Lmid_t id_ = LM_ID_BASE;
#endif
  std::string missing_;
};

#ifdef LM_ID_NEWLM
PrivateNamespace::PrivateNamespace() {
  c_library_ = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW | RTLD_LOCAL);
  if (c_library_ == nullptr) {
    missing_ = last_error();
    return;
  }
  const auto clear = symbol<int (*)()>(c_library_, "clearenv");
  const auto set = symbol<int (*)(const char*, const char*, int)>(c_library_, "setenv");
  if (clear == nullptr || set == nullptr || dlinfo(c_library_, RTLD_DI_LMID, &id_) != 0) {
    missing_ = last_error();
    dlclose(std::exchange(c_library_, nullptr));
    return;
  }
  // At first that environment is the very array of the program's, which would see what is set in it: let go of it, and copy.
  clear();
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const std::size_t end = variable.find('=');
    if (end != 0 && end != std::string_view::npos) set(std::string(variable.substr(0, end)).c_str(), *entry + end + 1, 1);
  }
  for (const auto& [name, value] : one_thread) set(name, value, 1);
}
#else
PrivateNamespace::PrivateNamespace() : missing_("this C library has no dlmopen") {}
#endif

/// How libraries with threads say how many they use, and the variable that sets the number.
constexpr std::pair<const char*, const char*> thread_counts[] = {{"openblas_get_num_threads", "OPENBLAS_NUM_THREADS"},
                                                                 {"MKL_Get_Max_Threads", "MKL_NUM_THREADS"},
                                                                 {"bli_thread_get_num_threads", "BLIS_NUM_THREADS"}};

bool tells_threads(void* library) {
  return std::any_of(std::begin(thread_counts), std::end(thread_counts),
                     [library](const auto& count) { return dlsym(library, count.first) != nullptr; });
}

/// Empty, or why this library cannot be used where it is opened into the program's own namespace: the number of its threads is
/// the program's to set, and the bits of a product would change with it.
std::string reason_against_sharing(void* library, const char* file, const std::string& missing) {
  if (missing.empty()) return {};
  for (const auto& [function, variable] : thread_counts) {
    const auto threads = symbol<int (*)()>(library, function);
    if (threads == nullptr || threads() <= 1) continue;
    return text(file, " has ", counted(threads(), "thread"), " and cannot be opened apart from the program's own (", missing,
                "); with ", variable, "=1 in the environment it can be used");
  }
  return {};
}

std::string describe(void* library, const char* file, const std::string& missing) {
  if (!missing.empty() && !tells_threads(library)) {
    return text(file, ", shared with the program (", missing, "), which does not tell its number of threads");
  }
  const auto config = symbol<char* (*)()>(library, "openblas_get_config");
  if (config == nullptr) return file;
  std::string text_of_it = config();
  while (text_of_it.ends_with(' ')) text_of_it.pop_back();
  const auto kernels_for = symbol<char* (*)()>(library, "openblas_get_corename");
  return kernels_for == nullptr ? text_of_it : text(text_of_it, ", kernels for ", kernels_for());
}

/// OpenBLAS brings LAPACK along; the reference BLAS has it in a library of its own.
Dsyevd find_dsyevd(void* library, const PrivateNamespace& apart) {
  if (const auto found = symbol<Dsyevd>(library, "dsyevd_")) return found;
  void* lapack = apart.open("liblapack.so.3");
  return lapack == nullptr ? nullptr : symbol<Dsyevd>(lapack, "dsyevd_");
}

BlasLibrary open() {
  const PrivateNamespace apart;
  std::string reasons;
  const auto add = [&](const std::string& reason) { reasons += (reasons.empty() ? "" : "; ") + reason; };
  // OpenBLAS's own name first, then what Debian's alternatives call the CBLAS, then the file that the build found.
  for (const char* file : {"libopenblas.so.0", "libcblas.so.3", "libblas.so.3", HEDDLE_CBLAS_LIBRARY}) {
    void* library = apart.open(file);
    if (library == nullptr) {
      add(last_error());
      continue;
    }
    const auto sgemm = symbol<decltype(&cblas_sgemm)>(library, "cblas_sgemm");
    const std::string reason =
        sgemm == nullptr ? text(file, " has no cblas_sgemm") : reason_against_sharing(library, file, apart.missing());
    if (reason.empty()) return {sgemm, find_dsyevd(library, apart), describe(library, file, apart.missing())};
    add(reason);
    dlclose(library);
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
  require(n <= 1 << 14, ErrorKind::usage, "symmetric_eigen: a matrix of ", counted(n, "row"),
          ", 16384 is the limit");  // int workspaces
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
    require(info == 0, ErrorKind::diverged, "symmetric_eigen: dsyevd of ", counted(n, "row"), " ended with info ", info);
  };
  call(&work_size, ask, &integers_size, ask);
  std::vector<double> work(static_cast<std::size_t>(work_size));
  std::vector<int> integers(static_cast<std::size_t>(integers_size));
  call(work.data(), static_cast<int>(work.size()), integers.data(), static_cast<int>(integers.size()));
}

}  // namespace heddle::kernels
