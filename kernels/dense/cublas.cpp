#include <cublas_v2.h>

#include <memory>

#include "heddle/buffer.h"
#include "heddle/error.h"
#include "heddle/kernel/gemm.h"
#include "heddle/kernel/variant.h"
#include "kernels/device/backend.h"
#include "kernels/device/cuda.h"
#include "kernels/device/cuda_library.h"

// Idea: cuBLAS's SGEMM, opened by the first product: it takes 186 MB. A stream's first product must not be inside a capture.
namespace heddle::kernels::cuda {

namespace {

// The size that NVIDIA recommends for Hopper; 4 MiB would do on older cards.
constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

struct Cublas {
  decltype(&cublasCreate) create;
  decltype(&cublasDestroy) destroy;
  decltype(&cublasSetStream) set_stream;
  decltype(&cublasSetWorkspace) set_workspace;
  decltype(&cublasSetMathMode) set_math_mode;
  decltype(&cublasSgemm_64) sgemm;
  decltype(&cublasGetStatusString) status_string;
};

Cublas open_cublas() {
  const ToolkitLibrary library("cuBLAS", "libcublas.so.13 or .12", {"libcublas.so.13", "libcublas.so.12", "libcublas.so"});
  Cublas cublas{};
  library.find("cublasCreate_v2", cublas.create);
  library.find("cublasDestroy_v2", cublas.destroy);
  library.find("cublasSetStream_v2", cublas.set_stream);
  library.find("cublasSetWorkspace_v2", cublas.set_workspace);
  library.find("cublasSetMathMode", cublas.set_math_mode);
  library.find("cublasSgemm_v2_64", cublas.sgemm);
  library.find("cublasGetStatusString", cublas.status_string);
  return cublas;
}

const Cublas& cublas() {
  static const Cublas functions = open_cublas();
  return functions;
}

void check_cublas(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const ErrorKind kind = status == CUBLAS_STATUS_ALLOC_FAILED    ? ErrorKind::out_of_memory
                         : status == CUBLAS_STATUS_ARCH_MISMATCH ? ErrorKind::no_device
                                                                 : ErrorKind::internal;
  fail(kind, "cuda: ", call, ": ", cublas().status_string(status));
}

// One stream's handle. A workspace of our own keeps cuBLAS from allocating inside a capture, and with one stream per handle
// makes its results repeat bit for bit.
class Handle {
 public:
  explicit Handle(Stream& stream) : workspace_(std::make_shared<Buffer>(stream, workspace_bytes)) {
    check_cublas(cublas().create(&handle_), "cublasCreate");
    try {
      check_cublas(cublas().set_stream(handle_, static_cast<cudaStream_t>(stream.native())), "cublasSetStream");
      check_cublas(cublas().set_workspace(handle_, workspace_->data(), workspace_->bytes()), "cublasSetWorkspace");
      // The default mode multiplies f32 as f32: TF32 only where it is asked for.
      check_cublas(cublas().set_math_mode(handle_, CUBLAS_DEFAULT_MATH), "cublasSetMathMode");
    } catch (...) {
      destroy();
      throw;
    }
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { destroy(); }

  cublasHandle_t get() const { return handle_; }
  const std::shared_ptr<Buffer>& workspace() const { return workspace_; }

 private:
  void destroy() noexcept {
    if (cublas().destroy(handle_) != CUBLAS_STATUS_SUCCESS) log_message("cuda: cublasDestroy failed");
  }

  std::shared_ptr<Buffer> workspace_;
  cublasHandle_t handle_ = nullptr;
};

cublasHandle_t handle_of(Stream& stream) {
  CudaStreamState& state = cuda_stream_state(stream);
  check_cuda(cudaSetDevice(state.device), "cudaSetDevice");
  if (!state.cublas) {
    require(!state.capturing, ErrorKind::internal, "cuda: a stream's first matrix product cannot be inside a capture");
    state.cublas = std::make_shared<Handle>(stream);
  }
  const auto& handle = *static_cast<const Handle*>(state.cublas.get());
  if (state.capturing) state.recorded.push_back(handle.workspace());
  return handle.get();
}

void gemm_cublas(const GemmArgs& args, void*, Stream& stream) {
  const auto& [a, b, c, transpose_a, transpose_b] = args;
  if (c.rows == 0 || c.cols == 0) return;
  const int64_t k = args.k();
  if (k == 0) return stream.backend().fill_zero(c.data, static_cast<std::size_t>(c.size()) * sizeof(float), stream);
  const cublasHandle_t handle = handle_of(stream);
  // cuBLAS reads matrices by columns, which turns each of ours into its transpose: C' = op(B)' op(A)'.
  const float one = 1, zero = 0;
  check_cublas(cublas().sgemm(handle, transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N, transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, c.cols,
                              c.rows, k, &one, b.data, b.cols, a.data, a.cols, &zero, c.data, c.cols),
               "cublasSgemm");
}

}  // namespace

Variant<GemmArgs> gemm_cublas_variant() {
  return {.name = "cublas",
          .summary = "cuBLAS SGEMM, TF32 off",
          .source = "NVIDIA cuBLAS",
          .deterministic = true,
          .supports = takes_anything<GemmArgs>,
          .workspace = needs_no_workspace<GemmArgs>,
          .run = gemm_cublas};
}

}  // namespace heddle::kernels::cuda
