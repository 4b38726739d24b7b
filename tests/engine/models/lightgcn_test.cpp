#include "heddle/lightgcn.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <map>
#include <thread>

#include "bench/references.h"
#include "heddle/adam.h"
#include "heddle/classifier_training.h"
#include "heddle/io.h"
#include "tests/engine/interactions.h"
#include "tests/support/compare.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/data.h"
#include "tests/support/devices.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

/// A small made-up shop, a fifth of it for testing.
const InteractionDataset& shop() {
  static const InteractionDataset data =
      prepare(synthetic_shop({.users = 60, .items = 40, .categories = 4, .interactions_per_user = 10, .seed = 3}));
  return data;
}

/// What suits 60 users: a few steps an epoch.
LightGcnTrainOptions few_steps(RankingLoss loss) {
  LightGcnTrainOptions options;
  options.epochs = 3;
  options.loss = loss;
  options.batch_size = 128;
  options.negatives = 32;
  options.temperature = 0.2f;
  options.learning_rate = 0.01f;
  return options;
}

constexpr RankingLoss losses[] = {RankingLoss::bpr, RankingLoss::softmax};

const char* name_of(RankingLoss loss) { return loss == RankingLoss::bpr ? "bpr" : "softmax"; }

struct Trained {
  LightGcnReport report;
  std::vector<float> weights;
};

Trained trained(const LightGcnOptions& model_options, const LightGcnTrainOptions& options, const Device& device) {
  LightGcn model(shop(), model_options, device);
  LightGcnReport report = train(model, shop(), options);
  return {std::move(report), model.embeddings().tensor().to_host().values};
}

void check_same(const Trained& actual, const Trained& expected) {
  CHECK(bit_difference(actual.report.losses, expected.report.losses) == "");
  CHECK(bit_difference(actual.weights, expected.weights) == "");
}

void check_close(const std::vector<double>& actual, const std::vector<double>& expected, double relative) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    INFO("epoch ", i + 1, ": ", actual[i], " and ", expected[i]);
    CHECK(std::abs(actual[i] - expected[i]) <= relative * std::abs(expected[i]));
  }
}

/// The file of a float64 PyTorch program: interactions, a batch of (user, item, negative), initial weights, ten Adam steps.
struct Toy {
  std::map<std::string, io::Array> arrays;
  InteractionDataset data;
  std::vector<int32_t> batch;  ///< users, positives, negatives as node numbers

  const std::vector<double>& doubles(const char* name) const { return std::get<std::vector<double>>(arrays.at(name).values); }
  HostMatrix initial() const {
    const std::vector<double>& values = doubles("initial.embeddings");
    const std::vector<int64_t>& shape = arrays.at("initial.embeddings").shape;
    return {shape[0], shape[1], {values.begin(), values.end()}};
  }
};

Toy read_toy(const std::string& path) {
  Toy toy{io::read_npz(path), {}, {}};
  constexpr int32_t users = 10, items = 14;
  const auto& taken = std::get<std::vector<int64_t>>(toy.arrays.at("interactions").values);
  const auto& batch = std::get<std::vector<int64_t>>(toy.arrays.at("batch").values);
  toy.data.name = "toy";
  for (int32_t user = 0; user < users; ++user) toy.data.users.insert(text("u", user));
  for (int32_t item = 0; item < items; ++item) toy.data.items.insert(text("i", item));
  HostCsr& train = toy.data.train;
  train.rows = users;
  train.cols = items;
  for (int32_t user = 0; user < users; ++user) {
    for (std::size_t k = 0; k < taken.size(); k += 2) {
      if (taken[k] == user) train.col_indices.push_back(static_cast<int32_t>(taken[k + 1]));
    }
    train.row_offsets.push_back(train.nnz());
  }
  for (std::size_t column = 0; column < 3; ++column) {
    for (std::size_t k = column; k < batch.size(); k += 3)
      toy.batch.push_back(static_cast<int32_t>(batch[k]) + (column > 0 ? users : 0));
  }
  return toy;
}

