#pragma once

#include "kernels/edge/launchers.h"
#include "kernels/edge/variants.h"

// The rows of the tables that the kernels' builds share: simt, cuda and the instrumented one differ in their namespace only.
namespace heddle::kernels {

#define HEDDLE_HEAD_SDDMM_ROWS(twin)                                                                                            \
  {"row_per_subwarp",                                                                                                           \
   "all heads of a row in one group of lanes, x_i in registers, 16-byte loads, a butterfly a head",                             \
   "Yang, Buluc, Owens 2018 (row split); Huang et al. 2021 (GNN SDDMM)",                                                        \
   true,                                                                                                                        \
   twin::head_sddmm_row_per_subwarp_supports,                                                                                   \
   needs_no_workspace<HeadSddmmArgs>,                                                                                           \
   twin::head_sddmm_row_per_subwarp,                                                                                            \
   "a head of at most 256 columns, 1024 in whole 16 bytes"},                                                                    \
  {                                                                                                                             \
    "row_per_thread", "a thread owns a row and a head: the plain reference", "definition", true, takes_anything<HeadSddmmArgs>, \
        needs_no_workspace<HeadSddmmArgs>,                                                                                      \
        [](const HeadSddmmArgs& args, void*, Stream& stream) { twin::head_sddmm(args, stream); }                                \
  }

#define HEDDLE_EDGE_SOFTMAX_ROWS(twin)                                                                         \
  {"row_per_warp",                                                                                             \
   "a warp owns a row, lanes along edges and heads; maximum and sum in one read, a second read writes",        \
   "Milakov and Gimelshein 2018 (online softmax)",                                                             \
   true,                                                                                                       \
   takes_anything<EdgeSoftmaxArgs>,                                                                            \
   needs_no_workspace<EdgeSoftmaxArgs>,                                                                        \
   twin::edge_softmax_row_per_warp},                                                                           \
  {                                                                                                            \
    "row_per_thread", "a thread owns a row and a head, three passes: the plain reference", "definition", true, \
        takes_anything<EdgeSoftmaxArgs>, needs_no_workspace<EdgeSoftmaxArgs>,                                  \
        [](const EdgeSoftmaxArgs& args, void*, Stream& stream) { twin::edge_softmax(args, stream); }           \
  }

}  // namespace heddle::kernels
