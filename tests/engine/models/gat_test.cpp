// GAT and GATv2 from the same weights as a float64 PyTorch Geometric program, and the published figures on Cora.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "heddle/classifier_training.h"
#include "heddle/io.h"
#include "heddle/models.h"
#include "tests/engine/datasets.h"
#include "tests/engine/models/parity.h"
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/devices.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

/// PyTorch's name of a parameter: weight1 is layer1.lin.weight.
std::string torch_name(const std::string& name, int64_t version) {
  const std::string kind = name.substr(0, name.size() - 1);
  const std::map<std::string, std::string> names =
      version == 1 ? std::map<std::string, std::string>{{"weight", "lin.weight"},
                                                        {"source", "att_src"},
                                                        {"target", "att_dst"},
                                                        {"bias", "bias"}}
                   : std::map<std::string, std::string>{
                         {"source_weight", "lin_l.weight"}, {"source_bias", "lin_l.bias"}, {"target_weight", "lin_r.weight"},
                         {"target_bias", "lin_r.bias"},     {"attention", "att"},          {"bias", "bias"}};
  return "layer" + name.substr(name.size() - 1) + "." + names.at(kind);
}

/// An array as heddle holds it: a weight matrix is its transpose, vectors of several heads are one row.
HostMatrix as_parameter(const Arrays& arrays, const std::string& name) {
  const std::vector<int64_t>& shape = arrays.at(name).shape;
  const std::vector<double>& values = doubles(arrays, name);
  if (shape.size() != 2) return {1, static_cast<int64_t>(values.size()), {values.begin(), values.end()}};
  HostMatrix transposed{shape[1], shape[0], std::vector<float>(values.size())};
  for (int64_t r = 0; r < shape[0]; ++r) {
    for (int64_t c = 0; c < shape[1]; ++c) transposed.values[c * shape[0] + r] = static_cast<float>(values[r * shape[1] + c]);
  }
  return transposed;
}

bench::Reference near(const HostMatrix& expected, double relative, double absolute) {
  return within({expected.values.begin(), expected.values.end()}, relative, absolute);
}

std::unique_ptr<Gat> model_of(const Arrays& arrays, const NodeDataset& data, int64_t version, const Device& device) {
  auto model = std::make_unique<Gat>(data,
                                     GatOptions{.hidden = 8,
                                                .heads = 3,
                                                .output_heads = 2,
                                                .dropout = 0,
                                                .attention_dropout = 0,
                                                .gat_version = version,
                                                .feature_scaling = FeatureScaling::none},
                                     device);
  for (Parameter& parameter : model->parameters()) {
    parameter.assign(as_parameter(arrays, "initial." + torch_name(parameter.name(), version)));
  }
  return model;
}

