#include <span>

#include "heddle/kernel/edge.h"
#include "heddle/kernel/variant.h"
#include "kernels/gat/fits_lanes.h"

// A table for each build of the GPU's kernels, in its namespace: as kernels/spmm/device_variants.cpp.
namespace heddle::kernels::HEDDLE_TWIN {

void head_sddmm(const HeadSddmmArgs& args, Stream& stream);
void head_sddmm_row_per_subwarp(const HeadSddmmArgs& args, void* workspace, Stream& stream);
void edge_softmax(const EdgeSoftmaxArgs& args, Stream& stream);
void edge_softmax_row_per_warp(const EdgeSoftmaxArgs& args, void* workspace, Stream& stream);

namespace {

const Variant<HeadSddmmArgs> head_sddmm_rows[] = {
    {"row_per_subwarp", "all heads of a row in one group of lanes, x_i in registers, 16-byte loads, a butterfly a head",
     "Yang, Buluc, Owens 2018 (row split); Huang et al. 2021 (GNN SDDMM)", true, head_sddmm_fits_lanes,
     needs_no_workspace<HeadSddmmArgs>, head_sddmm_row_per_subwarp, "a head of at most 256 columns, 1024 in whole 16 bytes"},
    {"row_per_thread", "a thread owns a row and a head: the plain reference", "definition", true, takes_anything<HeadSddmmArgs>,
     needs_no_workspace<HeadSddmmArgs>, [](const HeadSddmmArgs& args, void*, Stream& stream) { head_sddmm(args, stream); }},
};

const Variant<EdgeSoftmaxArgs> edge_softmax_rows[] = {
    {"row_per_warp", "a warp owns a row, lanes along edges and heads; maximum and sum in one read, a second read writes",
     "Milakov and Gimelshein 2018 (online softmax)", true, takes_anything<EdgeSoftmaxArgs>, needs_no_workspace<EdgeSoftmaxArgs>,
     edge_softmax_row_per_warp},
    {"row_per_thread", "a thread owns a row and a head, three passes: the plain reference", "definition", true,
     takes_anything<EdgeSoftmaxArgs>, needs_no_workspace<EdgeSoftmaxArgs>,
     [](const EdgeSoftmaxArgs& args, void*, Stream& stream) { edge_softmax(args, stream); }},
};

}  // namespace

std::span<const Variant<HeadSddmmArgs>> head_sddmm_variants() { return head_sddmm_rows; }
std::span<const Variant<EdgeSoftmaxArgs>> edge_softmax_variants() { return edge_softmax_rows; }

}  // namespace heddle::kernels::HEDDLE_TWIN
