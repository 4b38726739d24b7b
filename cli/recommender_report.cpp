#include "cli/recommender_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/durations.h"
#include "cli/metrics.h"

namespace heddle::cli {

namespace {

std::string training_text(const RecommenderRun& run) {
  const LightGcnReport& training = *run.fitted.training;
  std::string text = fmt::format("training   {} in batches of {}", grouped(training.epochs, "epoch"), training.batch_size);
  if (training.best_epoch != training.epochs) text += fmt::format(", the best of them {}", training.best_epoch);
  if (!training.losses.empty())
    text += fmt::format("; loss {:.4f}, in the first {:.4f}", training.losses.back(), training.losses.front());
  if (training.epochs > 0) {
    text += fmt::format("\nepoch      {} median, {} least; step {:.3f} ms median\n", duration_text(training.epoch_s_median(), 3),
                        duration_text(*std::min_element(training.epoch_s.begin(), training.epoch_s.end()), 3),
                        training.step_ms_median);
  } else {
    text += fmt::format("\nepoch      the first was cut short after {}\n", grouped(training.steps, "step"));
  }
  if (!training.temperature_trials.empty()) {
    std::string trials;
    for (const auto& [temperature, ndcg] : training.temperature_trials)
      trials += fmt::format("{}{:.2f}: {:.4f}", trials.empty() ? "" : ", ", temperature, ndcg);
    text += fmt::format("           temperature {:.2f}, chosen in {} by NDCG@20 on held-out training interactions ({})\n",
                        training.temperature, duration_text(training.choice_s, 2), trials);
  }
  return text;
}

std::string blend_text(const BlendChoice& blend) {
  return fmt::format("blend      {} + {} x {}, {}\n", blend.first, blend.weight, blend.second,
                     !blend.chosen     ? "as given"
                     : blend.undecided ? "alike, for the training ended before a weight was chosen"
                     : blend.held_out  ? "chosen by models fitted without a tenth of the training interactions"
                                       : "chosen on the validation interactions");
}

Json evaluations_json(const std::vector<LightGcnEpoch>& evaluations) {
  Json list = Json::array();
  for (const LightGcnEpoch& epoch : evaluations) {
    list.push_back({{"epoch", epoch.epoch}, {"loss", epoch.loss}, {"test", epoch.test}, {"val", epoch.val}});
  }
  return list;
}

/// The settings, with what was used in place of the 0 that asks for a choice.
std::map<std::string, std::string> settings_as_used(const RecommenderRun& run) {
  std::map<std::string, std::string> settings = run.plan.settings();
  if (run.fitted.training) {
    settings["batch_size"] = fmt::to_string(run.fitted.training->batch_size);
    if (run.fitted.training->temperature > 0) settings["temperature"] = fmt::format("{}", run.fitted.training->temperature);
  }
  return settings;
}

/// Null for models that are not trained in epochs.
void add_training(Json& object, const Fitted& fitted) {
  if (!fitted.training) {
    for (const char* field : {"epochs", "best_epoch", "steps", "batch_size", "temperature", "temperature_trials", "losses",
                              "epoch_s", "step_ms", "evaluations"})
      object[field] = nullptr;
    return;
  }
  const LightGcnReport& training = *fitted.training;
  object["epochs"] = training.epochs;
  object["best_epoch"] = training.best_epoch;
  object["steps"] = training.steps;
  object["batch_size"] = training.batch_size;
  object["temperature"] = training.temperature > 0 ? Json(as_written(training.temperature)) : Json();
  object["temperature_trials"] = Json::array();
  for (const auto& [temperature, ndcg] : training.temperature_trials)
    object["temperature_trials"].push_back({{"temperature", as_written(temperature)}, {"ndcg@20", ndcg}});
  object["losses"] = training.losses;
  object["epoch_s"] = {
      {"median", training.epoch_s_median()},
      {"min", training.epoch_s.empty() ? Json() : Json(*std::min_element(training.epoch_s.begin(), training.epoch_s.end()))}};
  object["step_ms"] = {{"median", training.step_ms_median}};
  object["evaluations"] = evaluations_json(fitted.evaluations);
}

/// What to know of the run besides its figures, a sentence each.
std::vector<std::string> notes(const RecommenderRun& run) {
  std::vector<std::string> notes = fitting_notes(run.fitted);
  const InteractionDataset& data = run.loaded.data;
  const int64_t validation = run.held_out > 0 ? 0 : data.val.nnz();  // what is held out of training is asked for
  const int64_t unknown = data.test.nnz() + validation;
  if (run.saved && unknown > 0) {
    notes.push_back(fmt::format("the saved model does not know the {} kept for {}; --split none trains with all",
                                grouped(unknown, "interaction"),
                                validation == 0        ? "the test"
                                : data.test.nnz() == 0 ? "validation"
                                                       : "test and validation"));
  }
  return notes;
}

/// Evaluations on the way and those at the end.
double evaluation_seconds(const RecommenderRun& run) { return run.fitted.eval_s + run.test.seconds + run.val.seconds; }

}  // namespace

void add_device(Json& object, const Device& device) {
  object["device"] = to_string(device.kind());
  object["device_description"] = device.description();
  object["threads"] = device.threads();
}

std::string recommender_text(const RecommenderRun& run) {
  const Fitted& fitted = run.fitted;
  std::string text = interactions_text(run.loaded.data, run.loaded.hash);
  if (run.held_out > 0) text += fmt::format("           (those to validate were held out of the training interactions)\n");
  const std::string settings = settings_text(settings_as_used(run));
  text += fmt::format("model      {}{}{}, seed {}\n", run.plan.name(), settings.empty() ? "" : ": ", settings, run.seed);
  text += fmt::format("           {}\n", size_text(fitted.model->model_bytes()));
  text += fmt::format("device     {}\n", fitted.model->device().description());
  if (fitted.training) text += training_text(run);
  if (fitted.blend) text += blend_text(*fitted.blend);
  if (run.val.users > 0) text += metrics_text("validation", run.val);
  text += metrics_text("test", run.test);
  if (run.test.users == 0) text += fmt::format("           {}\n", no_test_text(run.loaded.data));
  for (const std::string& note : notes(run)) text += fmt::format("note       {}\n", note);
  const std::string choice = fitted.choice_s > 0 ? fmt::format("choosing settings {}, ", duration_text(fitted.choice_s, 2)) : "";
  return text + fmt::format("time       load {}, {}fit {}, evaluation {}\n", duration_text(run.loaded.seconds, 2), choice,
                            duration_text(fitted.fit_s, 2), duration_text(evaluation_seconds(run), 2));
}

std::vector<std::string> fitting_notes(const Fitted& fitted) {
  std::vector<std::string> notes;
  if (fitted.training && fitted.training->temperature_at_edge) {
    notes.push_back(
        fmt::format("the temperature {:.2f} was the best that was tried, and no higher one is tried by itself; "
                    "--temperature {:.2f} may do better still",
                    fitted.training->temperature, fitted.training->temperature + 0.05f));
  }
  if (fitted.training && fitted.training->temperature_cut_short) {
    const std::vector<std::pair<float, double>>& trials = fitted.training->temperature_trials;
    const float highest = trials.empty() ? fitted.training->temperature : trials.back().first;
    notes.push_back(
        fmt::format("the choice of the temperature was cut short after {}; one above {:.2f} may do better, which more time "
                    "would have tried, and --temperature {:.2f} gives",
                    grouped(trials.size(), "trial"), highest, highest + 0.05f));
  }
  return notes;
}

Json recommender_json(const RecommenderRun& run) {
  const Fitted& fitted = run.fitted;
  Json object{{"model", run.plan.name()}, {"settings", settings_json(run.plan.settings())}, {"seed", run.seed}};
  add_device(object, fitted.model->device());
  object["data"] = interactions_json(run.loaded.data, run.loaded.hash);
  object["held_out"] = run.held_out;
  add_training(object, fitted);
  object["blend"] = nullptr;
  if (const auto& blend = fitted.blend; blend) {
    object["blend"] = {{"first", blend->first},
                       {"second", blend->second},
                       {"weight", as_written(blend->weight)},
                       {"chosen", blend->chosen && !blend->undecided},
                       {"held_out", blend->held_out}};
  }
  object["metrics"] = metrics_json(run.test);
  object["test_users"] = run.test.users;
  object["val_metrics"] = metrics_json(run.val);
  object["model_bytes"] = fitted.model->model_bytes();
  object["load_s"] = run.loaded.seconds;
  object["choice_s"] = fitted.choice_s;
  object["fit_s"] = fitted.fit_s;
  object["eval_s"] = evaluation_seconds(run);
  object["interrupted"] = fitted.interrupted();
  object["notes"] = notes(run);
  return object;
}

}  // namespace heddle::cli
