#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heddle/data.h"
#include "heddle/kernel/philox.h"

/// Matrices for tests and benchmarks: the same on every machine for a given seed.
namespace heddle::bench {

/// HEDDLE_DATA, the folder of the public data sets; empty where it is not set.
std::string data_folder();

/// A sequence of random numbers from Philox, so that data does not depend on the standard library.
class Draws {
 public:
  explicit Draws(uint64_t seed) : stream_{.seed = seed, .purpose = 0x40000, .step = nullptr} {}
  uint32_t word() { return random_word(stream_, next_++); }
  /// In [0, 1).
  double uniform() { return word() * 0x1p-32; }
  /// In [0, bound), bound > 0; the bias of at most bound / 2^32 does not matter here.
  int64_t below(int64_t bound) { return static_cast<int64_t>(uniform() * static_cast<double>(bound)); }
  /// Of either sign and of magnitude 2^-10 to 2^10, evenly over the binary orders: sums of such values cancel and absorb.
  float mixed();

 private:
  RandomStream stream_;
  uint64_t next_ = 0;
};

struct NamedGraph {
  std::string name;
  HostCsr matrix;  ///< unlike in HostCsr's contract, columns may repeat in a row and stand in any order
};

/// CSR from one list of columns per row; values are drawn.
HostCsr csr_from_rows(const std::vector<std::vector<int32_t>>& columns, int64_t cols, uint64_t seed);

/// `nnz` entries at random places, repeats included.
HostCsr random_graph(int64_t rows, int64_t cols, int64_t nnz, uint64_t seed);

/// Row r has about nnz * (r + 1)^-0.8 / sum entries, and columns are drawn with the same skew: few hubs, many leaves.
HostCsr power_law_graph(int64_t rows, int64_t cols, int64_t nnz, uint64_t seed);

/// Every shape that has broken an SpMM kernel somewhere, small: no rows, no edges, empty rows first and last, one hub row, a hub
/// column, self-loops, repeated columns, wide and tall, power law, lengths around the unrolling of the kernels, zero and huge
/// values.
std::vector<NamedGraph> hostile_graphs();

/// One row of `nnz` entries among short ones.
HostCsr giant_row_graph(int64_t nnz, uint64_t seed);

/// A rows x cols matrix of mixed values.
HostMatrix random_matrix(int64_t rows, int64_t cols, uint64_t seed);

/// A rows x cols matrix of values in +-most, evenly.
HostMatrix uniform_matrix(int64_t rows, int64_t cols, uint64_t seed, double most = 1);

/// The same matrix with as many rows as columns, the new ones empty.
HostCsr squared(HostCsr matrix);

/// A permutation of [0, count).
std::vector<int64_t> random_permutation(int64_t count, uint64_t seed);

}  // namespace heddle::bench
