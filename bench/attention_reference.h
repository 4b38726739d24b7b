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

/// The gradient of <dy, y> with respect to x of gat_attention (without edge scores), through the scores too. Its terms cancel, so
/// the bound is an allowance: 2e-5 of the magnitudes that are added up, each with the errors of a weight.
Reference attention_dx(const AttentionCase& c, const HostMatrix& dy);

}  // namespace heddle::bench
