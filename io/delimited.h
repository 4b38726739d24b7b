#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/interactions.h"
#include "heddle/io.h"
#include "io/interactions.h"
#include "io/table.h"

/// Interactions in text with columns: CSV, TSV, RecBole's and MovieLens's files.
namespace heddle::io::detail {

/// Reads interactions; ids are numbered in the order of first appearance, whatever the number of threads. The columns are those
/// that `how.columns` names or numbers, else by the usual names of a header, else by place and by what their values look like
/// (docs/formats.md). `format` is the name of the format for the report, `why` what it was told by. Throws Error{bad_data}
/// "name:line: ..." for a column that is not there, rows of other lengths, ids of control characters, and ratings and times that
/// are asked for and cannot be read, and where there is no interaction at all; with `one_shape` for texts with other columns than
/// the first.
InteractionLog parse_delimited(std::vector<InteractionText> texts, const TableForm& form, const InteractionReading& how,
                               std::string_view format, std::string_view why, Reading& reading, bool one_shape = false);

}  // namespace heddle::io::detail
