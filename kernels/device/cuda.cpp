#include "kernels/device/cuda.h"

#include <cuda_runtime_api.h>
#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#define HEDDLE_HAS_NVTX
#endif

#include <cstdint>
#include <mutex>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "heddle/error.h"
#include "kernels/device/backend.h"

namespace heddle::kernels {

namespace {

ErrorKind kind_of(cudaError_t status) {
  switch (status) {
    case cudaErrorMemoryAllocation: return ErrorKind::out_of_memory;
    case cudaErrorInsufficientDriver:
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice:
    case cudaErrorInitializationError:
    case cudaErrorDevicesUnavailable:
    case cudaErrorStubLibrary:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorSystemNotReady:
    case cudaErrorCompatNotSupportedOnDevice:
    case cudaErrorNoKernelImageForDevice: return ErrorKind::no_device;
    default: return ErrorKind::internal;
  }
}

std::string sentence(cudaError_t status, const char* call) {
  return text("cuda: ", call, ": ", cudaGetErrorString(status), " (", cudaGetErrorName(status), ")");
}

// For destructors. A Device that outlives main() may end after the runtime has: then there is nothing left to give back.
void log_unless_success(cudaError_t status, const char* call) noexcept {
  if (status == cudaSuccess || status == cudaErrorCudartUnloading) return;
  cudaGetLastError();
  try {
    log_message(sentence(status, call));
  } catch (...) {
    log_message(call);  // no memory for the sentence
  }
}

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* handle) const noexcept {
    log_unless_success(destroy(handle), "destroying a handle");
  }
};
using OwnedStream = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, Destroy<cudaStreamDestroy>>;
using OwnedPool = std::unique_ptr<std::remove_pointer_t<cudaMemPool_t>, Destroy<cudaMemPoolDestroy>>;
using OwnedGraph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, Destroy<cudaGraphDestroy>>;
using OwnedGraphExec = std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Destroy<cudaGraphExecDestroy>>;

using OwnedEvent = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Destroy<cudaEventDestroy>>;

OwnedEvent make_event() {
  cudaEvent_t event = nullptr;
  check_cuda(cudaEventCreate(&event), "cudaEventCreate");
  return OwnedEvent(event);
}

cudaStream_t native(const Stream& stream) { return static_cast<cudaStream_t>(stream.native()); }

OwnedStream make_stream() {
  // Non-blocking: work on the legacy default stream, perhaps of another library in this process, is not ordered with ours.
  cudaStream_t stream = nullptr;
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  return OwnedStream(stream);
}

// A pool of our own rather than the device's default one: its settings do not leak into the program that uses the library, and
// its memory goes back when the device handle ends. Null where the driver has no pools (some virtual machines, WSL).
OwnedPool make_pool(int device) {
  int supported = 0;
  check_cuda(cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, device), "cudaDeviceGetAttribute");
  if (supported == 0) return nullptr;
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  cudaMemPool_t handle = nullptr;
  check_cuda(cudaMemPoolCreate(&handle, &properties), "cudaMemPoolCreate");
  OwnedPool pool(handle);
  // By default a pool hands unused memory back to the system at every synchronisation.
  uint64_t threshold = UINT64_MAX;
  check_cuda(cudaMemPoolSetAttribute(handle, cudaMemPoolAttrReleaseThreshold, &threshold), "cudaMemPoolSetAttribute");
  return pool;
}

class CudaBackend;

class CudaReplay final : public Replay {
 public:
  CudaReplay(std::shared_ptr<CudaBackend> backend, RecordedUses uses, OwnedGraphExec graph)
      : backend_(std::move(backend)), uses_(std::move(uses)), graph_(std::move(graph)) {}
  void launch(Stream& stream) override;

 private:
  std::shared_ptr<CudaBackend> backend_;
  RecordedUses uses_;
  OwnedGraphExec graph_;  // ends before what it uses
};