bench::Reference within(const std::vector<double>& values, double relative, double absolute) {
  bench::Reference reference{values, {}};
  for (double value : values) reference.bounds.push_back(relative * std::abs(value) + absolute);
  return reference;
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("lightgcn / output, gradient and ten Adam steps are those of float64 PyTorch from the same weights") {
  const auto file = shared_data("parity/lightgcn_toy.npz");
  if (!file) return;
  const Toy toy = read_toy(file->string());
  constexpr float reg = 1e-4f;
  // Three propagations over at most 10 neighbours and a loss over 8 columns: sums of some 40 terms of order 1, each rounded by
  // 6e-8; their errors add up at random to 4e-7. The allowance is five times that.
  constexpr double tolerance = 2e-6;
  for (const NamedDevice& device : devices()) {
    for (bool frontier : {true, false}) {
      INFO(device.name, ", frontier ", frontier);
      LightGcn model(toy.data, {.dim = 8, .layers = 3}, device.device);
      Context& context = model.context();
      model.embeddings().assign(toy.initial());
      context.set_training(false);
      CHECK(mismatch(propagate(model.adjacency(), model.embeddings(), 3).to_host().values,
                     within(toy.doubles("output"), tolerance, tolerance)) == "");
      context.set_training(true);
      Adam adam(context, std::span(&model.embeddings(), 1),
                {.learning_rate = static_cast<float>(toy.doubles("learning_rate")[0])});
      const auto count = static_cast<int64_t>(toy.batch.size());
      const Buffer ids = Buffer::upload(context.stream(), toy.batch);
      std::vector<float> steps;
      for (int step = 0; step < 10; ++step) {
        context.begin_step();
        const RowBatch batch = make_row_batch(context, ids.as<int32_t>(), count, model.adjacency().a.rows);
        const Tensor embeddings = model.embeddings();
        const Tensor base = gather_rows(embeddings, batch);
        const Tensor rows = frontier ? propagate_rows(model.adjacency(), embeddings, 3, batch)
                                     : gather_rows(propagate(model.adjacency(), embeddings, 3), batch);
        const Tensor loss = add(bpr_loss(rows), l2_penalty(base, reg / static_cast<float>(count / 3)));
        context.tape().backward(loss);
        if (step == 0) {
          CHECK(mismatch(embeddings.grad_to_host().values, within(toy.doubles("gradient.embeddings"), tolerance, tolerance)) ==
                "");
        }
        adam.step();
        steps.push_back(loss.to_host().values[0]);
      }
      CHECK(mismatch(steps, within(toy.doubles("losses"), tolerance, 0)) == "");
      // Adam divides a gradient by its own size: an error of 1e-8 in a gradient of 1e-4 moves a weight by 1e-7 in a step.
      CHECK(mismatch(model.embeddings().tensor().to_host().values,
                     within(toy.doubles("final.embeddings"), tolerance, tolerance)) == "");
    }
  }
}

TEST_CASE("lightgcn / the frontier gives the losses of whole propagation") {
  for (const NamedDevice& device : devices()) {
    for (RankingLoss loss : losses) {
      for (int64_t layers : {0, 1, 2, 3}) {
        INFO(device.name, ", ", name_of(loss), ", ", layers, " layers");
        LightGcnTrainOptions options = few_steps(loss);
        options.batch_size = 4;  // so that a frontier is smaller than the graph
        options.negatives = 3;
        options.epochs = 1;
        const LightGcnOptions model{.dim = 8, .layers = layers};
        const Trained restricted = trained(model, options, device.device);
        options.frontier = false;
        // Both sum the same terms; Adam magnifies roundings of small gradients from step to step.
        check_close(restricted.report.losses, trained(model, options, device.device).report.losses, 1e-5);
      }
    }
  }
}

TEST_CASE("lightgcn / cpu / the same seed gives the same bits with 1, 2 and 5 threads") {
  for (Isa isa : available_isas()) {
    for (RankingLoss loss : losses) {
      for (Precision precision : {Precision::f32, Precision::bf16}) {
        INFO(to_string(isa), ", ", name_of(loss), precision == Precision::bf16 ? ", bf16" : ", f32");
        const LightGcnOptions model{.dim = 24, .precision = precision, .seed = 7};
        const Trained expected = trained(model, few_steps(loss), Device::cpu({.threads = 1, .isa = isa}));
        for (int threads : {1, 2, 5}) {
          INFO(threads, " threads");
          check_same(trained(model, few_steps(loss), Device::cpu({.threads = threads, .isa = isa})), expected);
        }
      }
    }
  }
}

TEST_CASE("lightgcn / a replayed step gives the bits of an eager one, and another seed other losses") {
  for (const NamedDevice& device : devices()) {
    for (RankingLoss loss : losses) {
      INFO(device.name, ", ", name_of(loss));
      LightGcnTrainOptions options = few_steps(loss);
      const Trained replayed = trained({.dim = 8, .seed = 1}, options, device.device);
      options.replay = false;
      check_same(trained({.dim = 8, .seed = 1}, options, device.device), replayed);
      CHECK(trained({.dim = 8, .seed = 2}, options, device.device).report.losses != replayed.report.losses);
    }
  }
}

TEST_CASE("lightgcn / every device trains to the same losses") {
  for (RankingLoss loss : losses) {
    const Trained expected = trained({.dim = 8, .seed = 4}, few_steps(loss), Device::cpu({.threads = 1, .isa = Isa::portable}));
    for (const NamedDevice& device : devices()) {
      INFO(device.name, ", ", name_of(loss));
      check_close(trained({.dim = 8, .seed = 4}, few_steps(loss), device.device).report.losses, expected.report.losses, 1e-4);
    }
  }
}

TEST_CASE("lightgcn / bf16 storage trains to losses near those of f32") {
  for (RankingLoss loss : losses) {
    const Device device = Device::cpu({.threads = 2});
    const Trained f32 = trained({.dim = 16, .seed = 4}, few_steps(loss), device);
    const Trained bf16 = trained({.dim = 16, .precision = Precision::bf16, .seed = 4}, few_steps(loss), device);
    INFO(name_of(loss));
    check_close(bf16.report.losses, f32.report.losses, 1e-2);  // bfloat16 keeps 8 bits: 2^-9 a stored value
    CHECK(bf16.report.losses != f32.report.losses);
  }
}

TEST_CASE("lightgcn / nothing is allocated after the first epoch") {
  for (RankingLoss loss : losses) {
    INFO(name_of(loss));
    LightGcn model(shop(), {.dim = 8}, Device::cpu({.threads = 2}));
    LightGcnTrainOptions options = few_steps(loss);
    options.epochs = 6;
    std::size_t held_at_first = 0;
    std::vector<int64_t> counts;
    counts.reserve(6);
    train(model, shop(), options, [&](const LightGcnEpoch& epoch) {
      if (epoch.epoch == 1) held_at_first = model.context().arena().held_bytes();
      CHECK(model.context().arena().held_bytes() == held_at_first);
      counts.push_back(allocations());
    });
    REQUIRE(counts.size() == 6);
    REQUIRE(counts[0] > 0);
    REQUIRE(held_at_first > 0);
    // An epoch's figures are kept on the host: a handful of allocations, however many steps there are.
    for (std::size_t i = 2; i < counts.size(); ++i) CHECK(counts[i] - counts[i - 1] <= 8);
  }
}

TEST_CASE("lightgcn / a loss that is not finite ends training with epoch and step, and the last good weights stay") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    LightGcn model(shop(), {.dim = 8}, device.device);
    LightGcnTrainOptions options = few_steps(RankingLoss::bpr);
    options.learning_rate = 1e30f;
    options.schedule = Schedule::constant;
    CHECK(error_mismatch(ErrorKind::diverged, "the loss of epoch 1, step ", [&] { train(model, shop(), options); }) == "");
    for (float weight : model.embeddings().tensor().to_host().values) REQUIRE(std::isfinite(weight));
  }
}

