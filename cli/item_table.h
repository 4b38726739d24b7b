#pragma once

#include <CLI/App.hpp>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/report.h"
#include "heddle/bundle.h"
#include "heddle/reading.h"

/// A table of items that goes into a model: their names, and columns to tell with them.
namespace heddle::cli {

void add_item_table(CLI::App& app, std::string& path);

struct UsedItemTable {
  std::optional<ItemTableUse> use;  ///< nothing: no table was named
  std::vector<ItemColumn> columns;
  Reading reading;
};
/// Reads it, if a path is named; `names` get its names of `items`. `strict`: whatever is doubtful is an error.
UsedItemTable use_item_table(const std::string& path, bool strict, const IdTable& items, std::vector<std::string>& names);

/// What was left out, and how the table was read where that was in doubt; nothing where there is no table.
std::string item_table_text(const UsedItemTable& table, const std::string& path);
Json item_table_json(const UsedItemTable& table);

}  // namespace heddle::cli
