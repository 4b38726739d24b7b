#pragma once

#include <string_view>

#include "heddle/data.h"
#include "io/number_columns.h"

/// Features of nodes as `column:value` pairs, as svmlight and LIBSVM write them.
namespace heddle::io::detail {

/// Whether the first lines of a text hold such pairs, maybe behind one other field.
bool is_sparse_text(std::string_view head);

/// A line a node: maybe its id, or, where these come again and `labels` are wanted, its class; then pairs. Columns count from 1
/// where none is 0. Behind # stands a comment. Throws Error{bad_data} "name:line: ...".
NodeRows parse_sparse_rows(TextSource source, const LoadOptions& options, Reading& reading, bool labels, HostCsr& features);

}  // namespace heddle::io::detail
