#pragma once

#include <cblas.h>

#include <string>

namespace heddle::kernels {

/// The CBLAS of the machine, opened when it is first needed: a process that multiplies only small matrices never loads it.
/// Linked, OpenBLAS starts its threads when the program does, and they spin through the first 30 ms: half of a training run on
/// Cora.
struct BlasLibrary {
  decltype(&cblas_sgemm) sgemm = nullptr;
  std::string description;  ///< as the BLAS describes itself, or its file's name
};

/// Set to one thread. Throws Error{no_device} where there is none.
const BlasLibrary& blas_library();

}  // namespace heddle::kernels
