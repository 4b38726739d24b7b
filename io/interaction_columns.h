#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/io.h"
#include "heddle/reading.h"
#include "io/table.h"

/// Which columns of a text hold what of interactions: by option, by the usual names of a header, or by place and values.
namespace heddle::io::detail {

/// What columns of interactions are for.
enum Role { role_user, role_item, role_rating, role_behaviour, role_time, role_name, role_count };
inline constexpr const char* role_names[role_count] = {"user", "item", "rating", "behaviour", "time", "name"};
/// The usual names of each role's column, lower case, letters and digits only; earlier ones win.
std::span<const std::string_view> usual_names(Role role);

/// Columns by role, from 0; -1: none.
using Places = std::array<int64_t, role_count>;

/// Those of the usual names.
Places usual_places(const std::vector<std::string>& header);
/// The column in which a zero may say that something was shown and not taken (label, click, ...); -1: none.
int64_t shown_column(const std::vector<std::string>& header);
/// The column in which a number below zero may say that something was given back (quantity, qty, ...); -1: none.
int64_t quantity_column(const std::vector<std::string>& header);

/// For open_table, with InteractionColumns as `asked`. Without a number it is a header, or else the columns are to be numbered:
/// rows of names alone cannot be told from one.
bool is_interaction_header(const std::vector<std::string>& names, bool any_number, const void* asked);

/// The names of RecBole's header without their types.
void take_types_off(Table& table);

/// "'a', 'b'": at most six of the names.
std::string listed(const std::vector<std::string>& names);

/// Where the columns are; also writes them to table.file. `like`: another file of the data, of which a text without a header has
/// the columns, and where it has them; null: there is none. Throws Error{bad_data} "name:line: ..." where a column is not there
/// or cannot be told.
Places find_columns(Table& table, const InteractionReading& how, const Table* like, const Places& of_like, Reading& reading);

}  // namespace heddle::io::detail