// As for gcn, a value goes through about sixty roundings of values of order 1 at random, 5e-7 in all, and through two
// exponentials and quotients on top, each good for a few more. The allowance is eight times that.
constexpr double tolerance = 4e-6;

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("gat / output, gradients, ten losses and the weights after them are those of float64 PyTorch Geometric") {
  for (int64_t version : {1, 2}) {
    const auto file = shared_data(version == 1 ? "parity/gat_karate.npz" : "parity/gatv2_karate.npz");
    if (!file) return;
    const Arrays arrays = io::read_npz(file->string());
    const NodeDataset data = dataset(arrays);
    const auto learning_rate = static_cast<float>(doubles(arrays, "learning_rate")[0]);
    for (const NamedDevice& device : devices()) {
      INFO(text("version ", version, " / ", device.name));
      const auto model = model_of(arrays, data, version, device.device);
      Context& context = model->context();
      context.set_training(false);
      CHECK(mismatch(model->forward().to_host().values, within(doubles(arrays, "output"), tolerance, tolerance)) == "");
      context.set_training(true);
      const Buffer labels = Buffer::upload(context.stream(), data.labels), rows = Buffer::upload(context.stream(), data.train);
      context.begin_step();
      const Tensor loss =
          masked_nll(model->forward(), {labels.as<int32_t>(), rows.as<int32_t>(), static_cast<int64_t>(data.train.size())});
      context.tape().backward(loss);
      for (const Parameter& parameter : model->parameters()) {
        INFO(parameter.name());
        CHECK(mismatch(parameter.tensor().grad_to_host().values,
                       near(as_parameter(arrays, "gradient." + torch_name(parameter.name(), version)), tolerance, tolerance)) ==
              "");
      }
      const TrainReport report = train(*model, data, {.epochs = 10, .learning_rate = learning_rate, .weight_decay = 0});
      // A softmax does not change when all of its scores grow alike, so the last layer's target weights have a gradient of zero
      // here where no score is below 0. Rounding makes it 1e-9 or so, and Adam, which divides a gradient by its own size, makes
      // steps of that: those weights wander by up to the learning rate a step, and what they do to the scores that LeakyReLU
      // bends moves the others a little.
      CHECK(mismatch(report.losses, within(doubles(arrays, "losses"), 1e-4, 0)) == "");
      std::size_t compared = 0;
      for (const Parameter& parameter : model->parameters()) {
        const std::string name = torch_name(parameter.name(), version);
        const std::vector<double>& gradient = doubles(arrays, "gradient." + name);
        if (std::any_of(gradient.begin(), gradient.end(), [](double g) { return std::abs(g) < 1e-12; })) continue;
        INFO(parameter.name());
        const std::vector<float> first = as_parameter(arrays, "initial." + name).values,
                                 last = as_parameter(arrays, "final." + name).values, here = parameter.tensor().to_host().values;
        REQUIRE(here.size() == last.size());
        double way = 0, astray = 0;
        for (std::size_t i = 0; i < here.size(); ++i) {
          way += std::pow(static_cast<double>(last[i]) - first[i], 2);
          astray += std::pow(static_cast<double>(here[i]) - last[i], 2);
        }
        CHECK(std::sqrt(astray / way) < 0.01);
        ++compared;
      }
      CHECK(compared >= model->parameters().size() - 2);
    }
  }
}

TEST_CASE("gat / cora / weights of the best validation epoch, the same bits for every number of threads; simt agrees with cpu") {
  const auto path = shared_data("planetoid/cora", "planetoid/ind.cora.x");
  if (!path) return;
  const NodeDataset data = io::load(path->string());
  const TrainOptions options{.epochs = 15, .learning_rate = 0.005f, .patience = 100, .selection = Selection::best_validation};
  std::string expected;
  std::vector<float> losses;
  for (int threads : {1, 2, 5}) {
    INFO(threads, " threads");
    Gat model(data, {.seed = 3}, Device::cpu({.threads = threads}));
    const TrainReport report = train(model, data, options);
    if (expected.empty()) {
      expected = report.weights_hash;
      losses = report.losses;
    }
    CHECK(report.weights_hash == expected);
  }
  Gat on_simt(data, {.seed = 3}, Device::simt({.host_threads = 2}));
  const TrainReport simt = train(on_simt, data, options);
  CHECK(mismatch(simt.losses, within({losses.begin(), losses.end()}, 1e-4, 0)) == "");
}

TEST_CASE("gat / a replayed epoch gives the bits of an eager one") {
  const NodeDataset data = karate();
  for (const NamedDevice& device : devices()) {
    for (int64_t version : {1, 2}) {
      INFO(text(device.name, ", version ", version));
      std::vector<TrainReport> reports;
      for (bool replay : {true, false}) {
        Gat model(data, {.hidden = 4, .heads = 2, .gat_version = version, .seed = 1}, device.device);
        reports.push_back(train(model, data, {.epochs = 6, .replay = replay}));
      }
      CHECK(reports[0].losses == reports[1].losses);
      CHECK(reports[0].weights_hash == reports[1].weights_hash);
    }
  }
}

