// From the same weights as a float64 PyTorch program, to float32 accuracy: a mean accuracy would not show that the model, the
// loss, the gradient and the optimiser are the same.
#include <doctest/doctest.h>

#include "heddle/classifier_training.h"
#include "heddle/models.h"
#include "tests/engine/models/parity.h"
#include "tests/support/compare.h"
#include "tests/support/data.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

constexpr float weight_decay = 5e-4f;

/// The model with the file's initial weights.
std::unique_ptr<Gcn> model_of(const Arrays& arrays, const NodeDataset& data, const Device& device) {
  auto model =
      std::make_unique<Gcn>(data, GcnOptions{.hidden = 16, .dropout = 0, .feature_scaling = FeatureScaling::none}, device);
  for (Parameter& parameter : model->parameters()) parameter.assign(matrix(arrays, "initial." + parameter.name()));
  return model;
}

// A value of the output or of a gradient goes through at most 12 + 17 + 16 + 17 products and sums of order 1 (features, the
// 17 neighbours of the hub and itself, hidden units, neighbours again); the errors of that many roundings, 6e-8 each, add up at
// random to about sqrt(62) of them, 5e-7. The allowance is four times that.
constexpr double tolerance = 2e-6;

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("gcn / its output is that of float64 PyTorch from the same weights") {
  const auto file = shared_data("parity/gcn_karate.npz");
  if (!file) return;
  const Arrays arrays = io::read_npz(file->string());
  const NodeDataset data = dataset(arrays);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    const auto model = model_of(arrays, data, device.device);
    model->context().set_training(false);
    CHECK(mismatch(model->forward().to_host().values, within(doubles(arrays, "output"), tolerance, tolerance)) == "");
  }
}

TEST_CASE("gcn / every gradient is that of float64 PyTorch from the same weights") {
  const auto file = shared_data("parity/gcn_karate.npz");
  if (!file) return;
  const Arrays arrays = io::read_npz(file->string());
  const NodeDataset data = dataset(arrays);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    const auto model = model_of(arrays, data, device.device);
    Context& context = model->context();
    const Buffer labels = Buffer::upload(context.stream(), data.labels), rows = Buffer::upload(context.stream(), data.train);
    const Targets targets{labels.as<int32_t>(), rows.as<int32_t>(), static_cast<int64_t>(data.train.size())};
    context.begin_step();
    const Tensor loss = add(masked_nll(model->forward(), targets), l2_penalty(model->parameters()[0], weight_decay));
    CHECK(mismatch(loss.to_host().values, within({doubles(arrays, "losses")[0]}, tolerance, 0)) == "");
    context.tape().backward(loss);
    for (const Parameter& parameter : model->parameters()) {
      INFO(parameter.name());
      CHECK(mismatch(parameter.tensor().grad_to_host().values,
                     within(doubles(arrays, "gradient." + parameter.name()), tolerance, tolerance)) == "");
    }
  }
}

TEST_CASE("gcn / the losses of ten Adam steps and the weights after them are those of float64 PyTorch") {
  const auto file = shared_data("parity/gcn_karate.npz");
  if (!file) return;
  const Arrays arrays = io::read_npz(file->string());
  const NodeDataset data = dataset(arrays);
  const auto learning_rate = static_cast<float>(doubles(arrays, "learning_rate")[0]);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    const auto model = model_of(arrays, data, device.device);
    const TrainReport report = train(*model, data, {.epochs = 10, .learning_rate = learning_rate, .weight_decay = weight_decay});
    CHECK(mismatch(report.losses, within(doubles(arrays, "losses"), tolerance, 0)) == "");
    for (const Parameter& parameter : model->parameters()) {
      INFO(parameter.name());
      // Adam divides a gradient by its own size: an error e in a gradient g moves the weight by up to learning_rate * e / |g| in
      // a step. The file's smallest first gradient is 2e-4, most are above 1e-2: with e = 1e-7 ten steps add up to 1e-6
      // there.
      CHECK(mismatch(parameter.tensor().to_host().values,
                     within(doubles(arrays, "final." + parameter.name()), tolerance, tolerance)) == "");
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
