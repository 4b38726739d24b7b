#pragma once

#include <cstdint>

/// Bytes that a layer of graph attention (GAT, with dropout, no edge scores) moves forward and backward where every pass over the
/// edges reads each number it needs once: indices 4, edge numbers 8, floats 4 bytes; row offsets and the score vectors are left
/// out. n nodes, e edges, H heads of D columns.
namespace heddle::bench {

/// One operator. Per edge: forward an index, the source's scores and row; backward an index, the edge's number, the target's
/// record of four numbers per head, its row of dy. Per node: x for both scores, for dx and for the gradients of both score
/// vectors; y and its positive part written and read; dy read; dx written; scores, statistics, records and their gradients.
constexpr int64_t fused_attention_bytes(int64_t n, int64_t e, int64_t heads, int64_t columns) {
  const int64_t row = 4 * heads * columns;
  const int64_t edge_forward = 4 + 4 * heads + row;
  const int64_t edge_backward = 4 + 8 + 4 * 4 * heads + row;
  const int64_t node_rows = 5 + 2 + 2 + 1 + 1;
  // source and target score written; target score, max, 1 / sum and share written and read again; record written; source score
  // read backward; both gradients written and read.
  const int64_t node_numbers = 2 + 1 + 3 + 4 + 4 + 1 + 4 + 1;
  return e * (edge_forward + edge_backward) + n * (node_rows * row + 4 * heads * node_numbers);
}

/// Separate passes, as autograd/ops/edge.cpp chains them. Numbers per edge and head read and written: sums 1 + 1, LeakyReLU 2,
/// softmax 5 (the maximum first), dropout 2, product 1; backward the product's two gradients 1 + 1, dropout 2, softmax 5,
/// LeakyReLU 3, sums to both ends 2. Rows gathered: x forward, x and dy backward. Indices: 5 passes; edge numbers: 2.
constexpr int64_t unfused_attention_bytes(int64_t n, int64_t e, int64_t heads, int64_t columns) {
  const int64_t row = 4 * heads * columns;
  const int64_t numbers = 2 + 2 + 5 + 2 + 1 + 2 + 2 + 5 + 3 + 2;
  // x for both scores and both score vectors' gradients; y, dx written; dy read beside its edges; what the scores hand x, twice:
  // written, read and added to dx.
  const int64_t node_rows = 4 + 1 + 1 + 1 + 2 * 4;
  const int64_t node_numbers = 2 + 1 + 2 + 4;
  return e * (4 * heads * numbers + 3 * row + 4 * 4 + 2 * 8) + n * (node_rows * row + 4 * heads * node_numbers);
}

}  // namespace heddle::bench
