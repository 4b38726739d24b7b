#include "heddle/classifier_training.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "heddle/adam.h"
#include "heddle/kinds.h"
#include "tests/engine/datasets.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

Device one_thread() { return Device::cpu({.threads = 1}); }

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("train / the loss of the karate club decreases and its factions are found") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn model(data, {.dropout = 0.2f, .seed = 1}, device.device);
    const int64_t epochs = device.device.kind() == DeviceKind::cpu ? 100 : 30;
    int64_t told = 0;
    const TrainReport report = train(model, data, {.epochs = epochs, .learning_rate = 0.03f}, [&](const EpochFigures& figures) {
      CHECK(figures.epoch == ++told);
      CHECK(figures.epochs == epochs);
      CHECK_FALSE(figures.has_val);
    });
    CHECK(told == epochs);
    CHECK(report.epochs == epochs);
    CHECK(static_cast<int64_t>(report.losses.size()) == epochs);
    CHECK(static_cast<int64_t>(report.epoch_ms.size()) == epochs);
    CHECK(report.train_loss == report.losses.back());
    CHECK(report.losses.back() < 0.8f * report.losses.front());
    CHECK(report.train_accuracy == 1.0);
    CHECK(report.test_accuracy > 0.8);
    CHECK(report.epoch_ms_min() > 0);
    CHECK(report.epoch_ms_min() <= report.epoch_ms_median());
    CHECK(report.weights_hash == weights_hash(model));
  }
}

TEST_CASE("adam / a parameter of another context is refused by name, with both devices") {
  Context context(one_thread()), other(Device::simt());
  std::vector<Parameter> parameters;
  parameters.emplace_back(context, "weight", HostMatrix{1, 1, {1}});
  parameters.emplace_back(other, "bias7", HostMatrix{1, 1, {1}});
  CHECK(error_mismatch(ErrorKind::usage,
                       text("adam: parameter bias7 belongs to a context on ", other.device().description(),
                            ", the optimiser to another on ", context.device().description()),
                       [&] { Adam(context, parameters, {}); }) == "");
}

TEST_CASE("train / the figures of the report are those of evaluate and predict") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn model(data, {.seed = 1}, device.device);
    const TrainReport report = train(model, data, {.epochs = 5});
    CHECK(report.train_accuracy == evaluate(model, data, data.train).accuracy);
    CHECK(report.val_accuracy == evaluate(model, data, data.val).accuracy);
    CHECK(report.test_accuracy == evaluate(model, data, data.test).accuracy);

    const HostMatrix probabilities = predict(model);
    CHECK(probabilities.rows == 34);
    CHECK(probabilities.cols == 2);
    double loss = 0;
    int64_t correct = 0;
    for (int32_t node : data.val) {
      const float* row = &probabilities.values[2 * node];
      loss -= std::log(static_cast<double>(row[data.labels[node]])) / static_cast<double>(data.val.size());
      correct += row[data.labels[node]] > row[1 - data.labels[node]] ? 1 : 0;
    }
    CHECK(report.val_accuracy == static_cast<double>(correct) / static_cast<double>(data.val.size()));
    CHECK(std::abs(evaluate(model, data, data.val).loss - loss) < 1e-6);  // probabilities of order 1 in float
  }
}

TEST_CASE("evaluate / of a data set gives the figures of each split, and nothing of an empty one") {
  NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn model(data, {.seed = 1}, device.device);
    train(model, data, {.epochs = 3});
    const DatasetFigures all = evaluate(model, data);
    for (const auto& [figures, nodes] :
         {std::pair(&all.train, &data.train), std::pair(&all.val, &data.val), std::pair(&all.test, &data.test)}) {
      const SplitFigures alone = evaluate(model, data, *nodes);
      CHECK(figures->loss == alone.loss);
      CHECK(figures->accuracy == alone.accuracy);
    }
    CHECK(all.train.loss > 0);
    NodeDataset without = data;
    without.val.clear();
    CHECK(evaluate(model, without).val.loss == 0);
    CHECK(evaluate(model, without).test.loss == all.test.loss);
  }
  NodeDataset unlabelled = data;
  unlabelled.labels.clear();
  unlabelled.train.clear(), unlabelled.val.clear(), unlabelled.test.clear();
  Gcn model(data, {.seed = 1}, one_thread());
  CHECK(evaluate(model, unlabelled).test.accuracy == 0);
}

