#include "cli/model_report.h"

#include <fmt/format.h>
#include <time.h>

#include <nlohmann/json.hpp>

#include "heddle/interactions.h"
#include "heddle/io.h"
#include "heddle/saved_model.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

/// "2024-05-03 14:25:07 UTC"
std::string utc_text(int64_t seconds) {
  const time_t time = seconds;
  tm parts{};
  char text[64];
  if (::gmtime_r(&time, &parts) == nullptr || ::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
    return "unknown";
  return text;
}

const char* kind_text(SavedKind kind) { return kind == SavedKind::recommender ? "recommender" : "node classifier"; }

/// The options by which the data were read and prepared that are not the defaults.
Settings read_with(const DataOrigin& origin) {
  Settings defaults = io::reading_settings().write({});
  defaults.merge(prepare_settings().write({}));
  Settings changed;
  for (const auto& [name, value] : origin.options) {
    const auto usual = defaults.find(name);
    if (usual == defaults.end() || usual->second != value) changed[name] = value;
  }
  return changed;
}

}  // namespace

std::string model_file_text(const ModelFileSummary& summary, const std::string& path) {
  using io::detail::printable;  // a file may have come from anywhere
  const TrainedOn trained = trained_on(summary.info.metadata, path);
  std::string text =
      fmt::format("file       {}, {}, last changed {}\n", printable(path), size_text(summary.bytes), utc_text(summary.written));
  text += fmt::format("           format version {}, written by heddle {}\n", printable(summary.format_version),
                      printable(summary.heddle_version));
  const std::string settings = printable(settings_text(summary.settings));
  text += fmt::format("model      {}, a {}{}{}\n", printable(summary.info.model), kind_text(summary.info.kind),
                      settings.empty() ? "" : ": ", settings);
  if (!summary.trained_with.empty()) text += fmt::format("trained    with {}\n", printable(settings_text(summary.trained_with)));
  if (summary.planned_epochs > 0)
    text += fmt::format("epochs     {} of {} planned\n", grouped(summary.epochs), grouped(summary.planned_epochs));
  if (!summary.unfinished.empty()) text += fmt::format("           {}\n", printable(summary.unfinished));
  text += fmt::format("data       {}, content hash {}\n", trained.name.empty() ? "of no name" : printable(trained.name),
                      trained.hash.empty() ? "not told" : printable(trained.hash));
  if (const Settings options = read_with(trained.origin); !options.empty())
    text += fmt::format("           read with {}\n", printable(settings_text(options)));
  text += fmt::format("seed       {}\n", trained.seed);
  if (summary.info.kind != SavedKind::recommender) return text;
  if (summary.history) {
    text += fmt::format("holds      {}, {}, {}\n", grouped(summary.users, "user"), grouped(summary.items, "item"),
                        grouped(summary.interactions, "interaction"));
  } else {
    text += fmt::format("holds      {}; no history: it answers visitors, and knows no users\n", grouped(summary.items, "item"));
  }
  if (summary.item_names || !summary.item_columns.empty()) {
    text += fmt::format(
        "           of items{}{}{}\n", summary.item_names ? " their names" : "",
        summary.item_names && !summary.item_columns.empty() ? " and" : "",
        summary.item_columns.empty() ? "" : " " + printable(fmt::format("{}", fmt::join(summary.item_columns, ", "))));
  }
  if (summary.denied > 0) text += fmt::format("denied     {}\n", grouped(summary.denied, "item"));
  if (summary.allowed) text += fmt::format("allowed    {} alone\n", grouped(*summary.allowed, "item"));
  return text;
}

Json model_file_json(const ModelFileSummary& summary, const std::string& path) {
  const TrainedOn trained = trained_on(summary.info.metadata, path);
  const bool in_epochs = summary.planned_epochs > 0, recommender = summary.info.kind == SavedKind::recommender;
  const auto of_recommender = [&](const auto& value) { return recommender ? Json(value) : Json(); };
  return {{"file", path},
          {"bytes", summary.bytes},
          {"changed", utc_text(summary.written)},
          {"format_version", summary.format_version},
          {"heddle_version", summary.heddle_version},
          {"kind", kind_text(summary.info.kind)},
          {"model", summary.info.model},
          {"settings", settings_json(summary.settings)},
          {"trained_with", settings_json(summary.trained_with)},
          {"epochs", in_epochs ? Json(summary.epochs) : Json()},
          {"epochs_planned", in_epochs ? Json(summary.planned_epochs) : Json()},
          {"unfinished", summary.unfinished},
          {"data", {{"name", trained.name}, {"hash", trained.hash}, {"read_with", settings_json(read_with(trained.origin))}}},
          {"seed", trained.seed},
          {"users", of_recommender(summary.users)},
          {"items", of_recommender(summary.items)},
          {"interactions", of_recommender(summary.interactions)},
          {"history", of_recommender(summary.history)},
          {"item_names", of_recommender(summary.item_names)},
          {"item_columns", of_recommender(summary.item_columns)},
          {"denied", of_recommender(summary.denied)},
          {"allowed", summary.allowed ? Json(*summary.allowed) : Json()},
          {"metadata", summary.info.metadata}};
}

}  // namespace heddle::cli
