#pragma once

#include <string>
#include <string_view>

#include "heddle/recommender.h"

namespace heddle::recommending {

/// The metadata entry "format" of a recommender's file.
inline constexpr std::string_view file_format = "heddle-recommender";

/// The recommender that `file` holds; see load_recommender.
SavedRecommender recommender_from(io::TensorReader&& file, const Device& device);

}  // namespace heddle::recommending
