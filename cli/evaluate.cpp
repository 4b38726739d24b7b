#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cli/commands.h"
#include "cli/interactions.h"
#include "cli/kind_options.h"
#include "cli/metrics.h"
#include "cli/model_file.h"
#include "cli/new_users.h"
#include "cli/options.h"
#include "cli/recommender_report.h"
#include "cli/report.h"
#include "cli/run_files.h"
#include "heddle/error.h"
#include "heddle/judged_fit.h"
#include "heddle/saved_model.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

struct EvaluateCommand {
  std::string model;
  bool new_users = false;
  double new_user_share = 0.05;
  InteractionOptions data;
  MetricOptions metrics;
  DeviceOptions device;
  PrintOptions printing;

  void run();
};

struct Evaluation {
  const SavedRecommender& saved;
  const LoadedInteractions& loaded;
  const TrainedOn& trained;
  Renumbered renumbered;
  RankingMetrics test, val;
  std::optional<NewUserFigures> new_users;

  bool same_data() const { return trained.hash == loaded.hash; }
};

FitPlan plan_of(const SavedRecommender& saved, const std::string& path) try {
  return plan_as_fitted(saved.metadata);
} catch (const Error& error) {
  fail(error.kind(), path, ": ", error.what());
}

std::string evaluation_text(const Evaluation& evaluation) {
  using io::detail::printable;
  const SavedRecommender& saved = evaluation.saved;
  std::string text = interactions_text(evaluation.loaded.data, evaluation.loaded.hash);
  const std::string settings = settings_text(saved.model->settings());
  text += fmt::format("model      {}{}{}\n", saved.model->name(), settings.empty() ? "" : ": ", settings);
  text += evaluation.same_data() ? "           trained on this data\n"
                                 : fmt::format("           trained on other data than this: {}, content hash {}\n",
                                               printable(evaluation.trained.name), printable(evaluation.trained.hash));
  if (const std::string unfinished = unfinished_text(saved.metadata); !unfinished.empty())
    text += "           " + printable(unfinished) + "\n";
  const Renumbered& renumbered = evaluation.renumbered;
  if (renumbered.unknown > 0)
    text += fmt::format("           {} left out: user or item not in its data\n", grouped(renumbered.unknown, "interaction"));
  if (renumbered.in_training > 0)
    text += fmt::format("           {} left out: in its training data\n", grouped(renumbered.in_training, "interaction"));
  text += fmt::format("device     {}\n", saved.model->device().description());
  if (evaluation.val.users > 0) text += metrics_text("validation", evaluation.val);
  text += metrics_text("test", evaluation.test);
  return evaluation.new_users ? text + new_users_text(*evaluation.new_users) : text;
}

Json evaluation_json(const Evaluation& evaluation) {
  const SavedRecommender& saved = evaluation.saved;
  Json object{{"model", saved.model->name()}, {"settings", settings_json(saved.model->settings())}};
  add_device(object, saved.model->device());
  object["data"] = interactions_json(evaluation.loaded.data, evaluation.loaded.hash);
  object["trained_on"] = {{"name", evaluation.trained.name}, {"hash", evaluation.trained.hash}, {"same", evaluation.same_data()}};
  object["unfinished"] = unfinished_text(saved.metadata);
  object["unknown"] = evaluation.renumbered.unknown;
  object["in_training"] = evaluation.renumbered.in_training;
  object["metrics"] = metrics_json(evaluation.test);
  object["fewer_negatives"] = fewer_negatives_json(evaluation.test);
  object["test_users"] = evaluation.test.users;
  object["val_metrics"] = metrics_json(evaluation.val);
  object["new_users"] = evaluation.new_users ? new_users_json(*evaluation.new_users) : Json();
  object["load_s"] = evaluation.loaded.seconds;
  object["eval_s"] = evaluation.test.seconds + evaluation.val.seconds;
  return object;
}

/// "; 144 of 144 interactions have a user that the model does not know, such as '7.0', and it knows users such as '7'" where
/// nearly all have: ids that are written in another way.
std::string strangers_text(const InteractionDataset& data, const SavedRecommender& saved) {
  const auto tell = [](const char* what, const IdTable& ids, const IdTable& known, const std::vector<int64_t>& counts) {
    int64_t all = 0, unknown = 0;
    std::string first;
    for (int64_t i = 0; i < ids.size(); ++i) {
      const int64_t count = counts[static_cast<std::size_t>(i)];
      all += count;
      if (count == 0 || known.find(ids[i]) >= 0) continue;
      if (unknown == 0) first = ids[i];
      unknown += count;
    }
    if (all < 10 || 10 * unknown < 9 * all || known.size() == 0) return std::string();
    return text("; ", unknown, " of ", counted(all, "interaction"), " have ", what, " that the model does not know, such as ",
                io::detail::in_quotes(first), ", and it knows ids such as ", io::detail::in_quotes(known[0]));
  };
  std::vector<int64_t> of_users(static_cast<std::size_t>(data.users.size())),
      of_items(static_cast<std::size_t>(data.items.size()));
  for (const HostCsr* part : {&data.train, &data.val, &data.test}) {
    for (int64_t user = 0; user < part->rows; ++user) {
      of_users[static_cast<std::size_t>(user)] += static_cast<int64_t>(part->row(user).size());
      for (const int32_t item : part->row(user)) ++of_items[static_cast<std::size_t>(item)];
    }
  }
  return tell("a user", data.users, saved.users, of_users) + tell("an item", data.items, saved.items, of_items);
}