TEST_CASE("lightgcn / patience keeps the weights of the best validation figures") {
  InteractionDataset data = shop();
  hold_out_validation(data, 0.2, 1);
  LightGcn model(data, {.dim = 8}, Device::cpu({.threads = 2}));
  LightGcnTrainOptions options = few_steps(RankingLoss::softmax);
  options.epochs = 40;
  options.learning_rate = 0.3f;  // past the best soon
  options.schedule = Schedule::constant;
  options.patience = 3;
  std::vector<double> recalls;
  const LightGcnReport report =
      train(model, data, options, [&](const LightGcnEpoch& epoch) { recalls.push_back(epoch.val.at("recall@20")); });
  REQUIRE(report.epochs == static_cast<int64_t>(recalls.size()));
  REQUIRE(report.epochs < 40);
  CHECK(report.best_epoch == report.epochs - 3);
  CHECK(std::max_element(recalls.begin(), recalls.end()) - recalls.begin() + 1 == report.best_epoch);
  CHECK(evaluate(*model.recommender(), data, data.val).values.at("recall@20") ==
        recalls[static_cast<std::size_t>(report.best_epoch - 1)]);
}

TEST_CASE("lightgcn / training ends where the callback or the time limit says so") {
  const auto run = [](LightGcnTrainOptions options, const ProgressCallback& progress) {
    LightGcn model(shop(), {.dim = 8}, Device::cpu({.threads = 2}));
    return train(model, shop(), options, {}, progress);
  };
  LightGcnTrainOptions options = few_steps(RankingLoss::bpr);
  options.epochs = 5;
  int asked = 0;
  const LightGcnReport kept = run(options, [&](const Progress&) { return ++asked <= 3; });
  CHECK(kept.steps == 3);
  CHECK(kept.interrupted);
  options.time_limit = 1e-9;
  const LightGcnReport limited = run(options, {});
  CHECK(limited.epochs == 1);
  CHECK_FALSE(limited.interrupted);
}