// Streams order kernels and copies; allocations are ordered in a stream of their own, and waited for, so that memory is good
// for every stream when `allocate` returns and free of every stream's work when `release` gives it to the pool.
class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(int device) : device_(device) {
    make_current();
    allocation_pool_ = make_pool(device);
    allocation_stream_ = make_stream();
  }

  DeviceKind kind() const noexcept override { return DeviceKind::cuda; }
  int index() const noexcept override { return device_; }

  std::string description() const override {
    cudaDeviceProp properties{};
    check_cuda(cudaGetDeviceProperties(&properties, device_), "cudaGetDeviceProperties");
    return text("cuda:", device_, " (", properties.name, ", compute capability ", properties.major, ".", properties.minor, ")");
  }

  // The current device is a state of the calling thread, and a fresh thread's is device 0.
  void make_current() const { check_cuda(cudaSetDevice(device_), "cudaSetDevice"); }

  void* allocate(std::size_t bytes) override {
    if (bytes == 0) return nullptr;
    make_current();
    void* pointer = nullptr;
    const cudaError_t status = allocation_pool_
                                   ? cudaMallocFromPoolAsync(&pointer, bytes, allocation_pool_.get(), allocation_stream_.get())
                                   : cudaMalloc(&pointer, bytes);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      std::size_t available = 0, total = 0;
      check_cuda(cudaMemGetInfo(&available, &total), "cudaMemGetInfo");
      fail(ErrorKind::out_of_memory, "cuda:", device_, " has no room for ", counted(bytes, "byte"), ": of its ",
           counted(total, "byte"), ", it has ", available, " free");
    }
    check_cuda(status, allocation_pool_ ? "cudaMallocFromPoolAsync" : "cudaMalloc");
    if (allocation_pool_) {
      const cudaError_t ready = cudaStreamSynchronize(allocation_stream_.get());
      if (ready != cudaSuccess) log_unless_success(cudaFreeAsync(pointer, allocation_stream_.get()), "cudaFreeAsync");
      check_cuda(ready, "cudaStreamSynchronize");
    }
    return pointer;
  }

  void release(void* pointer, std::size_t) noexcept override {
    if (pointer == nullptr) return;
    log_unless_success(cudaSetDevice(device_), "cudaSetDevice");
    {
      const std::lock_guard lock(mutex_);
      // A capturing stream may not be waited for, and has nothing in flight: begin_capture waited.
      for (const auto& [stream, state] : streams_) {
        if (!state.capturing)
          log_unless_success(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), "cudaStreamSynchronize");
      }
    }
    if (allocation_pool_) {
      log_unless_success(cudaFreeAsync(pointer, allocation_stream_.get()), "cudaFreeAsync");
    } else {
      log_unless_success(cudaFree(pointer), "cudaFree");
    }
  }

  void* create_stream() override {
    make_current();
    OwnedStream stream = make_stream();
    const std::lock_guard lock(mutex_);
    streams_.try_emplace(stream.get()).first->second.device = device_;
    return stream.release();
  }

  void destroy_stream(void* handle) noexcept override {
    const OwnedStream stream(static_cast<cudaStream_t>(handle));
    log_unless_success(cudaSetDevice(device_), "cudaSetDevice");
    CudaStreamState* state = nullptr;
    {
      const std::lock_guard lock(mutex_);
      state = &streams_.at(handle);
    }
    if (state->capturing) abandon_capture(stream.get(), *state);
    log_unless_success(cudaStreamSynchronize(stream.get()), "cudaStreamSynchronize");
    state->cublas.reset();
    state->cusparse.reset();
    const std::lock_guard lock(mutex_);
    streams_.erase(handle);
  }

  void synchronise(Stream& stream) override {
    make_current();
    check_cuda(cudaStreamSynchronize(native(stream)), "cudaStreamSynchronize");
  }

#ifdef HEDDLE_HAS_NVTX
  void push_range(const char* name) noexcept override { nvtxRangePushA(name); }
  void pop_range() noexcept override { nvtxRangePop(); }
