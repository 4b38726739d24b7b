#pragma once

#include <string>

#include "cli/progress.h"
#include "cli/report.h"
#include "heddle/fit.h"
#include "heddle/new_users.h"

namespace heddle::cli {

/// What being new costs, and how long it took to find out.
struct NewUserFigures {
  NewUserCost cost;
  double choice_s = 0;  ///< both choices of settings
  double fit_s = 0;     ///< both trainings
};

/// Trains twice, as `plan` says, with `fitting`. Throws as cost_of_being_new.
NewUserFigures judge_new_users(const FitPlan& plan, NewUsers kept_out, const EvaluateOptions& options, const FitOptions& fitting,
                               ProgressBar& progress);

std::string new_users_text(const NewUserFigures& figures);
Json new_users_json(const NewUserFigures& figures);

}  // namespace heddle::cli
