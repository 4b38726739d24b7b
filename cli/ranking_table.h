#pragma once

#include <string>
#include <vector>

#include "cli/report.h"
#include "heddle/interactions.h"
#include "heddle/recommender.h"

namespace heddle::cli {

/// Columns rank, item, name (where items have names) and score, with a header line. Names are cut ("…") where a line would be
/// wider than `width`, ids never; 0: any width will do. `what`: of what the ranking is, "user".
std::string ranking_text(const Ranking& ranking, const IdTable& ids, const std::vector<std::string>& names, int width = 0,
                         const char* what = "item");
/// [{"rank": 1, "item": "A", "name": "Walnut coffee mill", "category": "kitchen", "score": 0.93}, ...]; without names no "name".
/// A column of items that is called like one of the others is not told.
Json ranking_json(const Ranking& ranking, const IdTable& ids, const std::vector<std::string>& names, const char* what = "item",
                  const std::vector<ItemColumn>& columns = {});

}  // namespace heddle::cli
