#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/data.h"

/// A reader of the pickles in which Planetoid publishes its data sets (protocol 2, written by Python 2, NumPy and SciPy), and of
/// what Python 3 writes of the same data (protocols 2 to 5); of nothing else. It runs no code: the only names it knows are those
/// in pickle_machine.cpp, and each only becomes the plain data below. Throws Error{bad_data} "name: byte N: ..." for any other
/// class, opcode or structure. Memory: at most about 200 times the size of the file (a tuple costs a byte there and an allocation
/// here); nothing recurses.
namespace heddle::io::detail {

/// A NumPy array inside a pickle. `data` points into the pickle, or to what `owner` has.
struct PickledArray {
  std::vector<int64_t> shape;
  char kind = 'f';  ///< NumPy's letter: f, i, u or b
  int item_size = 4;
  bool fortran_order = false;
  std::string_view data;
  std::shared_ptr<const std::string> owner = {};

  int64_t size() const { return static_cast<int64_t>(data.size()) / item_size; }
  /// Element `index` in storage order.
  double real(int64_t index) const;
  /// The same of an integer array.
  int64_t integer(int64_t index) const;
  bool is_integer() const { return kind != 'f'; }
};

/// The directed entries of a dict of lists {node: [neighbour, ...]}, in the file's order.
struct AdjacencyLists {
  int64_t lists = 0;
  std::vector<std::pair<int64_t, int64_t>> entries;
};

/// Reads a scipy.sparse.csr_matrix: columns sorted, repeated entries summed (as SciPy does), explicit zeros dropped.
HostCsr unpickle_csr(std::string_view pickle, std::string_view name);

/// Reads a two-dimensional numpy.ndarray with at least one column.
PickledArray unpickle_matrix(std::string_view pickle, std::string_view name);

/// Reads a collections.defaultdict(list) or dict of node ids to lists of node ids.
AdjacencyLists unpickle_adjacency(std::string_view pickle, std::string_view name);

}  // namespace heddle::io::detail
