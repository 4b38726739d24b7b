#pragma once

#include <CLI/App.hpp>
#include <map>
#include <string>

#include "heddle/recommender.h"

namespace heddle::cli {

/// The metadata entry "format" of a recommender's file.
constexpr const char* kRecommenderFormat = "heddle-recommender";

/// Throws Error{bad_data} for a file that its first bytes show to be something else than a model (a text, an archive, an array),
/// with what to do with such a one.
void refuse_other_files(const std::string& path);

/// The file of a model, as `heddle train --save` wrote it. Throws Error{bad_data} for another, and with the way on for one that
/// is damaged.
io::TensorFile read_model_file(const std::string& path);

/// The recommender that `heddle train --save` wrote to `path`. Throws what load_recommender throws; for a file of a node
/// classifier with the command that takes those, for a damaged one with the way on.
SavedRecommender open_recommender(const std::string& path, const Device& device);

/// "its training was interrupted after 2 of 80 epochs", of a saved model's metadata; empty where it came to its end.
std::string unfinished_text(const std::map<std::string, std::string>& metadata);

/// The file argument of every command that takes a saved recommender.
void add_model_argument(CLI::App& app, std::string& path);

}  // namespace heddle::cli
