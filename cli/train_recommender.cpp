#include "cli/train_recommender.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/fitters.h"
#include "cli/interactions.h"
#include "cli/interrupt.h"
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
  FitterSet fitters;
  std::string first;   ///< empty: `train blend` without --first
  std::string second;  ///< empty: no blend
  const char* second_option = "--blend";
  std::string blend_weight = "auto";
  double hold_out = 0;
  uint64_t seed = 0;
  std::string save;
  SaveNames names;
  ProfileOption profile;
  InteractionOptions data;
  MetricOptions metrics;
  DeviceOptions device;
  PrintOptions printing;

  /// `kind`: null for `train blend`.
  void add_to(CLI::App& app, const Fitter* kind);
  void run();

 private:
  FitPlan plan();
  void check_profile(const FitPlan& planned) const;
  void save_model(const Fitted& fitted, const LoadedInteractions& loaded, ResultFiles& results) const;
};

void TrainRecommenderCommand::add_to(CLI::App& app, const Fitter* kind) {
  data.add_to(app);
  if (kind != nullptr) {
    first = kind->name();
    fitters.find("MODEL", first).add_to(app);
  } else {
    app.add_option("--first", first, fmt::format("the first model, one of {}", fitters.names()))->type_name("NAME")->required();
    second_option = "--second";
    app.add_option(second_option, second, "the model whose scores are added")->type_name("NAME")->required();
    for (const std::unique_ptr<Fitter>& fitter : fitters.all()) fitter->add_to(app);
  }
  const OptionHeading heading(app, "Training of a recommender");
  if (kind != nullptr) {
    app.add_option("--blend", second,
                   fmt::format("add the scores of a second model with its default settings, one of {}", fitters.names()))
        ->type_name("NAME");
  }
  app.add_option("--blend-weight", blend_weight,
                 "weight of the second model's standardised scores; auto: chosen on validation interactions")
      ->type_name("N")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--hold-out",
         [this](const std::string& written) {
           hold_out = parse_number<double>("--hold-out", written, 0, std::nextafter(1.0, 0.0), "a number from 0 to below 1");
         },
         fmt::format("share of each user's training interactions that is kept for validation where the data has none; with "
                     "--patience {} unless given",
                     kHeldOutShare))
      ->type_name("N")
      ->default_str("0");
  metrics.add_to(app);
  add_number<uint64_t>(app, "--seed", seed, 0, UINT64_MAX, "a whole number from 0 to 2^64 - 1", "the seed");
  device.add_to(app);
  app.add_option("--save", save, "write the model with its ids to this file, as safetensors")->type_name("FILE");
  names.add_to(app, "interrupted or diverged");
  profile.add_to(app);
  printing.add_to(app);
}

FitPlan TrainRecommenderCommand::plan() {
  FitPlan plan{.first = &fitters.find("--first", first)};
  const char* option = "--blend-weight";
  if (second.empty()) {
    require(blend_weight == "auto", ErrorKind::usage, option, " is given, but no second model (--blend)");
    return plan;
  }
  plan.second = &fitters.find(second_option, second);
  require(plan.second != plan.first, ErrorKind::usage, "a blend of ", first, " with itself changes nothing");
  if (blend_weight != "auto")
    plan.weight = parse_number<float>(option, blend_weight, 0, 1e6f, "auto or a number from 0 to 1000000");
  return plan;
}

void TrainRecommenderCommand::check_profile(const FitPlan& planned) const {
  if (profile.path.empty()) return;
  require(planned.second == nullptr, ErrorKind::usage,
          "--profile follows one training, a blend has two models; profile them one by one");
  require(planned.first->trains_in_epochs(), ErrorKind::usage, "--profile follows a training in epochs; ", planned.first->name(),
          " is made at once, without any");
}

void TrainRecommenderCommand::save_model(const Fitted& fitted, const LoadedInteractions& loaded, ResultFiles& results) const {
  results.write("the trained model", names.of(save, fitted.finished()), [&](const std::string& path) {
    std::map<std::string, std::string> metadata = fitted.progress();
    metadata["seed"] = fmt::to_string(seed);
    if (fitted.blend && fitted.blend->chosen) metadata["fitted_weight"] = "";  // to be chosen anew by who fits it anew
    save_recommender(*fitted.model, loaded.data, path, metadata);
  });
}

/// Takes validation interactions out of training where they are wanted and the data has none; returns how many.
int64_t hold_out_of(InteractionDataset& data, double share, uint64_t seed) {
  if (share == 0 || data.val.nnz() > 0) return 0;
  hold_out_some(data, share, seed);
  return data.val.nnz();
}

