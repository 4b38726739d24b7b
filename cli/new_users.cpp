#include "cli/new_users.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/kind_options.h"
#include "cli/metrics.h"
#include "heddle/error.h"

namespace heddle::cli {

NewUserFigures judge_new_users(const FitPlan& plan, NewUsers kept_out, const EvaluateOptions& options, const FitOptions& fitting,
                               ProgressBar& progress) {
  NewUserFigures figures;
  std::optional<ProgressSubject> subject;  // of the fit, and of the evaluation that follows it
  const char* name = "as new";
  const auto fitted = [&](const InteractionDataset& rest) {
    subject.reset();
    subject.emplace(progress, std::exchange(name, "as known"));
    Fitted<Recommender> result =
        fit_whole(plan, rest, fitting, progress.quiet(), "interrupted while training for --new-users, of which nothing is saved");
    figures.choice_s += result.report.choosing_s;
    figures.fit_s += result.report.fitting_s;
    return std::move(result.model);
  };
  figures.cost = cost_of_being_new(std::move(kept_out), fitted, options, progress.callback());
  return figures;
}

std::string new_users_text(const NewUserFigures& figures) {
  std::string text =
      fmt::format("new users  {} kept out, half of their items given; as known: trained again with the given items\n",
                  grouped(figures.cost.users));
  text += metrics_text("as new", figures.cost.as_new);
  text += metrics_text("as known", figures.cost.as_known);
  for (const auto& [name, known] : figures.cost.as_known.values) {
    if (!name.starts_with("recall@") && !name.starts_with("ndcg@")) continue;
    const double as_new = figures.cost.as_new.values.at(name);
    text += fmt::format("           {}: {:+.4f}{} for being new\n", name, as_new - known,
                        known > 0 ? fmt::format(" ({:+.1f} %)", 100 * (as_new - known) / known) : "");
  }
  return text;
}

Json new_users_json(const NewUserFigures& figures) {
  Json difference = Json::object();
  for (const auto& [name, known] : figures.cost.as_known.values) difference[name] = figures.cost.as_new.values.at(name) - known;
  return {{"users", figures.cost.users},
          {"as_new", metrics_json(figures.cost.as_new)},
          {"as_known", metrics_json(figures.cost.as_known)},
          {"fewer_negatives", fewer_negatives_json(figures.cost.as_new)},
          {"difference", std::move(difference)},
          {"choice_s", figures.choice_s},
          {"fit_s", figures.fit_s}};
}

}  // namespace heddle::cli
