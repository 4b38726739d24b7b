#include "cli/ranking_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace heddle::cli {

namespace {

/// Columns on a terminal: code points, as far as each is one wide.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t to) { return text + std::string(to - std::min(to, width(text)), ' '); }

}  // namespace

std::string ranking_text(const Ranking& ranking, const IdTable& items, const std::vector<std::string>& names) {
  std::size_t id_width = std::string_view("item").size();
  std::size_t name_width = std::string_view("name").size();
  for (const RankedItem& ranked : ranking) {
    id_width = std::max(id_width, width(items[ranked.item]));
    if (!names.empty()) name_width = std::max(name_width, width(names[static_cast<std::size_t>(ranked.item)]));
  }
  const auto row = [&](const std::string& rank, const std::string& id, const std::string& name, const std::string& score) {
    return fmt::format("{:>4}  {}  {}{:>8}\n", rank, padded(id, id_width), names.empty() ? "" : padded(name, name_width) + "  ",
                       score);
  };
  std::string text = row("rank", "item", "name", "score");
  int64_t rank = 0;
  for (const RankedItem& ranked : ranking) {
    text += row(fmt::to_string(++rank), items[ranked.item], names.empty() ? "" : names[static_cast<std::size_t>(ranked.item)],
                fmt::format("{:.4f}", ranked.score));
  }
  return text;
}

Json ranking_json(const Ranking& ranking, const IdTable& items, const std::vector<std::string>& names) {
  Json list = Json::array();
  for (const RankedItem& ranked : ranking) {
    Json entry{{"rank", list.size() + 1}, {"item", items[ranked.item]}};
    if (!names.empty()) entry["name"] = names[static_cast<std::size_t>(ranked.item)];
    entry["score"] = ranked.score;
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace heddle::cli
