#include <cusparse.h>

#include <map>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "heddle/buffer.h"
#include "heddle/error.h"
#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"
#include "kernels/device/backend.h"
#include "kernels/device/cuda.h"
#include "kernels/device/cuda_library.h"
#include "kernels/spmm/cusparse_offsets.h"

// Idea: NVIDIA's product, to measure against; opened by the first use, as cuBLAS is. CSR_ALG2 is the one for row-major matrices,
// CSR_ALG3 the one whose bits repeat. The documentation promises nothing for 64-bit offsets beside 32-bit columns, so the offsets
// are narrowed to 32 bits. Of a matrix with an identity the stream keeps the narrowed offsets, the descriptor, and for each width
// and algorithm the scratch memory with what cusparseSpMM_preprocess found out, so that a product is one call; of any other
// all of that, but for the handle and the scratch memory, is made anew in every product, without preprocessing.
// Bytes: 12 n for the offsets, once or in every product; the rest is the library's.
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
  decltype(&cusparseSpMM_preprocess) preprocess;
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
  library.find("cusparseSpMM_preprocess", cusparse.preprocess);
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

/// A matrix's descriptor, ready for one width and algorithm.
struct Prepared {
  Buffer offsets;
  OwnedSparse matrix;
  Buffer scratch;
};

/// What a stream keeps: the handle, scratch memory, and what is prepared of matrices with an identity. What a recorded product
/// uses of it belongs to the recording as well.
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

  /// Identity, values, width, algorithm.
  using Key = std::tuple<uint64_t, const float*, int64_t, cusparseSpMMAlg_t>;

  cusparseHandle_t handle() const { return handle_; }
  std::shared_ptr<Prepared> find(const Key& key) const {
    const auto found = prepared_.find(key);
    return found == prepared_.end() ? nullptr : found->second;
  }
  void keep(const Key& key, std::shared_ptr<Prepared> prepared) { prepared_.insert_or_assign(key, std::move(prepared)); }
  LibraryScratch& scratch() { return scratch_; }

 private:
  void destroy() noexcept {
    if (cusparse().destroy(handle_) != CUSPARSE_STATUS_SUCCESS) log_message("cuda: cusparseDestroy failed");
  }

  cusparseHandle_t handle_ = nullptr;
  LibraryScratch scratch_;
  std::map<Key, std::shared_ptr<Prepared>> prepared_;
};

OwnedSparse describe(const CsrView& a, const int32_t* offsets) {
  cusparseConstSpMatDescr_t matrix = nullptr;
  check_cusparse(cusparse().create_csr(&matrix, a.rows, a.cols, a.nnz, offsets, a.col_indices, a.values, CUSPARSE_INDEX_32I,
                                       CUSPARSE_INDEX_32I, CUSPARSE_INDEX_BASE_ZERO, CUDA_R_32F),
                 "cusparseCreateConstCsr");
  return OwnedSparse(matrix);
}

/// Y = A X with everything but A's descriptor: the calls differ in what they do with it.
class Product {
 public:
  Product(const SpmmArgs& args, cusparseHandle_t handle, cusparseSpMMAlg_t algorithm) : handle_(handle), algorithm_(algorithm) {
    const auto& [a, x, y] = args;
    cusparseConstDnMatDescr_t input = nullptr;
    check_cusparse(cusparse().create_const_dense(&input, x.rows, x.cols, x.cols, x.data, CUDA_R_32F, CUSPARSE_ORDER_ROW),
                   "cusparseCreateConstDnMat");
    input_.reset(input);
    check_cusparse(cusparse().create_dense(&output_, y.rows, y.cols, y.cols, y.data, CUDA_R_32F, CUSPARSE_ORDER_ROW),
                   "cusparseCreateDnMat");
    owned_output_.reset(output_);
  }
  std::size_t scratch_bytes(const OwnedSparse& matrix) const {
    std::size_t bytes = 0;
    check_cusparse(cusparse().buffer_size(handle_, none, none, &one, matrix.get(), input_.get(), &zero, output_, CUDA_R_32F,
                                          algorithm_, &bytes),
                   "cusparseSpMM_bufferSize");
    return bytes;
  }
  void preprocess(const OwnedSparse& matrix, void* scratch) const {
    check_cusparse(cusparse().preprocess(handle_, none, none, &one, matrix.get(), input_.get(), &zero, output_, CUDA_R_32F,
                                         algorithm_, scratch),
                   "cusparseSpMM_preprocess");
  }
  void multiply(const OwnedSparse& matrix, void* scratch) const {
    check_cusparse(
        cusparse().spmm(handle_, none, none, &one, matrix.get(), input_.get(), &zero, output_, CUDA_R_32F, algorithm_, scratch),
        "cusparseSpMM");
  }

