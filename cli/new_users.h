#pragma once

#include <string>

#include "cli/fitters.h"
#include "cli/report.h"
#include "heddle/recommender.h"

namespace heddle::cli {

/// How well users are served whom training did not know, beside the same users known to it. In both cases half of their training
/// items are given and the other half are to be found.
struct NewUserFigures {
  int64_t users = 0;
  RankingMetrics as_new;    ///< of a model trained without these users: their vectors come from the given items alone
  RankingMetrics as_known;  ///< of a model trained with these users and their given items
  double choice_s = 0;      ///< both choices of settings
  double fit_s = 0;         ///< both trainings
};

/// keep_out_users, with validation interactions held out of the rest where the plan needs such. Throws Error{usage} for data that
/// the plan cannot be fitted to so.
NewUsers choose_new_users(const FitPlan& plan, const InteractionDataset& data, double share, uint64_t seed);

/// Trains twice, as `plan` says.
NewUserFigures judge_new_users(const FitPlan& plan, NewUsers kept_out, const EvaluateOptions& options, const FitRequest& request);

std::string new_users_text(const NewUserFigures& figures);
Json new_users_json(const NewUserFigures& figures);

}  // namespace heddle::cli
