#include "io/pickle.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "heddle/error.h"
#include "io/limits.h"
#include "io/pickle_machine.h"
#include "io/shape.h"
#include "io/text.h"

namespace heddle::io::detail {

static_assert(std::endian::native == std::endian::little, "the readers copy little-endian numbers as they are");

namespace {

template <class T>
T load(std::string_view data, int64_t index) {
  T value;
  std::memcpy(&value, data.data() + static_cast<std::size_t>(index) * sizeof(T), sizeof(T));
  return value;
}

/// The csr_matrix attribute `key`, or none.
const PickleValue* find_attribute(const PickleMachine& machine, const PickleValue& dict, std::string_view key) {
  const std::vector<PickleValue>& items = machine.elements(dict);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    const bool name = items[i].kind == PickleKind::bytes || items[i].kind == PickleKind::text;
    if (name && items[i].bytes == key) return &items[i + 1];
  }
  return nullptr;
}

const PickledArray& vector_attribute(const PickleMachine& machine, const PickleValue& dict, std::string_view key) {
  const PickleValue* value = find_attribute(machine, dict, key);
  if (!value || value->kind != PickleKind::array) machine.fail("csr_matrix has no array ", in_quotes(key));
  const PickledArray& array = machine.array(*value);
  if (array.shape.size() != 1) machine.fail("csr_matrix: ", key, " has shape ", shape_text(array.shape), ", not one dimension");
  return array;
}

/// Sorts the row that starts at `begin` by column, sums repeats, drops zeros.
void finish_row(HostCsr& csr, std::size_t begin, std::vector<std::pair<int32_t, float>>& scratch) {
  scratch.clear();
  for (std::size_t k = begin; k < csr.col_indices.size(); ++k) scratch.emplace_back(csr.col_indices[k], csr.values[k]);
  const auto by_column = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(scratch.begin(), scratch.end(), by_column)) {
    std::stable_sort(scratch.begin(), scratch.end(), by_column);  // stable: the order of a sum is the file's
  }
  csr.col_indices.resize(begin);
  csr.values.resize(begin);
  for (std::size_t k = 0; k < scratch.size();) {
    const int32_t column = scratch[k].first;
    float sum = 0;
    for (; k < scratch.size() && scratch[k].first == column; ++k) sum += scratch[k].second;
    if (sum == 0) continue;
    csr.col_indices.push_back(column);
    csr.values.push_back(sum);
  }
}

}  // namespace

double PickledArray::real(int64_t index) const {
  if (kind != 'f') return static_cast<double>(integer(index));
  return item_size == 4 ? load<float>(data, index) : load<double>(data, index);
}

int64_t PickledArray::integer(int64_t index) const {
  if (item_size == 8) return load<int64_t>(data, index);
  if (item_size == 4) return load<int32_t>(data, index);
  return kind == 'i' ? load<int8_t>(data, index) : load<uint8_t>(data, index);
}

