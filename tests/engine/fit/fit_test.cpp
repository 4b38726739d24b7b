#include "heddle/fit.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string_view>

#include "heddle/classifier_training.h"
#include "heddle/io.h"
#include "heddle/judged_fit.h"
#include "heddle/lightgcn.h"
#include "heddle/models.h"
#include "tests/engine/datasets.h"
#include "tests/engine/interactions.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

Device one_thread() { return Device::cpu({.threads = 1}); }

NodeDataset nodes() { return random_dataset(40, 12, 3, 5); }

/// Without validation interactions.
const InteractionDataset& shop() {
  static const InteractionDataset data =
      prepare(synthetic_shop({.users = 50, .items = 30, .categories = 3, .interactions_per_user = 8, .seed = 3}));
  return data;
}

/// With some.
const InteractionDataset& validated_shop() {
  static const InteractionDataset data = [] {
    InteractionDataset held_out = shop();
    hold_out_validation(held_out, 0.25, 1);
    return held_out;
  }();
  return data;
}

/// Settings that a kind cannot be fitted without, or that make it quick.
Settings needed(const Kind& kind) {
  return kind.made_of.empty() ? Settings() : Settings{{"first", "item-cosine"}, {"second", "graph-filter"}};
}

/// What a recommender answers to every user, bit by bit.
std::vector<float> answers(const Recommender& model) { return flat(ranked(model, all_users(model), {.k = 10})); }

/// The model of every kind with default settings, as the calls make it that know the kind.
std::unique_ptr<Recommender> made_directly(const std::string& kind, const InteractionDataset& data, uint64_t seed) {
  const Device device = one_thread();
  if (kind == "popularity") return make_popularity(data, device);
  if (kind == "item-cosine") return make_item_cosine(data, {}, device);
  if (kind == "graph-filter") return make_graph_filter(data, {.seed = seed}, device);
  if (kind == "lightgcn") {
    LightGcn model(data, {.seed = seed}, device);
    train(model, data);
    return model.recommender();
  }
  REQUIRE(kind == "blend");
  const float candidates[] = {0, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.7f, 1, 1.4f, 2, 3, 5};
  InteractionDataset held_out = data;
  hold_out_validation(held_out, 0.1, seed);
  const float weight = choose_blend_weight(*make_item_cosine(held_out, {}, device),
                                           *make_graph_filter(held_out, {.seed = seed}, device), held_out, candidates);
  return make_blend(make_item_cosine(data, {}, device), make_graph_filter(data, {.seed = seed}, device), weight);
}

/// Settings of a LightGCN that is trained in little time, for `epochs`.
Settings small_lightgcn(const char* epochs, const char* temperature = "0.2") {
  return {{"dim", "4"}, {"batch_size", "64"}, {"negatives", "8"}, {"epochs", epochs}, {"temperature", temperature}};
}

