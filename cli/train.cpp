#include <fmt/format.h>

#include <algorithm>
#include <cfloat>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/option_tables.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/profile.h"
#include "cli/report.h"
#include "cli/result_files.h"
#include "cli/run_files.h"
#include "cli/seeds.h"
#include "cli/settings.h"
#include "cli/train_recommender.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/models.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

constexpr int64_t kMostEpochs = 10'000'000;

struct TrainCommand {
  SeedPlan plan;
  DataOptions data;
  DeviceOptions device;
  OutputOptions outputs;
  ProfileOption profile;
  PrintOptions printing;
  std::string tuned;  ///< a file of heddle tune; empty: not asked for

  void add_to(CLI::App& app);
  void run();

 private:
  /// All seeds. Of a training that diverges, which leaves no weights to go back to, the sentence tells that nothing was saved.
  SeedRuns trained(const NodeDataset& dataset, const Device& where, ProgressBar& progress) const;
  /// The first seed's model and what was asked for beside it.
  void save(const SeedRuns& runs, const NodeDataset& dataset, const std::string& hash, ResultFiles& results) const;
};

void TrainCommand::add_to(CLI::App& app) {
  data.add_to(app);
  for (const ModelSetting& setting : plan.kind->settings) {
    app.add_option_function<std::string>(
           option_name(setting.name), [this, &setting](const std::string& value) { plan.settings[setting.name] = value; },
           setting.summary)
        ->type_name("VALUE")
        ->default_str(setting.fallback);
  }
  const OptionHeading heading(app, "Training of a node classifier");
  TrainOptions& options = plan.options;
  add_number<int64_t>(app, "--epochs", options.epochs, 1, kMostEpochs, fmt::format("a whole number from 1 to {}", kMostEpochs),
                      "epochs to train");
  add_number<float>(app, "--learning-rate", options.learning_rate, FLT_MIN, FLT_MAX, "a number above 0", "Adam's learning rate");
  add_number<float>(app, "--weight-decay", options.weight_decay, 0, FLT_MAX, "a number of at least 0",
                    "L2 penalty: this / 2 times the squares of the regularised weights is added to the loss");
  add_number<int64_t>(app, "--patience", options.patience, 0, kMostEpochs,
                      fmt::format("a whole number from 0 to {}", kMostEpochs),
                      "with --selection last: stop once the validation loss exceeds the mean of the N before it; with "
                      "best-validation: once N epochs have brought nothing better; 0: run all epochs");
  app.add_option_function<std::string>(
         "--selection",
         [&options](const std::string& written) {
           for (Selection selection : {Selection::last, Selection::best_validation}) {
             if (to_string(selection) != written) continue;
             options.selection = selection;
             return;
           }
           fail_choice("--selection", written, {"last", "best-validation"});
         },
         "which weights training ends with: last, or those of the best-validation epoch")
      ->type_name("NAME")
      ->default_str(to_string(options.selection));
  add_number<uint64_t>(app, "--seed", plan.first_seed, 0, UINT64_MAX, "a whole number from 0 to 2^64 - 1",
                       "the seed, or the first of --seeds");
  add_number<int64_t>(
      app, "--seeds", plan.count, 1, 1'000'000, "a whole number from 1 to 1000000",
      "train from N seeds, --seed and those after it, and report mean and population standard deviation; on cpu several "
      "at once, one thread each");
  device.add_to(app);
  outputs.add_to(app, true, plan.kind->attends);
  app.add_option("--tuned", tuned,
                 "run the variants that heddle tune saved in this file, where it knows this graph, width and device")
      ->type_name("FILE");
  profile.add_to(app);
  printing.add_to(app);
}

/// Where an interrupted training stood.
std::string interruption(const SeedPlan& plan, const SeedRuns& runs) {
  const SeedResult& last = runs.results.back();
  return fmt::format("interrupted after epoch {} of {} of seed {}", last.report.epochs, plan.options.epochs, last.seed);
}

SeedRuns TrainCommand::trained(const NodeDataset& dataset, const Device& where, ProgressBar& progress) const try {
  return train_seeds(plan, dataset, where, progress);
} catch (const Error& error) {
  if (error.kind() != ErrorKind::diverged) throw;
  fail(error.kind(), error.what(), "; nothing was saved");
}

