#pragma once

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "heddle/device.h"
#include "heddle/error.h"
#include "heddle/kernel/place.h"
#include "heddle/kernel/portable.h"

namespace heddle::kernels::HEDDLE_TWIN {

/// A grid's size, and the place that asked for it: a parameter pack leaves no room for a default argument.
struct LaunchGrid {
  dim3 size;                    ///< blocks
  ::heddle::simt::Place where;  ///< the line that launches
  /// Blocks in up to three dimensions.
  LaunchGrid(dim3 size_, ::heddle::simt::Place where_ = ::heddle::simt::Place::current()) : size(size_), where(where_) {}
  /// Blocks in one. Throws Error{internal} where they are fewer than 0 or more than 2^31 - 1.
  template <std::integral T>
  LaunchGrid(T blocks, ::heddle::simt::Place where_ = ::heddle::simt::Place::current())
      : LaunchGrid(dim3(checked(blocks, where_)), where_) {}

 private:
  template <class T>
  static unsigned checked(T blocks, const ::heddle::simt::Place& where_) {
    if (!std::in_range<int32_t>(blocks) || blocks < 0) {
      fail(ErrorKind::internal, where_.file, ":", where_.line, ": a grid of ", counted(blocks, "block"),
           "; 2147483647 is the limit");
    }
    return static_cast<unsigned>(blocks);
  }
};

/// The launch in words, for messages.
inline std::string launch_text(const LaunchGrid& grid, dim3 block, std::size_t shared_bytes) {
  return text(grid.where.file, ":", grid.where.line, ": launch of a (", grid.size.x, ", ", grid.size.y, ", ", grid.size.z,
              ") grid of (", block.x, ", ", block.y, ", ", block.z, ") threads with ", counted(shared_bytes, "byte"),
              " of shared memory");
}

/// Throws Error{internal} for a launch that no device could run, the same on all.
inline void check_launch(const LaunchGrid& grid, dim3 block, std::size_t shared_bytes, DeviceKind expected,
                         const Stream& stream) {
  const auto refuse = [&](auto... reason) { fail(ErrorKind::internal, launch_text(grid, block, shared_bytes), ": ", reason...); };
  if (stream.kind() != expected)
    refuse("the stream is of device ", to_string(stream.kind()), ", the kernel of ", to_string(expected));
  if (grid.size.x > 0x7FFFFFFFu || grid.size.y > 65535 || grid.size.z > 65535)
    refuse("a grid has at most (2147483647, 65535, 65535) blocks");
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > 1024 || threads % 32 != 0) refuse("a block has a multiple of 32 threads, at most 1024");
  if (block.z > 64) refuse("a block is at most 64 threads deep");
}

/// Queues kernel(arguments...) for every thread of the grid; arguments are copied. A grid without blocks does nothing.
/// Throws Error{internal} with the caller's file and line where the launch is refused; errors of the kernel itself come from
/// here on the executor, from a later call that waits for the stream on a GPU.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), LaunchGrid grid, dim3 block, std::size_t shared_bytes, Stream& stream,
            Arguments&&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments), "a launch passes as many arguments as the kernel has parameters");
  static_assert((!std::is_reference_v<Parameters> && ...), "a kernel takes its parameters by value");
  if (grid.size.x == 0 || grid.size.y == 0 || grid.size.z == 0) return;
#ifdef __CUDACC__
  check_launch(grid, block, shared_bytes, DeviceKind::cuda, stream);
  cudaError_t status =
      cudaSetDevice(stream.device_index());                 // the current device is the calling thread's, and it may be a new one
  if (status == cudaSuccess && shared_bytes > 48 * 1024) {  // beyond this a kernel must ask first
    status = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
  }
  if (status == cudaSuccess) {
    kernel<<<grid.size, block, shared_bytes, static_cast<cudaStream_t>(stream.native())>>>(
        static_cast<Parameters>(std::forward<Arguments>(arguments))...);
    status = cudaGetLastError();
  }
  if (status != cudaSuccess) {
    // A GPU that this build holds no code for is no device to it.
    fail(status == cudaErrorNoKernelImageForDevice ? ErrorKind::no_device : ErrorKind::internal,
         launch_text(grid, block, shared_bytes), ": ", cudaGetErrorString(status));
  }
#else
  check_launch(grid, block, shared_bytes, DeviceKind::simt, stream);
  struct Call {
    void (*kernel)(Parameters...);
    std::tuple<Parameters...> arguments;
    static void thread(const void* self) {
      const Call& call = *static_cast<const Call*>(self);
      std::apply(call.kernel, call.arguments);
    }
  };
  const Call call{kernel, std::tuple<Parameters...>(std::forward<Arguments>(arguments)...)};
  static_cast<::heddle::simt::Executor*>(stream.native())
      ->run({.grid = grid.size,
             .block = block,
             .shared_bytes = shared_bytes,
             .thread = &Call::thread,
             .arguments = &call,
             .instrumented = twin == "simt_instrumented",
             .where = grid.where,
             .argument_bytes = sizeof call,
             .kernel = reinterpret_cast<const void*>(kernel)});
#endif
}

}  // namespace heddle::kernels::HEDDLE_TWIN

namespace heddle {
using kernels::HEDDLE_TWIN::launch;
}
