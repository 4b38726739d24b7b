#pragma once

#include <string>
#include <vector>

#include "cli/report.h"
#include "heddle/interactions.h"
#include "heddle/recommender.h"

namespace heddle::cli {

/// Columns rank, item, name (where items have names) and score, with a header line. Names are cut ("…") where a line would be
/// wider than `width`, ids never; 0: any width will do.
std::string ranking_text(const Ranking& ranking, const IdTable& items, const std::vector<std::string>& names, int width = 0);
/// [{"rank": 1, "item": "A", "name": "Walnut coffee mill", "score": 0.93}, ...]; without names no "name".
Json ranking_json(const Ranking& ranking, const IdTable& items, const std::vector<std::string>& names);

}  // namespace heddle::cli
