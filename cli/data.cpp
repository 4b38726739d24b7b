#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/durations.h"
#include "cli/interactions.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/run_files.h"

namespace heddle::cli {

namespace {

struct DataCommand {
  InteractionOptions data;
  PrintOptions printing;

  void run() const;
};

std::string degrees_text(const char* whose, const char* of, const DegreeSummary& degrees) {
  return fmt::format("{:<11}{:.1f} {} on average, {} in the middle, {} at most\n", whose, degrees.mean, of,
                     grouped(degrees.median), grouped(degrees.most));
}

void DataCommand::run() const {
  RunFiles::check_read("--data", data.path());
  ProgressBar progress(printing.quiet);
  const LoadedInteractions loaded = data.load(progress);
  progress.finish();
  if (printing.json) {
    Json object{{"data", interactions_json(loaded.data, loaded.hash)}, {"load_s", loaded.seconds}};
    add_cost(object);
    print(object);
    return;
  }
  print(interactions_text(loaded.data, loaded.hash) + degrees_text("a user", "items to train on", user_degrees(loaded.data)) +
        degrees_text("an item", "users to train on", item_degrees(loaded.data)) +
        fmt::format("load       {}\n", duration_text(loaded.seconds, 2)) + cost_text());
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
