#pragma once

#include <span>
#include <string>
#include <string_view>

#include "heddle/kinds.h"

namespace heddle::recommending {

/// The metadata entry "format" of a recommender's file.
inline constexpr std::string_view file_format = "heddle-recommender";

/// The recommender that `file` holds, of a kind of the build or of `own`; see load_recommender.
SavedRecommender recommender_from(io::TensorReader&& file, const Device& device, std::span<const Kind> own = {});

}  // namespace heddle::recommending
