#include <cstdlib>

#include "heddle/kernel/variant.h"
#include "kernels/dense/dense.h"
#include "kernels/edge/variants.h"
#include "kernels/gat/variants.h"
#include "kernels/spmm/spmm.h"

namespace heddle::kernels {

namespace {

/// The variable's value if some device of this build has a variant of that name; empty if it is not set.
template <class Args>
std::string forced(const char* variable, std::span<const Variant<Args>> (*table)(DeviceKind)) {
  const char* name = std::getenv(variable);
  if (name == nullptr || *name == '\0') return {};
  std::string names;
  for (DeviceKind device : {DeviceKind::cpu, DeviceKind::simt, DeviceKind::cuda}) {
    for (const Variant<Args>& variant : table(device)) {
      if (variant.name == std::string_view(name)) return name;
      names += text(names.empty() ? "" : ", ", variant.name, " (", to_string(device), ")");
    }
  }
  fail(ErrorKind::usage, variable, " is '", name, "'; there are ", names);
}

}  // namespace

VariantOverrides VariantOverrides::from_environment() {
  return {.spmm = forced<SpmmArgs>("HEDDLE_FORCE_SPMM", spmm_variants),
          .gemm = forced<GemmArgs>("HEDDLE_FORCE_GEMM", gemm_variants),
          .sddmm = forced<HeadSddmmArgs>("HEDDLE_FORCE_SDDMM", head_sddmm_variants),
          .edge_softmax = forced<EdgeSoftmaxArgs>("HEDDLE_FORCE_EDGE_SOFTMAX", edge_softmax_variants),
          .gat = forced<GatForwardArgs>("HEDDLE_FORCE_GAT", gat_forward_variants)};
}

}  // namespace heddle::kernels
