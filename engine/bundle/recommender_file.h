#pragma once

#include <string>

#include "heddle/recommender.h"

namespace heddle::recommending {

/// The recommender that `file`, read from `path`, holds; see load_recommender.
SavedRecommender recommender_from(io::TensorFile&& file, const std::string& path, const Device& device);

}  // namespace heddle::recommending
