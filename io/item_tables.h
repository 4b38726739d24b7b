#pragma once

#include <cstddef>

#include "heddle/interactions.h"
#include "heddle/io.h"
#include "io/table.h"

/// What is known of items: titles beside a log, and tables of items.
namespace heddle::io::detail {

/// Sets the names of the log's items from a file of items. `id` and `title` are columns from 0; ids that the log does not have
/// are passed over, items without a title get an empty name.
void parse_titles(InteractionLog& log, TextSource source, const TableForm& form, std::size_t id, std::size_t title,
                  const ReadOptions& options, Reading& reading);

/// The columns of a RecBole .item file that hold id and title (movie_title, name, ...); false if it has no title.
bool find_title_columns(TextSource source, const ReadOptions& options, std::size_t& id, std::size_t& title);

/// See read_item_table.
ItemTable parse_item_table(TextSource source, const ReadOptions& options, Reading& reading);

}  // namespace heddle::io::detail
