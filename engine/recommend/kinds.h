#pragma once

#include <memory>

#include "engine/settings.h"
#include "heddle/recommender.h"

// What the table of recommenders (kinds.cpp) lists: for each kind its settings, and how it is made and loaded.
namespace heddle::recommending {

std::unique_ptr<Recommender> load_popularity(RecommenderParts&& parts, const Device& device);

ItemCosineOptions item_cosine_options(const Settings& settings);
std::unique_ptr<Recommender> load_item_cosine(RecommenderParts&& parts, const Device& device);

GraphFilterOptions graph_filter_options(const Settings& settings, uint64_t seed);
std::unique_ptr<Recommender> load_graph_filter(RecommenderParts&& parts, const Device& device);

void check_blend_settings(const Settings& settings);
std::vector<PartShape> blend_parts(const Settings& settings, int64_t users, int64_t items);
std::unique_ptr<Recommender> load_blend(RecommenderParts&& parts, const Device& device);

/// The value of a setting. Throws Error{usage} where there is none.
const std::string& required_setting(const Settings& settings, const std::string& key);

/// The entries whose keys begin with `prefix`, without it.
Settings with_prefix(const Settings& settings, const std::string& prefix);

}  // namespace heddle::recommending
