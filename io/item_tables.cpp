#include "io/item_tables.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "heddle/rethrow.h"
#include "io/column_values.h"
#include "io/interaction_columns.h"
#include "io/readable_path.h"
#include "io/table.h"
#include "io/text.h"

namespace heddle::io::detail {

void parse_titles(InteractionLog& log, TextSource source, const TableForm& form, std::size_t id, std::size_t title,
                  const ReadOptions& options, Reading& reading) {
  ReadOptions of_titles;  // separator, quotes and lines above are told of the interactions
  of_titles.encoding = options.encoding;
  const auto always = [](const std::vector<std::string>&, bool any_number, const void*) { return !any_number; };
  Table table = open_table(std::move(source), form, of_titles, reading, always, nullptr);
  log.item_names.assign(static_cast<std::size_t>(log.items.size()), "");
  of_titles.ragged = RaggedRows::skip;
  for_each_row(table, of_titles, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    if (fields.size() <= std::max(id, title)) {
      table.fail_at(line, "found ", counted(fields.size(), "column"), ", the title should be in column ", title + 1);
    }
    const int32_t item = log.items.find(fields[id]);
    if (item >= 0) log.item_names[static_cast<std::size_t>(item)] = fields[title];
  });
  table.file.role = "titles";
  table.file.format = "csv";
  for (int64_t i = 0; i < table.columns(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    table.file.columns.push_back({.name = at < table.header.size() ? table.header[at] : "",
                                  .number = i + 1,
                                  .used_for = at == id      ? "item"
                                              : at == title ? "title"
                                                            : "",
                                  .why = at == id || at == title ? "usual name" : ""});
  }
  reading.files.push_back(std::move(table.file));
}

bool find_title_columns(TextSource source, const ReadOptions& options, std::size_t& id, std::size_t& title) {
  Reading ignored;
  const TableForm form{"\t", '\0', TableForm::Header::typed};
  const auto always = [](const std::vector<std::string>&, bool, const void*) { return true; };
  ReadOptions of_titles;
  of_titles.encoding = options.encoding;
  Table table = open_table(std::move(source), form, of_titles, ignored, always, nullptr);
  take_types_off(table);
  const int64_t item = usual_places(table.header)[role_item];
  id = item >= 0 ? static_cast<std::size_t>(item) : 0;
  for (const char* sought : {"title", "name"}) {
    for (std::size_t column = 0; column < table.header.size(); ++column) {
      if (column == id || plain_name(table.header[column]).find(sought) == std::string::npos) continue;
      title = column;
      return true;
    }
  }
  return false;
}

ItemTable parse_item_table(TextSource source, const ReadOptions& options, Reading& reading) {
  const auto names_stand_above = [](const std::vector<std::string>&, bool, const void*) { return true; };
  Table table = open_table(std::move(source), {}, options, reading, names_stand_above, nullptr);
  const int64_t header_line = table.body_line;
  table.ragged_remedy = "";  // the commands that read such a table have no option for it
  if (!table.file.header)
    table.fail_at(header_line + 1, "a table of items has a line with the names of its columns above the rows");
  const auto typed = [](const std::string& column) {
    return column.find(":token") != std::string::npos || column.ends_with(":float");
  };
  if (std::any_of(table.header.begin(), table.header.end(), typed)) take_types_off(table);
  const std::vector<std::string>& header = table.header;
  const auto id_at = static_cast<std::size_t>(std::max<int64_t>(usual_places(header)[role_item], 0));
  ItemTable items;
  std::set<std::string_view> names;
  for (std::size_t column = 0; column < header.size(); ++column) {
    if (header[column].empty()) table.fail_at(header_line, "column ", column + 1, " has no name");
    if (!names.insert(header[column]).second) table.fail_at(header_line, "two columns are called ", in_quotes(header[column]));
    if (column != id_at) items.columns.emplace_back(header[column], std::vector<std::string>());
    const bool is_id = column == id_at;
    table.file.columns.push_back({.name = header[column],
                                  .number = static_cast<int64_t>(column) + 1,
                                  .used_for = is_id ? "item" : "column",
                                  .why = is_id && usual_places(header)[role_item] < 0 ? "place"
                                         : is_id                                      ? "usual name"
                                                                                      : "named"});
  }
  IdTable met;
  for_each_row(table, options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    if (fields[id_at].empty()) table.fail_at(line, "the item's id is empty");
    if (met.find(fields[id_at]) >= 0) table.fail_at(line, "item ", in_quotes(fields[id_at]), " comes a second time");
    met.insert(fields[id_at]);
    std::size_t to = 0;
    for (std::size_t column = 0; column < header.size(); ++column) {
      if (column != id_at) items.columns[to++].second.emplace_back(fields[column]);
    }
  });
  items.ids = met.ids();
  table.file.role = "items";
  table.file.format = "csv";
  table.file.why = "is a text with columns";
  reading.files.push_back(std::move(table.file));
  return items;
}

}  // namespace heddle::io::detail

namespace heddle::io {

ItemTable read_item_table(const std::string& path, const ReadOptions& options, Reading* told) try {
  return detail::read_and_tell(path, options, told, [&](const detail::ReadablePath& readable, Reading& reading) {
    return detail::parse_item_table(detail::TextSource(readable.path(), options), options, reading);
  });
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
