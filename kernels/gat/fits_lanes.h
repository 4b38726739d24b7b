#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "heddle/error.h"
#include "heddle/kernel/edge.h"
#include "heddle/kernel/gat.h"

// What the kernels can do that lay the heads of a row over the lanes of a warp (kernels/gat/lanes.h): for the tables of variants,
// and for the rules that choose among them.
namespace heddle::kernels {

/// Empty, or why they cannot do heads of so many columns: a lane has up to eight pieces, of 16 bytes where the columns of a head
/// and the arrays allow it.
inline std::string fits_lanes(int64_t columns, std::initializer_list<const float*> arrays) {
  bool quads = columns % 4 == 0;
  for (const float* array : arrays) quads = quads && reinterpret_cast<std::uintptr_t>(array) % 16 == 0;
  const int64_t most = quads ? 1024 : 256;
  return columns <= most ? std::string() : text("a head has ", counted(columns, "column"), ", 32 lanes hold ", most, " of these");
}

inline std::string head_sddmm_fits_lanes(const HeadSddmmArgs& args) {
  return fits_lanes(args.x.cols / args.heads, {args.x.data, args.y.data});
}
inline std::string gat_forward_fits_lanes(const GatForwardArgs& args) {
  return fits_lanes(args.x.cols / args.use.heads, {args.x.data, args.y.data, args.kept.positive});
}
inline std::string gat_backward_fits_lanes(const GatBackwardArgs& args) {
  return fits_lanes(args.x.cols / args.use.heads, {args.x.data, args.y.data, args.dy.data, args.dx.data, args.kept.positive,
                                                   args.source_weights, args.target_weights});
}

}  // namespace heddle::kernels
