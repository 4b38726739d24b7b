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

/// Sets the names of the log's items from a file of items. `id` and `title` are columns from 0; ids that the log does not have
/// are passed over, items without a title get an empty name.
void parse_titles(InteractionLog& log, TextSource source, const TableForm& form, std::size_t id, std::size_t title,
                  const ReadOptions& options, Reading& reading);

/// The columns of a RecBole .item file that hold id and title (movie_title, name, ...); false if it has no title.
bool find_title_columns(TextSource source, const ReadOptions& options, std::size_t& id, std::size_t& title);

/// See read_item_table.
ItemTable parse_item_table(TextSource source, const ReadOptions& options, Reading& reading);

/// What columns of interactions are for.
enum Role { role_user, role_item, role_rating, role_behaviour, role_time, role_name, role_count };
inline constexpr const char* role_names[role_count] = {"user", "item", "rating", "behaviour", "time", "name"};
/// The usual names of each role's column, lower case, letters and digits only; earlier ones win.
std::span<const std::string_view> usual_names(Role role);

}  // namespace heddle::io::detail
