#include <cstddef>
#include <span>

#include "heddle/kernel/gat.h"
#include "heddle/kernel/variant.h"
#include "kernels/gat/cpu_gat.h"
#include "kernels/gat/fits_lanes.h"

// A table for each build of the GPU's kernels, in its namespace: as kernels/spmm/device_variants.cpp.
namespace heddle::kernels::HEDDLE_TWIN {

void gat_forward(const GatForwardArgs& args, Stream& stream);
void gat_backward(const GatBackwardArgs& args, float* records, Stream& stream);
void gat_forward_column_per_thread(const GatForwardArgs& args, void* workspace, Stream& stream);
void gat_backward_column_per_thread(const GatBackwardArgs& args, void* workspace, Stream& stream);

namespace {

#define HEDDLE_GAT_SUBWARP_TEXT                                                                      \
  "row_per_subwarp",                                                                                 \
      "all heads of a row in one group of lanes, 16-byte loads; backward one walk with one gather, " \
      "shuffles within a head",                                                                      \
      "Velickovic et al. 2018; Milakov and Gimelshein 2018; Yang, Buluc, Owens 2018 (row split)", true
#define HEDDLE_GAT_SUBWARP_LIMITS "a head of at most 256 columns, 1024 in whole 16 bytes"
#define HEDDLE_GAT_COLUMN_TEXT                                                                   \
  "column_per_thread",                                                                           \
      "a thread owns a row and a column, no shuffles; backward a thread a row and head, then a " \
      "thread a row and column, two gathers",                                                    \
      "Velickovic et al. 2018, as written", true

const Variant<GatForwardArgs> gat_forward_rows[] = {
    {HEDDLE_GAT_SUBWARP_TEXT, gat_forward_fits_lanes, needs_no_workspace<GatForwardArgs>,
     [](const GatForwardArgs& args, void*, Stream& stream) { gat_forward(args, stream); }, HEDDLE_GAT_SUBWARP_LIMITS},
    {HEDDLE_GAT_COLUMN_TEXT, takes_anything<GatForwardArgs>, needs_no_workspace<GatForwardArgs>, gat_forward_column_per_thread},
};

const Variant<GatBackwardArgs> gat_backward_rows[] = {
    {HEDDLE_GAT_SUBWARP_TEXT, gat_backward_fits_lanes, gat_records_workspace,
     [](const GatBackwardArgs& args, void* records, Stream& stream) { gat_backward(args, static_cast<float*>(records), stream); },
     HEDDLE_GAT_SUBWARP_LIMITS},
    {HEDDLE_GAT_COLUMN_TEXT, takes_anything<GatBackwardArgs>, gat_records_workspace, gat_backward_column_per_thread},
};

}  // namespace

std::span<const Variant<GatForwardArgs>> gat_forward_variants() { return gat_forward_rows; }
std::span<const Variant<GatBackwardArgs>> gat_backward_variants() { return gat_backward_rows; }

}  // namespace heddle::kernels::HEDDLE_TWIN
