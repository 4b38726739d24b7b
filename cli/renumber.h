#pragma once

#include "heddle/interactions.h"
#include "heddle/recommender.h"

namespace heddle::cli {

/// A data set in the numbers that a saved model gives users and items: its training interactions are the model's.
struct Renumbered {
  InteractionDataset data;
  int64_t unknown = 0;      ///< validation and test interactions whose user or item the model does not know: left out
  int64_t in_training = 0;  ///< those that the model was trained on: left out
};

/// Takes over validation and test interactions by their raw ids.
Renumbered renumber(const InteractionDataset& data, const SavedRecommender& saved);

}  // namespace heddle::cli
