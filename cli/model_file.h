#pragma once

#include <CLI/App.hpp>
#include <string>

#include "heddle/bundle.h"
#include "heddle/saved_model.h"

namespace heddle::cli {

/// Throws Error{bad_data} for a file that its first bytes show to be something else than a model (a text, an archive, an array),
/// with what to do with such a one.
void refuse_other_files(const std::string& path);

/// What the file of a model says of itself, as saved_model_info tells it; of a damaged one the sentence has the way on.
SavedModelInfo open_model_info(const std::string& path);

/// More of the same, as model_file_summary tells it.
ModelFileSummary open_model_summary(const std::string& path);

/// The recommender that `heddle train --save` wrote to `path`. Throws what load_recommender throws; for a file of a node
/// classifier with the command that takes those, for a damaged one with the way on.
SavedRecommender open_recommender(const std::string& path, const Device& device);
/// The same of a file that may be replaced meanwhile.
ServedFile open_served(const std::string& path, const Device& device);

/// The file argument of every command that takes a saved recommender.
void add_model_argument(CLI::App& app, std::string& path);

}  // namespace heddle::cli
