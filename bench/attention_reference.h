#pragma once

#include <cstdint>
#include <vector>

#include "bench/references.h"

namespace heddle::bench {

/// One use of graph attention on the host; row i of `graph` lists the sources of target i, which may repeat.
struct AttentionCase {
  HostCsr graph;
  int64_t heads = 1;
  double slope = 0.2;
  float dropout = 0;
  RandomStream random;          ///< `step` is host memory
  HostMatrix x;                 ///< sources' rows, [cols x H D]
  HostMatrix targets = {};      ///< GATv2: the targets' rows, [rows x H D]; empty: GAT, whose targets are x
  HostMatrix a_source;          ///< [1 x H D]; GATv2: a
  HostMatrix a_target = {};     ///< [1 x H D]
  HostMatrix edge_scores = {};  ///< [nnz x H], or empty
};

/// y of gat_attention or gatv2_attention. A logit sums T products of magnitude M in all (T terms, M the sum of their absolute
/// values) with an error of at most gamma(T + 4) M; exp, whose argument is a difference of two, multiplies the weight by
/// 1 + 2 gamma(T + 4) M + |difference| u + 4 u; numerator and denominator of y sum deg of them, corrected at most deg times.
Reference attention(const AttentionCase& c);

/// The gradients of <dy, y> of gat_attention: softmax and LeakyReLU differentiated one after the other, an edge at a time. Terms
/// cancel, so the bounds are an allowance: 2e-5 of the magnitudes that are added up.
struct AttentionGradients {
  Reference dx;              ///< [n x H D], through the scores too
  Reference dedge_scores;    ///< [nnz x H]
  Reference dsource_scores;  ///< [n x H]
  Reference dtarget_scores;  ///< [n x H]
};
AttentionGradients attention_gradients(const AttentionCase& c, const HostMatrix& dy);

/// <x_i, y_j> over the columns of each head for each edge, [nnz x H]; x [rows x H D], y [cols x H D].
Reference head_sddmm(const HostCsr& graph, int64_t heads, const HostMatrix& x, const HostMatrix& y);

/// Softmax over each row's edges, column by column of x [nnz x H].
Reference edge_softmax(const HostCsr& graph, const HostMatrix& x);

}  // namespace heddle::bench
