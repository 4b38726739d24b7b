#include "io/npz_arrays.h"

#include <algorithm>
#include <numeric>

#include "heddle/error.h"
#include "io/finite.h"
#include "io/limits.h"
#include "io/npy.h"
#include "io/shape.h"
#include "io/text.h"

namespace heddle::io::detail {

NpzArrays::NpzArrays(std::string_view bytes, const std::string& name) : archive_(bytes, name, "a .npz archive"), name_(name) {
  for (std::size_t i = 0; i < archive_.names().size(); ++i) {
    std::string key = archive_.names()[i];
    require(key.size() > 4 && key.ends_with(".npy"), ErrorKind::bad_data, archive_.entry_name(i), " is not a .npy file");
    key.resize(key.size() - 4);
    require(places_.emplace(key, i).second, ErrorKind::bad_data, archive_.entry_name(i), " comes twice");
  }
}

std::string NpzArrays::first_of(const std::vector<const char*>& keys) const {
  for (const char* key : keys) {
    if (has(key)) return key;
  }
  return "";
}

Array NpzArrays::read(const std::string& key) {
  const auto found = places_.find(key);
  require(found != places_.end(), ErrorKind::bad_data, name_, " has no array ", in_quotes(key));
  read_[key] = true;
  const ByteBuffer content = archive_.read(found->second);
  return parse_npy(MemorySource(content.view()), archive_.entry_name(found->second));
}

std::vector<int64_t> NpzArrays::integers(const std::string& key, std::vector<int64_t>* shape) {
  Array array = read(key);
  auto* const integers = std::get_if<std::vector<int64_t>>(&array.values);
  require(integers != nullptr, ErrorKind::bad_data, name_, ": ", in_quotes(key), " does not hold whole numbers");
  if (shape != nullptr) *shape = array.shape;
  return std::move(*integers);
}

std::vector<float> NpzArrays::floats(const std::string& key, std::vector<int64_t>* shape) {
  Array array = read(key);
  if (shape != nullptr) *shape = array.shape;
  std::vector<float> values;
  if (auto* const floats = std::get_if<std::vector<float>>(&array.values)) {
    values = std::move(*floats);
  } else if (const auto* const doubles = std::get_if<std::vector<double>>(&array.values)) {
    values.assign(doubles->begin(), doubles->end());
  } else if (const auto* const integers = std::get_if<std::vector<int64_t>>(&array.values)) {
    values.assign(integers->begin(), integers->end());
  } else {
    fail(ErrorKind::bad_data, name_, ": ", in_quotes(key), " does not hold numbers");
  }
  if (const int64_t at = find_not_finite(values.data(), static_cast<int64_t>(values.size())); at >= 0) {
    fail(ErrorKind::bad_data, name_, ": element ", at, " of ", in_quotes(key), " is ", values[static_cast<std::size_t>(at)],
         " as float32");
  }
  return values;
}

std::vector<std::string> NpzArrays::unread() const {
  std::vector<std::string> keys;
  for (const auto& [key, place] : places_) {
    if (!read_.contains(key)) keys.push_back(key);
  }
  return keys;
}

bool has_sparse(const NpzArrays& arrays, const std::string& prefix) {
  const bool compressed = arrays.has(prefix + "indices") && arrays.has(prefix + "indptr");
  const bool coordinates = prefix.empty() && arrays.has("row") && arrays.has("col");
  return (compressed || coordinates) && arrays.has(prefix + "data") && arrays.has(prefix + "shape");
}

CoordinateMatrix read_sparse(NpzArrays& arrays, const std::string& prefix) {
  const std::string called = prefix.empty() ? "the matrix" : in_quotes(prefix + "...");
  const auto refuse = [&](bool holds, const auto&... parts) {
    require(holds, ErrorKind::bad_data, arrays.name(), ": ", called, ": ", parts...);
  };
  std::string format = "csr";
  if (arrays.has(prefix + "format")) {
    const Array array = arrays.read(prefix + "format");
    const auto* const words = std::get_if<std::vector<std::string>>(&array.values);
    refuse(words != nullptr && words->size() == 1, "its format is not a word");
    format = words->front();
  }
  refuse(format == "csr" || format == "csc" || format == "coo", "its format ", in_quotes(format), " is none of csr, csc, coo");
  const std::vector<int64_t> shape = arrays.integers(prefix + "shape");
  refuse(shape.size() == 2 && shape[0] > 0 && shape[1] > 0 && shape[0] <= max_id && shape[1] <= max_id, "its shape ",
         shape_text(shape), " is not that of a matrix with rows and columns");
  CoordinateMatrix matrix;
  matrix.rows = shape[0];
  matrix.cols = shape[1];
  matrix.values = arrays.floats(prefix + "data");
  const auto narrow = [&](const std::vector<int64_t>& places, int64_t extent, const char* what) {
    std::vector<int32_t> narrowed;
    narrowed.reserve(places.size());
    for (const int64_t place : places) {
      refuse(place >= 0 && place < extent, "it names ", what, " ", place, ", and ", there_are(extent));
      narrowed.push_back(static_cast<int32_t>(place));
    }
    return narrowed;
  };
  if (format == "coo") {
    matrix.row = narrow(arrays.integers("row"), matrix.rows, "row");
    matrix.col = narrow(arrays.integers("col"), matrix.cols, "column");
  } else {
    const bool by_row = format == "csr";
    const std::vector<int64_t> offsets = arrays.integers(prefix + "indptr");
    std::vector<int32_t>& inner = by_row ? matrix.col : matrix.row;
    std::vector<int32_t>& outer = by_row ? matrix.row : matrix.col;
    inner = narrow(arrays.integers(prefix + "indices"), by_row ? matrix.cols : matrix.rows, by_row ? "column" : "row");
    const int64_t lists = by_row ? matrix.rows : matrix.cols;
    refuse(static_cast<int64_t>(offsets.size()) == lists + 1, "indptr has ", counted(offsets.size(), "entry", "entries"),
           ", and ", there_are(lists, by_row ? "row" : "column"));
    refuse(offsets.front() == 0 && offsets.back() == static_cast<int64_t>(inner.size()), "indptr runs from ", offsets.front(),
           " to ", offsets.back(), ", indices has ", counted(inner.size(), "entry", "entries"));
    outer.reserve(inner.size());
    for (int64_t list = 0; list < lists; ++list) {
      const int64_t begin = offsets[static_cast<std::size_t>(list)], end = offsets[static_cast<std::size_t>(list) + 1];
      refuse(begin <= end && end <= static_cast<int64_t>(inner.size()), "indptr goes from ", begin, " to ", end, " at ", list);
      outer.insert(outer.end(), static_cast<std::size_t>(end - begin), static_cast<int32_t>(list));
    }
  }
  refuse(matrix.row.size() == matrix.col.size() && matrix.row.size() == matrix.values.size(), "it has ",
         counted(matrix.row.size(), "row"), ", ", counted(matrix.col.size(), "column"), " and ",
         counted(matrix.values.size(), "value"), " of entries");
  if (format == "csr" || std::is_sorted(matrix.row.begin(), matrix.row.end())) return matrix;
  std::vector<std::size_t> order(matrix.row.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return matrix.row[a] < matrix.row[b]; });
  CoordinateMatrix sorted = matrix;
  for (std::size_t i = 0; i < order.size(); ++i) {
    sorted.row[i] = matrix.row[order[i]];
    sorted.col[i] = matrix.col[order[i]];
    sorted.values[i] = matrix.values[order[i]];
  }
  return sorted;
}

}  // namespace heddle::io::detail
