#pragma once

#include "heddle/device.h"
#include "heddle/error.h"
#include "kernels/common/thread_team.h"

// A kernel is compiled several times from one file, each time into a namespace of its own: the cpu's per instruction set
// (portable, avx2, avx512), a .cu for the executor (simt) and for the GPU (cuda). The functions of these twins have one
// signature per side: the cpu's take the threads, the device's take the stream.
#ifdef HEDDLE_X86
#define HEDDLE_DECLARE_CPU(...) \
  namespace portable {          \
  __VA_ARGS__;                  \
  }                             \
  namespace avx2 {              \
  __VA_ARGS__;                  \
  }                             \
  namespace avx512 {            \
  __VA_ARGS__;                  \
  }
#define HEDDLE_CALL_CPU(stream, function, ...)                                                     \
  ((stream).isa() == ::heddle::Isa::avx512 ? avx512::function(__VA_ARGS__, (stream).thread_team()) \
   : (stream).isa() == ::heddle::Isa::avx2 ? avx2::function(__VA_ARGS__, (stream).thread_team())   \
                                           : portable::function(__VA_ARGS__, (stream).thread_team()))
#else
#define HEDDLE_DECLARE_CPU(...) \
  namespace portable {          \
  __VA_ARGS__;                  \
  }
#define HEDDLE_CALL_CPU(stream, function, ...) portable::function(__VA_ARGS__, (stream).thread_team())
#endif

// The twins of simt and of cuda are components of their own (heddle::simt, heddle::cuda), which a program may be linked without:
// outside of them each is a weak symbol, null in a program that lacks the component. No stream of such a device can be made there
// (kernels/device/components.h), so that a call needs no check. The components themselves, and only they, define HEDDLE_TWIN.
#ifdef HEDDLE_TWIN
#define HEDDLE_COMPONENT
#else
#define HEDDLE_COMPONENT [[gnu::weak]]
#endif

/// One function a time.
#define HEDDLE_DECLARE_DEVICE(...) \
  namespace simt {                 \
  HEDDLE_COMPONENT __VA_ARGS__;    \
  }                                \
  namespace cuda {                 \
  HEDDLE_COMPONENT __VA_ARGS__;    \
  }
#define HEDDLE_CALL_DEVICE(stream, function, ...) \
  ((stream).kind() == ::heddle::DeviceKind::cuda ? cuda::function(__VA_ARGS__, stream) : simt::function(__VA_ARGS__, stream))

/// Calls the twin of `function` that belongs to the stream's device.
#define HEDDLE_CALL(stream, function, ...)                                                       \
  ((stream).kind() == ::heddle::DeviceKind::cpu ? HEDDLE_CALL_CPU(stream, function, __VA_ARGS__) \
                                                : HEDDLE_CALL_DEVICE(stream, function, __VA_ARGS__))
