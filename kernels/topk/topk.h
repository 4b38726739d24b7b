#pragma once

#include <cstdint>

#include "heddle/kernel/views.h"
#include "heddle/limits.h"

// The best k of many scores: score descending, equal scores by smaller column. Every pointer is to memory of the stream's device.
namespace heddle::kernels {

struct Execution;

/// Columns that a row must not contain: those of row exclude_rows[r] of a CSR structure (columns ascending), for row r.
struct ExcludedColumns {
  const int64_t* row_offsets = nullptr;  ///< null: nothing is excluded
  const int32_t* col_indices = nullptr;
  const int32_t* rows = nullptr;  ///< m row numbers of the structure, -1: none for this row; null: row r itself
};

struct TopKOutput {
  int64_t k = 0;               ///< 1 ... top_k_limit; may exceed the number of columns
  int32_t* columns = nullptr;  ///< m x k, best first; -1 where there are no more
  float* scores = nullptr;     ///< m x k; -infinity where there are no more
};

/// Of a given matrix of scores [m x n]. NaN scores are never chosen.
struct TopKArgs {
  DenseView<const float> scores;
  ExcludedColumns exclude[2];
  TopKOutput best;
};
void top_k(const TopKArgs& args, Execution& execution);

/// Of scores left right^T that are never written to memory as a whole: left [m x d], right [n x d].
struct ScoreTopKArgs {
  DenseView<const float> left;
  DenseView<const float> right;
  ExcludedColumns exclude[2];
  TopKOutput best;
};
void score_top_k(const ScoreTopKArgs& args, Execution& execution);

/// y = x with each row divided by its norm (a zero row stays zero): score_top_k of normalised rows ranks by cosine.
void normalise_rows(DenseView<const float> x, DenseView<float> y, Execution& execution);

}  // namespace heddle::kernels