 private:
  static constexpr auto none = CUSPARSE_OPERATION_NON_TRANSPOSE;
  static constexpr float one = 1, zero = 0;

  cusparseHandle_t handle_;
  cusparseSpMMAlg_t algorithm_;
  OwnedDense input_;
  cusparseDnMatDescr_t output_ = nullptr;
  OwnedDense owned_output_;
};

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
  const Product product(args, plan.handle(), algorithm);
  RecordedUses* const recorded = state.capturing ? &state.recorded : nullptr;

  if (a.identity == 0) {
    auto* const offsets = static_cast<int32_t*>(workspace);
    narrow_offsets(a.row_offsets, offsets, a.rows + 1, stream);
    const OwnedSparse matrix = describe(a, offsets);
    return product.multiply(matrix, plan.scratch().at_least(product.scratch_bytes(matrix), stream, recorded, "cuSPARSE"));
  }
  const Plan::Key key{a.identity, a.values, x.cols, algorithm};
  std::shared_ptr<Prepared> prepared = plan.find(key);
  if (prepared == nullptr) {
    require(recorded == nullptr, ErrorKind::internal,
            "cuda: a matrix's first cuSPARSE product of a width cannot be inside a capture");
    prepared = std::make_shared<Prepared>();
    prepared->offsets = Buffer(stream, static_cast<std::size_t>(a.rows + 1) * sizeof(int32_t));
    narrow_offsets(a.row_offsets, prepared->offsets.as<int32_t>(), a.rows + 1, stream);
    prepared->matrix = describe(a, prepared->offsets.as<int32_t>());
    prepared->scratch = Buffer(stream, product.scratch_bytes(prepared->matrix));
    product.preprocess(prepared->matrix, prepared->scratch.data());
    plan.keep(key, prepared);
  }
  if (recorded != nullptr) recorded->push_back(prepared);
  product.multiply(prepared->matrix, prepared->scratch.data());
}

constexpr const char* limits = "stored values in order, fewer than 2^31 non-zeros";

std::string supports(const SpmmArgs& args) {
  constexpr int64_t limit = INT32_MAX;
  if (args.a.nnz > limit) return text(counted(args.a.nnz, "non-zero"), ", and its offsets are 32-bit here: ", limit, " at most");
  if (args.a.nnz > 0 && args.a.values == nullptr) return "the matrix has no stored values, which cuSPARSE needs";
  if (args.a.value_index != nullptr) return "the values are read through an index, which cuSPARSE cannot";
  return {};
}

std::size_t workspace_of(const SpmmArgs& args) {
  return args.a.identity != 0 ? 0 : static_cast<std::size_t>(args.a.rows + 1) * sizeof(int32_t);
}

void run_alg2(const SpmmArgs& args, void* workspace, Stream& stream) { run(CUSPARSE_SPMM_CSR_ALG2, args, workspace, stream); }
void run_alg3(const SpmmArgs& args, void* workspace, Stream& stream) { run(CUSPARSE_SPMM_CSR_ALG3, args, workspace, stream); }

}  // namespace

Variant<SpmmArgs> spmm_cusparse_alg2_variant() {
  return {.name = "cusparse_alg2",
          .summary = "cuSPARSE's CSR_ALG2, for row-major matrices",
          .source = "NVIDIA cuSPARSE",
          .deterministic = false,
          .supports = supports,
          .workspace = workspace_of,
          .run = run_alg2,
          .limits = limits};
}

Variant<SpmmArgs> spmm_cusparse_alg3_variant() {
  return {.name = "cusparse_alg3",
          .summary = "cuSPARSE's CSR_ALG3, the one whose bits repeat",
          .source = "NVIDIA cuSPARSE",
          .deterministic = true,
          .supports = supports,
          .workspace = workspace_of,
          .run = run_alg3,
          .limits = limits};
}

}  // namespace heddle::kernels::cuda
