// This program is linked with the machine's BLAS, as somebody's would be who multiplies matrices too. Whatever heddle computes,
// that BLAS keeps its number of threads and the environment its variables; and whatever that BLAS is set to, heddle's bits stay
// the same.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <cblas.h>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "heddle/context.h"
#include "heddle/ops.h"
#include "heddle/version.h"
#include "kernels/dense/blas_library.h"

namespace {

using namespace heddle;

/// The OpenBLAS that this program is linked with; null where its BLAS is another.
template <class Function>
Function of_host(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

/// Where each variable lies and what it says: a variable that is set and unset again lies elsewhere, or the whole table does.
std::vector<std::pair<const void*, std::string>> environment() {
  std::vector<std::pair<const void*, std::string>> all{{environ, "the table"}};
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry, *entry);
  return all;
}

long running_threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

HostMatrix matrix(int64_t rows, int64_t cols, int step) {
  HostMatrix result{rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols))};
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    result.values[i] = static_cast<float>(i * static_cast<std::size_t>(step) % 101) / 64 - 0.75f;
  }
  return result;
}

/// Too wide for the kernel that keeps its output in registers, and of more than one panel of rows.
std::vector<float> product(Context& context) {
  return matmul(context.make_tensor(matrix(1100, 300, 37)), context.make_tensor(matrix(300, 200, 53))).to_host().values;
}

/// Eigenvalues and eigenvectors of a symmetric matrix, one behind the other.
std::vector<double> eigen(int64_t n) {
  std::vector<double> a(static_cast<std::size_t>(n * n)), values(static_cast<std::size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) a[static_cast<std::size_t>(i * n + j)] = std::cos(static_cast<double>(i * j + i + j));
  }
  kernels::symmetric_eigen(a.data(), n, values.data());
  a.insert(a.end(), values.begin(), values.end());
  return a;
}

float host_product() {
  const HostMatrix a = matrix(200, 200, 37);
  std::vector<float> c(a.values.size());
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, 200, 200, 200, 1, a.values.data(), 200, a.values.data(), 200, 0,
              c.data(), 200);
  return c[0];
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

}  // namespace

TEST_CASE("a program's own BLAS and its environment / stay as they are, and heddle's bits and threads do not follow them") {
  const auto count = of_host<int (*)()>("openblas_get_num_threads");
  const auto set_count = of_host<void (*)(int)>("openblas_set_num_threads");
  host_product();
  const auto variables = environment();
  const int threads_at_first = count != nullptr ? count() : 0;
  const long running_at_first = running_threads();

  CHECK(build_info().blas != "");
  CHECK((count != nullptr ? count() : 0) == threads_at_first);
  CHECK(environment() == variables);
  CHECK(running_threads() == running_at_first);

  Context one_thread(Device::cpu({.threads = 1}), 1);
  const std::vector<float> first_product = product(one_thread);
  const std::vector<double> first_eigen = eigen(300);
  CHECK((count != nullptr ? count() : 0) == threads_at_first);
  CHECK(environment() == variables);
  CHECK(running_threads() == running_at_first);

  for (const int of_the_host : {1, 3}) {
    INFO("a host of ", of_the_host, " threads");
    if (set_count != nullptr) set_count(of_the_host);
    const int threads_now = count != nullptr ? count() : 0;
    host_product();
    const long running = running_threads();
    for (const int threads : {1, 2, 8}) {
      INFO("a team of ", threads);
      Context context(Device::cpu({.threads = threads}), 1);
      CHECK(same_bits(product(context), first_product));
      CHECK(running_threads() == running + threads - 1);  // the team, and nobody whom a thread of it has started
    }
    CHECK(same_bits(eigen(300), first_eigen));
    CHECK((count != nullptr ? count() : 0) == threads_now);
  }
  CHECK(environment() == variables);
  CHECK(host_product() == host_product());
}