TEST_CASE("lightgcn / a time limit counts the choice of the temperature, which takes at most half of it, and evaluations") {
  const auto run = [](LightGcnTrainOptions options, const ProgressCallback& progress) {
    LightGcn model(shop(), {.dim = 8}, Device::cpu({.threads = 1}));
    return train(model, shop(), options, {}, progress);
  };
  LightGcnTrainOptions options = few_steps(RankingLoss::softmax);
  options.temperature = 0;
  options.epochs = 10'000'000;
  options.time_limit = 0.4;
  // Each step of a trial takes so long that one trial would pass the limit.
  const LightGcnReport slow = run(options, [](const Progress& at) {
    if (at.phase == "choosing the temperature") std::this_thread::sleep_for(std::chrono::milliseconds(40));
    return true;
  });
  CHECK(slow.choice_s >= 0.2);
  CHECK(slow.temperature == 0.1f);
  CHECK(slow.temperature_cut_short);
  CHECK_FALSE(slow.interrupted);
  CHECK(slow.epochs >= 1);
  // The limit was not passed when the last epoch began.
  if (slow.epochs > 1) CHECK(slow.choice_s + slow.fit_s < options.time_limit + slow.epoch_s.back());
  options.temperature = 0.2f;
  options.eval_every = 1;
  options.time_limit = 0.2;
  const LightGcnReport judged = run(options, [](const Progress& at) {
    if (at.phase == "ranking for the test") std::this_thread::sleep_for(std::chrono::milliseconds(150));
    return true;
  });
  CHECK(judged.epochs <= 2);
}

TEST_CASE("lightgcn / a choice of the temperature that is cut short tried no highest one") {
  LightGcnTrainOptions options = few_steps(RankingLoss::softmax);
  options.temperature = 0;
  int rising = 0;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    for (const int tried : {0, 1, 2}) {
      CAPTURE(seed);
      CAPTURE(tried);
      LightGcn model(shop(), {.dim = 8, .seed = seed}, Device::cpu({.threads = 1}));
      const LightGcnReport report = train(model, shop(), options, {}, [&](const Progress& at) {
        return at.phase != "choosing the temperature" || at.figures.front().value <= tried;
      });
      const auto& trials = report.temperature_trials;
      REQUIRE(trials.size() == static_cast<std::size_t>(tried));
      const bool fell = tried == 2 && trials[1].second < trials[0].second;  // then it came to its end
      CHECK(report.temperature_cut_short == !fell);
      CHECK_FALSE(report.temperature_at_edge);
      if (tried == 2 && report.temperature == trials.back().first) ++rising;
    }
  }
  CHECK(rising > 0);  // the best was the last that was tried, and not the highest
}

