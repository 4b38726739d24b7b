#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "heddle/data.h"
#include "heddle/progress.h"

/// Readers of plain columns of numbers. All skip blank lines and comments (# or %) and throw Error{bad_data} "name:line: ...".
namespace heddle::io::detail {

/// One matrix row a line, numbers separated by commas, tabs or blanks; the first line may be a header. All lines have the same
/// number of columns; at least one row. `progress` is told "reading the data"; false throws Error{interrupted}.
HostMatrix parse_matrix(std::string_view content, std::string_view name, const ProgressCallback& progress = {});

/// One label a line, -1 for a node without; the first line may be a header.
std::vector<int32_t> parse_labels(std::string_view content, std::string_view name);

/// A node id and the line where it stands.
struct ListedId {
  int32_t id;
  int64_t line;
};

/// One node id in [0, nodes) a line, ascending in the result. An id that comes twice is an error.
std::vector<ListedId> parse_ids(std::string_view content, std::string_view name, int64_t nodes);

}  // namespace heddle::io::detail
