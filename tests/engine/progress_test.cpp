#include "heddle/progress.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "heddle/error.h"
#include "heddle/fit.h"
#include "heddle/io.h"
#include "heddle/lightgcn.h"
#include "heddle/new_users.h"
#include "heddle/recommender.h"
#include "heddle/saved_model.h"
#include "tests/support/data.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

const InteractionDataset& shop() {
  static const InteractionDataset data = [] {
    InteractionDataset made =
        prepare(synthetic_shop({.users = 60, .items = 40, .categories = 4, .interactions_per_user = 10, .seed = 3}));
    hold_out_validation(made, 0.2, 1);
    return made;
  }();
  return data;
}

LightGcnTrainOptions few_epochs() {
  LightGcnTrainOptions options;
  options.epochs = 3;
  options.batch_size = 64;
  options.negatives = 16;
  return options;
}

/// A file of who took what, and a model of it.
struct ShopFiles {
  TempDir folder;
  std::string path = folder.file("shop.csv");

  ShopFiles() {
    std::string rows = "user,item\n";
    for (int user = 0; user < 20; ++user) {
      for (int i = 0; i < 6; ++i) rows += text("u", user, ",i", (user * 7 + i * 3) % 25, "\n");
    }
    folder.write("shop.csv", rows);
    const InteractionDataset data = prepare(io::load_interactions(path));
    save_recommender(*make_popularity(data, Device::cpu({.threads = 1})), data, folder.file("model"), {{"seed", "0"}});
  }

  SavedRecommender model() const { return load_recommender(folder.file("model"), Device::cpu({.threads = 1})); }
};

const ShopFiles& shop_files() {
  static const ShopFiles files;
  return files;
}

/// A graph with features as text, and its edges alone.
struct GraphFiles {
  TempDir folder;

  GraphFiles() {
    folder.write("edges.txt", "0 1\n1 2\n");
    folder.write("features.csv", "1,0\n0,1\n1,1\n");
  }
};

const GraphFiles& graph_files() {
  static const GraphFiles files;
  return files;
}

void rank_all(const Recommender& model, const ProgressCallback& progress) {
  std::vector<Query> queries;
  for (int32_t user = 0; user < model.users(); ++user) queries.push_back({user, {}});
  Session session(model.device());
  model.rank(session, queries, {.k = 5, .progress = progress});
}

/// A call that takes a ProgressCallback, the phases that it tells, in their order, and how it ends when it is told to stop.
struct Call {
  const char* name;
  std::vector<std::string> phases;
  bool throws;  ///< Error{interrupted}; otherwise it returns what it has
  std::function<void(const ProgressCallback&)> run;
};

std::vector<Call> calls() {
  const Device device = Device::cpu({.threads = 1});
  const auto training = [device](LightGcnTrainOptions options) {
    return [device, options](const ProgressCallback& progress) {
      LightGcn model(shop(), {.dim = 8}, device);
      train(model, shop(), options, {}, progress);
    };
  };
  LightGcnTrainOptions judged = few_epochs();
  judged.temperature = 0.2f;
  judged.eval_every = 1;
  LightGcnTrainOptions patient = few_epochs();
  patient.temperature = 0.2f;
  patient.patience = 2;
  LightGcnTrainOptions bpr = few_epochs();
  bpr.loss = RankingLoss::bpr;
  return {
      {"train, temperature chosen", {"choosing the temperature", "training"}, false, training(few_epochs())},
      {"train, bpr", {"training"}, false, training(bpr)},
      {"train, evaluated", {"training", "ranking for validation", "ranking for the test"}, false, training(judged)},
      {"train, patience", {"training", "ranking for validation", "ranking for the test"}, false, training(patient)},
      {"choose_temperature",
       {"choosing the temperature"},
       false,
       [device](const ProgressCallback& progress) {
         LightGcnTrainOptions options = few_epochs();
         choose_temperature(shop(), {.dim = 8}, options, device, progress);
       }},
      {"evaluate",
       {"ranking"},
       true,
       [device](const ProgressCallback& progress) {
         evaluate(*make_popularity(shop(), device), shop(), shop().test, {}, progress);
       }},
      {"evaluate_visitors",
       {"ranking"},
       true,
       [device](const ProgressCallback& progress) {
         const NewUsers fresh = keep_out_users(shop(), 0.2, 0);
         evaluate_visitors(*make_item_cosine(fresh.rest, {}, device), fresh.given, fresh.targets, {}, progress);
       }},
      {"rank, by scores",
       {"ranking"},
       true,
       [device](const ProgressCallback& progress) { rank_all(*make_item_cosine(shop(), {}, device), progress); }},
      {"rank, by factors",
       {"ranking"},
       true,
       [device](const ProgressCallback& progress) { rank_all(*LightGcn(shop(), {.dim = 8}, device).recommender(), progress); }},
      {"rank, by counts",
       {"ranking"},
       true,
       [device](const ProgressCallback& progress) { rank_all(*make_popularity(shop(), device), progress); }},
      {"choose_blend_weight",
       {"choosing the blend's weight"},
       true,
       [device](const ProgressCallback& progress) {
         const float candidates[] = {0, 1};
         choose_blend_weight(*make_popularity(shop(), device), *make_item_cosine(shop(), {}, device), shop(), candidates,
                             "ndcg@20", progress);
       }},
      {"make_item_cosine",
       {"fitting"},
       true,
       [device](const ProgressCallback& progress) { make_item_cosine(shop(), {}, device, progress); }},
      {"make_graph_filter",
       {"fitting"},
       true,
       [device](const ProgressCallback& progress) { make_graph_filter(shop(), {}, device, progress); }},
      {"load_interactions",
       {"reading the data"},
       true,
       [](const ProgressCallback& progress) { io::load_interactions(shop_files().path, {.options = {.progress = progress}}); }},
      {"load, edges",
       {"reading the data"},
       true,
       [](const ProgressCallback& progress) {
         io::load(graph_files().folder.file("edges.txt"), {.options = {.progress = progress}});
       }},
      {"load, a folder",
       {"reading the data"},
       true,
       [](const ProgressCallback& progress) {
         io::load(graph_files().folder.path().string(), {.options = {.progress = progress}});
       }},
      {"prepare",
       {"preparing the data"},
       true,
       [](const ProgressCallback& progress) {
         prepare(synthetic_shop({.users = 60, .items = 40, .categories = 4, .interactions_per_user = 10}), {}, progress);
       }},
      {"load_as_trained",
       {"reading the data", "preparing the data"},
       true,
       [](const ProgressCallback& progress) { load_as_trained(shop_files().path, shop_files().model(), progress); }},
  };
}

}  // namespace

