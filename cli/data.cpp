#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/durations.h"
#include "cli/interactions.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/run_files.h"
#include "heddle/error.h"

namespace heddle::cli {

namespace {

struct DataCommand {
  InteractionOptions data;
  PrintOptions printing;

  void run() const;

 private:
  void describe(const Reading& told) const;
};

/// What was read before an error ended it.
void DataCommand::describe(const Reading& told) const {
  if (printing.json) {
    print(Json{{"reading", Json::parse(to_json(told))}});
  } else if (!told.files.empty() || !told.notes.empty() || !told.left_out.empty()) {
    print(to_text(told));
  }
}

std::string degrees_text(const char* whose, const char* of, const DegreeSummary& degrees) {
  return fmt::format("{:<11}{:.1f} {} on average, {} in the middle, {} at most\n", whose, degrees.mean, of,
                     grouped(degrees.median), grouped(degrees.most));
}

void DataCommand::run() const {
  RunFiles::check_read("--data", data.paths());
  ProgressBar progress(printing.quiet);
  Reading told;
  std::string not_split;
  LoadedInteractions loaded;
  const auto start = std::chrono::steady_clock::now();
  try {
    InteractionLog log = data.read(progress, &told);
    try {
      loaded = data.split(data.automatic_split() ? InteractionLog(log) : std::move(log), progress);
    } catch (const Error& error) {
      // Data of which no test can be split off, as a test part alone has them, are described as they are.
      if (!data.automatic_split() || error.kind() != ErrorKind::bad_data) throw;
      not_split = error.what();
      loaded = data.split(std::move(log), progress, true);
    }
  } catch (const Error& error) {
    progress.finish();
    if (error.kind() == ErrorKind::bad_data) describe(told);
    throw;
  }
  loaded.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  progress.finish();
  const std::string train_with = "heddle train lightgcn " + data.command_line() + (not_split.empty() ? "" : " --split none");
  if (printing.json) {
    Json object{{"data", interactions_json(loaded.data, loaded.hash)}, {"load_s", loaded.seconds}, {"train_with", train_with}};
    if (!not_split.empty()) object["not_split"] = not_split;
    add_cost(object);
    print(object);
    return;
  }
  print(interactions_text(loaded.data, loaded.hash) + (not_split.empty() ? "" : "           not split: " + not_split + "\n") +
        degrees_text("a user", "items to train on", user_degrees(loaded.data)) +
        degrees_text("an item", "users to train on", item_degrees(loaded.data)) +
        fmt::format("load       {}\n", duration_text(loaded.seconds, 2)) + cost_text() + "train with " + train_with + "\n");
}

}  // namespace

void add_data(CLI::App& app, Action& action) {
  CLI::App* data = app.add_subcommand("data", "read, filter and split interactions and tell what is in them");
  const auto command = std::make_shared<DataCommand>();
  command->data.add_to(*data);
  command->printing.add_to(*data);
  data->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
