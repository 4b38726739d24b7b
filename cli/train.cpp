#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/kind_options.h"
#include "cli/node_report.h"
#include "cli/node_training.h"
#include "cli/option_tables.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/profile.h"
#include "cli/report.h"
#include "cli/result_files.h"
#include "cli/run_files.h"
#include "cli/setting_options.h"
#include "cli/train_recommender.h"
#include "heddle/classifier_training.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/models.h"
#include "heddle/saved_model.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

struct TrainCommand {
  NodeTraining training;
  DataOptions data;
  DeviceOptions device;
  OutputOptions outputs;
  ProfileOption profile;
  PrintOptions printing;
  std::string tuned;  ///< a file of heddle tune; empty: not asked for
  bool class_figures = false;
  SettingOptions settings;

  void add_to(CLI::App& app, const Kind& kind);
  void run(const Kind& kind);

 private:
  /// The first seed's model and what was asked for beside it.
  void save(const SeedRuns& runs, const NodeDataset& dataset, const std::string& hash, ResultFiles& results) const;
};

void TrainCommand::add_to(CLI::App& app, const Kind& kind) {
  data.add_to(app);
  settings.add_to(app, kind.settings);
  const OptionHeading heading(app, "Training of a node classifier");
  settings.add_to(app, kind.training);
  add_number<uint64_t>(app, "--seed", training.seeds.first, 0, UINT64_MAX, "a whole number from 0 to 2^64 - 1",
                       "the seed, or the first of --seeds");
  add_number<int64_t>(
      app, "--seeds", training.seeds.count, 1, 1'000'000, "a whole number from 1 to 1000000",
      "train from N seeds, --seed and those after it, and report mean and population standard deviation; on cpu several "
      "at once, one thread each");
  device.add_to(app);
  outputs.add_to(app, true, kind.attends);
  app.add_option("--tuned", tuned,
                 "run the variants that heddle tune saved in this file, where it knows this graph, width and device")
      ->type_name("FILE");
  add_class_figures(app, class_figures);
  profile.add_to(app);
  printing.add_to(app);
}

/// Where an interrupted training stood.
std::string interruption(const SeedRuns& runs) {
  const FitReport& last = runs.reports.back();
  return fmt::format("interrupted after epoch {} of {} of seed {}", last.run_epochs, last.planned_epochs, last.seed);
}

void TrainCommand::save(const SeedRuns& runs, const NodeDataset& dataset, const std::string& hash, ResultFiles& results) const {
  const FitReport& first = runs.reports.front();
  results.write("the trained model", outputs.names.of(outputs.model, first.finished()),
                [&](const std::string& path) { save_model(*runs.first_model, path, training_metadata(dataset, hash, first)); });
  outputs.write(*runs.first_model, dataset, first.finished(), results);
  if (training.profiler != nullptr)
    results.write("the trace", profile.path, [&](const std::string& path) { io::write_file(path, training.profiler->trace()); });
}

void TrainCommand::run(const Kind& kind) {
  require(training.seeds.first <= UINT64_MAX - static_cast<uint64_t>(training.seeds.count - 1), ErrorKind::usage, "--seed ",
          training.seeds.first, " and --seeds ", training.seeds.count, " go past 2^64 - 1");
  training.plan = plan_fit(kind, settings.given());
  require(outputs.embeddings.empty() || training.plan.has_vectors(), ErrorKind::usage, "--save-embeddings: a ", kind.name,
          " with these settings has no hidden representation");
  RunFiles files;
  files.reads("--data", data.path);
  files.reads_file("--tuned", tuned);
  outputs.list(files);
  files.writes("--profile", profile.path);
  files.check();
  require(profile.path.empty() || training.seeds.count == 1, ErrorKind::usage, "--profile follows one training; --seeds is ",
          training.seeds.count);
  const std::unique_ptr<Profiler> profiler = profile.make();
  training.profiler = profiler.get();
  if (!tuned.empty()) training.tuned = io::read_tuned(tuned);
  const Device where = device.open();
  const std::span<const TunedChoice> choices = training.tuned.choices();
  const bool any = std::any_of(choices.begin(), choices.end(),
                               [&](const TunedChoice& choice) { return choice.device == where.description(); });
  if (!tuned.empty() && !any) log_message(text(tuned, " has no choice for ", where.description(), ": the rule chooses"));
  ProgressBar progress(printing.quiet);
  progress.phase("reading the data");
  const NodeDataset dataset = data.load(progress.callback());
  const std::string hash = dataset.content_hash();
  require_room("--save", outputs.model, training.plan.least_saved_bytes(dataset));
  const SeedRuns runs = run_training(training, dataset, where, progress);
  progress.finish();
  // What was trained is safe before anything else can go wrong.
  ResultFiles results("nothing is kept of the training; --save FILE keeps the model");
  save(runs, dataset, hash, results);
  const std::string outcome =
      results.outcome() + (runs.reports.front().finished() ? "" : outputs.names.left_alone(outputs.model));
  if (runs.failure) {
    results.require_saved();
    fail(runs.failure->kind(), runs.failure->what(), "; of seed ", runs.reports.front().seed, ": ", outcome);
  }
  results.report([&] {
    if (printing.json) {
      Json object = training_json(training, runs, predicted_classes(*runs.first_model), dataset, hash, where);
      object["profile"] = profile_json(profiler.get());
      object["saved"] = results.saved();
      add_cost(object);
      print(object);
      return;
    }
    const std::string classes = class_figures ? class_figures_text(predicted_classes(*runs.first_model), dataset) : "";
    print(training_text(training, runs, dataset, hash, where) + classes + profile_text(profiler.get()) + cost_text() +
          results.saved_text());
  });
  results.require_saved();
  require(!runs.interrupted, ErrorKind::interrupted, interruption(runs), "; ", outcome);
}

}  // namespace

void add_train(CLI::App& app, Action& action, const std::string& kind_name) {
  CLI::App* train = app.add_subcommand("train", "train a model: heddle train MODEL --data PATH");
  train->require_subcommand(0, 1);
  for (const Kind* kind : kinds_for(Task::classify_nodes)) {
    if (!kind_name.empty() && kind->name != kind_name) continue;
    CLI::App* model = train->add_subcommand(kind->name, summary_of(*kind));
    const auto command = std::make_shared<TrainCommand>();
    command->add_to(*model, *kind);
    model->callback([command, kind, &action] { action = [command, kind] { command->run(*kind); }; });
  }
  add_train_recommenders(*train, action, kind_name);
  train->callback([train] {
    const std::vector<std::string> rest = train->remaining();
    if (!train->get_subcommands().empty() && rest.empty()) return;
    require(!rest.empty(), ErrorKind::usage, "train needs a model's name; there are: ", kind_names());
    if (!rest.front().starts_with('-')) {
      const std::string meant = did_you_mean(rest.front(), split_list(kind_names()));
      fail(ErrorKind::usage, "there is no model ", io::detail::in_quotes(rest.front()), meant,
           meant.empty() ? "; there are: " : " There are: ", kind_names());
    }
    fail(ErrorKind::usage, "train: ", rest.front(), " must come after the model's name; there are: ", kind_names());
  });
}

}  // namespace heddle::cli