#endif

  void copy_to_device(void* device, const void* host, std::size_t bytes, Stream& stream) override {
    copy_and_wait(device, host, bytes, cudaMemcpyHostToDevice, stream);
  }
  void copy_to_host(void* host, const void* device, std::size_t bytes, Stream& stream) override {
    copy_and_wait(host, device, bytes, cudaMemcpyDeviceToHost, stream);
  }

  void copy(void* to, const void* from, std::size_t bytes, Stream& stream) override {
    if (bytes == 0) return;
    make_current();
    check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, native(stream)), "cudaMemcpyAsync");
  }

  void fill_zero(void* pointer, std::size_t bytes, Stream& stream) override {
    if (bytes == 0) return;
    make_current();
    check_cuda(cudaMemsetAsync(pointer, 0, bytes, native(stream)), "cudaMemsetAsync");
  }

  double timed_ms(Stream& stream, const std::function<void()>& work) override {
    make_current();
    const OwnedEvent begin = make_event(), end = make_event();
    check_cuda(cudaEventRecord(begin.get(), native(stream)), "cudaEventRecord");
    work();
    check_cuda(cudaEventRecord(end.get(), native(stream)), "cudaEventRecord");
    check_cuda(cudaEventSynchronize(end.get()), "cudaEventSynchronize");
    float ms = 0;
    check_cuda(cudaEventElapsedTime(&ms, begin.get(), end.get()), "cudaEventElapsedTime");
    return ms;
  }

  bool can_capture() const noexcept override { return true; }

  void begin_capture(Stream& stream) override {
    make_current();
    CudaStreamState& state = state_of(stream);
    // A step that threw between begin and end left its capture open.
    if (state.capturing) abandon_capture(native(stream), state);
    check_cuda(cudaStreamSynchronize(native(stream)), "cudaStreamSynchronize");
    // Marked first, and unmarked last: `release` in another thread must never wait for a capturing stream.
    set_capturing(state, true);
    // Thread-local: other threads may allocate and copy meanwhile, on streams of their own.
    const cudaError_t status = cudaStreamBeginCapture(native(stream), cudaStreamCaptureModeThreadLocal);
    if (status != cudaSuccess) set_capturing(state, false);
    check_cuda(status, "cudaStreamBeginCapture");
  }

  std::unique_ptr<Replay> end_capture(Stream& stream) override {
    make_current();
    cudaGraph_t recorded = nullptr;
    const cudaError_t status = cudaStreamEndCapture(native(stream), &recorded);
    set_capturing(state_of(stream), false);
    RecordedUses uses = std::exchange(state_of(stream).recorded, {});
    check_cuda(status, "cudaStreamEndCapture");
    const OwnedGraph graph(recorded);
    cudaGraphExec_t executable = nullptr;
    check_cuda(cudaGraphInstantiate(&executable, recorded, 0), "cudaGraphInstantiate");
    OwnedGraphExec owned(executable);
    return std::make_unique<CudaReplay>(std::static_pointer_cast<CudaBackend>(shared_from_this()), std::move(uses),
                                        std::move(owned));
  }

  CudaStreamState& state_of(const Stream& stream) {
    const std::lock_guard lock(mutex_);
    return streams_.at(stream.native());  // an entry stays where it is until its stream is destroyed
  }

 private:
  // Waits: host memory may be pinned, and then an asynchronous copy would still use it after the call.
  void copy_and_wait(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, Stream& stream) {
    if (bytes == 0) return;
    make_current();
    check_cuda(cudaMemcpyAsync(to, from, bytes, kind, native(stream)), "cudaMemcpyAsync");
    check_cuda(cudaStreamSynchronize(native(stream)), "cudaStreamSynchronize");
  }

  void set_capturing(CudaStreamState& state, bool capturing) {
    const std::lock_guard lock(mutex_);
    state.capturing = capturing;
  }

  void abandon_capture(cudaStream_t stream, CudaStreamState& state) noexcept {
    cudaGraph_t recorded = nullptr;
    const cudaError_t status = cudaStreamEndCapture(stream, &recorded);
    set_capturing(state, false);
    state.recorded.clear();
    // What was thrown inside the capture may have invalidated it; ending it says so once more.
    if (status != cudaErrorStreamCaptureInvalidated) log_unless_success(status, "cudaStreamEndCapture");
    cudaGetLastError();
    const OwnedGraph graph(recorded);
  }

  int device_;
  OwnedPool allocation_pool_;
  OwnedStream allocation_stream_;
  std::mutex mutex_;  // guards streams_ and the capturing flags in it
  std::unordered_map<void*, CudaStreamState> streams_;
};

void CudaReplay::launch(Stream& stream) {
  backend_->make_current();
  check_cuda(cudaGraphLaunch(graph_.get(), native(stream)), "cudaGraphLaunch");
}

// Versions are coded 1000 * major + 10 * minor.
std::string version_text(int version) { return text(version / 1000, ".", version % 1000 / 10); }

int driver_version() noexcept {
  int version = 0;  // what the runtime leaves where there is no driver
  if (cudaDriverGetVersion(&version) != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  return version;
}

std::string runtime_version() {
  int version = 0;
  check_cuda(cudaRuntimeGetVersion(&version), "cudaRuntimeGetVersion");
  return version_text(version);
}

}  // namespace

void check_cuda(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // else the next kernel launch would report it again
  throw Error(kind_of(status), sentence(status, call));
}

CudaStreamState& cuda_stream_state(Stream& stream) { return static_cast<CudaBackend&>(stream.backend()).state_of(stream); }

std::shared_ptr<Backend> make_cuda_backend(int index) {
  require(index >= 0, ErrorKind::usage, "cuda: ", index, " is not the number of a GPU");
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    cudaGetLastError();
    const int driver = driver_version();
    require(driver != 0, ErrorKind::no_device, "cuda: this machine has no NVIDIA driver");
    require(status != cudaErrorInsufficientDriver, ErrorKind::no_device, "cuda: the NVIDIA driver is for CUDA ",
            version_text(driver), ", this build needs one for ", runtime_version());
    require(status != cudaErrorNoDevice, ErrorKind::no_device, "cuda: the NVIDIA driver finds no GPU");
    fail(ErrorKind::no_device, sentence(status, "cudaGetDeviceCount"));
  }
  require(index < count, ErrorKind::no_device, "cuda:", index, " was asked for; this machine has ", counted(count, "GPU"));
  return std::make_shared<CudaBackend>(index);
}

int cuda_device_count() noexcept {
  int count = 0;  // without a driver the runtime leaves it alone
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  cudaGetLastError();
  return 0;
}

std::string cuda_description() {
  const int driver = driver_version();
  return text(runtime_version(), " (runtime), ", driver == 0 ? "no driver" : version_text(driver) + " (driver)");
}

}  // namespace heddle::kernels
