#pragma once

#include <cstdint>

#include "heddle/export.h"
#include "heddle/fit.h"
#include "heddle/interactions.h"
#include "heddle/metrics.h"
#include "heddle/new_users.h"
#include "heddle/recommender.h"

HEDDLE_API_BEGIN
/// Fits that are judged: what is compared where a choice is to be made between recommenders.
namespace heddle {

/// A recommender that was fitted to its end, and how well it does.
struct JudgedFit {
  Fitted<Recommender> fitted = {};  ///< the model and its report, without FitReport::trained_on
  RankingMetrics test = {};         ///< on the test interactions of the data; nothing where they have none
};
/// As fit, for who can use nothing but a model that was fitted to its end: throws Error{interrupted} where the fit was told to
/// stop, whatever it had reached by then, and what FitReport::diverged has where it diverged.
Fitted<Recommender> fit_to_end(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options = {});
/// fit_to_end, then evaluate on the test interactions, beside what the model learnt from (FitReport::learnt). The progress of
/// `options` is told of both. Throws as fit_to_end and evaluate.
JudgedFit fit_and_judge(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options = {},
                        const EvaluateOptions& how = {});

/// keep_out_users for a plan that is then fitted to the rest: where it needs validation interactions and the data have none, some
/// of the rest are held out, before the users' given items come back, of which none may be lost to validation. Throws
/// Error{usage} as keep_out_users, and where the rest cannot be fitted to by this plan.
NewUsers keep_out_users(const FitPlan& plan, const InteractionDataset& data, double share, uint64_t seed);

}  // namespace heddle
HEDDLE_API_END
