#include "heddle/device.h"

#include <charconv>
#include <chrono>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/common/has_cuda.h"
#include "kernels/device/backend.h"
#include "kernels/device/components.h"
#include "kernels/device/processors.h"

namespace heddle {

namespace {

// Why a program has no cuda: the build has none, or the program does without.
#if HEDDLE_HAS_CUDA()
constexpr const char* no_cuda =
    "cuda: this program is linked without heddle's CUDA code: link heddle::cuda too (heddle-cuda for pkg-config)";
constexpr const char* no_cuda_description = "not linked into this program";
#else
constexpr const char* no_cuda = "this build of heddle has no cuda device: it was configured without the CUDA Toolkit";
constexpr const char* no_cuda_description = "not built in";
#endif

}  // namespace

const char* to_string(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::cpu: return "cpu";
    case DeviceKind::cuda: return "cuda";
    case DeviceKind::simt: return "simt";
  }
  return "unknown";
}

const char* to_string(Isa isa) {
  switch (isa) {
    case Isa::portable: return "portable";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
  }
  return "unknown";
}

std::vector<Isa> available_isas() try {
  std::vector<Isa> isas{Isa::portable};
#ifdef HEDDLE_X86
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    isas.push_back(Isa::avx2);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      isas.push_back(Isa::avx512);
    }
  }
#endif
  return isas;
} catch (...) {
  rethrow_as_error();
}

Isa best_isa() { return available_isas().back(); }

double kernels::Backend::timed_ms(Stream& stream, const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  synchronise(stream);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

int kernels::cuda_device_count() noexcept { return cuda::device_count != nullptr ? cuda::device_count() : 0; }

std::string kernels::cuda_description() { return cuda::description != nullptr ? cuda::description() : no_cuda_description; }

Stream::Stream(std::shared_ptr<kernels::Backend> backend) try
    : backend_(std::move(backend)),
      kind_(backend_->kind()),
      native_(backend_->create_stream()),
      device_index_(backend_->index()),
      threads_(backend_->threads()),
      isa_(backend_->isa()) {
} catch (...) {
  rethrow_as_error();
}

Stream::Stream(Stream&& other) noexcept
    : backend_(std::move(other.backend_)),
      kind_(other.kind_),
      native_(other.native_),
      device_index_(other.device_index_),
      threads_(other.threads_),
      most_threads_(other.most_threads_),
      isa_(other.isa_) {}

Stream::~Stream() {
  if (backend_) backend_->destroy_stream(native_);
}

kernels::Threads Stream::thread_team() const noexcept {
  kernels::Threads team = backend_->thread_team();
  if (most_threads_ > 0 && most_threads_ < team.count) team.count = most_threads_;
  return team;
}

void Stream::synchronise() { backend_->synchronise(*this); }

Device Device::cpu(const CpuOptions& options) try { return Device(kernels::make_cpu_backend(options)); } catch (...) {
  rethrow_as_error();
}
Device Device::simt(const SimtOptions& options) try {
  require(kernels::simt::make_backend != nullptr, ErrorKind::no_device,
          "simt: this program is linked without heddle's executor: link heddle::simt too (heddle-simt for pkg-config)");
  return Device(kernels::simt::make_backend(options));
} catch (...) {
  rethrow_as_error();
}
Device Device::cuda(int index) try {
  require(kernels::cuda::make_backend != nullptr, ErrorKind::no_device, no_cuda);
  return Device(kernels::cuda::make_backend(index));
} catch (...) {
  rethrow_as_error();
}
Device Device::best() { return parse("auto"); }

Device Device::parse(std::string_view name, int threads) try {
  if (name == "auto") return kernels::cuda_device_count() > 0 ? cuda(0) : parse("cpu", threads);
  if (name == "cpu") {
    CpuOptions options{.threads = threads};
    options.isa = kernels::forced_isa().value_or(options.isa);
    return cpu(options);
  }
  if (name == "simt") return simt({.host_threads = threads > 0 ? threads : default_threads().count});
  if (name == "cuda") return cuda(0);
  if (name.starts_with("cuda:")) {
    int index = -1;
    const char* end = name.data() + name.size();
    const auto [parsed, status] = std::from_chars(name.data() + 5, end, index);
    if (status == std::errc() && parsed == end && index >= 0) return cuda(index);
  }
  fail(ErrorKind::usage, "device is '", name, "', it must be one of auto, cpu, simt, cuda, cuda:INDEX");
} catch (...) {
  rethrow_as_error();
}

DeviceKind Device::kind() const { return backend_->kind(); }
std::string Device::description() const try { return backend_->description(); } catch (...) {
  rethrow_as_error();
}
int Device::threads() const { return backend_->threads(); }
Isa Device::isa() const { return backend_->isa(); }

}  // namespace heddle