/// Goes on `most` times.
ProgressCallback stopping_after(int most) {
  return [most, asked = 0](const Progress&) mutable { return ++asked <= most; };
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("kinds / the table names every kind once, with what fits and loads it") {
  std::set<std::string> names;
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    CHECK(names.insert(kind.name).second);
    CHECK(!kind.summary.empty());
    CHECK(!kind.source.empty());
    CHECK(&find_kind(kind.name) == &kind);
    CHECK(&find_kind(kind.name, kind.task) == &kind);
    std::set<std::string> settings;
    for (const std::vector<Setting>* rows : {&kind.settings, &kind.training}) {
      for (const Setting& row : *rows) CHECK(settings.insert(row.name).second);
    }
    if (kind.task == Task::classify_nodes) {
      CHECK((kind.classifier.make && kind.classifier.parameters));
    } else {
      CHECK(static_cast<bool>(kind.recommender.make) != static_cast<bool>(kind.recommender.fit));
      CHECK(static_cast<bool>(kind.recommender.load) != static_cast<bool>(kind.recommender.combine));
      CHECK(static_cast<bool>(kind.recommender.combine) == !kind.made_of.empty());
    }
  }
  CHECK(names == std::set<std::string>{"gcn", "gat", "lightgcn", "popularity", "item-cosine", "graph-filter", "blend"});
  CHECK(error_mismatch(ErrorKind::usage, "there is no model 'svd'; there are: gcn, gat, lightgcn, popularity,",
                       [] { find_kind("svd"); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "there is no recommender 'svd'; there are: lightgcn, popularity, item-cosine",
                       [] { find_kind("svd", Task::recommend); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "gcn is a node classifier, not a recommender",
                       [] { find_kind("gcn", Task::recommend); }) == "");
}

TEST_CASE("kinds / what a row says that a model can do is what it does") {
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    if (kind.task == Task::classify_nodes) {
      const auto model = make_model(kind, nodes(), {}, 1, one_thread());
      CHECK(plan_fit(kind).has_vectors());
      CHECK(model->embeddings().rows() == nodes().nodes);
      const Settings one_layer{{"layers", "1"}};
      CHECK(!plan_fit(kind, one_layer).has_vectors());
      CHECK_THROWS_AS(make_model(kind, nodes(), one_layer, 1, one_thread())->embeddings(), Error);
      bool attends = true;
      try {
        model->attention();
      } catch (const Error& error) {
        attends = error.kind() != ErrorKind::usage;
      }
      CHECK(kind.attends == attends);
      for (const auto& [setting, value] : {std::pair("patience", "3"), std::pair("selection", "best-validation")}) {
        Settings settings{{"patience", "0"}, {"selection", "last"}};
        settings[setting] = value;
        const FitPlan plan = plan_fit(kind, settings);
        CHECK(plan.needs_validation());
        NodeDataset unvalidated = nodes();
        unvalidated.val.clear();
        CHECK(error_mismatch(ErrorKind::usage, "validation split", [&] { fit(plan, unvalidated, {.device = one_thread()}); }) ==
              "");
      }
      CHECK(!plan_fit(kind, {{"patience", "0"}, {"selection", "last"}}).needs_validation());
    } else {
      Settings settings = needed(kind);
      if (kind.trains_in_epochs) settings = small_lightgcn("2");
      const FitPlan plan = plan_fit(kind, settings);
      const auto model = fit(plan, shop(), {.device = one_thread()}).model;
      CHECK(plan.has_vectors() == (model->item_embeddings().rows > 0));
      const std::vector<float> one = scores_of(*model, {{-1, {1}}}), other = scores_of(*model, {{-1, {2, 5}}});
      CHECK(plan.folds_in() == (one != other));
      CHECK(!plan.needs_validation());
    }
  }
  CHECK(plan_fit("lightgcn", {{"patience", "1"}}).needs_validation());
  const FitPlan blend = plan_fit("blend", {{"first", "popularity"}, {"second", "lightgcn"}, {"patience", "1"}});
  CHECK(blend.needs_validation());
  CHECK(blend.trains_in_epochs());
  CHECK(!blend.has_vectors());  // its first model has none
  CHECK(plan_fit("blend", {{"first", "lightgcn"}, {"second", "popularity"}}).has_vectors());
}

TEST_CASE("fit / every kind is fitted by name with its defaults, to the bits of the direct calls, with all that it tells") {
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    const FitOptions options{.device = one_thread(), .seed = 9};
    if (kind.task == Task::classify_nodes) {
      const auto fitted = fit(kind.name, needed(kind), nodes(), options);
      const FitReport& report = fitted.report;
      auto direct = std::unique_ptr<NodeClassifier>();
      TrainOptions protocol;
      if (kind.name == "gcn") {
        direct = std::make_unique<Gcn>(nodes(), GcnOptions{.seed = 9}, one_thread());
      } else {
        REQUIRE(kind.name == "gat");
        direct = std::make_unique<Gat>(nodes(), GatOptions{.seed = 9}, one_thread());
        protocol = {.epochs = 100'000, .learning_rate = 0.005f, .patience = 100, .selection = Selection::best_validation};
      }
      const TrainReport trained = train(*direct, nodes(), protocol);
      CHECK(report.weights_hash == trained.weights_hash);
      CHECK(weights_hash(*fitted.model) == trained.weights_hash);
      CHECK(report.run_epochs == trained.epochs);
      CHECK(report.planned_epochs == protocol.epochs);
      CHECK(report.best_epoch == trained.selected_epoch);
      REQUIRE(report.epochs.size() == trained.losses.size());
      for (std::size_t i = 0; i < trained.losses.size(); ++i) {
        CHECK(report.epochs[i].loss == trained.losses[i]);
        CHECK(report.epochs[i].epoch == static_cast<int64_t>(i) + 1);
        CHECK(report.epochs[i].seconds > 0);
        CHECK(report.epochs[i].val.contains("accuracy") == (kind.name == "gat"));
      }
      CHECK(report.figures.at("test_accuracy") == trained.test_accuracy);
      CHECK(report.figures.at("val_accuracy") == trained.val_accuracy);
      CHECK(report.fitting_s > 0);
    } else {
      const auto fitted = fit(kind.name, needed(kind), shop(), options);
      const auto direct = made_directly(kind.name, shop(), 9);
      CHECK(bit_difference(answers(*fitted.model), answers(*direct)) == "");
      CHECK(fitted.model->settings() == direct->settings());
      CHECK(fitted.report.finished());
      CHECK(fitted.report.fitting_s > 0);
      CHECK(!fitted.report.trained_on);
      CHECK((fitted.report.trained() != nullptr) == kind.trains_in_epochs);
      CHECK((fitted.report.choosing_s > 0) == !fitted.report.chosen.empty());
    }
  }
}

TEST_CASE("fit / every kind ends where the callback says so, with what it reached or with a word that it reached nothing") {
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    std::set<std::string> subjects;
    int asked = 0;
    const ProgressCallback counts = [&](const Progress& at) {
      subjects.emplace(at.subject);
      return ++asked > 0;
    };
    if (kind.task == Task::classify_nodes) {
      const FitPlan plan = plan_fit(kind, {{"epochs", "20"}, {"patience", "0"}});
      fit(plan, nodes(), {.device = one_thread(), .progress = counts});
      CHECK(asked == 20);
      CHECK(subjects == std::set<std::string>{kind.name});
      const auto fitted = fit(plan, nodes(), {.device = one_thread(), .progress = stopping_after(4)});
      CHECK(fitted.report.interrupted);
      CHECK(!fitted.report.finished());
      CHECK(fitted.report.run_epochs == 5);
      CHECK(fitted.report.epochs.size() == 5);
      CHECK(fitted.report.metadata().at("unfinished") == "interrupted");
      CHECK(!fit(plan, nodes(), {.device = one_thread(), .progress = stopping_after(19)}).report.interrupted);
    } else if (kind.trains_in_epochs) {
      const FitPlan plan = plan_fit(kind, small_lightgcn("20"));
      fit(plan, shop(), {.device = one_thread(), .progress = counts});
      CHECK(subjects == std::set<std::string>{kind.name});
      const int all = asked;
      CHECK(error_mismatch(ErrorKind::interrupted, "interrupted before the first step",
                           [&] { fit(plan, shop(), {.device = one_thread(), .progress = stopping_after(0)}); }) == "");
      const auto fitted = fit(plan, shop(), {.device = one_thread(), .progress = stopping_after(all / 2)});
      CHECK(fitted.report.interrupted);
      CHECK(fitted.report.run_epochs < 20);
      CHECK(fitted.report.steps == all / 2);
      CHECK(answers(*fitted.model).size() > 100);
      CHECK(fitted.report.metadata().at("epochs_planned") == "20");
      CHECK(fitted.report.metadata().at("unfinished") == "interrupted");
    } else {
      CHECK(error_mismatch(ErrorKind::interrupted, "interrupted before ", [&] {
              fit(kind, needed(kind), shop(), {.device = one_thread(), .progress = stopping_after(0)});
            }) == "");
      fit(kind, needed(kind), shop(), {.device = one_thread(), .progress = counts});
      const std::set<std::string> both{"", "part 1 of 4, to choose the weight: item-cosine",
                                       "part 2 of 4, to choose the weight: graph-filter",
                                       "part 3 of 4, on everything: item-cosine", "part 4 of 4, on everything: graph-filter"};
      CHECK(subjects == (kind.made_of.empty() ? std::set<std::string>{kind.name} : both));
    }
  }
}

