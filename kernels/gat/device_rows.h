#pragma once

#include <cstdint>
#include <string>

#include "heddle/error.h"
#include "kernels/gat/cpu_gat.h"
#include "kernels/gat/launchers.h"
#include "kernels/gat/variants.h"

// The rows of the tables that the kernels' builds share: simt, cuda and the instrumented one differ in their namespace only.
namespace heddle::kernels {

/// Of the backward walk's records.
inline std::size_t gat_records_workspace(const GatBackwardArgs& args) {
  return static_cast<std::size_t>(args.x.rows * gat_record_fields * head_stride(args.use.heads)) * sizeof(float);
}

/// row_per_subwarp: up to eight pieces in each of 32 lanes; pieces of 16 bytes where the columns of a head and the arrays allow
/// it.
inline std::string gat_fits_lanes(int64_t columns, std::initializer_list<const float*> arrays) {
  bool quads = columns % 4 == 0;
  for (const float* array : arrays) quads = quads && reinterpret_cast<std::uintptr_t>(array) % 16 == 0;
  const int64_t most = quads ? 1024 : 256;
  return columns <= most ? std::string() : text("a head has ", counted(columns, "column"), ", 32 lanes hold ", most, " of these");
}
inline std::string gat_forward_fits_lanes(const GatForwardArgs& args) {
  return gat_fits_lanes(args.x.cols / args.use.heads, {args.x.data, args.y.data, args.kept.positive});
}
inline std::string gat_backward_fits_lanes(const GatBackwardArgs& args) {
  return gat_fits_lanes(args.x.cols / args.use.heads, {args.x.data, args.y.data, args.dy.data, args.dx.data, args.kept.positive,
                                                       args.source_weights, args.target_weights});
}

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

#define HEDDLE_GAT_FORWARD_ROWS(twin)                                                                                      \
  {HEDDLE_GAT_SUBWARP_TEXT, gat_forward_fits_lanes, needs_no_workspace<GatForwardArgs>,                                    \
   [](const GatForwardArgs& args, void*, Stream& stream) { twin::gat_forward(args, stream); }, HEDDLE_GAT_SUBWARP_LIMITS}, \
  {                                                                                                                        \
    HEDDLE_GAT_COLUMN_TEXT, takes_anything<GatForwardArgs>, needs_no_workspace<GatForwardArgs>,                            \
        twin::gat_forward_column_per_thread                                                                                \
  }

#define HEDDLE_GAT_BACKWARD_ROWS(twin)                                                                                   \
  {HEDDLE_GAT_SUBWARP_TEXT, gat_backward_fits_lanes, gat_records_workspace,                                              \
   [](const GatBackwardArgs& args, void* records, Stream& stream) {                                                      \
     twin::gat_backward(args, static_cast<float*>(records), stream);                                                     \
   },                                                                                                                    \
   HEDDLE_GAT_SUBWARP_LIMITS},                                                                                           \
  {                                                                                                                      \
    HEDDLE_GAT_COLUMN_TEXT, takes_anything<GatBackwardArgs>, gat_records_workspace, twin::gat_backward_column_per_thread \
  }

}  // namespace heddle::kernels