TEST_CASE("predictions / the class is the first of the most probable ones") {
  const NodePredictions found = predictions_of({3, 3, {0.2f, 0.5f, 0.3f, 0.4f, 0.2f, 0.4f, 0, 0, 1}});
  CHECK(found.predicted == std::vector<int32_t>{1, 0, 2});
  CHECK(found.probability == std::vector<float>{0.5f, 0.4f, 1});
  CHECK(predictions_of({0, 2, {}}).predicted.empty());
  CHECK(error_mismatch(ErrorKind::usage, "no columns", [] { predictions_of({2, 0, {}}); }) == "");
}

TEST_CASE("hidden representations / nothing is dropped out, and the context trains afterwards as before") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn model(data, {.dropout = 0.5f, .seed = 1}, device.device);
    // The same weights in a model that never drops anything.
    Gcn certain(data, {.dropout = 0, .seed = 1}, device.device);
    certain.context().begin_step();
    const HostMatrix expected = certain.embeddings().to_host();
    const HostMatrix found = hidden_representations(model);
    CHECK(found.rows == 34);
    CHECK(found.cols == 16);
    CHECK(bit_difference(found.values, expected.values) == "");
    CHECK(model.context().training());
    model.context().begin_step();
    CHECK(bit_difference(model.embeddings().to_host().values, expected.values) != "");  // what its embeddings alone are
  }
  Gcn shallow(data, {.layers = 1, .seed = 1}, one_thread());
  CHECK(error_mismatch(ErrorKind::usage, "no hidden representation", [&] { hidden_representations(shallow); }) == "");
  CHECK(shallow.context().training());
}

TEST_CASE("predict / probabilities are between 0 and 1 and sum to 1, for scores of any size") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    for (float size : {1.0f, 1e4f}) {
      INFO(device.name);
      Gcn model(data, {.layers = 1, .seed = 1}, device.device);
      HostMatrix weight = glorot_uniform(34, 2, 1, 0);
      for (float& value : weight.values) value *= size;
      model.parameters()[0].assign(weight);
      const HostMatrix probabilities = predict(model);
      for (int64_t node = 0; node < 34; ++node) {
        const float a = probabilities.values[2 * node], b = probabilities.values[2 * node + 1];
        CHECK(a >= 0);
        CHECK(b >= 0);
        CHECK(std::abs(a + b - 1) <= 1e-6f);
      }
      CHECK(model.context().training());  // as it was before
    }
  }
}

TEST_CASE("train / the validation loss after each epoch is that of evaluate plus the penalty") {
  const NodeDataset data = karate();
  constexpr float weight_decay = 0.01f;
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn model(data, {.seed = 1}, device.device);
    int64_t told = 0;
    train(model, data, {.epochs = 4, .weight_decay = weight_decay, .patience = 100}, [&](const EpochFigures& figures) {
      ++told;
      REQUIRE(figures.has_val);
      double squares = 0;
      for (float weight : model.parameters()[0].tensor().to_host().values) squares += static_cast<double>(weight) * weight;
      const double expected = evaluate(model, data, data.val).loss + weight_decay / 2 * squares;
      CHECK(std::abs(figures.val_loss - expected) <= 1e-6 * expected);
    });
    CHECK(told == 4);
  }
}

TEST_CASE("train / what a callback looks at does not change the training") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn watched(data, {.seed = 1}, device.device), alone(data, {.seed = 1}, device.device);
    int64_t looked = 0;
    const TrainReport one = train(watched, data, {.epochs = 5, .patience = 100}, [&](const EpochFigures&) {
      ++looked;
      predict(watched);
      evaluate(watched, data, data.test);
      weights_hash(watched);
    });
    CHECK(looked == 5);
    const TrainReport two = train(alone, data, {.epochs = 5});
    CHECK(bit_difference(one.losses, two.losses) == "");
    CHECK(one.weights_hash == two.weights_hash);
  }
}

TEST_CASE("train / patience stops after the first epoch whose validation loss exceeds the mean of the window before it") {
  NodeDataset data = karate();
  // Validation labels that contradict the graph: the validation loss falls with the penalty at first and rises then.
  for (int32_t node : data.val) data.labels[node] = 1 - data.labels[node];
  for (int64_t patience : {1, 3, 10}) {
    INFO("patience ", patience);
    Gcn model(data, {.dropout = 0, .seed = 2}, one_thread());
    std::vector<float> val;
    const TrainReport report =
        train(model, data, {.epochs = 300, .learning_rate = 0.005f, .weight_decay = 1, .patience = patience},
              [&](const EpochFigures& figures) { val.push_back(figures.val_loss); });
    const auto exceeds = [&](int64_t last) {
      if (last < patience) return false;
      double mean = 0;
      for (int64_t i = last - patience; i < last; ++i) mean += static_cast<double>(val[i]) / static_cast<double>(patience);
      return val[last] > mean;
    };
    const auto count = static_cast<int64_t>(val.size());
    REQUIRE(report.epochs == count);
    CHECK(count > patience + 1);
    CHECK(count < 300);
    for (int64_t last = 0; last + 1 < count; ++last) CHECK_FALSE(exceeds(last));
    CHECK(exceeds(count - 1));
  }
}

