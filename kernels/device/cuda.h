#pragma once

#include <cuda_runtime_api.h>

#include <memory>

#include "heddle/device.h"
#include "kernels/device/library_scratch.h"

// What cuda.cpp shows to the libraries that run on its streams (cuBLAS). Only builds with the CUDA Toolkit include it.
namespace heddle::kernels {

/// Throws the Error that `status` stands for, unless it is success; `call` is what gave it.
void check_cuda(cudaError_t status, const char* call);

/// What the cuda device keeps beside each stream.
struct CudaStreamState {
  int device = 0;
  bool capturing = false;
  /// cuBLAS's handle and workspace (kernels/dense/cublas.cpp), made by the first product and destroyed before the stream is.
  std::shared_ptr<void> cublas;
  /// cuSPARSE's, likewise (kernels/spmm/cusparse.cpp).
  std::shared_ptr<void> cusparse;
  /// What the capture under way has recorded the use of, besides its callers' memory: the replay keeps it alive.
  RecordedUses recorded;
};
CudaStreamState& cuda_stream_state(Stream& stream);

}  // namespace heddle::kernels
