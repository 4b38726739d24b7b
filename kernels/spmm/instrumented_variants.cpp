#include "kernels/spmm/instrumented_variants.h"

#include "kernels/spmm/device_rows.h"

namespace heddle::kernels {

namespace simt_instrumented {
HEDDLE_SPMM_LAUNCHERS
}

namespace {

const Variant<SpmmArgs> variants[] = {HEDDLE_SPMM_ROWS(simt_instrumented)};

}  // namespace

std::span<const Variant<SpmmArgs>> instrumented_spmm_variants() { return variants; }

}  // namespace heddle::kernels
