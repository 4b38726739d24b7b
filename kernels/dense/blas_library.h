#pragma once

#include <cblas.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace heddle::kernels {

/// LAPACK's dsyevd as Fortran calls it; the last two are the lengths of jobz and uplo.
using Dsyevd = void (*)(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w, double* work,
                        const int* lwork, int* iwork, const int* liwork, int* info, std::size_t, std::size_t);

/// The CBLAS of the machine, in a copy that heddle alone uses: it runs on one thread, while the program's own BLAS, that one's
/// number of threads and the program's environment stay as they are. Opened when it is first needed, which takes some
/// milliseconds: a process that multiplies only small matrices never loads it.
struct BlasLibrary {
  decltype(&cblas_sgemm) sgemm = nullptr;
  Dsyevd dsyevd = nullptr;  ///< null where neither the library nor the machine's liblapack has it
  std::string description;  ///< as the BLAS describes itself, or its file's name
};

/// Throws Error{no_device} where there is none.
const BlasLibrary& blas_library();

/// Eigenvalues (ascending) and eigenvectors of the symmetric n x n matrix `a`, on the host, in double: row i of `a` becomes the
/// eigenvector of values[i], of norm 1. Divide and conquer (Cuppen 1981, LAPACK's dsyevd), on one thread. Throws Error{no_device}
/// where the machine has no LAPACK, Error{diverged} where `a` is not finite.
void symmetric_eigen(double* a, int64_t n, double* values);

}  // namespace heddle::kernels
