#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace heddle::io::detail {

/// The listed entries of a sparse matrix, in the order of the file.
struct CoordinateMatrix {
  int64_t rows = 0, cols = 0;
  std::vector<int32_t> row, col;  ///< from 0
  std::vector<float> values;      ///< one an entry; empty: a pattern
  bool symmetric = false;         ///< each entry stands for its mirror image too
};

/// Whether a text begins as a Matrix Market file does: with %%MatrixMarket, or, as Network Repository has it, %MatrixMarket.
bool is_matrix_market(std::string_view content);

/// Reads the coordinate form, pattern, real or integer, general or symmetric. Throws Error{bad_data} "name:line: ..." for the
/// others, places outside of the matrix, values that are not finite, and another number of entries than the line of sizes says.
CoordinateMatrix parse_matrix_market(std::string_view content, std::string_view name);

}  // namespace heddle::io::detail
