#include "cli/item_table.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "heddle/io.h"
#include "io/text.h"

namespace heddle::cli {

void add_item_table(CLI::App& app, std::string& path) {
  app.add_option("--item-table", path,
                 "columns to tell with items: a table with a header line and the items' ids in one column; one called name or "
                 "title gives their names")
      ->type_name("FILE");
}

UsedItemTable use_item_table(const std::string& path, bool strict, const IdTable& items, std::vector<std::string>& names) {
  UsedItemTable table;
  if (path.empty()) return table;
  const io::ItemTable read = io::read_item_table(path, {.strict = strict});
  table.use = take_item_table(read, items, names, table.columns);
  table.reading = read.reading;
  return table;
}

std::string item_table_text(const UsedItemTable& table, const std::string& path) {
  using io::detail::printable;
  if (!table.use) return {};
  std::string text;
  if (!table.reading.notes.empty() || !table.reading.left_out.empty()) text = reading_text(table.reading);
  if (table.use->unknown > 0)
    text += fmt::format("           {} of {} left out: items that the model does not know\n", grouped(table.use->unknown, "row"),
                        printable(path));
  if (table.use->without > 0)
    text += fmt::format("           {} without a row in {}\n", grouped(table.use->without, "item"), printable(path));
  return text;
}

Json item_table_json(const UsedItemTable& table) {
  if (!table.use) return {};
  return {{"rows_unknown", table.use->unknown},
          {"items_without_row", table.use->without},
          {"reading", Json::parse(to_json(table.reading))}};
}

}  // namespace heddle::cli