TEST_CASE("fit / every kind's model is saved with how it was fitted, loaded, and fitted anew from that to the same bits") {
  const TempDir folder;
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    const std::string path = folder.file(kind.name);
    if (kind.task == Task::classify_nodes) {
      const auto fitted = fit(kind, {{"epochs", "5"}, {"hidden", "3"}}, nodes(), {.device = one_thread(), .seed = 4});
      save_model(*fitted.model, path, fitted.report.metadata());
      CHECK(weights_hash(*load_model(path, nodes(), one_thread())) == fitted.report.weights_hash);
      const auto metadata = io::read_safetensors(path).metadata;
      CHECK(metadata.at("fitted") == kind.name);
      CHECK(metadata.at("fit.hidden") == "3");
      CHECK(metadata.at("seed") == "4");
      CHECK(metadata.at("epochs") == "5");
      CHECK(!metadata.contains("steps"));
      continue;
    }
    Settings settings = needed(kind);
    if (kind.trains_in_epochs) settings = small_lightgcn("2", "0");  // the temperature is chosen
    const auto fitted = fit(kind, settings, shop(), {.device = one_thread(), .seed = 4});
    save_recommender(*fitted.model, shop(), path, fitted.report.metadata());
    const SavedRecommender saved = load_recommender(path, one_thread());
    CHECK(bit_difference(answers(*saved.model), answers(*fitted.model)) == "");
    CHECK(saved.metadata.at("seed") == "4");
    const FitPlan again = plan_as_fitted(saved.metadata);
    CHECK(again.kind == &kind);
    for (const auto& [name, value] : fitted.report.settings) {
      CAPTURE(name);
      if (name != "protocol") CHECK(again.settings.at(name) == value);
    }
    CHECK(bit_difference(answers(*fit(again, shop(), {.device = one_thread(), .seed = 4}).model), answers(*fitted.model)) == "");
  }
}

