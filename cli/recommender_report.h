#pragma once

#include <string>
#include <vector>

#include "cli/interactions.h"
#include "cli/report.h"
#include "heddle/fit.h"
#include "heddle/recommender.h"

/// What `heddle train` prints of a recommender.
namespace heddle::cli {

struct RecommenderRun {
  const Fitted<Recommender>& fitted;
  const LoadedInteractions& loaded;
  int64_t held_out = 0;  ///< interactions that were taken from training for validation
  RankingMetrics test, val;
  bool saved = false;  ///< the model is in a file, for whoever answers with it
};

/// What to know of a fit besides its figures, a sentence each.
std::vector<std::string> fitting_notes(const FitReport& report);

std::string recommender_text(const RecommenderRun& run);
/// Without the cost.
Json recommender_json(const RecommenderRun& run);

/// The weight of a blend; null of other models.
Json blend_weight_json(const FitReport& report);

/// `device`, `device_description` and `threads`.
void add_device(Json& object, const Device& device);

}  // namespace heddle::cli
