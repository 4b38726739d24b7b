#pragma once

#include <cstdint>

#include "heddle/kernel/views.h"

// Propagation over the symmetrically normalised adjacency A^ = S A S, S = diag(scale), without stored normalised values: x holds
// rows that are multiplied by S already (or is multiplied as it is read), so a product is a plain sum over neighbours, and S
// comes back in as a factor of the whole row. Every pointer is to memory of the stream's device.
namespace heddle::kernels {

struct Execution;

/// A row-major matrix of floats, stored in 32 bits or as bfloat16 (the upper half of a float, rounded to nearest even). One of
/// the two pointers is null.
struct StoredRows {
  float* f32 = nullptr;
  uint16_t* bf16 = nullptr;
};

/// For each listed row r, at place p of the list (all rows where `rows` is null; then p = r):
///   t    = base[r] + scale[r] * sum over non-zeros (r, c) of (a_rc * x_scale[c]) * x[c]     (base: 0, x_scale: 1 where null)
///   y[.] = factor * t * (prescale ? scale[r] : 1)
/// Sums are float32 in the order of the row's non-zeros. x, base and y have `width` columns.
struct PropagateArgs {
  CsrView a;                     ///< n x n; values null: ones; without value_index
  const float* scale = nullptr;  ///< n: 1 / sqrt(weighted degree), 0 for an isolated node
  StoredRows x = {};             ///< n x width; or, with `x_slots`, as many rows as there are slots
  /// n, or null. Where given, column c reads x[x_slots[c]], and is skipped where x_slots[c] < 0: x then has non-zero rows for a
  /// few columns only.
  const int32_t* x_slots = nullptr;
  const float* x_scale = nullptr;       ///< n, or null
  const float* base = nullptr;          ///< n x width, or (with base_slots) as many rows as there are slots; or null
  const int32_t* base_slots = nullptr;  ///< as x_slots, for base
  const int32_t* rows = nullptr;        ///< row_count distinct row numbers, ascending; null: all n
  int64_t row_count = 0;                ///< ignored where rows is null
  int64_t width = 0;
  float factor = 1;
  bool prescale = false;
  /// Where y's row stands: at place p of the list (compact) or at r.
  bool compact = false;
  StoredRows y = {};
};
/// Overwrites y's listed rows wholly, touches no other. y overlaps neither x nor base. Throws Error{usage} for null pointers and
/// sizes that do not fit.
void propagate(const PropagateArgs& args, Execution& execution);

/// y[r] = scale[r] * x[r] for all rows: what the first product of a chain reads.
struct PrescaleArgs {
  const float* x = nullptr;  ///< rows x width
  const float* scale = nullptr;
  int64_t rows = 0;
  int64_t width = 0;
  StoredRows y = {};
};
void prescale(const PrescaleArgs& args, Execution& execution);

// What restricts a product to the rows it depends on. cpu only (a captured step on a GPU propagates everywhere): these throw
// Error{usage} elsewhere.

/// Rows of a matrix, and what they hold.
struct Frontier {
  int64_t rows = 0;
  int64_t nnz = 0;
};

/// The distinct columns of the listed rows, ascending; with `themselves` the listed rows as well.
struct NeighboursArgs {
  CsrView a;                      ///< n x n
  const int32_t* rows = nullptr;  ///< row_count
  int64_t row_count = 0;
  bool themselves = false;
  uint8_t* flags = nullptr;    ///< n, scratch
  int32_t* columns = nullptr;  ///< room for n
};
/// Returns how many columns there are, and the non-zeros of the rows of these numbers.
Frontier neighbours(const NeighboursArgs& args, Execution& execution);

/// slots[rows[p]] = p (or, without `compact`, rows[p]) for the listed rows, -1 for the others of n.
void assign_slots(const int32_t* rows, int64_t row_count, bool compact, int32_t* slots, int64_t n, Execution& execution);

}  // namespace heddle::kernels
