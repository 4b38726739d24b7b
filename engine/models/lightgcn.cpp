#include "heddle/lightgcn.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/models/lightgcn_recommender.h"
#include "engine/models/sampled_interactions.h"
#include "engine/random.h"
#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/graph_build/graph_build.h"

namespace heddle {

namespace {

const InteractionDataset& checked(const InteractionDataset& data, const LightGcnOptions& options) {
  options.check();
  recommending::check_csr(data.train, "train");
  require(data.train.nnz() > 0, ErrorKind::bad_data, data.name, ": no user has an item to train on");
  require(data.train.rows + data.train.cols <= INT32_MAX, ErrorKind::bad_data, data.name, ": ", counted(data.train.rows, "user"),
          " and ", counted(data.train.cols, "item"), ", more nodes together than 2^31 - 1");
  return data;
}

/// 1 / sqrt(degree), 0 for a node without neighbours.
std::vector<float> inverse_roots(const std::vector<float>& degrees) {
  std::vector<float> roots(degrees.size());
  for (std::size_t i = 0; i < degrees.size(); ++i)
    roots[i] = degrees[i] > 0 ? static_cast<float>(1 / std::sqrt(static_cast<double>(degrees[i]))) : 0.0f;
  return roots;
}

}  // namespace

HostMatrix normal_matrix(int64_t rows, int64_t cols, float std, uint64_t seed, uint32_t index) try {
  HostMatrix matrix{rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols))};
  const RandomStream random{.seed = seed, .purpose = random_purpose::initial_weights + index, .step = nullptr};
  const std::size_t size = matrix.values.size();
  for (std::size_t first = 0; first < size; first += 4) {
    const std::array<float, 4> normals = four_normals(random_words(random, first / 4), std, 1);
    std::copy_n(normals.begin(), std::min<std::size_t>(4, size - first),
                matrix.values.begin() + static_cast<std::ptrdiff_t>(first));
  }
  return matrix;
} catch (...) {
  rethrow_as_error();
}

/// What training needs and serving does not.
struct LightGcn::Trainable {
  Trainable(Context& context, const HostCsr& train, const LightGcnOptions& options)
      : embeddings(context, "embeddings", normal_matrix(train.rows + train.cols, options.dim, options.init_std, options.seed, 0),
                   true),
        interactions(context.stream(), train) {
    Stream& stream = context.stream();
    kernels::Execution execution = context.execution();
    graph = kernels::bipartite_adjacency(interactions.view().matrix, execution);
    const Buffer degrees(stream, static_cast<std::size_t>(graph.rows) * sizeof(float));
    kernels::row_sums(graph.view(), degrees.as<float>(), execution);
    host_scale = inverse_roots(download(stream, degrees.as<float>(), static_cast<std::size_t>(graph.rows)));
    scale = Buffer::upload(stream, host_scale);
    adjacency = {.a = graph.view(), .scale = scale.as<float>()};
  }

  Parameter embeddings;
  SampledInteractions interactions;
  kernels::BuiltCsr graph;
  std::vector<float> host_scale;
  Buffer scale;
  NormalisedAdjacency adjacency;
};

LightGcn::LightGcn(const InteractionDataset& data, const LightGcnOptions& options, const Device& device) try
    : options_(options),
      train_(std::make_shared<const HostCsr>(checked(data, options).train)),
      context_(device, options.seed),
      trainable_(std::make_unique<Trainable>(context_, *train_, options)) {
} catch (...) {
  rethrow_as_error();
}

LightGcn::~LightGcn() = default;

void LightGcn::set_trained_with(const LightGcnTrainOptions& asked, const LightGcnTrainOptions& used) try {
  Settings as_asked = lightgcn_train_settings().write(asked), as_used = lightgcn_train_settings().write(used);
  if (used.loss == RankingLoss::bpr) {
    for (const char* unknown : {"temperature", "negatives", "popularity_share"}) as_used.erase(unknown);
  }
  asked_ = std::move(as_asked);
  trained_with_ = std::move(as_used);
} catch (...) {
  rethrow_as_error();
}

Parameter& LightGcn::embeddings() { return trainable_->embeddings; }
const NormalisedAdjacency& LightGcn::adjacency() const { return trainable_->adjacency; }
const kernels::InteractionsView& LightGcn::interactions() const { return trainable_->interactions.view(); }

std::unique_ptr<Recommender> LightGcn::recommender() try {
  Stream& stream = context_.stream();
  const int64_t d = options_.dim;
  const auto bytes = [d](int64_t rows) { return static_cast<std::size_t>(rows * d) * sizeof(float); };
  const Evaluating evaluating(context_);
  // In a step of its own: the memory of a training step is free for it then.
  const auto propagated = [&](int64_t layers) {
    context_.begin_step();
    return propagate(trainable_->adjacency, trainable_->embeddings, layers).to_host();
  };
  Buffer lookup(stream, bytes(users() + items())), item_vectors(stream, bytes(items()));
  {
    HostMatrix vectors = propagated(options_.layers);
    for (int64_t item = 0; item < items(); ++item) {
      float* vector = vectors.values.data() + (users() + item) * d;
      double squares = 0;
      for (int64_t c = 0; c < d; ++c) squares += static_cast<double>(vector[c]) * vector[c];
      const double scale = squares > 0 ? std::pow(squares, -0.5 * options_.norm_power) : 1;
      for (int64_t c = 0; c < d; ++c) vector[c] = static_cast<float>(vector[c] * scale);
    }
    upload(stream, lookup.data(), vectors.values.data(), bytes(users()));
    upload(stream, item_vectors.data(), vectors.values.data() + users() * d, bytes(items()));
  }
  {
    // A visitor's layers 1 ... K are the sums of the items' layers 0 ... K - 1: the same rule, for the one new row.
    HostMatrix inner = propagated(std::max<int64_t>(options_.layers - 1, 0));
    for (int64_t item = 0; item < items(); ++item) {
      float* fold_in = inner.values.data() + (users() + item) * d;
      for (int64_t c = 0; c < d; ++c) fold_in[c] *= trainable_->host_scale[static_cast<std::size_t>(users() + item)];
    }
    upload(stream, lookup.as<float>() + users() * d, inner.values.data() + users() * d, bytes(items()));
  }
  stream.synchronise();
  return recommending::make_lightgcn_recommender(train_, {options_, trained_with_, asked_}, std::move(lookup),
                                                 std::move(item_vectors), context_.device());
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