/// Where an interrupted fit stood.
std::string interruption(const Fitted& fitted) {
  const char* const weight = "before the blend's weight was chosen, so that both models count alike";
  if (!fitted.training || !fitted.training->interrupted) return fmt::format("interrupted {}", weight);
  return text("interrupted after ", fitted.training->epochs, " of ", counted(fitted.planned_epochs, "epoch"), " and ",
              counted(fitted.training->steps, "step"), fitted.undecided() ? text(", ", weight) : "");
}

void TrainRecommenderCommand::run() {
  const FitPlan planned = plan();
  fitters.refuse_others(second.empty() ? std::vector{first} : std::vector{first, second});
  planned.settle();
  check_profile(planned);
  RunFiles files;
  files.reads("--data", data.path());
  names.list(files, "--save", save);
  files.writes("--profile", profile.path);
  files.check();
  const Device where = device.open();
  ProgressBar progress(printing.quiet);
  progress.phase("reading the data");
  LoadedInteractions loaded = data.load();
  require(hold_out == 0 || loaded.data.val.nnz() == 0, ErrorKind::usage, "--hold-out: ", loaded.data.name, " has ",
          counted(loaded.data.val.nnz(), "validation interaction"), " already");
  const double share = hold_out > 0 ? hold_out : planned.needs_validation() ? kHeldOutShare : 0;
  int64_t held_out = hold_out_of(loaded.data, share, seed);
  planned.check(loaded.data, seed);
  metrics.check(loaded.data);
  require_room("--save", save, planned.least_saved_bytes(loaded.data));
  const std::unique_ptr<Profiler> profiler = profile.make();
  Fitted fitted = planned.fit(loaded.data, {.device = where, .seed = seed, .progress = progress, .profiler = profiler.get()});
  // From here on there is a model, which nothing that happens may lose: it is saved before it is judged or told of.
  catch_interrupts(progress.quiet());
  if (fitted.failure && fitted.good_epochs == 0) fail(ErrorKind::diverged, fitted.failure->what(), "; nothing was saved");
  require(!fitted.interrupted() || !fitted.training || fitted.training->steps > 0, ErrorKind::interrupted,
          "interrupted before the first step; nothing was saved");
  if (fitted.trained_on) {
    loaded.data = *std::exchange(fitted.trained_on, std::nullopt);
    held_out = loaded.data.val.nnz();
  }
  ResultFiles results("nothing is kept of the training; --save FILE keeps the model");
  save_model(fitted, loaded, results);
  if (profiler != nullptr)
    results.write("the trace", profile.path, [&](const std::string& path) { io::write_file(path, profiler->trace()); });
  const std::string outcome = results.outcome() + (fitted.finished() ? "" : names.left_alone(save));
  if (fitted.failure) {
    results.require_saved();
    fail(fitted.failure->kind(), fitted.failure->what(),
         fitted.undecided() ? "; no weight was chosen, both models count alike" : "", "; ", outcome);
  }
  results.report([&] {
    RecommenderRun result{.plan = planned,
                          .fitted = fitted,
                          .loaded = loaded,
                          .held_out = held_out,
                          .seed = seed,
                          .test = {},
                          .val = {},
                          .saved = !save.empty()};
    const auto judge = [&](const char* split, const HostCsr& targets, bool at_test) {
      const ProgressSubject of(progress, split);
      return evaluate_unless_empty(*fitted.model, loaded.data, targets, metrics.options(at_test, seed), progress);
    };
    result.test = judge("test", loaded.data.test, true);
    result.val = judge("validation", loaded.data.val, false);
    progress.finish();
    if (printing.json) {
      Json object = recommender_json(result);
      object["profile"] = profile_json(profiler.get());
      object["saved"] = results.saved();
      add_cost(object);
      print(object);
      return;
    }
    print(recommender_text(result) + profile_text(profiler.get()) + cost_text() + results.saved_text());
  });
  results.require_saved();
  require(!fitted.interrupted(), ErrorKind::interrupted, interruption(fitted), "; ", outcome);
}

}  // namespace

void add_train_recommenders(CLI::App& train, Action& action) {
  const auto add = [&](const std::string& name, const std::string& summary, const Fitter* kind) {
    CLI::App* model = train.add_subcommand(name, summary);
    const auto command = std::make_shared<TrainRecommenderCommand>();
    command->add_to(*model, kind);
    model->callback([command, &action] { action = [command] { command->run(); }; });
  };
  for (const std::unique_ptr<Fitter>& kind : make_fitters())
    add(kind->name(), fmt::format("{} ({})", kind->summary(), kind->source()), kind.get());
  add("blend", "two recommenders, their standardised scores added", nullptr);
}

std::string recommender_names() { return FitterSet().names() + ", blend"; }

}  // namespace heddle::cli
