#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heddle/recommender.h"

/// Users and items as a command line names them: by the ids of the data.
namespace heddle::cli {

/// The number of a user's or an item's id. Throws Error{usage} for one that the model does not know, with what may have been
/// meant: several ids in one, the title of an item in place of its id, an id that is written nearly so; else with some that there
/// are.
int32_t known_user(const SavedRecommender& saved, const std::string& id);
int32_t known_item(const SavedRecommender& saved, const std::string& id);

/// The numbers of a list of items' ids with commas between, in the list's order. Where a part between two commas is no id and it
/// is one together with what follows it, that one is meant: an id may have commas.
std::vector<int32_t> known_items(const SavedRecommender& saved, const std::string& list);

}  // namespace heddle::cli