TEST_CASE("lightgcn / options out of range and data without interactions are refused") {
  const Device device = Device::cpu({.threads = 1});
  const auto make = [&](const LightGcnOptions& options) { return [&, options] { LightGcn(shop(), options, device); }; };
  CHECK(error_mismatch(ErrorKind::usage, "dim is 0", make({.dim = 0})) == "");
  CHECK(error_mismatch(ErrorKind::usage, "layers is -1", make({.layers = -1})) == "");
  CHECK(error_mismatch(ErrorKind::usage, "norm_power is 2", make({.norm_power = 2})) == "");
  InteractionDataset empty = shop();
  empty.train = {.rows = 60, .cols = 40, .row_offsets = std::vector<int64_t>(61), .col_indices = {}, .values = {}};
  CHECK(error_mismatch(ErrorKind::bad_data, "no user has an item", [&] { LightGcn(empty, {}, device); }) == "");
  LightGcn model(shop(), {.dim = 4}, device);
  const auto refused = [&](const char* fragment, auto change) {
    LightGcnTrainOptions options = few_steps(RankingLoss::softmax);
    change(options);
    return error_mismatch(ErrorKind::usage, fragment, [&] { train(model, shop(), options); });
  };
  CHECK(refused("temperature is 0.0001", [](LightGcnTrainOptions& options) { options.temperature = 1e-4f; }) == "");
  CHECK(refused("learning_rate is NaN", [](LightGcnTrainOptions& options) { options.learning_rate = NAN; }) == "");
  CHECK(refused("patience needs validation interactions", [](LightGcnTrainOptions& options) { options.patience = 1; }) == "");
  CHECK(refused("popularity_share is 1.5", [](LightGcnTrainOptions& options) { options.popularity_share = 1.5f; }) == "");
}

