#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "heddle/kinds.h"

namespace heddle::recommending {

/// The metadata entry "format" of a recommender's file.
inline constexpr std::string_view file_format = "heddle-recommender";

/// The recommender that `file` holds, of a kind of the build or of `own`; see load_recommender.
SavedRecommender recommender_from(io::TensorReader&& file, const Device& device, std::span<const Kind> own = {});

/// What recommender_from would give of the file that save_recommender writes of the same arguments; see Bundle::of.
SavedRecommender saved_of(std::unique_ptr<Recommender> model, const InteractionDataset& data,
                          const std::map<std::string, std::string>& extra, std::span<const Kind> own);

}  // namespace heddle::recommending