TEST_CASE("gat / attention coefficients sum to 1 over a target's edges, and by hand where there are two") {
  // Nodes 0 - 1 and a loner; each is its own neighbour. With weights of 1 a node's score is its feature.
  NodeDataset data;
  data.name = "three";
  data.nodes = 3;
  data.edges = {{0, 1}};
  data.dense_features = {3, 1, {1, 3, 2}};
  data.labels = {0, 0, 0};
  data.classes = 1;
  data.train = {0, 1};
  for (const NamedDevice& device : devices()) {
    for (int64_t version : {1, 2}) {
      INFO(text(device.name, ", version ", version));
      Gat model(data, {.hidden = 1, .heads = 1, .layers = 1, .gat_version = version, .feature_scaling = FeatureScaling::none},
                device.device);
      for (Parameter& parameter : model.parameters()) {
        const bool bias = parameter.name().find("bias") != std::string::npos;
        parameter.assign({1, 1, {bias ? 0.0f : 1.0f}});
      }
      const EdgeTable table = model.attention();
      CHECK(table.columns == std::vector<std::string>{"layer1_head1"});
      CHECK(table.sources == std::vector<int32_t>{0, 1, 0, 1, 2});
      CHECK(table.targets == std::vector<int32_t>{0, 0, 1, 1, 2});
      // The sources' scores differ by 2 in either row: exp(2) to 1.
      const double greater = std::exp(2.0) / (std::exp(2.0) + 1);
      CHECK(mismatch(table.values.values, within({1 - greater, greater, 1 - greater, greater, 1}, 1e-6, 0)) == "");
    }
  }
  const NodeDataset club = karate();
  for (int64_t version : {1, 2}) {
    Gat model(club, {.hidden = 4, .heads = 3, .output_heads = 2, .gat_version = version, .seed = 4}, Device::cpu({.threads = 2}));
    const std::vector<float> before = model.forward().to_host().values;
    const EdgeTable table = model.attention();
    CHECK(table.columns.size() == 5);
    CHECK(table.values.rows == 2 * 78 + 34);
    std::vector<double> sums(34 * 5);
    for (std::size_t e = 0; e < table.sources.size(); ++e) {
      for (std::size_t c = 0; c < 5; ++c)
        sums[static_cast<std::size_t>(table.targets[e]) * 5 + c] += table.values.values[e * 5 + c];
    }
    for (double sum : sums) CHECK(sum == doctest::Approx(1).epsilon(1e-5));
    CHECK(model.context().training());
    CHECK(before.size() == 34 * static_cast<std::size_t>(club.classes));
  }
  Gcn none(club, {}, Device::cpu({.threads = 1}));
  CHECK(error_mismatch(ErrorKind::usage, "the model gcn has no attention", [&] { none.attention(); }) == "");
}

TEST_CASE("gat / a saved model is read again, whatever its heads; one whose settings name other widths is not") {
  const TempDir folder;
  const NodeDataset data = karate();
  for (int64_t version : {1, 2}) {
    Gat model(data, {.hidden = 5, .heads = 3, .output_heads = 2, .gat_version = version, .seed = 2}, Device::cpu({.threads = 1}));
    const std::string path = folder.file("model.safetensors");
    save_model(model, path);
    const auto read = load_model(path, data, Device::cpu({.threads = 1}));
    CHECK(read->settings() == model.settings());
    CHECK(weights_hash(*read) == weights_hash(model));
    save_model(model, path, {});
    io::TensorFile file = io::read_safetensors(path);
    file.metadata["setting.hidden"] = "500000";
    io::write_safetensors(path, file);
    CHECK(error_mismatch(ErrorKind::bad_data, "for this data it must be 34 x 1500000",
                         [&] { load_model(path, data, Device::cpu({.threads = 1})); }) == "");
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
