#pragma once

#include <string>

#include "heddle/recommender.h"

namespace heddle::recommending {

/// The recommender that `file` holds; see load_recommender.
SavedRecommender recommender_from(io::TensorReader&& file, const Device& device);

}  // namespace heddle::recommending
