#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "heddle/fit.h"

// What a saved model's settings say: a plan without settings of training, whose parts' settings stand there as "first.NAME".
namespace heddle::fitting {

/// Throws Error{usage} for a setting that the kind does not have, and for a value that is not allowed.
FitPlan saved_plan(const Kind& kind, const Settings& settings, std::span<const Kind> own);

/// What a saved model of so many users and items holds.
std::vector<PartShape> saved_parts(const FitPlan& plan, int64_t users, int64_t items);

/// The model that the parts are of, which are those that saved_parts lists.
std::unique_ptr<Recommender> load_parts(const FitPlan& plan, RecommenderParts&& parts, const Device& device);

/// The entries whose keys begin with `prefix`, without it.
Settings with_prefix(const Settings& settings, const std::string& prefix);

}  // namespace heddle::fitting
