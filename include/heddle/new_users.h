#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "heddle/export.h"
#include "heddle/interactions.h"
#include "heddle/metrics.h"
#include "heddle/progress.h"
#include "heddle/recommender.h"

HEDDLE_API_BEGIN
/// What it costs a user that training does not know them.
namespace heddle {

/// Users that are kept out of `data` altogether, to be met as visitors.
struct NewUsers {
  InteractionDataset rest;     ///< the same users and items, the kept-out users' rows are empty in train, val and test
  std::vector<Query> given;    ///< what each of them comes with, as a visitor
  HostCsr targets;             ///< one row for each of `given`
  std::vector<int32_t> users;  ///< their numbers, ascending
};
/// Keeps out a random `share` (rounded, at least one) of the users with at least 2 training items; half of their training items
/// (rounded up) are given, the others are targets. Deterministic in the seed. Throws Error{usage} unless 0 < share < 1, or where
/// no user has 2 items.
NewUsers keep_out_users(const InteractionDataset& data, double share, uint64_t seed);

/// How well users are served whom training did not know, beside the same users known to it. In both cases half of their training
/// items are given and the other half are to be found.
struct NewUserCost {
  int64_t users = 0;        ///< how many were kept out
  RankingMetrics as_new;    ///< of a model fitted without these users: their vectors come from the given items alone
  RankingMetrics as_known;  ///< of a model fitted with these users and their given items
};

/// Fits a recommender to data. What it throws comes out of cost_of_being_new.
using FitFunction = std::function<std::unique_ptr<Recommender>(const InteractionDataset& data)>;

/// Whom cost_of_being_new keeps out, and how their rankings are judged.
struct NewUserOptions {
  double share = 0.05;  ///< of the users with at least 2 training items, as keep_out_users takes it
  /// Share of the training interactions that is held out for validation where the data have none, for a model whose fitting looks
  /// at some; before the given items come back, of which none may be lost to validation. 0: none.
  double hold_out = 0;
  EvaluateOptions evaluate = {};  ///< how their rankings are judged
  uint64_t seed = 0;              ///< of the draws of users, of given items and of what is held out
};

/// Calls `fit` for the rest of the data and judges the model by those kept out as visitors; then calls `fit` for the data with
/// their given items put back, and judges that model by the same users as known ones. Throws what `fit` and evaluate throw.
/// `progress` is told "ranking" after each of the two fits.
NewUserCost cost_of_being_new(NewUsers kept_out, const FitFunction& fit, const EvaluateOptions& options = {},
                              const ProgressCallback& progress = {});

/// The same from the start: keeps users out, and holds some of the rest out for validation where that is asked for. Throws what
/// keep_out_users throws, too.
NewUserCost cost_of_being_new(const InteractionDataset& data, const FitFunction& fit, const NewUserOptions& options = {},
                              const ProgressCallback& progress = {});

}  // namespace heddle
HEDDLE_API_END