HostCsr unpickle_csr(std::string_view pickle, std::string_view name) {
  PickleMachine machine(pickle, name);
  const PickleValue object = machine.run();
  if (object.kind != PickleKind::csr) machine.fail("the pickle holds something that is not a csr_matrix");
  const PickleValue state = machine.csr_state(object);
  if (state.kind != PickleKind::dict) machine.fail("csr_matrix has no attributes");

  const PickleValue* shape = find_attribute(machine, state, "_shape");
  if (!shape || shape->kind != PickleKind::tuple || machine.elements(*shape).size() != 2)
    machine.fail("csr_matrix has no _shape");
  for (const PickleValue& extent : machine.elements(*shape)) {
    if (extent.kind != PickleKind::integer || extent.integer < 0 || extent.integer > max_id) {
      machine.fail("csr_matrix: _shape holds something that is not a size up to ", max_id);
    }
  }
  HostCsr csr;
  csr.rows = machine.elements(*shape)[0].integer;
  csr.cols = machine.elements(*shape)[1].integer;
  const PickledArray& offsets = vector_attribute(machine, state, "indptr");
  const PickledArray& columns = vector_attribute(machine, state, "indices");
  const PickledArray& values = vector_attribute(machine, state, "data");
  if (!offsets.is_integer() || !columns.is_integer()) machine.fail("csr_matrix: indptr or indices are not integers");
  if (offsets.size() != csr.rows + 1)
    machine.fail("csr_matrix: ", counted(csr.rows, "row"), ", but indptr has ", counted(offsets.size(), "entry", "entries"));
  if (columns.size() != values.size()) {
    machine.fail("csr_matrix: indices has ", counted(columns.size(), "entry", "entries"), ", data has ", values.size());
  }
  if (offsets.integer(0) != 0 || offsets.integer(csr.rows) != columns.size()) {
    machine.fail("csr_matrix: indptr runs from ", offsets.integer(0), " to ", offsets.integer(csr.rows), ", indices has ",
                 counted(columns.size(), "entry", "entries"));
  }

  csr.row_offsets.reserve(static_cast<std::size_t>(csr.rows) + 1);
  csr.col_indices.reserve(static_cast<std::size_t>(columns.size()));
  csr.values.reserve(static_cast<std::size_t>(columns.size()));
  std::vector<std::pair<int32_t, float>> scratch;
  for (int64_t row = 0; row < csr.rows; ++row) {
    const int64_t end = offsets.integer(row + 1);
    if (end < offsets.integer(row) || end > columns.size()) {
      machine.fail("csr_matrix: indptr goes from ", offsets.integer(row), " to ", end, " at row ", row);
    }
    const std::size_t begin = csr.col_indices.size();
    for (int64_t k = offsets.integer(row); k < end; ++k) {
      const int64_t column = columns.integer(k);
      if (column < 0 || column >= csr.cols) {
        machine.fail("csr_matrix: row ", row, " names column ", column, ", ", there_are(csr.cols));
      }
      csr.col_indices.push_back(static_cast<int32_t>(column));
      csr.values.push_back(static_cast<float>(values.real(k)));
    }
    finish_row(csr, begin, scratch);
    for (std::size_t k = begin; k < csr.values.size(); ++k) {
      if (!std::isfinite(csr.values[k])) {
        machine.fail("csr_matrix: row ", row, ", column ", csr.col_indices[k], " is ", csr.values[k], " as float32");
      }
    }
    csr.row_offsets.push_back(csr.nnz());
  }
  return csr;
}

PickledArray unpickle_matrix(std::string_view pickle, std::string_view name) {
  PickleMachine machine(pickle, name);
  const PickleValue object = machine.run();
  if (object.kind != PickleKind::array) machine.fail("the pickle holds something that is not an ndarray");
  const PickledArray& array = machine.array(object);
  if (array.shape.size() != 2 || array.shape[1] == 0) {
    machine.fail("an array of shape ", shape_text(array.shape), " is not a matrix with columns");
  }
  return array;
}

AdjacencyLists unpickle_adjacency(std::string_view pickle, std::string_view name) {
  PickleMachine machine(pickle, name);
  const PickleValue object = machine.run();
  if (object.kind != PickleKind::dict) machine.fail("the pickle holds something that is not a dict");
  const std::vector<PickleValue>& items = machine.elements(object);
  AdjacencyLists adjacency;
  adjacency.lists = static_cast<int64_t>(items.size()) / 2;
  // A list that the memo puts under many keys would make the entries outgrow the file, and no writer does that.
  std::vector<int64_t> handles;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    const PickleValue& node = items[i];
    const PickleValue& neighbours = items[i + 1];
    if (node.kind != PickleKind::integer) machine.fail("a key of the dict is not an integer");
    if (neighbours.kind != PickleKind::list)
      machine.fail("node ", node.integer, " has something that is not a list of neighbours");
    handles.push_back(neighbours.integer);
  }
  std::sort(handles.begin(), handles.end());
  if (std::adjacent_find(handles.begin(), handles.end()) != handles.end()) machine.fail("two nodes share one list of neighbours");
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    for (const PickleValue& neighbour : machine.elements(items[i + 1])) {
      if (neighbour.kind != PickleKind::integer) machine.fail("a neighbour of node ", items[i].integer, " is not an integer");
      adjacency.entries.emplace_back(items[i].integer, neighbour.integer);
    }
  }
  return adjacency;
}

}  // namespace heddle::io::detail
