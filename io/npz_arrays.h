#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/io.h"
#include "io/matrix_market.h"
#include "io/zip_archive.h"

namespace heddle::io::detail {

/// The arrays of a .npz, each read when it is asked for: others may be of types that are not read (Python's objects).
class NpzArrays {
 public:
  /// `bytes` must outlive the object; `name` stands for the file in sentences.
  NpzArrays(std::string_view bytes, const std::string& name);

  const std::string& name() const { return name_; }
  bool has(const std::string& key) const { return places_.contains(key); }
  /// The first of the keys that there is; empty: none.
  std::string first_of(const std::vector<const char*>& keys) const;
  /// The array. Throws Error{bad_data} where it is not there or not of a type that is read.
  Array read(const std::string& key);
  /// The same as whole numbers, and as float32 numbers, which are finite.
  std::vector<int64_t> integers(const std::string& key, std::vector<int64_t>* shape = nullptr);
  std::vector<float> floats(const std::string& key, std::vector<int64_t>* shape = nullptr);
  /// Keys that nothing was read from.
  std::vector<std::string> unread() const;

 private:
  ZipArchive archive_;
  std::string name_;
  std::map<std::string, std::size_t> places_;
  std::map<std::string, bool> read_;
};

/// Whether there is a sparse matrix as SciPy's save_npz writes it (csr, csc, coo), or, under a prefix ("adj_", "attr_matrix."),
/// the arrays of a CSR matrix.
bool has_sparse(const NpzArrays& arrays, const std::string& prefix);
/// Its entries, row by row. Throws Error{bad_data} where the arrays do not fit together.
CoordinateMatrix read_sparse(NpzArrays& arrays, const std::string& prefix);

}  // namespace heddle::io::detail