TEST_CASE("train / progress is told after each epoch, and ends it there where the callback says so") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn model(data, {.seed = 1}, device.device), shorter(data, {.seed = 1}, device.device);
    int asked = 0;
    std::vector<float> losses;
    const TrainReport report = train(model, data, {.epochs = 100}, {}, [&](const Progress& at) {
      CHECK(at.phase == "training");
      CHECK(at.share == ++asked / 100.0);
      REQUIRE(at.figures.size() == 2);
      CHECK(std::string(at.figures[0].name) == "epoch");
      CHECK(at.figures[0].value == asked);
      CHECK(at.figures[0].total == 100);
      CHECK_FALSE(at.figures[0].at_most);
      losses.push_back(static_cast<float>(at.figures[1].value));
      return asked < 3;
    });
    CHECK(report.interrupted);
    CHECK(bit_difference(losses, report.losses) == "");
    CHECK(report.epochs == 3);
    CHECK(report.losses.size() == 3);
    const TrainReport to_the_end = train(shorter, data, {.epochs = 3}, {}, [&](const Progress& at) { return at.share < 1; });
    CHECK_FALSE(to_the_end.interrupted);
    CHECK(report.weights_hash == to_the_end.weights_hash);
  }
}

TEST_CASE("train / what a callback throws comes out, and the model can be trained on") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn model(data, {.seed = 1}, device.device);
    const EpochCallback interrupt = [](const EpochFigures& figures) {
      require(figures.epoch < 3, ErrorKind::interrupted, "enough");
    };
    CHECK(error_mismatch(ErrorKind::interrupted, "enough", [&] { train(model, data, {.epochs = 5}, interrupt); }) == "");
    CHECK(train(model, data, {.epochs = 2}).epochs == 2);
  }
}

TEST_CASE("train / a loss that is not finite ends it with the epoch and the learning rate") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn model(data, {.seed = 1}, device.device);
    CHECK(error_mismatch(ErrorKind::diverged, "the loss of epoch 2 is", [&] { train(model, data, {.learning_rate = 1e20f}); }) ==
          "");
  }
}

TEST_CASE("train / options out of range are refused by name") {
  const NodeDataset data = karate();
  Gcn model(data, {}, one_thread());
  const auto refused = [&](const char* fragment, const TrainOptions& options) {
    return error_mismatch(ErrorKind::usage, fragment, [&] { train(model, data, options); });
  };
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  CHECK(refused("epochs is 0", {.epochs = 0}) == "");
  CHECK(refused("epochs is -1", {.epochs = -1}) == "");
  for (float rate : {0.0f, -1.0f, nan, infinity}) CHECK(refused("learning_rate is", {.learning_rate = rate}) == "");
  for (float decay : {-1.0f, nan, infinity}) CHECK(refused("weight_decay is", {.weight_decay = decay}) == "");
  CHECK(refused("patience is -1", {.patience = -1}) == "");
}

TEST_CASE("gcn / options out of range are refused by name") {
  const NodeDataset data = karate();
  const auto refused = [&](const char* fragment, const GcnOptions& options) {
    return error_mismatch(ErrorKind::usage, fragment, [&] { Gcn(data, options, one_thread()); });
  };
  CHECK(refused("hidden is 0", {.hidden = 0}) == "");
  CHECK(refused("layers is 0", {.layers = 0}) == "");
  for (float p : {-0.5f, 1.0f, std::numeric_limits<float>::quiet_NaN()}) CHECK(refused("dropout is", {.dropout = p}) == "");
  Gcn one_layer(data, {.layers = 1}, one_thread());
  CHECK(error_mismatch(ErrorKind::usage, "no hidden representation", [&] { one_layer.embeddings(); }) == "");
}