/// Throws for data of which no test interaction is left that the model can be judged by.
[[noreturn]] void fail_unjudged(const Evaluation& evaluation) {
  const InteractionDataset& data = evaluation.loaded.data;
  const Renumbered& renumbered = evaluation.renumbered;
  require(data.test.nnz() > 0, ErrorKind::usage, data.name,
          ": there are no test interactions to judge the model by: ", no_test_text(data),
          evaluation.same_data()
              ? ", and a model that is to be judged is trained so; this one can be judged by later interactions"
                " of its users, of which --data OTHER --split ratio keeps some for the test"
              : "");
  std::string left_out;
  if (renumbered.unknown > 0) left_out += text(renumbered.unknown, " with a user or an item that the model does not know");
  if (renumbered.in_training > 0)
    left_out += text(left_out.empty() ? "" : ", ", renumbered.in_training, " that it was trained on");
  left_out += strangers_text(data, evaluation.saved);
  const std::string trained_on = evaluation.trained.name.empty() ? "the data that it was trained on"
                                                                 : "the data that it was trained on, " + evaluation.trained.name;
  const auto split = evaluation.saved.metadata.find("data.option.split");
  const bool all_trained_on = split != evaluation.saved.metadata.end() && split->second == "none";
  fail(ErrorKind::usage, data.name, ": what is kept of it for test and validation, ",
       counted(data.test.nnz() + data.val.nnz(), "interaction"), ", cannot judge this model (", left_out, "); ",
       all_trained_on
           ? text("nothing of ", trained_on,
                  ", was kept for the test (--split none): judge it by later interactions of its users and items, or train it"
                  " with --split ratio")
           : text("judge it by ", trained_on, ", split as then, or by other interactions of its users and items"));
}

void EvaluateCommand::run() {
  RunFiles files;
  files.reads_file("MODEL", model);
  files.reads("--data", data.paths());
  files.check();
  const Device where = device.open();
  ProgressBar progress(printing.quiet);
  progress.phase("reading the model");
  const SavedRecommender saved = open_recommender(model, where);
  require(saved.history, ErrorKind::usage, model, " was saved without history: it knows no users whom it could be judged by");
  const TrainedOn trained = trained_on(saved.metadata, model);
  data.adopt(trained.origin.options);
  const LoadedInteractions loaded = data.load(progress);
  std::optional<FitPlan> plan;
  if (new_users) plan = plan_of(saved, model);
  const uint64_t seed = trained.seed;
  std::optional<NewUsers> kept_out;
  if (plan) {
    kept_out = keep_out_users(*plan, loaded.data, new_user_share, seed);
    metrics.options(false).check(loaded.data.items.size());
  }
  Evaluation evaluation{.saved = saved,
                        .loaded = loaded,
                        .trained = trained,
                        .renumbered = as_trained(loaded.data, saved),
                        .test = {},
                        .val = {},
                        .new_users = {}};
  const InteractionDataset& renumbered = evaluation.renumbered.data;
  if (!new_users && renumbered.test.nnz() == 0) fail_unjudged(evaluation);
  const auto judge = [&](const char* split, const HostCsr& targets, bool at_test) {
    const ProgressSubject of(progress, split);
    return evaluate_unless_empty(*saved.model, renumbered, targets, metrics.options(at_test, seed), progress);
  };
  evaluation.test = judge("test", renumbered.test, true);
  evaluation.val = judge("validation", renumbered.val, false);
  if (plan) {
    evaluation.new_users =
        judge_new_users(*plan, *std::move(kept_out), metrics.options(false, seed), fit_options(where, seed, progress), progress);
  }
  progress.finish();
  if (!printing.json) {
    print(evaluation_text(evaluation) + cost_text());
    return;
  }
  Json object = evaluation_json(evaluation);
  add_cost(object);
  print(object);
}

}  // namespace

void add_evaluate(CLI::App& app, Action& action) {
  CLI::App* evaluate = app.add_subcommand("evaluate", "judge a saved recommender by the test interactions of a data set");
  const auto command = std::make_shared<EvaluateCommand>();
  add_model_argument(*evaluate, command->model);
  command->data.add_to(*evaluate);
  evaluate->add_flag("--new-users", command->new_users,
                     "train anew without some of the users, and compare how well they are served as visitors with how well they "
                     "are as users that training knows");
  evaluate
      ->add_option_function<std::string>(
          "--new-user-share",
          [share = &command->new_user_share](const std::string& written) {
            *share = parse_number<double>("--new-user-share", written, 1e-6, 0.5, "a number from 0.000001 to 0.5");
          },
          "share of the users that --new-users keeps out of training")
      ->type_name("N")
      ->default_str(fmt::format("{}", command->new_user_share));
  command->metrics.add_to(*evaluate);
  command->device.add_to(*evaluate);
  command->printing.add_to(*evaluate);
  evaluate->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
