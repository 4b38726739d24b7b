#include "heddle/kernel/edge.h"
#include "heddle/kernel/kernel.h"
#include "heddle/kernel/variant.h"
#include "kernels/gat/fits_lanes.h"
#include "kernels/gat/lanes.h"

// Idea: all heads of a row in one group of up to 32 lanes, laid out as in the attention kernels: x_i stays in registers, y_j is
// read in pieces of 16 bytes where the columns of a head allow it, and the lanes of a head add their products up by a butterfly.
// Bytes per edge: 4 + 4 H D gathered + 4 H written; x once a row.
// Source: C. Yang, A. Buluc, J. Owens, Euro-Par 2018 (row split); G. Huang et al., PPoPP 2021 (SDDMM of graph networks).
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

template <class Piece, int pieces>
__global__ void __launch_bounds__(block_threads, (blocks_at_once<Piece, pieces>))
    head_sddmm_row_per_subwarp_kernel(Lanes lanes, int64_t rows, int64_t heads, int64_t columns,
                                      const int64_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices,
                                      const float* __restrict__ x, const float* __restrict__ y, float* __restrict__ s) {
  const Share<Piece, pieces> share(lanes, heads, columns);
  const int64_t width = heads * columns;
  const int groups = block_threads / lanes.group();
  for (int64_t row = share.head < heads ? int64_t{blockIdx.x} * groups + threadIdx.x / lanes.group() : rows; row < rows;
       row += int64_t{gridDim.x} * groups) {
    Piece own[pieces];
    share.read(x + row * width, own);
    const int64_t end = row_offsets[row + 1];
    for (int64_t k = row_offsets[row]; k < end; ++k) {
      Piece values[pieces];
      share.read(y + col_indices[k] * width, values);
      float sum = 0;
      HEDDLE_UNROLL
      for (int p = 0; p < pieces; ++p) sum += inner(own[p], values[p]);
      sum = sum_of_lanes(sum, lanes.per_head);
      if (share.leads) s[k * heads + share.head] = sum;
    }
  }
}

bool reads_quads(const HeadSddmmArgs& args) {
  return args.x.cols / args.heads % 4 == 0 && aligned_for_quads(args.x.data, args.y.data);
}

void head_sddmm_row_per_subwarp(const HeadSddmmArgs& args, void*, Stream& stream) {
  const int64_t columns = args.x.cols / args.heads;
  with_pieces(args.graph.rows, args.heads, columns, reads_quads(args), [&]<class Piece, int pieces>(const Plan& plan) {
    launch(head_sddmm_row_per_subwarp_kernel<Piece, pieces>, plan.grid, block_threads, 0, stream, plan.lanes, args.graph.rows,
           args.heads, columns, args.graph.row_offsets, args.graph.col_indices, args.x.data, args.y.data, args.s.data);
  });
}

}  // namespace

Variant<HeadSddmmArgs> head_sddmm_row_per_subwarp_variant() {
  return {.name = "row_per_subwarp",
          .summary = "all heads of a row in one group of lanes, x_i in registers, 16-byte loads, a butterfly a head",
          .source = "Yang, Buluc, Owens 2018 (row split); Huang et al. 2021 (GNN SDDMM)",
          .deterministic = true,
          .supports = head_sddmm_fits_lanes,
          .workspace = needs_no_workspace<HeadSddmmArgs>,
          .run = head_sddmm_row_per_subwarp,
          .limits = "a head of at most 256 columns, 1024 in whole 16 bytes"};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