void TrainCommand::save(const SeedRuns& runs, const NodeDataset& dataset, const std::string& hash, ResultFiles& results) const {
  const SeedResult& first = runs.results.front();
  results.write("the trained model", outputs.names.of(outputs.model, first.finished), [&](const std::string& path) {
    std::map<std::string, std::string> metadata = {{"data.name", dataset.name},
                                                   {"data.hash", hash},
                                                   {"seed", fmt::to_string(first.seed)},
                                                   {"epochs", fmt::to_string(first.report.epochs)},
                                                   {"epochs_planned", fmt::to_string(plan.options.epochs)},
                                                   {"epoch_of_weights", fmt::to_string(first.report.selected_epoch)},
                                                   {"learning_rate", fmt::format("{}", plan.options.learning_rate)},
                                                   {"weight_decay", fmt::format("{}", plan.options.weight_decay)}};
    if (!first.finished) metadata["unfinished"] = "interrupted";
    save_model(*runs.first_model, path, metadata);
  });
  outputs.write(*runs.first_model, dataset, first.finished, results);
  if (plan.profiler != nullptr)
    results.write("the trace", profile.path, [&](const std::string& path) { io::write_file(path, plan.profiler->trace()); });
}

void TrainCommand::run() {
  require(plan.first_seed <= UINT64_MAX - static_cast<uint64_t>(plan.count - 1), ErrorKind::usage, "--seed ", plan.first_seed,
          " and --seeds ", plan.count, " go past 2^64 - 1");
  check_settings(plan.settings, [this] { plan.kind->check(plan.settings); });
  RunFiles files;
  files.reads("--data", data.path);
  files.reads_file("--tuned", tuned);
  outputs.list(files);
  files.writes("--profile", profile.path);
  files.check();
  require(profile.path.empty() || plan.count == 1, ErrorKind::usage, "--profile follows one training; --seeds is ", plan.count);
  const std::unique_ptr<Profiler> profiler = profile.make();
  plan.profiler = profiler.get();
  if (!tuned.empty()) plan.tuned = io::read_tuned(tuned);
  const Device where = device.open();
  const std::span<const TunedChoice> choices = plan.tuned.choices();
  const bool any = std::any_of(choices.begin(), choices.end(),
                               [&](const TunedChoice& choice) { return choice.device == where.description(); });
  if (!tuned.empty() && !any) log_message(text(tuned, " has no choice for ", where.description(), ": the rule chooses"));
  ProgressBar progress(printing.quiet);
  progress.phase("reading the data");
  const NodeDataset dataset = data.load();
  const std::string hash = dataset.content_hash();
  int64_t bytes = 0;
  for (const ParameterShape& shape : plan.kind->parameters(dataset, plan.settings))
    bytes += shape.rows * shape.cols * static_cast<int64_t>(sizeof(float));
  require_room("--save", outputs.model, bytes);
  const SeedRuns runs = trained(dataset, where, progress);
  progress.finish();
  // What was trained is safe before anything else can go wrong.
  ResultFiles results("nothing is kept of the training; --save FILE keeps the model");
  save(runs, dataset, hash, results);
  const std::string outcome = results.outcome() + (runs.results.front().finished ? "" : outputs.names.left_alone(outputs.model));
  if (runs.failure) {
    results.require_saved();
    fail(runs.failure->kind(), runs.failure->what(), "; of seed ", runs.results.front().seed, ": ", outcome);
  }
  results.report([&] {
    if (printing.json) {
      Json object = training_json(plan, runs, dataset, hash, where);
      object["profile"] = profile_json(profiler.get());
      object["saved"] = results.saved();
      add_cost(object);
      print(object);
      return;
    }
    print(training_text(plan, runs, dataset, hash, where) + profile_text(profiler.get()) + cost_text() + results.saved_text());
  });
  results.require_saved();
  require(!runs.interrupted, ErrorKind::interrupted, interruption(plan, runs), "; ", outcome);
}

std::string model_names() {
  std::string names;
  for (const ModelKind& kind : model_kinds()) names += fmt::format("{}, ", kind.name);
  return names + recommender_names();
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  CLI::App* train = app.add_subcommand("train", "train a model: heddle train MODEL --data PATH");
  train->require_subcommand(0, 1);
  for (const ModelKind& kind : model_kinds()) {
    CLI::App* model = train->add_subcommand(kind.name, fmt::format("{} ({})", kind.summary, kind.source));
    const auto command = std::make_shared<TrainCommand>();
    command->plan.kind = &kind;
    command->plan.options = kind.protocol();
    command->add_to(*model);
    model->callback([command, &action] {
      command->plan.embeddings_wanted = !command->outputs.embeddings.empty();
      action = [command] { command->run(); };
    });
  }
  add_train_recommenders(*train, action);
  train->callback([train] {
    const std::vector<std::string> rest = train->remaining();
    if (!train->get_subcommands().empty() && rest.empty()) return;
    require(!rest.empty(), ErrorKind::usage, "train needs a model's name; there are: ", model_names());
    if (!rest.front().starts_with('-')) {
      const std::string meant = did_you_mean(rest.front(), split_list(model_names()));
      fail(ErrorKind::usage, "there is no model ", io::detail::in_quotes(rest.front()), meant,
           meant.empty() ? "; there are: " : " There are: ", model_names());
    }
    fail(ErrorKind::usage, "train: ", rest.front(), " must come after the model's name; there are: ", model_names());
  });
}

}  // namespace heddle::cli