TEST_CASE("lightgcn / training on other interactions than the model was made of is refused, with the right order") {
  InteractionDataset data = shop();
  LightGcn model(data, {.dim = 4}, Device::cpu({.threads = 1}));
  LightGcnTrainOptions options = few_steps(RankingLoss::softmax);
  options.epochs = 1;
  InteractionDataset reweighted = data, swapped = data;
  reweighted.train.values.assign(static_cast<std::size_t>(data.train.nnz()), 1.0f);
  CHECK(train(model, reweighted, options).epochs == 1);  // weights of 1 are none
  reweighted.train.values[3] = 2;
  // As many interactions of as many users, one of them another.
  const auto row = swapped.train.col_indices.begin() + swapped.train.row_offsets[1];
  const int32_t last = swapped.train.col_indices[static_cast<std::size_t>(swapped.train.row_offsets[2]) - 1];
  if (last + 1 < swapped.train.cols) {
    swapped.train.col_indices[static_cast<std::size_t>(swapped.train.row_offsets[2]) - 1] = last + 1;
  } else {
    REQUIRE(*row > 0);
    --*row;
  }
  hold_out_validation(data, 0.2, 1);
  options.patience = 2;
  REQUIRE(data.val.nnz() > 0);
  swapped.val = data.val;
  reweighted.val = data.val;
  for (const InteractionDataset& other : {data, swapped, reweighted}) {
    CHECK(error_mismatch(ErrorKind::usage, "first hold out validation, then make the model, then train it",
                         [&] { train(model, other, options); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "are not those that the model was made of",
                         [&] { save_recommender(*model.recommender(), other, "/nowhere/at/all"); }) == "");
  }
  LightGcn in_order(data, {.dim = 4}, Device::cpu({.threads = 1}));
  CHECK(train(in_order, data, options).epochs == 1);
}

TEST_CASE("lightgcn / what training chose is in its file, and stays there") {
  const Device device = Device::cpu({.threads = 1});
  const TempDir folder;
  const std::string path = folder.file("model");
  LightGcn model(shop(), {.dim = 4}, device);
  CHECK(model.recommender()->trained_with().empty());
  const LightGcnReport report = train(model, shop(), {.epochs = 1, .negatives = 16});
  const std::map<std::string, std::string> with = model.recommender()->trained_with();
  CHECK(with.at("batch_size") == std::to_string(LightGcnTrainOptions::automatic_batch_size(shop().train.nnz())));
  CHECK(std::stof(with.at("temperature")) == report.temperature);
  CHECK(report.temperature >= 0.1f);
  CHECK(with.at("loss") == "softmax");
  save_recommender(*model.recommender(), shop(), path);
  SavedRecommender saved = load_recommender(path, device);
  CHECK(saved.metadata.at("trained.temperature") == with.at("temperature"));
  CHECK(saved.model->trained_with() == with);
  const auto blend = make_blend(std::move(saved.model), make_popularity(shop(), device), 0.5f);
  save_recommender(*blend, shop(), path);
  saved = load_recommender(path, device);
  CHECK(saved.metadata.at("trained.first.batch_size") == with.at("batch_size"));
  CHECK(saved.model->trained_with() == blend->trained_with());
}

TEST_CASE("lightgcn / how it was fitted is what was asked for, and known of no model that was loaded") {
  const Device device = Device::cpu({.threads = 1});
  LightGcn model(shop(), {.dim = 4, .seed = 5}, device);
  CHECK(model.recommender()->how_fitted().empty());
  for (const RankingLoss loss : losses) {
    INFO(name_of(loss));
    train(model, shop(), {.epochs = 1, .loss = loss});
    const auto fitted = model.recommender();
    const std::map<std::string, std::string> how = fitted->how_fitted();
    for (const auto& [name, value] : lightgcn_train_settings().write({.epochs = 1, .loss = loss}))
      CHECK(how.at("fit." + name) == value);
    CHECK(how.at("fit.temperature") == "0");
    CHECK(how.at("fit.batch_size") == "0");
    CHECK(how.at("fit.dim") == "4");
    CHECK(how.at("seed") == "5");
    const TempDir folder;
    save_recommender(*fitted, shop(), folder.file("model"));
    const SavedRecommender loaded = load_recommender(folder.file("model"), device);
    CHECK(loaded.model->how_fitted().empty());
    CHECK(loaded.model->trained_with() == fitted->trained_with());
    CHECK(loaded.model->settings() == fitted->settings());
  }
}

TEST_CASE("lightgcn / a recommender keeps the weights that it was made of, and outlives what was trained") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    auto model = std::make_unique<LightGcn>(shop(), LightGcnOptions{.dim = 8}, device.device);
    train(*model, shop(), few_steps(RankingLoss::softmax));
    const auto first = model->recommender();
    const std::vector<float> before = first->item_embeddings().values;
    CHECK(bit_difference(model->recommender()->item_embeddings().values, before) == "");
    train(*model, shop(), few_steps(RankingLoss::softmax));
    const auto second = model->recommender();
    model.reset();
    CHECK(bit_difference(first->item_embeddings().values, before) == "");
    CHECK(second->item_embeddings().values != before);
    CHECK(&first->train() == &second->train());
    Session session(device.device);
    const Query query{0, {}};
    CHECK(first->rank(session, {&query, 1}).front().size() == 20);
  }
}