TEST_CASE("fit / what a file of an earlier heddle tells of a blend is understood, and what nobody knows any more left out") {
  const std::map<std::string, std::string> told{
      {"fitted", "lightgcn"},   {"fitted_second", "graph-filter"}, {"fitted_weight", ""}, {"fit.dim", "8"},
      {"fit.rank", "5"},        {"fit.momentum", "0.9"},           {"fit.reg", "1e-04"},  {"seed", "3"},
      {"setting.weight", "0.7"}};
  const FitPlan plan = plan_as_fitted(told);
  CHECK(plan.kind->name == "blend");
  CHECK(plan.settings.at("weight") == "auto");
  CHECK(plan.parts[0].settings.at("dim") == "8");
  CHECK(plan.parts[0].settings.at("reg") == "0.0001");
  CHECK(plan.parts[1].settings.at("rank") == "5");
  auto weighted = told;
  weighted["fitted_weight"] = "0.7";
  CHECK(plan_as_fitted(weighted).settings.at("weight") == "0.7");
  CHECK(plan_as_fitted(weighted).metadata().at("fitted_weight") == "0.7");
  const auto refused = [&](const char* fragment, const char* key, const char* value) {
    auto metadata = told;
    metadata[key] = value;
    return error_mismatch(ErrorKind::bad_data, fragment, [&] { plan_as_fitted(metadata); });
  };
  CHECK(refused("it does not say how it was trained", "fitted", "") == "");
  CHECK(refused("there is no recommender 'svd'", "fitted", "svd") == "");
  CHECK(refused("lightgcn: dim is '0'", "fit.dim", "0") == "");
  CHECK(refused("weight is 'much'", "fitted_weight", "much") == "");
}

