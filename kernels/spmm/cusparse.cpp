#include <cusparse.h>

#include <memory>
#include <type_traits>

#include "heddle/buffer.h"
#include "heddle/error.h"
#include "kernels/device/backend.h"
#include "kernels/device/cuda.h"
#include "kernels/device/cuda_library.h"
#include "kernels/spmm/cusparse_offsets.h"
#include "kernels/spmm/launchers.h"

// Idea: NVIDIA's product, to measure against; opened by the first use, as cuBLAS is. CSR_ALG2 is the one for row-major matrices,
// CSR_ALG3 the one whose bits repeat. The documentation promises nothing for 64-bit offsets beside 32-bit columns, so the offsets
// are narrowed to 32 bits in every product. Handle and scratch memory are kept per stream. cusparseSpMM_preprocess is not
// called: what it finds out holds for a matrix at an address, and a later matrix may come to lie there.
// Bytes: 12 n for the offsets; the rest is the library's.
namespace heddle::kernels::cuda {

namespace {

struct Cusparse {
  decltype(&cusparseCreate) create;
  decltype(&cusparseDestroy) destroy;
  decltype(&cusparseSetStream) set_stream;
  decltype(&cusparseCreateConstCsr) create_csr;
  decltype(&cusparseCreateConstDnMat) create_const_dense;
  decltype(&cusparseCreateDnMat) create_dense;
  decltype(&cusparseDestroySpMat) destroy_sparse;
  decltype(&cusparseDestroyDnMat) destroy_dense;
  decltype(&cusparseSpMM_bufferSize) buffer_size;
  decltype(&cusparseSpMM) spmm;
  decltype(&cusparseGetErrorString) status_string;
};

Cusparse open_cusparse() {
  const ToolkitLibrary library("cuSPARSE", "libcusparse.so.12", {"libcusparse.so.12", "libcusparse.so"});
  Cusparse cusparse{};
  library.find("cusparseCreate", cusparse.create);
  library.find("cusparseDestroy", cusparse.destroy);
  library.find("cusparseSetStream", cusparse.set_stream);
  library.find("cusparseCreateConstCsr", cusparse.create_csr);
  library.find("cusparseCreateConstDnMat", cusparse.create_const_dense);
  library.find("cusparseCreateDnMat", cusparse.create_dense);
  library.find("cusparseDestroySpMat", cusparse.destroy_sparse);
  library.find("cusparseDestroyDnMat", cusparse.destroy_dense);
  library.find("cusparseSpMM_bufferSize", cusparse.buffer_size);
  library.find("cusparseSpMM", cusparse.spmm);
  library.find("cusparseGetErrorString", cusparse.status_string);
  return cusparse;
}

const Cusparse& cusparse() {
  static const Cusparse functions = open_cusparse();
  return functions;
}

void check_cusparse(cusparseStatus_t status, const char* call) {
  if (status == CUSPARSE_STATUS_SUCCESS) return;
  const ErrorKind kind = status == CUSPARSE_STATUS_ALLOC_FAILED || status == CUSPARSE_STATUS_INSUFFICIENT_RESOURCES
                             ? ErrorKind::out_of_memory
                         : status == CUSPARSE_STATUS_ARCH_MISMATCH ? ErrorKind::no_device
                                                                   : ErrorKind::internal;
  fail(kind, "cuda: ", call, ": ", cusparse().status_string(status));
}

/// What a stream keeps: the handle, and scratch memory that only grows.
class Plan {
 public:
  explicit Plan(Stream& stream) {
    check_cusparse(cusparse().create(&handle_), "cusparseCreate");
    try {
      check_cusparse(cusparse().set_stream(handle_, static_cast<cudaStream_t>(stream.native())), "cusparseSetStream");
    } catch (...) {
      destroy();
      throw;
    }
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  ~Plan() { destroy(); }

  cusparseHandle_t handle() const { return handle_; }
  void* scratch(std::size_t bytes, Stream& stream, bool capturing) {
    if (bytes > scratch_.bytes()) {
      require(!capturing, ErrorKind::internal, "cuda: a stream's first cuSPARSE product of a size cannot be inside a capture");
      scratch_ = Buffer(stream, bytes);
    }
    return scratch_.data();
  }

 private:
  void destroy() noexcept {
    if (cusparse().destroy(handle_) != CUSPARSE_STATUS_SUCCESS) log_message("cuda: cusparseDestroy failed");
  }

  cusparseHandle_t handle_ = nullptr;
  Buffer scratch_;
};

struct DestroySparse {
  void operator()(cusparseConstSpMatDescr_t matrix) const noexcept {
    if (cusparse().destroy_sparse(matrix) != CUSPARSE_STATUS_SUCCESS) log_message("cuda: cusparseDestroySpMat failed");
  }
};
struct DestroyDense {
  void operator()(cusparseConstDnMatDescr_t matrix) const noexcept {
    if (cusparse().destroy_dense(matrix) != CUSPARSE_STATUS_SUCCESS) log_message("cuda: cusparseDestroyDnMat failed");
  }
};
using OwnedSparse = std::unique_ptr<std::remove_pointer_t<cusparseConstSpMatDescr_t>, DestroySparse>;
using OwnedDense = std::unique_ptr<std::remove_pointer_t<cusparseConstDnMatDescr_t>, DestroyDense>;

void run(cusparseSpMMAlg_t algorithm, const SpmmArgs& args, void* workspace, Stream& stream) {
  const auto& [a, x, y] = args;
  if (y.size() == 0) return;
  if (a.nnz == 0) return stream.backend().fill_zero(y.data, static_cast<std::size_t>(y.size()) * sizeof(float), stream);
  CudaStreamState& state = cuda_stream_state(stream);
  check_cuda(cudaSetDevice(state.device), "cudaSetDevice");
  if (!state.cusparse) {
    require(!state.capturing, ErrorKind::internal, "cuda: a stream's first cuSPARSE product cannot be inside a capture");
    state.cusparse = std::make_shared<Plan>(stream);
  }
  Plan& plan = *static_cast<Plan*>(state.cusparse.get());

  auto* const offsets = static_cast<int32_t*>(workspace);
  narrow_offsets(a.row_offsets, offsets, a.rows + 1, stream);
  cusparseConstSpMatDescr_t sparse = nullptr;
  check_cusparse(cusparse().create_csr(&sparse, a.rows, a.cols, a.nnz, offsets, a.col_indices, a.values, CUSPARSE_INDEX_32I,
                                       CUSPARSE_INDEX_32I, CUSPARSE_INDEX_BASE_ZERO, CUDA_R_32F),
                 "cusparseCreateConstCsr");
  const OwnedSparse owned_sparse(sparse);
  cusparseConstDnMatDescr_t input = nullptr;
  check_cusparse(cusparse().create_const_dense(&input, x.rows, x.cols, x.cols, x.data, CUDA_R_32F, CUSPARSE_ORDER_ROW),
                 "cusparseCreateConstDnMat");
  const OwnedDense owned_input(input);
  cusparseDnMatDescr_t output = nullptr;
  check_cusparse(cusparse().create_dense(&output, y.rows, y.cols, y.cols, y.data, CUDA_R_32F, CUSPARSE_ORDER_ROW),
                 "cusparseCreateDnMat");
  const OwnedDense owned_output(output);

  const float one = 1, zero = 0;
  const auto none = CUSPARSE_OPERATION_NON_TRANSPOSE;
  std::size_t bytes = 0;
  check_cusparse(
      cusparse().buffer_size(plan.handle(), none, none, &one, sparse, input, &zero, output, CUDA_R_32F, algorithm, &bytes),
      "cusparseSpMM_bufferSize");
  void* const scratch = plan.scratch(bytes, stream, state.capturing);
  check_cusparse(cusparse().spmm(plan.handle(), none, none, &one, sparse, input, &zero, output, CUDA_R_32F, algorithm, scratch),
                 "cusparseSpMM");
}

}  // namespace

std::string spmm_cusparse_supports(const SpmmArgs& args) {
  constexpr int64_t limit = INT32_MAX;
  if (args.a.nnz > limit) return text(args.a.nnz, " non-zeros, and its offsets are 32-bit here: ", limit, " at most");
  if (args.a.nnz > 0 && args.a.values == nullptr) return "the matrix has no stored values, which cuSPARSE needs";
  if (args.a.value_index != nullptr) return "the values are read through an index, which cuSPARSE cannot";
  return {};
}

std::size_t spmm_cusparse_workspace(const SpmmArgs& args) { return static_cast<std::size_t>(args.a.rows + 1) * sizeof(int32_t); }

void spmm_cusparse_alg2(const SpmmArgs& args, void* workspace, Stream& stream) {
  run(CUSPARSE_SPMM_CSR_ALG2, args, workspace, stream);
}
void spmm_cusparse_alg3(const SpmmArgs& args, void* workspace, Stream& stream) {
  run(CUSPARSE_SPMM_CSR_ALG3, args, workspace, stream);
}

}  // namespace heddle::kernels::cuda