TEST_CASE("lightgcn / a visitor's vector is the propagation rule applied to the new row") {
  const Device device = Device::cpu({.threads = 2});
  LightGcn model(shop(), {.dim = 8, .layers = 3, .norm_power = 0.5f}, device);
  train(model, shop(), few_steps(RankingLoss::softmax));
  const HostCsr& taken = shop().train;
  const int64_t users = taken.rows;
  // Layers 0, 1 and 2 of the items, in double, by the definition.
  const HostMatrix start = model.embeddings().tensor().to_host();
  std::vector<double> degree(static_cast<std::size_t>(start.rows));
  for (int64_t user = 0; user < users; ++user) {
    for (int64_t k = taken.row_offsets[user]; k < taken.row_offsets[user + 1]; ++k) {
      ++degree[user];
      ++degree[users + taken.col_indices[k]];
    }
  }
  std::vector<double> layer(start.values.begin(), start.values.end()), sum = layer;
  for (int step = 1; step < 3; ++step) {
    std::vector<double> next(layer.size());
    for (int64_t user = 0; user < users; ++user) {
      for (int64_t k = taken.row_offsets[user]; k < taken.row_offsets[user + 1]; ++k) {
        const int64_t item = users + taken.col_indices[k];
        const double weight = 1 / std::sqrt(degree[user] * degree[item]);
        for (int64_t c = 0; c < 8; ++c) {
          next[user * 8 + c] += weight * layer[item * 8 + c];
          next[item * 8 + c] += weight * layer[user * 8 + c];
        }
      }
    }
    layer = next;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += layer[i];
  }
  const std::vector<int32_t> basket{3, 11, 17};
  std::vector<double> visitor(8);
  for (int32_t item : basket) {
    if (degree[users + item] == 0) continue;
    for (int64_t c = 0; c < 8; ++c) visitor[c] += sum[(users + item) * 8 + c] / std::sqrt(degree[users + item]);
  }
  const auto fitted = model.recommender();
  const HostMatrix items = fitted->item_embeddings();
  // The model's scores are the visitor's products with the items, up to one factor.
  Session session(device);
  const Ranking ranking = fitted->recommend(session, basket, {.k = 40, .exclude_taken = false});
  REQUIRE(ranking.size() == 40);
  const auto product = [&](const RankedItem& ranked) {
    double score = 0;
    for (int64_t c = 0; c < 8; ++c) score += visitor[c] * items.values[ranked.item * 8 + c];
    return score;
  };
  const double most = ranking.front().score, factor = most / product(ranking.front());
  REQUIRE(most > 0);
  REQUIRE(factor > 0);
  // Sums of eight products, of vectors that are sums over three layers: some tens of roundings of 6e-8, of terms that may be
  // larger than their sum.
  for (const RankedItem& ranked : ranking) CHECK(std::abs(ranked.score - factor * product(ranked)) <= 1e-5 * most);
}

TEST_CASE("lightgcn / what is saved ranks as the model did") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    LightGcn model(shop(), {.dim = 8, .norm_power = 0.3f}, device.device);
    train(model, shop(), few_steps(RankingLoss::softmax));
    const auto fitted = model.recommender();
    const TempDir folder;
    save_recommender(*fitted, shop(), folder.file("model"));
    const auto loaded = std::move(load_recommender(folder.file("model"), device.device).model);
    const std::vector<Query> queries{{.user = 5, .items = {}}, {.user = -1, .items = {1, 2}}, {.user = 0, .items = {}}};
    Session session(device.device);
    const std::vector<Ranking> expected = fitted->rank(session, queries, {.k = 10}),
                               actual = loaded->rank(session, queries, {.k = 10});
    REQUIRE(actual.size() == expected.size());
    for (std::size_t q = 0; q < expected.size(); ++q) {
      REQUIRE(actual[q].size() == expected[q].size());
      for (std::size_t i = 0; i < expected[q].size(); ++i) {
        CHECK(actual[q][i].item == expected[q][i].item);
        CHECK(actual[q][i].score == expected[q][i].score);
      }
    }
  }
}

