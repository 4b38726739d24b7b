#pragma once

#include <span>

#include "heddle/kernel/variant.h"

// A table of device variants: HEDDLE_VARIANT_TABLE(op, Args, VARIANTS) defines op_variants(), with a row for each name that the
// macro VARIANTS lists, one a line, in the order in which they are listed everywhere. The row of NAME is op_NAME_variant(), and
// stands at the end of the variant's file.
//     #define HEDDLE_SPMM_VARIANTS(row, ...)
//       row(row_per_subwarp, __VA_ARGS__)
//       ...
#define HEDDLE_DECLARE_VARIANT(name, op, Args) Variant<Args> op##_##name##_variant();
#define HEDDLE_LIST_VARIANT(name, op, Args) op##_##name##_variant(),
#define HEDDLE_VARIANT_TABLE(op, Args, VARIANTS)                                   \
  VARIANTS(HEDDLE_DECLARE_VARIANT, op, Args)                                       \
  std::span<const Variant<Args>> op##_variants() {                                 \
    static const Variant<Args> rows[] = {VARIANTS(HEDDLE_LIST_VARIANT, op, Args)}; \
    return rows;                                                                   \
  }
