#pragma once

#include <stdint.h>

#include "kernels/topk/topk.h"

namespace heddle::kernels {

/// How the cpu shares a call among its threads: blocks of rows, and where there are few rows ranges of columns as well, whose
/// best are merged. The results are the same for every plan: scores do not depend on it, and no two columns are equal in rank.
struct TopKPlan {
  int64_t rows_per_block;
  int64_t row_blocks;
  int64_t columns_per_range;
  int64_t ranges;
};

/// The most rows of a block: the left factors of so many rows and their candidates fit in the second-level cache, and turning the
/// right factors (once a block) is a fiftieth of the product.
inline constexpr int64_t most_rows_per_block = 512;

struct TopKWorkspace {
  uint64_t* candidates;  ///< rows x ranges x k
  float* panels;         ///< row_blocks x ranges x panel_columns x d; null: not needed
};

/// The right factors are turned so many rows at a time: a multiple of three vectors of any instruction set.
inline constexpr int64_t panel_columns = 48;

}  // namespace heddle::kernels