TEST_CASE("lightgcn / the temperature is chosen on held-out training interactions, upwards until they are ranked worse") {
  const Device device = Device::cpu({.threads = 2});
  LightGcnTrainOptions options = few_steps(RankingLoss::softmax);
  options.temperature = 0;
  options.epochs = 8;
  const auto trials = choose_temperature(shop(), {.dim = 8}, options, device);
  REQUIRE(trials.size() >= 2);
  CHECK(trials.front().first == 0.1f);
  for (std::size_t i = 1; i < trials.size(); ++i) CHECK(trials[i].first == doctest::Approx(0.1 + 0.05 * static_cast<double>(i)));
  for (std::size_t i = 1; i + 1 < trials.size(); ++i) CHECK(trials[i].second >= trials[i - 1].second);
  CHECK((trials.size() == 6 || trials.back().second < trials[trials.size() - 2].second));
  // The test part takes no part in it.
  InteractionDataset without_test = shop();
  without_test.test = {.rows = 60, .cols = 40, .row_offsets = std::vector<int64_t>(61), .col_indices = {}, .values = {}};
  CHECK(choose_temperature(without_test, {.dim = 8}, options, device) == trials);
  LightGcn model(shop(), {.dim = 8}, device);
  const LightGcnReport report = train(model, shop(), options);
  CHECK(report.temperature_trials == trials);
  const auto best =
      std::max_element(trials.begin(), trials.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  CHECK(report.temperature == best->first);
  CHECK(report.temperature_at_edge == (trials.size() == 6 && best->first == trials.back().first));
  CHECK_FALSE(report.temperature_cut_short);
  // What was tried before leaves no trace in the training itself.
  options.temperature = best->first;
  LightGcn given(shop(), {.dim = 8}, device);
  CHECK(train(given, shop(), options).losses == report.losses);
}

TEST_CASE("lightgcn / the temperature is chosen among small baskets, and is none's choice where nobody can spare an item") {
  const Device device = Device::cpu({.threads = 1});
  LightGcnTrainOptions options = few_steps(RankingLoss::softmax);
  options.temperature = 0;
  std::vector<std::vector<int32_t>> baskets;
  for (int32_t user = 0; user < 40; ++user) {
    std::vector<int32_t>& basket = baskets.emplace_back();
    for (int32_t place = 0; place < 5; ++place) basket.push_back((user % 2) * 10 + (user + 2 * place) % 10);
    std::sort(basket.begin(), basket.end());
  }
  const auto trials = choose_temperature(interactions_of(baskets, 20), {.dim = 8}, options, device);
  REQUIRE(trials.size() >= 2);
  for (const auto& [temperature, ndcg] : trials) CHECK(ndcg > 0);
  const InteractionDataset poor = interactions_of({{0}, {1}, {2}}, 3);
  CHECK(choose_temperature(poor, {.dim = 8}, options, device).empty());
  LightGcn model(poor, {.dim = 8}, device);
  const LightGcnReport report = train(model, poor, options);
  CHECK(report.temperature == 0.1f);
  CHECK(report.temperature_trials.empty());
}

TEST_CASE("lightgcn / the automatic batch is a fortieth of the interactions, a power of two from 256 to 16384") {
  CHECK(LightGcnTrainOptions::automatic_batch_size(1) == 256);
  CHECK(LightGcnTrainOptions::automatic_batch_size(40 * 256) == 256);
  CHECK(LightGcnTrainOptions::automatic_batch_size(40 * 1024 - 1) == 512);
  CHECK(LightGcnTrainOptions::automatic_batch_size(40 * 1024) == 1024);
  CHECK(LightGcnTrainOptions::automatic_batch_size(810'128) == 16384);
  CHECK(LightGcnTrainOptions::automatic_batch_size(int64_t{1} << 40) == 16384);
}

TEST_CASE("lightgcn / it learns a made-up shop better than popularity does") {
  const InteractionDataset data = prepare(synthetic_shop({.users = 400, .items = 200, .categories = 8, .seed = 1}));
  const Device device = Device::cpu({.threads = 2});
  LightGcn model(data, {.dim = 32, .norm_power = 0.3f}, device);
  LightGcnTrainOptions options;
  options.epochs = 30;
  options.batch_size = 1024;
  options.negatives = 100;
  train(model, data, options);
  const auto popular = make_popularity(data, device);
  const double learned = evaluate(*model.recommender(), data, data.test).values.at("ndcg@20");
  const double baseline = evaluate(*popular, data, data.test).values.at("ndcg@20");
  INFO(learned, " against ", baseline);
  CHECK(learned > 1.2 * baseline);
}

TEST_SUITE_END();

}  // namespace heddle::test
