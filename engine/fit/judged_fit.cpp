#include "heddle/judged_fit.h"

#include <optional>
#include <utility>

#include "heddle/error.h"
#include "heddle/rethrow.h"

namespace heddle {

Fitted<Recommender> fit_to_end(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options) try {
  Fitted<Recommender> fitted = fit(plan, data, options);
  if (fitted.report.diverged) throw Error(*fitted.report.diverged);
  require(!fitted.report.interrupted, ErrorKind::interrupted, "interrupted while ", plan.kind->name, " was fitted");
  return fitted;
} catch (...) {
  rethrow_as_error();
}

JudgedFit fit_and_judge(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options,
                        const EvaluateOptions& how) try {
  JudgedFit judged{.fitted = fit_to_end(plan, data, options), .test = {}};
  const std::optional<InteractionDataset> trained_on = std::exchange(judged.fitted.report.trained_on, std::nullopt);
  const InteractionDataset& learnt = trained_on ? *trained_on : data;
  if (learnt.test.nnz() == 0) return judged;
  ProgressCallback progress = options.progress;
  if (progress && plan.parts.empty()) {  // of a blend its parts alone are told by name
    progress = [&](const Progress& at) {
      Progress of = at;
      of.subject = plan.kind->name;
      return options.progress(of);
    };
  }
  judged.test = evaluate(*judged.fitted.model, learnt, learnt.test, how, progress);
  return judged;
} catch (...) {
  rethrow_as_error();
}

NewUsers keep_out_users(const FitPlan& plan, const InteractionDataset& data, double share, uint64_t seed) try {
  NewUsers kept_out = keep_out_users(data, share, seed);
  hold_out_for(plan, kept_out.rest, 0, seed);
  plan.check(kept_out.rest, seed);
  return kept_out;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
