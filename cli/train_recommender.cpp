#include "cli/train_recommender.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/interactions.h"
#include "cli/interrupt.h"
#include "cli/item_table.h"
#include "cli/kind_options.h"
#include "cli/metrics.h"
#include "cli/option_tables.h"
#include "cli/options.h"
#include "cli/profile.h"
#include "cli/recommender_report.h"
#include "cli/report.h"
#include "cli/result_files.h"
#include "cli/run_files.h"
#include "heddle/error.h"
#include "heddle/io.h"

namespace heddle::cli {

namespace {

struct TrainRecommenderCommand {
  RecommenderOptions settings;
  std::string first;   ///< empty: `train blend` without --first
  std::string second;  ///< empty: no blend
  const char* second_option = "--blend";
  std::string blend_weight = "auto";
  double hold_out = 0;
  uint64_t seed = 0;
  std::string save;
  std::string item_table;
  bool no_history = false;
  SaveNames names;
  ProfileOption profile;
  InteractionOptions data;
  MetricOptions metrics;
  DeviceOptions device;
  PrintOptions printing;

  void add_to(CLI::App& app, const Kind& kind);
  void run();

 private:
  FitPlan plan() const;
  void check_profile(const FitPlan& planned) const;
};

/// The blend's weight as its row has it.
const Setting& weight_row() {
  for (const Setting& row : find_kind("blend").settings) {
    if (row.name == "weight") return row;
  }
  fail(ErrorKind::internal, "blend has no weight");
}

void TrainRecommenderCommand::add_to(CLI::App& app, const Kind& kind) {
  data.add_to(app);
  const bool blend = !kind.made_of.empty();
  if (blend) {
    app.add_option("--first", first, fmt::format("the first model, one of {}", recommender_names()))
        ->type_name("NAME")
        ->required();
    second_option = "--second";
    app.add_option(second_option, second, "the model whose scores are added")->type_name("NAME")->required();
    for (const Kind* each : single_recommenders()) settings.add_to(app, *each);
  } else {
    first = kind.name;
    settings.add_to(app, kind);
  }
  const OptionHeading heading(app, "Training of a recommender");
  if (!blend) {
    app.add_option("--blend", second,
                   fmt::format("add the scores of a second model with its default settings, one of {}", recommender_names()))
        ->type_name("NAME");
  }
  app.add_option("--blend-weight", blend_weight, weight_row().meaning)->type_name(weight_row().type)->capture_default_str();
  app.add_option_function<std::string>(
         "--hold-out",
         [this](const std::string& written) {
           hold_out = parse_number<double>("--hold-out", written, 0, std::nextafter(1.0, 0.0), "a number from 0 to below 1");
         },
         fmt::format("share of each user's training interactions that is kept for validation where the data has none; with "
                     "--patience 0.1 unless given, or what reaches users with few"))
      ->type_name("N")
      ->default_str("0");
  metrics.add_to(app);
  add_number<uint64_t>(app, "--seed", seed, 0, UINT64_MAX, "a whole number from 0 to 2^64 - 1", "the seed");
  device.add_to(app);
  app.add_option("--save", save, "write the model with its ids to this file, as safetensors")->type_name("FILE");
  add_item_table(app, item_table);
  app.add_flag("--no-history", no_history,
               "save it without the interactions and all else of users: it then answers visitors, and has the items' vectors");
  names.add_to(app, "interrupted or diverged");
  profile.add_to(app);
  printing.add_to(app);
}

FitPlan TrainRecommenderCommand::plan() const {
  const Kind& first_kind = find_recommender("--first", first);
  const char* option = "--blend-weight";
  if (second.empty()) {
    require(blend_weight == "auto", ErrorKind::usage, option, " is given, but no second model (--blend)");
    return settings.plan(first_kind);
  }
  const Kind& second_kind = find_recommender(second_option, second);
  if (blend_weight != "auto")  // narrower than the row: a library's caller may subtract scores
    read_number<float>(option, blend_weight, Range::from_to(0, 1e6), "auto or a number from 0 to 1000000");
  const std::string weight = weight_row().read(option, blend_weight);
  settings.refuse_others({&first_kind, &second_kind});
  return settings.blend(first_kind, second_kind, weight);
}

void TrainRecommenderCommand::check_profile(const FitPlan& planned) const {
  if (profile.path.empty()) return;
  require(planned.parts.empty(), ErrorKind::usage,
          "--profile follows one training, a blend has two models; profile them one by one");
  require(planned.trains_in_epochs(), ErrorKind::usage, "--profile follows a training in epochs; ", planned.kind->name,
          " is made at once, without any");
}

/// Where an interrupted fit stood.
std::string interruption(const FitReport& report) {
  const char* const weight = "before the blend's weight was chosen, so that both models count alike";
  const ChosenSetting* const choice = report.choice("weight");
  const bool undecided = choice != nullptr && !choice->decided;
  const FitReport* const training = report.trained();
  if (training == nullptr || !training->interrupted) return text("interrupted ", weight);
  return text("interrupted after ", training->run_epochs, " of ", counted(training->planned_epochs, "epoch"), " and ",
              counted(training->steps, "step"), undecided ? text(", ", weight) : "");
}

void TrainRecommenderCommand::run() {
  const FitPlan planned = plan();
  check_profile(planned);
  require(!no_history || !save.empty(), ErrorKind::usage, "--no-history says how to save, and nothing is saved (--save FILE)");
  require(!no_history || !planned.needs_history(), ErrorKind::usage, "--no-history: ", planned.kind->name,
          planned.parts.empty() ? "" : " has a model that",
          " answers from the interactions themselves, so that it cannot be saved without them");
  RunFiles files;
  files.reads("--data", data.paths());
  files.reads_file("--item-table", item_table);
  names.list(files, "--save", save);
  files.writes("--profile", profile.path);
  files.check();
  const Device where = device.open();
  ProgressBar progress(printing.quiet);
  LoadedInteractions loaded = data.load(progress);
  const UsedItemTable table = use_item_table(item_table, data.strict(), loaded.data.items, loaded.data.item_names);
  require(hold_out == 0 || loaded.data.val.nnz() == 0, ErrorKind::usage, "--hold-out: ", loaded.data.name, " has ",
          counted(loaded.data.val.nnz(), "validation interaction"), " already");
  int64_t held_out = hold_out_for(planned, loaded.data, hold_out, seed);
  planned.check(loaded.data, seed);
  metrics.check(loaded.data);
  require_room("--save", save, planned.least_saved_bytes(loaded.data));
  const std::unique_ptr<Profiler> profiler = profile.make();
  Fitted<Recommender> fitted =
      fit_to_save(planned, loaded.data, fit_options(where, seed, progress, profiler.get()), progress.quiet());
  FitReport& report = fitted.report;
  // From here on there is a model, which nothing that happens may lose: it is saved before it is judged or told of.
  catch_interrupts(progress.quiet());
  if (report.trained_on) {
    loaded.data = *std::exchange(report.trained_on, std::nullopt);  // moved, not held twice
    held_out = loaded.data.val.nnz();
  }
  ResultFiles results("nothing is kept of the training; --save FILE keeps the model");
  results.write("the trained model", names.of(save, report.finished()), [&](const std::string& path) {
    save_recommender(*fitted.model, loaded.data, path, report.metadata(),
                     {.history = !no_history, .item_columns = table.columns, .lists = {}, .own = {}});
  });
  if (profiler != nullptr)
    results.write("the trace", profile.path, [&](const std::string& path) { io::write_file(path, profiler->trace()); });
  const std::string outcome = results.outcome() + (report.finished() ? "" : names.left_alone(save));
  if (report.diverged) {
    results.require_saved();
    const ChosenSetting* const weight = report.choice("weight");
    fail(report.diverged->kind(), report.diverged->what(),
         weight != nullptr && !weight->decided ? "; no weight was chosen, both models count alike" : "", "; ", outcome);
  }
  results.report([&] {
    RecommenderRun result{
        .fitted = fitted, .loaded = loaded, .held_out = held_out, .test = {}, .val = {}, .saved = !save.empty()};
    const auto judge = [&](const char* split, const HostCsr& targets, bool at_test) {
      const ProgressSubject of(progress, split);
      return evaluate_unless_empty(*fitted.model, loaded.data, targets, metrics.options(at_test, seed), progress);
    };
    result.test = judge("test", loaded.data.test, true);
    result.val = judge("validation", loaded.data.val, false);
    progress.finish();
    if (printing.json) {
      Json object = recommender_json(result);
      object["item_table"] = item_table_json(table);
      object["profile"] = profile_json(profiler.get());
      object["saved"] = results.saved();
      add_cost(object);
      print(object);
      return;
    }
    print(recommender_text(result) + item_table_text(table, item_table) + profile_text(profiler.get()) + cost_text() +
          results.saved_text());
  });
  results.require_saved();
  require(!report.interrupted, ErrorKind::interrupted, interruption(report), "; ", outcome);
}

}  // namespace

void add_train_recommenders(CLI::App& train, Action& action, const std::string& kind_name) {
  for (const Kind* kind : kinds_for(Task::recommend)) {
    if (!kind_name.empty() && kind->name != kind_name) continue;
    CLI::App* model = train.add_subcommand(kind->name, summary_of(*kind));
    const auto command = std::make_shared<TrainRecommenderCommand>();
    command->add_to(*model, *kind);
    model->callback([command, &action] { action = [command] { command->run(); }; });
  }
}

}  // namespace heddle::cli
