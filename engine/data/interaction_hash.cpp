#include <algorithm>

#include "heddle/interactions.h"
#include "heddle/rethrow.h"
#include "io/hasher.h"

namespace heddle {

namespace {

using io::detail::Hasher;

void add_ids(Hasher& hasher, const IdTable& table) {
  hasher.add(table.size());
  for (const std::string& id : table.ids()) {
    hasher.add(static_cast<int64_t>(id.size()));
    hasher.add(id.data(), static_cast<int64_t>(id.size()));
  }
}

/// Weights that are all 1 count as none, however they are held; so does a matrix without entries, whatever its size.
void add_matrix(Hasher& hasher, const HostCsr& matrix) {
  hasher.add(matrix.nnz());
  if (matrix.nnz() == 0) return;
  hasher.add(matrix.row_offsets.data(), matrix.rows + 1);
  hasher.add(matrix.col_indices.data(), matrix.nnz());
  const bool weighted = std::any_of(matrix.values.begin(), matrix.values.end(), [](float weight) { return weight != 1; });
  hasher.add_counted(weighted ? matrix.values : std::vector<float>());
}

}  // namespace

std::string InteractionDataset::content_hash() const try {
  Hasher hasher;
  constexpr char stream_tag[8] = {'h', 'e', 'd', 'd', 'l', 'e', 'I', '1'};
  hasher.add(stream_tag, sizeof(stream_tag));
  add_ids(hasher, users);
  add_ids(hasher, items);
  for (const HostCsr* matrix : {&train, &val, &test}) add_matrix(hasher, *matrix);
  return hasher.hex();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
