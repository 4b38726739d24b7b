#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "heddle/kernel/edge.h"
#include "heddle/kernel/gat.h"
#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"

/// How a file of kernels hands its variants to `heddle bench --add`, which compiles and loads it (docs/own_kernel.md).
namespace heddle::kernels {

/// Differs where a file was compiled against headers that do not fit the program: raised with every change of what follows.
inline constexpr uint32_t module_interface = 1;

/// The variants of one op in a loaded file; `variants` points to `count` of Variant<Args>.
struct VariantModule {
  uint32_t interface;         ///< module_interface of the headers that the file was compiled with
  std::size_t variant_bytes;  ///< sizeof(Variant<Args>) there
  std::size_t args_bytes;     ///< sizeof(Args) there
  std::size_t count;          ///< of variants
  const void* variants;       ///< the first
};

/// The arguments of each op that takes variants from a file.
namespace module_ops {
using spmm = SpmmArgs;                 ///< of the op "spmm"
using sddmm = HeadSddmmArgs;           ///< of the op "sddmm"
using softmax = EdgeSoftmaxArgs;       ///< of the op "softmax"
using gat_forward = GatForwardArgs;    ///< of the op "gat_forward"
using gat_backward = GatBackwardArgs;  ///< of the op "gat_backward"
}  // namespace module_ops

}  // namespace heddle::kernels

/// Once a file and op, outside every namespace: op is spmm, sddmm, softmax, gat_forward or gat_backward, what follows are one or
/// more Variant, each in braces.
#define HEDDLE_EXPORT_VARIANTS(op, ...)                                                                                         \
  extern "C" __attribute__((visibility("default"))) const ::heddle::kernels::VariantModule* heddle_variants_##op() {            \
    using Args = ::heddle::kernels::module_ops::op;                                                                             \
    static const ::heddle::kernels::Variant<Args> variants[] = {__VA_ARGS__};                                                   \
    static const ::heddle::kernels::VariantModule module{::heddle::kernels::module_interface, sizeof variants[0], sizeof(Args), \
                                                         std::size(variants), &variants};                                       \
    return &module;                                                                                                             \
  }
