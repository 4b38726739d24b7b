#include "cli/ranking_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/text_columns.h"
#include "io/text.h"

namespace heddle::cli {

std::string ranking_text(const Ranking& ranking, const IdTable& ids, const std::vector<std::string>& names, int width,
                         const char* what) {
  using io::detail::printable;  // here already: what is shown in place of a control character takes columns
  constexpr int narrowest_name = 12, rank_and_gaps = 4 + 3 * 2, score_width = 8;
  const auto id_of = [&](const RankedItem& ranked) { return printable(ids[ranked.item]); };
  const auto name_of = [&](const RankedItem& ranked) {
    return names.empty() ? "" : printable(names[static_cast<std::size_t>(ranked.item)]);
  };
  int id_width = columns_of(what), name_width = columns_of("name");
  for (const RankedItem& ranked : ranking) {
    id_width = std::max(id_width, columns_of(id_of(ranked)));
    name_width = std::max(name_width, columns_of(name_of(ranked)));
  }
  const int room = width - id_width - rank_and_gaps - score_width;
  if (width > 0) name_width = std::min(name_width, std::max(room, narrowest_name));
  const auto row = [&](const std::string& rank, const std::string& id, const std::string& name, const std::string& score) {
    return fmt::format("{:>4}  {}  {}{:>8}\n", rank, padded_to_columns(id, id_width),
                       names.empty() ? "" : padded_to_columns(name, name_width) + "  ", score);
  };
  std::string text = row("rank", what, "name", "score");
  int64_t rank = 0;
  for (const RankedItem& ranked : ranking) {
    text += row(fmt::to_string(++rank), id_of(ranked), cut_to_columns(name_of(ranked), name_width),
                fmt::format("{:.4f}", ranked.score));
  }
  return text;
}

Json ranking_json(const Ranking& ranking, const IdTable& ids, const std::vector<std::string>& names, const char* what,
                  const std::vector<ItemColumn>& columns) {
  Json list = Json::array();
  for (const RankedItem& ranked : ranking) {
    Json entry{{"rank", list.size() + 1}, {what, ids[ranked.item]}};
    if (!names.empty()) entry["name"] = names[static_cast<std::size_t>(ranked.item)];
    for (const ItemColumn& column : columns) {
      if (column.name != "score") entry.emplace(column.name, column.values[static_cast<std::size_t>(ranked.item)]);
    }
    entry["score"] = ranked.score;
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace heddle::cli
