#include "kernels/common/overrides.h"

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

/// Throws unless `name`, the variable's value, is empty or a variant of the device.
template <class Args>
void check_has(DeviceKind device, const char* variable, const std::string& name,
               std::span<const Variant<Args>> (*table)(DeviceKind)) {
  if (name.empty()) return;
  std::string names;
  for (const Variant<Args>& variant : table(device)) {
    if (variant.name == name) return;
    names += text(names.empty() ? "" : ", ", variant.name);
  }
  fail(ErrorKind::usage, variable, " is '", name, "', a variant that ", to_string(device), " does not have; it has ", names);
}

}  // namespace

void check_overrides(DeviceKind device) {
  const VariantOverrides asked = VariantOverrides::from_environment();
  check_has<SpmmArgs>(device, "HEDDLE_FORCE_SPMM", asked.spmm, spmm_variants);
  check_has<GemmArgs>(device, "HEDDLE_FORCE_GEMM", asked.gemm, gemm_variants);
  check_has<HeadSddmmArgs>(device, "HEDDLE_FORCE_SDDMM", asked.sddmm, head_sddmm_variants);
  check_has<EdgeSoftmaxArgs>(device, "HEDDLE_FORCE_EDGE_SOFTMAX", asked.edge_softmax, edge_softmax_variants);
  check_has<GatForwardArgs>(device, "HEDDLE_FORCE_GAT", asked.gat, gat_forward_variants);
}

VariantOverrides VariantOverrides::from_environment() {
  return {.spmm = forced<SpmmArgs>("HEDDLE_FORCE_SPMM", spmm_variants),
          .gemm = forced<GemmArgs>("HEDDLE_FORCE_GEMM", gemm_variants),
          .sddmm = forced<HeadSddmmArgs>("HEDDLE_FORCE_SDDMM", head_sddmm_variants),
          .edge_softmax = forced<EdgeSoftmaxArgs>("HEDDLE_FORCE_EDGE_SOFTMAX", edge_softmax_variants),
          .gat = forced<GatForwardArgs>("HEDDLE_FORCE_GAT", gat_forward_variants)};
}

}  // namespace heddle::kernels
