#include "cli/recommender_report.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/durations.h"
#include "cli/metrics.h"

namespace heddle::cli {

namespace {

std::string choice_text(const ChosenSetting& choice, double seconds) {
  std::string tried;
  for (const auto& [value, figure] : choice.tried)
    tried += fmt::format("{}{:.2f}: {:.4f}", tried.empty() ? "" : ", ", value, figure);
  return fmt::format("           {} {:.2f}, chosen in {} by NDCG@20 on held-out training interactions ({})\n", choice.setting,
                     std::strtod(choice.value.c_str(), nullptr), duration_text(seconds, 2), tried);
}

std::string training_text(const FitReport& training) {
  const std::vector<FitEpoch>& epochs = training.epochs;
  std::string text = fmt::format("training   {}", grouped(training.run_epochs, "epoch"));
  if (const auto batch = training.used.find("batch_size"); batch != training.used.end())
    text += " in batches of " + batch->second;
  if (training.best_epoch != training.run_epochs) text += fmt::format(", the best of them {}", training.best_epoch);
  if (!epochs.empty()) text += fmt::format("; loss {:.4f}, in the first {:.4f}", epochs.back().loss, epochs.front().loss);
  if (!epochs.empty()) {
    text += fmt::format("\nepoch      {} median, {} least; step {:.3f} ms median\n", duration_text(training.epoch_s_median(), 3),
                        duration_text(training.epoch_s_min(), 3), training.step_ms_median);
  } else {
    text += fmt::format("\nepoch      the first was cut short after {}\n", grouped(training.steps, "step"));
  }
  for (const ChosenSetting& choice : training.chosen) {
    if (!choice.tried.empty()) text += choice_text(choice, training.choosing_s);
  }
  return text;
}

std::string blend_text(const FitReport& report) {
  const ChosenSetting* const choice = report.choice("weight");
  return fmt::format("blend      {} + {} x {}, {}\n", report.parts[0].kind, report.used.at("weight"), report.parts[1].kind,
                     choice == nullptr  ? "as given"
                     : !choice->decided ? "alike, for the training ended before a weight was chosen"
                     : choice->held_out ? "chosen by models fitted without a tenth of the training interactions"
                                        : "chosen on the validation interactions");
}

Json evaluations_json(const std::vector<FitEpoch>& epochs) {
  Json list = Json::array();
  for (const FitEpoch& epoch : epochs) {
    if (epoch.val.empty() && epoch.test.empty()) continue;
    list.push_back({{"epoch", epoch.epoch}, {"loss", epoch.loss}, {"test", epoch.test}, {"val", epoch.val}});
  }
  return list;
}

/// The settings, of a blend those of both models.
Settings settings_of(const FitReport& report) {
  if (report.parts.empty()) return report.settings;
  Settings settings;
  for (const FitReport& part : report.parts) settings.merge(settings_of(part));
  return settings;
}

/// The same with what was used in place of the 0 that asks for a choice.
Settings settings_as_used(const FitReport& report) {
  Settings settings = settings_of(report);
  if (const FitReport* const training = report.trained()) {
    for (const char* automatic : {"batch_size", "temperature"}) {
      const auto used = training->used.find(automatic);
      if (used != training->used.end()) settings[automatic] = used->second;
    }
  }
  return settings;
}

/// A setting that is a real number, as a fit used it; null where it has no use for it.
Json used_json(const FitReport& report, const char* setting) {
  const auto used = report.used.find(setting);
  return used == report.used.end() ? Json() : Json(std::strtod(used->second.c_str(), nullptr));
}

/// Null for models that are not trained in epochs.
void add_training(Json& object, const FitReport* training) {
  if (training == nullptr) {
    for (const char* field : {"epochs", "best_epoch", "steps", "batch_size", "temperature", "temperature_trials", "losses",
                              "epoch_s", "step_ms", "evaluations"})
      object[field] = nullptr;
    return;
  }
  object["epochs"] = training->run_epochs;
  object["best_epoch"] = training->best_epoch;
  object["steps"] = training->steps;
  object["batch_size"] = settings_json(training->used)["batch_size"];
  object["temperature"] = used_json(*training, "temperature");
  object["temperature_trials"] = Json::array();
  if (const ChosenSetting* const choice = training->choice("temperature")) {
    for (const auto& [temperature, figure] : choice->tried)
      object["temperature_trials"].push_back({{"temperature", as_written(temperature)}, {choice->figure, figure}});
  }
  object["losses"] = Json::array();
  for (const FitEpoch& epoch : training->epochs) object["losses"].push_back(epoch.loss);
  object["epoch_s"] = {{"median", training->epoch_s_median()},
                       {"min", training->epochs.empty() ? Json() : Json(training->epoch_s_min())}};
  object["step_ms"] = {{"median", training->step_ms_median}};
  object["evaluations"] = evaluations_json(training->epochs);
}

Json blend_json(const FitReport& report) {
  if (report.parts.empty()) return {};
  const ChosenSetting* const choice = report.choice("weight");
  return {{"first", report.parts[0].kind},
          {"second", report.parts[1].kind},
          {"weight", blend_weight_json(report)},
          {"chosen", choice != nullptr && choice->decided},
          {"held_out", choice != nullptr && choice->held_out}};
}

/// What to know of the run besides its figures, a sentence each.
std::vector<std::string> notes(const RecommenderRun& run) {
  std::vector<std::string> notes = fitting_notes(run.fitted.report);
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
double evaluation_seconds(const RecommenderRun& run) {
  return run.fitted.report.evaluating_s + run.test.seconds + run.val.seconds;
}

}  // namespace

Json blend_weight_json(const FitReport& report) { return used_json(report, "weight"); }

void add_device(Json& object, const Device& device) {
  object["device"] = to_string(device.kind());
  object["device_description"] = device.description();
  object["threads"] = device.threads();
}

std::string recommender_text(const RecommenderRun& run) {
  const FitReport& report = run.fitted.report;
  std::string text = interactions_text(run.loaded.data, run.loaded.hash);
  if (run.held_out > 0) text += fmt::format("           (those to validate were held out of the training interactions)\n");
  const std::string settings = settings_text(settings_as_used(report));
  text += fmt::format("model      {}{}{}, seed {}\n", report.kind, settings.empty() ? "" : ": ", settings, report.seed);
  text += fmt::format("           {}\n", size_text(run.fitted.model->model_bytes()));
  text += fmt::format("device     {}\n", run.fitted.model->device().description());
  if (report.trained() != nullptr) text += training_text(*report.trained());
  if (!report.parts.empty()) text += blend_text(report);
  if (run.val.users > 0) text += metrics_text("validation", run.val);
  text += metrics_text("test", run.test);
  if (run.test.users == 0) text += fmt::format("           {}\n", no_test_text(run.loaded.data));
  for (const std::string& note : notes(run)) text += fmt::format("note       {}\n", note);
  const std::string choice =
      report.choosing_s > 0 ? fmt::format("choosing settings {}, ", duration_text(report.choosing_s, 2)) : "";
  return text + fmt::format("time       load {}, {}fit {}, evaluation {}\n", duration_text(run.loaded.seconds, 2), choice,
                            duration_text(report.fitting_s, 2), duration_text(evaluation_seconds(run), 2));
}

std::vector<std::string> fitting_notes(const FitReport& report) {
  std::vector<std::string> notes;
  const FitReport* const training = report.trained();
  const ChosenSetting* const choice = training == nullptr ? nullptr : training->choice("temperature");
  if (choice != nullptr && choice->at_edge) {
    const float temperature = choice->tried.back().first;
    notes.push_back(
        fmt::format("the temperature {:.2f} was the best that was tried, and no higher one is tried by itself; "
                    "--temperature {:.2f} may do better still",
                    temperature, temperature + 0.05f));
  }
  if (choice != nullptr && choice->tried.empty() && !choice->cut_short) {
    notes.push_back(
        fmt::format("the temperature is {:.2f} and was not chosen: no user has two training interactions, of which "
                    "one could be held out to choose by; --temperature gives another",
                    std::stod(choice->value)));
  }
  if (choice != nullptr && choice->cut_short) {
    const double highest = choice->tried.empty() ? std::stod(choice->value) : choice->tried.back().first;
    notes.push_back(
        fmt::format("the choice of the temperature was cut short after {}; one above {:.2f} may do better, which more time "
                    "would have tried, and --temperature {:.2f} gives",
                    grouped(choice->tried.size(), "trial"), highest, highest + 0.05));
  }
  return notes;
}

Json recommender_json(const RecommenderRun& run) {
  const FitReport& report = run.fitted.report;
  Json object{{"model", report.kind}, {"settings", settings_json(settings_of(report))}, {"seed", report.seed}};
  add_device(object, run.fitted.model->device());
  object["data"] = interactions_json(run.loaded.data, run.loaded.hash);
  object["held_out"] = run.held_out;
  add_training(object, report.trained());
  object["blend"] = blend_json(report);
  object["metrics"] = metrics_json(run.test);
  object["fewer_negatives"] = fewer_negatives_json(run.test);
  object["test_users"] = run.test.users;
  object["val_metrics"] = metrics_json(run.val);
  object["model_bytes"] = run.fitted.model->model_bytes();
  object["load_s"] = run.loaded.seconds;
  object["choice_s"] = report.choosing_s;
  object["fit_s"] = report.fitting_s;
  object["eval_s"] = evaluation_seconds(run);
  object["interrupted"] = report.interrupted;
  object["notes"] = notes(run);
  return object;
}

}  // namespace heddle::cli
