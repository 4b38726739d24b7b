#pragma once

#include <stdint.h>

// Shapes that cpu_skinny.cpp and its rules agree on. Static: included by files compiled per instruction set.
namespace heddle::kernels {

/// Output columns, and k (or, for a transposed A, output rows), are at most this.
inline constexpr int64_t skinny_limit = 64;

/// A long k is cut into chunks of this many rows, whose sums are added in their order.
inline constexpr int64_t skinny_chunk_k = 512;

[[gnu::always_inline]] static inline int64_t skinny_chunks(int64_t k) { return (k + skinny_chunk_k - 1) / skinny_chunk_k; }

/// Columns of the packed B: whole vectors of the widest instruction set.
[[gnu::always_inline]] static inline int64_t skinny_padded(int64_t cols) { return (cols + 15) / 16 * 16; }

}  // namespace heddle::kernels