TEST_CASE("gcn / data without nodes, without labels or with edges that do not fit is refused") {
  const auto refused = [](const char* fragment, auto change) {
    NodeDataset data = karate();
    change(data);
    return error_mismatch(ErrorKind::bad_data, fragment, [&] { Gcn(data, {}, one_thread()); });
  };
  CHECK(refused("no nodes", [](NodeDataset& data) { data = {}; }) == "");
  CHECK(refused("no node has a label", [](NodeDataset& data) { data.classes = 0; }) == "");
  CHECK(refused("edge", [](NodeDataset& data) { data.edges.back() = {3, 34}; }) == "");
  CHECK(refused("edge", [](NodeDataset& data) { data.edge_weights = {1}; }) == "");
}

TEST_CASE("train / splits and labels that do not fit are refused") {
  const auto refused = [](ErrorKind kind, const char* fragment, auto change, int64_t patience = 0) {
    NodeDataset data = karate();
    Gcn model(data, {}, one_thread());
    change(data);
    return error_mismatch(kind, fragment, [&] { train(model, data, {.epochs = 1, .patience = patience}); });
  };
  const auto bad = ErrorKind::bad_data, usage = ErrorKind::usage;
  CHECK(refused(bad, "no node is in the training split", [](NodeDataset& data) { data.train.clear(); }) == "");
  CHECK(refused(
            usage, "patience needs a validation split", [](NodeDataset& data) { data.val.clear(); }, 5) == "");
  CHECK(refused(bad, "node 33 of a split has no label", [](NodeDataset& data) { data.labels[33] = -1; }) == "");
  CHECK(refused(bad, "node 33 of a split has no label", [](NodeDataset& data) { data.labels[33] = 2; }) == "");
  CHECK(refused(usage, "node 34 of a split", [](NodeDataset& data) { data.train.push_back(34); }) == "");
  CHECK(refused(usage, "node -1 of a split", [](NodeDataset& data) { data.test[0] = -1; }) == "");
  CHECK(refused(bad, "33 labels, there are 34 nodes", [](NodeDataset& data) { data.labels.pop_back(); }) == "");
  CHECK(refused(bad, "0 labels, there are 34 nodes", [](NodeDataset& data) { data.labels.clear(); }) == "");
}

TEST_CASE("train and evaluate / a data set that is not the model's is refused") {
  const NodeDataset data = karate();
  Gcn model(data, {}, one_thread());
  const NodeDataset larger = random_dataset(50, 6, 2, 1);
  NodeDataset another_edge = data, weighted = data, featured = data;
  another_edge.edges.pop_back();
  weighted.edge_weights.assign(data.edges.size(), 1.0f);
  weighted.edge_weights[7] = 2;
  featured.dense_features = {34, 34, std::vector<float>(34 * 34, 1.0f)};
  featured.features_are_sparse = false;
  for (const Kind& kind : kinds()) {
    if (kind.task != Task::classify_nodes) continue;
    INFO(kind.name);
    const auto made = make_model(kind, data, {}, 1, one_thread());
    for (const NodeDataset& other : {larger, another_edge, weighted, featured}) {
      CHECK(error_mismatch(ErrorKind::usage, "train: the model was made of other data",
                           [&] { train(*made, other, {.epochs = 1}); }) == "");
      CHECK(error_mismatch(ErrorKind::usage, "evaluate: the model was made of other data",
                           [&] { evaluate(*made, other, other.test); }) == "");
    }
    // Labels and splits are not what a model is made of.
    NodeDataset split = data;
    split.test.pop_back();
    CHECK(train(*made, split, {.epochs = 1}).epochs == 1);
  }
  NodeDataset more_classes = data;
  more_classes.labels[5] = 4;
  more_classes.classes = 5;
  CHECK(error_mismatch(ErrorKind::usage, "the model gives 34 x 2 scores", [&] { train(model, more_classes, {.epochs = 1}); }) ==
        "");
  CHECK(error_mismatch(ErrorKind::usage, "empty set", [&] { evaluate(model, data, {}); }) == "");
}

TEST_CASE("train / splits that only training does not need may be empty") {
  NodeDataset data = karate();
  data.val.clear();
  data.test.clear();
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn model(data, {}, device.device);
    const TrainReport report = train(model, data, {.epochs = 2});
    CHECK(report.val_accuracy == 0);
    CHECK(report.test_accuracy == 0);
  }
}

TEST_CASE("train / deeper, shallower and unregularised models learn too") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    for (int64_t layers : {1, 3}) {
      INFO(device.name, ": ", layers, " layers");
      Gcn model(data, {.hidden = 5, .layers = layers, .dropout = 0, .seed = 1}, device.device);
      const TrainReport report = train(model, data, {.epochs = 20, .learning_rate = 0.05f, .weight_decay = 0});
      CHECK(report.losses.back() < 0.7f * report.losses.front());
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