TEST_CASE("fit / settings that a kind does not have, and plans that cannot be meant, are refused") {
  const auto refused = [](const char* fragment, const char* kind, const Settings& settings) {
    return error_mismatch(ErrorKind::usage, fragment, [&] { plan_fit(kind, settings); });
  };
  CHECK(refused("there is no model 'svd'", "svd", {}) == "");
  CHECK(refused("gcn has no setting 'heads' (= 8)", "gcn", {{"heads", "8"}}) == "");
  CHECK(refused("lightgcn has no setting 'dims' (= 3); did you mean dim", "lightgcn", {{"dims", "3"}}) == "");
  CHECK(refused("popularity has no setting 'dims' (= 3)", "popularity", {{"dims", "3"}}) == "");
  CHECK(refused("blend: the setting first is missing", "blend", {}) == "");
  CHECK(refused("there is no recommender 'svd'", "blend", {{"first", "svd"}, {"second", "popularity"}}) == "");
  CHECK(refused("gcn is a node classifier, not a recommender", "blend", {{"first", "gcn"}, {"second", "popularity"}}) == "");
  CHECK(refused("its second model is a blend", "blend", {{"first", "popularity"}, {"second", "blend"}}) == "");
  CHECK(refused("a blend of popularity with itself changes nothing", "blend",
                {{"first", "popularity"}, {"second", "popularity"}}) == "");
  CHECK(refused("blend of popularity and item-cosine has no setting 'dim' (= 8)", "blend",
                {{"first", "popularity"}, {"second", "item-cosine"}, {"dim", "8"}}) == "");
  CHECK(refused("popularity has no setting 'neighbours' (= 8)", "blend",
                {{"first", "popularity"}, {"second", "item-cosine"}, {"first.neighbours", "8"}}) == "");
  const FitPlan plan = plan_fit("blend", {{"first", "popularity"}, {"second", "item-cosine"}, {"second.neighbours", "8"}});
  CHECK(plan.parts[1].settings.at("neighbours") == "8");
  CHECK(error_mismatch(ErrorKind::usage, "lightgcn recommends, it learns from who took what",
                       [] { fit(plan_fit("lightgcn"), nodes()); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "gcn is a node classifier, not a recommender", [] { fit("gcn", {}, shop()); }) == "");
}

TEST_CASE("fit / a blend of two kinds with settings of one name takes them for both, or for one by its place") {
  std::vector<Kind> own{find_kind("graph-filter")};
  own[0].name = "other-filter";
  const Settings asked{
      {"first", "graph-filter"}, {"second", "other-filter"}, {"rank", "6"}, {"second.rank", "3"}, {"weight", "0.5"}};
  const FitPlan plan = plan_fit("blend", asked, own);
  CHECK(plan.parts[0].settings.at("rank") == "6");
  CHECK(plan.parts[1].settings.at("rank") == "3");
  CHECK(plan.settings.at("first.rank") == "6");
  CHECK(plan.settings.at("second.rank") == "3");
  CHECK(!plan.settings.contains("rank"));
  CHECK(plan.metadata().at("fit.second.rank") == "3");
  CHECK(plan_as_fitted(plan.metadata(), own).settings == plan.settings);
  CHECK(plan_fit("blend", plan.settings, own).settings == plan.settings);
  const auto fitted = fit(plan, shop(), {.device = one_thread(), .seed = 2});
  const auto direct = make_blend(make_graph_filter(shop(), {.rank = 6, .seed = 2}, one_thread()),
                                 make_graph_filter(shop(), {.rank = 3, .seed = 2}, one_thread()), 0.5f);
  CHECK(bit_difference(answers(*fitted.model), answers(*direct)) == "");
  CHECK(error_mismatch(ErrorKind::usage, "there is no recommender 'other-filter'", [&] { plan_fit("blend", asked); }) == "");
}

TEST_CASE("fit / choices are told with what they were chosen by") {
  const FitOptions options{.device = one_thread(), .seed = 2};
  const auto trained = fit("lightgcn", small_lightgcn("3", "0"), shop(), options);
  REQUIRE(trained.report.choice("temperature") != nullptr);
  const ChosenSetting& temperature = *trained.report.choice("temperature");
  LightGcn direct(shop(), {.dim = 4, .seed = 2}, one_thread());
  const LightGcnReport report = train(direct, shop(), {.epochs = 3, .batch_size = 64, .negatives = 8});
  CHECK(temperature.tried == report.temperature_trials);
  CHECK(temperature.value == number_text(report.temperature));
  CHECK(temperature.held_out);
  CHECK(temperature.at_edge == report.temperature_at_edge);
  CHECK(trained.report.settings.at("temperature") == "0");
  CHECK(trained.report.used.at("temperature") == temperature.value);

  for (const InteractionDataset* data : {&shop(), &validated_shop()}) {
    const bool held_out = data->val.nnz() == 0;
    CAPTURE(held_out);
    const auto blend = fit("blend", {{"first", "item-cosine"}, {"second", "popularity"}}, *data, options);
    const ChosenSetting* const weight = blend.report.choice("weight");
    REQUIRE(weight != nullptr);
    CHECK(weight->decided);
    CHECK(weight->held_out == held_out);
    CHECK(weight->figure == "ndcg@20");
    REQUIRE(weight->tried.size() == 12);
    double best = -1;
    float chosen = -1;
    for (const auto& [candidate, figure] : weight->tried) {
      if (figure > best) chosen = candidate;
      best = std::max(best, figure);
    }
    CHECK(weight->value == number_text(chosen));
    CHECK(blend.model->settings().at("weight") == weight->value);
    CHECK(blend.report.metadata().at("fitted_weight").empty());  // to be chosen anew by who fits it anew
    CHECK(blend.report.parts.size() == 2);
    // A weight of 0 is what the first model alone says.
    if (!held_out) {
      const auto first = make_item_cosine(*data, {}, one_thread());
      const double alone = evaluate(*first, *data, data->val).values.at("ndcg@20");
      CHECK(std::abs(weight->tried.front().second - alone) < 1e-12);
    }
  }
  std::set<std::string> subjects;
  FitOptions watched = options;
  watched.progress = [&](const Progress& at) { return subjects.emplace(at.subject).first != subjects.end(); };
  const auto given = fit("blend", {{"first", "item-cosine"}, {"second", "popularity"}, {"weight", "0.25"}}, shop(), watched);
  CHECK(subjects == std::set<std::string>{"part 1 of 2: item-cosine", "part 2 of 2: popularity"});
  CHECK(given.report.choice("weight") == nullptr);
  CHECK(given.report.choosing_s == 0);
  CHECK(given.report.used.at("weight") == "0.25");
  CHECK(given.report.metadata().at("fitted_weight") == "0.25");
}

TEST_CASE("fit / validation that a plan needs is held out where the data have none, and the report has what was learnt from") {
  Settings patient = small_lightgcn("6");
  patient["patience"] = "2";
  const auto fitted = fit("lightgcn", patient, shop(), {.device = one_thread(), .seed = 5});
  REQUIRE(fitted.report.trained_on.has_value());
  InteractionDataset expected = shop();
  hold_out_validation(expected, share_to_hold_out(expected), 5);
  CHECK(fitted.report.trained_on->content_hash() == expected.content_hash());
  CHECK(fitted.report.epochs.front().val.contains("recall@20"));
  CHECK(!fit("lightgcn", patient, validated_shop(), {.device = one_thread()}).report.trained_on);
  const FitPlan plan = plan_fit("lightgcn", patient);
  InteractionDataset data = shop();
  CHECK(hold_out_for(plan, data, 0, 5) == expected.val.nnz());
  CHECK(data.content_hash() == expected.content_hash());
  CHECK(hold_out_for(plan, data, 0.5, 5) == 0);  // it has some
  InteractionDataset other = shop();
  CHECK(hold_out_for(plan_fit("popularity"), other, 0, 5) == 0);
  CHECK(hold_out_for(plan_fit("popularity"), other, 0.25, 1) == validated_shop().val.nnz());
  InteractionDataset poor = interactions_of({{0}, {1}}, 3);
  const char* const nobody = "no user has two training interactions, of which one could be held out for validation";
  CHECK(error_mismatch(ErrorKind::usage, nobody, [&] { hold_out_for(plan, poor, 0, 1); }) == "");
  CHECK(error_mismatch(ErrorKind::usage,
                       "no user has enough interactions to hold out 10 % of each user's for validation; nobody has two",
                       [&] { hold_out_for(plan, poor, 0.1, 1); }) == "");
  // Where everybody has few, one of each is held out.
  InteractionDataset small = interactions_of({{0, 1, 2, 3, 4}, {1, 2, 3, 4, 5}}, 6);
  CHECK(error_mismatch(ErrorKind::usage, "to hold out 10 % of each user's for validation; a share of 0.2 takes some",
                       [&] { hold_out_for(plan, small, 0.1, 1); }) == "");
  CHECK(hold_out_for(plan, small, 0, 1) == 2);
  const Settings of_blend{{"first", "popularity"}, {"second", "item-cosine"}};
  const char* const no_weight = "by which the blend's weight would be chosen; a weight that is given needs none";
  CHECK(error_mismatch(ErrorKind::usage, no_weight, [&] { fit("blend", of_blend, poor, {.device = one_thread()}); }) == "");
  // Asked before any fit, a plan says the same.
  CHECK(error_mismatch(ErrorKind::usage, no_weight, [&] { plan_fit("blend", of_blend).check(poor, 1); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, nobody, [&] { plan.check(poor, 1); }) == "");
  CHECK_NOTHROW(plan_fit("popularity").check(poor, 1));
  for (const Kind& kind : kinds()) {
    if (kind.task == Task::recommend) CHECK_NOTHROW(plan_fit(kind, needed(kind)).check(shop(), 1));
  }
}

TEST_CASE("fit / for the checks of several plans interactions are held out once, and only where one asks for them") {
  HoldOut data(shop(), 5);
  plan_fit("popularity").check(data);
  CHECK(&data.data() == &shop());
  const InteractionDataset& held_out = data.held_out();
  CHECK(held_out.val.nnz() > 0);
  InteractionDataset expected = shop();
  hold_out_for(plan_fit("lightgcn", {{"patience", "1"}}), expected, 0, 5);
  CHECK(held_out.content_hash() == expected.content_hash());
  plan_fit("lightgcn", {{"patience", "1"}}).check(data);
  plan_fit("blend", {{"first", "popularity"}, {"second", "item-cosine"}}).check(data);
  CHECK(&data.held_out() == &held_out);
  InteractionDataset poor = interactions_of({{0}, {1}}, 3);
  HoldOut nothing(poor, 1);
  CHECK_NOTHROW(plan_fit("popularity").check(nothing));
  for (int again = 0; again < 2; ++again) {
    CHECK(error_mismatch(ErrorKind::usage, "could be held out for validation; then what",
                         [&] { nothing.held_out("; then what"); }) == "");
  }
}

TEST_CASE("fit / a plan knows before the fit what its model's file takes at the least") {
  const TempDir folder;
  const FitOptions options{.device = one_thread()};
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    const std::string path = folder.file(kind.name);
    int64_t least = 0;
    if (kind.task == Task::classify_nodes) {
      const FitPlan plan = plan_fit(kind, {{"epochs", "1"}, {"hidden", "64"}});
      least = plan.least_saved_bytes(nodes());
      save_model(*fit(plan, nodes(), options).model, path);
    } else {
      Settings settings = needed(kind);
      if (kind.trains_in_epochs) settings = small_lightgcn("1");
      const FitPlan plan = plan_fit(kind, settings);
      least = plan.least_saved_bytes(shop());
      save_recommender(*fit(plan, shop(), options).model, shop(), path);
    }
    const auto bytes = static_cast<int64_t>(std::filesystem::file_size(path));
    CHECK(least <= bytes);
    // How many neighbours item-cosine keeps, and a filter's rank, the fit alone decides.
    const bool known = kind.task == Task::classify_nodes || kind.trains_in_epochs || kind.name == "popularity";
    CHECK(least > bytes / (known ? 2 : 8));
  }
}

TEST_CASE("fit / a training that diverges leaves its last good weights, or nothing, and says so") {
  Settings wild = small_lightgcn("50");
  wild.insert({{"loss", "bpr"}, {"schedule", "constant"}, {"learning_rate", "1e10"}, {"reg", "1e18"}});
  wild["batch_size"] = "1024";  // one step an epoch, of which the first is not too much
  const auto fitted = fit("lightgcn", wild, shop(), {.device = one_thread()});
  REQUIRE(fitted.report.diverged.has_value());
  CHECK(fitted.report.diverged->kind() == ErrorKind::diverged);
  CHECK(fitted.report.run_epochs >= 1);
  CHECK(fitted.report.run_epochs < 50);
  CHECK(fitted.report.metadata().at("unfinished") == "diverged");
  CHECK(fitted.report.metadata().at("epochs") == number_text(fitted.report.run_epochs));
  Settings short_one = wild;
  short_one["epochs"] = number_text(fitted.report.run_epochs);
  CHECK(bit_difference(answers(*fitted.model), answers(*fit("lightgcn", short_one, shop(), {.device = one_thread()}).model)) ==
        "");
  Settings at_once = wild;
  at_once["learning_rate"] = "1e38";
  at_once["batch_size"] = "64";  // several steps an epoch
  CHECK(error_mismatch(ErrorKind::diverged, "the loss of epoch 1",
                       [&] { fit("lightgcn", at_once, shop(), {.device = one_thread()}); }) == "");
  CHECK(error_mismatch(ErrorKind::diverged, "the loss of epoch", [&] {
          fit("gcn", {{"learning_rate", "1e30"}}, nodes(), {.device = one_thread()});
        }) == "");

  // In a blend both models are kept, and count alike.
  wild.insert({{"first", "popularity"}, {"second", "lightgcn"}});
  for (const InteractionDataset* data : {&shop(), &validated_shop()}) {
    const auto blend = fit("blend", wild, *data, {.device = one_thread()});
    REQUIRE(blend.report.choice("weight") != nullptr);
    CHECK(!blend.report.choice("weight")->decided);
    CHECK(blend.report.diverged.has_value());
    CHECK(!blend.report.interrupted);
    CHECK(blend.model->settings().at("weight") == "1");
    CHECK(blend.report.metadata().at("undecided") == "weight");
    CHECK(blend.report.trained_on.has_value() == (data->val.nnz() == 0));
    const InteractionDataset& learnt = blend.report.trained_on ? *blend.report.trained_on : *data;
    CHECK(learnt.val.nnz() > 0);
    CHECK(blend.model->train().nnz() == learnt.train.nnz());
  }
}

TEST_CASE("fit / a blend that is told to stop keeps both models as far as they came") {
  Settings settings = small_lightgcn("30");
  settings.insert({{"first", "lightgcn"}, {"second", "graph-filter"}, {"rank", "4"}});
  int in_training = 0;
  const auto stop_in = [&](const char* phase, int after) {
    in_training = 0;
    return [&in_training, phase = std::string(phase), after](const Progress& at) {
      return at.phase != phase || ++in_training <= after;
    };
  };
  for (const InteractionDataset* data : {&shop(), &validated_shop()}) {
    for (const char* phase : {"training", "choosing the blend's weight"}) {
      CAPTURE(phase);
      const bool training = std::string(phase) == "training";
      const auto fitted = fit("blend", settings, *data, {.device = one_thread(), .progress = stop_in(phase, training ? 10 : 0)});
      const FitReport& report = fitted.report;
      CHECK(report.interrupted);
      REQUIRE(report.choice("weight") != nullptr);
      CHECK(!report.choice("weight")->decided);
      CHECK(report.used.at("weight") == "1");
      REQUIRE(report.trained() != nullptr);
      CHECK(report.trained()->interrupted == training);
      CHECK(report.trained()->steps == (training ? 10 : report.trained()->steps));
      CHECK(report.trained_on.has_value() == (data->val.nnz() == 0));
      CHECK(report.metadata().at("undecided") == "weight");
      CHECK(answers(*fitted.model).size() > 100);
    }
  }
}

TEST_CASE("fit / each epoch is told as it is over, evaluated where that was asked for") {
  Settings settings = small_lightgcn("4");
  settings["eval_every"] = "2";
  std::vector<FitEpoch> told;
  const auto fitted = fit("lightgcn", settings, validated_shop(),
                          {.device = one_thread(), .epoch = [&](const FitEpoch& epoch) { told.push_back(epoch); }});
  REQUIRE(told.size() == 4);
  for (std::size_t i = 0; i < told.size(); ++i) {
    CHECK(told[i].epoch == static_cast<int64_t>(i) + 1);
    CHECK(told[i].epochs == 4);
    CHECK(told[i].val.contains("recall@20") == (i % 2 == 1));
    CHECK(told[i].test.contains("ndcg@20") == (i % 2 == 1));
    CHECK(told[i].loss == fitted.report.epochs[i].loss);
  }
  CHECK(fitted.report.evaluating_s > 0);
  CHECK(fitted.report.epoch_s_min() <= fitted.report.epoch_s_median());
}

TEST_CASE("fit / a share that is asked for is held out of a copy, once, and the report has what was learnt") {
  for (const char* const kind : {"popularity", "blend"}) {
    CAPTURE(kind);
    const FitPlan plan = plan_fit(kind, needed(find_kind(kind)));
    InteractionDataset expected = shop();
    hold_out_for(plan, expected, 0.4, 3);
    const auto fitted = fit(plan, shop(), {.device = one_thread(), .seed = 3, .hold_out = 0.4});
    REQUIRE(fitted.report.trained_on.has_value());
    const InteractionDataset& learnt = fitted.report.learnt(shop());
    CHECK(learnt.content_hash() == expected.content_hash());
    CHECK(fitted.model->train().nnz() == expected.train.nnz());
    CHECK(learnt.origin.held_out == 0.4);
    CHECK(bit_difference(answers(*fitted.model), answers(*fit(plan, expected, {.device = one_thread(), .seed = 3}).model)) == "");
  }
  // Data with some are taken as they are.
  const auto fitted = fit("popularity", {}, validated_shop(), {.device = one_thread(), .hold_out = 0.4});
  CHECK(&fitted.report.learnt(validated_shop()) == &validated_shop());
}

TEST_CASE("fit / one that is judged comes to its end, and is judged by what it was not told of") {
  const FitOptions options{.device = one_thread(), .seed = 3};
  const EvaluateOptions how{.topk = {5, 10}};
  for (const char* const kind : {"popularity", "lightgcn"}) {
    CAPTURE(kind);
    const FitPlan plan = plan_fit(kind, std::string_view(kind) == "lightgcn" ? small_lightgcn("2") : Settings());
    const JudgedFit judged = fit_and_judge(plan, shop(), options, how);
    const auto fitted = fit(plan, shop(), options);
    CHECK(bit_difference(answers(*judged.fitted.model), answers(*fitted.model)) == "");
    CHECK(judged.test.values == evaluate(*fitted.model, shop(), shop().test, how).values);
    CHECK(judged.test.values.size() > 4);
  }
  // What it holds out is no training interaction when it is judged, either.
  const FitPlan patient = plan_fit("lightgcn", [] {
    Settings settings = small_lightgcn("2");
    settings["patience"] = "1";
    return settings;
  }());
  const JudgedFit held_out = fit_and_judge(patient, shop(), options, how);
  CHECK(!held_out.fitted.report.trained_on);
  CHECK(held_out.fitted.model->train().nnz() < shop().train.nnz());
  CHECK(held_out.test.users > 0);
  InteractionDataset untested = shop();
  untested.test = HostCsr{};
  CHECK(fit_and_judge(plan_fit("popularity"), untested, options).test.values.empty());
  // Part of a training is nothing to compare.
  for (const int most : {0, 4}) {
    FitOptions stopped = options;
    stopped.progress = stopping_after(most);
    CHECK(error_mismatch(ErrorKind::interrupted, "",
                         [&] { fit_to_end(plan_fit("lightgcn", small_lightgcn("50")), shop(), stopped); }) == "");
  }
  Settings wild = small_lightgcn("50");
  wild.insert({{"loss", "bpr"}, {"schedule", "constant"}, {"learning_rate", "1e10"}, {"reg", "1e18"}});
  wild["batch_size"] = "1024";
  CHECK(error_mismatch(ErrorKind::diverged, "", [&] { fit_to_end(plan_fit("lightgcn", wild), shop(), options); }) == "");
  // Told by name while it is judged.
  std::set<std::string> subjects;
  FitOptions told = options;
  told.progress = [&](const Progress& at) {
    if (at.phase == "ranking") subjects.insert(std::string(at.subject));
    return true;
  };
  fit_and_judge(plan_fit("item-cosine"), shop(), told);
  CHECK(subjects == std::set<std::string>{"item-cosine"});
}

TEST_CASE("fit / users that are kept out of it lose nothing to validation") {
  const FitPlan plan = plan_fit("lightgcn", {{"patience", "1"}});
  const NewUsers plain = keep_out_users(shop(), 0.2, 7), kept_out = keep_out_users(plan, shop(), 0.2, 7);
  CHECK(kept_out.users == plain.users);
  CHECK(kept_out.targets.col_indices == plain.targets.col_indices);
  InteractionDataset expected = plain.rest;
  hold_out_for(plan, expected, 0, 7);
  CHECK(kept_out.rest.content_hash() == expected.content_hash());
  CHECK(kept_out.rest.val.nnz() > 0);
  for (const int32_t user : kept_out.users) CHECK(kept_out.rest.val.row(user).empty());
  CHECK(keep_out_users(plan_fit("popularity"), shop(), 0.2, 7).rest.val.nnz() == 0);
}

TEST_SUITE_END();

}  // namespace heddle::test