TEST_CASE("progress / every call tells its phases, and a phase goes from 0 to at most 1 and never back") {
  for (const Call& call : calls()) {
    CAPTURE(call.name);
    std::vector<std::string> phases;
    std::map<std::string, double> last;
    call.run([&](const Progress& at) {
      const std::string phase(at.phase);
      CAPTURE(phase);
      if (!last.contains(phase)) phases.push_back(phase);
      if (phase == "preparing the data") {
        CHECK(at.share < 0);  // nobody knows
        last[phase] = at.share;
        return true;
      }
      if (!last.contains(phase)) CHECK(at.share == 0);
      CHECK(at.share >= 0);
      CHECK(at.share <= 1);
      if (at.share != 0) CHECK(at.share >= last[phase]);  // 0: the phase begins anew
      last[phase] = at.share;
      for (const ProgressFigure& figure : at.figures) {
        if (figure.total == 0) continue;
        CHECK(figure.value >= 1);
        CHECK(figure.value <= figure.total);
      }
      return true;
    });
    CHECK(phases == call.phases);
  }
}

TEST_CASE("progress / a training with a time limit tells what remains of it, and one without tells none") {
  for (const double limit : {0.0, 1000.0}) {
    CAPTURE(limit);
    LightGcnTrainOptions options = few_epochs();  // and the temperature's trials, which may take half of it
    options.time_limit = limit;
    options.eval_every = 1;
    LightGcn model(shop(), {.dim = 8}, Device::cpu({.threads = 1}));
    int told = 0;
    double first = 0, last = 0;
    train(model, shop(), options, {}, [&](const Progress& at) {
      if (limit == 0) CHECK(at.most_left < 0);
      if (limit > 0 && at.phase == "choosing the temperature") {
        CHECK(at.most_left > limit / 2 - 100);
        CHECK(at.most_left <= limit / 2);
      }
      if (limit == 0 || at.phase != "training") return true;
      // What is left of the limit, and of the epoch in which it falls: these take milliseconds.
      CHECK(at.most_left > limit - 100);
      CHECK(at.most_left <= limit);
      first = told == 0 ? at.most_left : first;
      last = at.most_left;
      ++told;
      return true;
    });
    CHECK((told > 10) == (limit > 0));
    if (limit == 0) continue;
    CHECK(first <= limit);  // before the first step nothing is known of an epoch
    CHECK(last < first);
    // Of a limit that the first step passes, the steps of the epoch that is finished are left: fewer from step to step.
    options.time_limit = 1e-9;
    options.batch_size = 32;
    int steps = 0;
    double longest = 0;
    train(model, shop(), options, {}, [&](const Progress& at) {
      if (at.phase != "training") return true;
      if (steps > 0) {
        CHECK(at.most_left > 0);
        longest = std::max(longest, at.most_left);
        last = at.most_left;
      }
      ++steps;
      return true;
    });
    REQUIRE(steps > 3);
    CHECK(last < longest);
  }
}

TEST_CASE("progress / a loss that is not known yet is announced, so that its room can be kept") {
  LightGcnTrainOptions options = few_epochs();
  options.temperature = 0.2f;
  LightGcn model(shop(), {.dim = 8}, Device::cpu({.threads = 1}));
  int told = 0;
  train(model, shop(), options, {}, [&](const Progress& at) {
    REQUIRE(at.figures.size() == 2);
    CHECK(std::string(at.figures[1].name) == "loss");
    CHECK(std::isnan(at.figures[1].value) == (at.figures[0].value == 1));
    ++told;
    return true;
  });
  CHECK(told > 3);
}

TEST_CASE("progress / a call that is told to stop asks no more, however early it is told") {
  for (const Call& call : calls()) {
    CAPTURE(call.name);
    int all = 0;
    call.run([&](const Progress&) { return ++all > 0; });
    for (int most : {0, 1, all / 2}) {
      CAPTURE(most);
      int asked = 0;
      bool interrupted = false;
      try {
        call.run([&](const Progress&) { return ++asked <= most; });
      } catch (const Error& error) {
        interrupted = error.kind() == ErrorKind::interrupted;
        CHECK(interrupted);
      }
      // A search for the temperature that was stopped is followed by a training that asks once; an evaluation on the way is
      // finished.
      CHECK(asked <= most + 3);
      if (asked > most && asked < all) CHECK(interrupted == call.throws);
    }
  }
}

TEST_CASE("progress / what a callback throws comes out of the computation") {
  struct Mine {};
  for (const Call& call : calls()) {
    CAPTURE(call.name);
    CHECK_THROWS_AS(call.run([](const Progress&) -> bool { throw Mine{}; }), Mine);
  }
}

}  // namespace heddle::test
