#include "heddle/lightgcn.h"

#include <charconv>
#include <cmath>
#include <numbers>

#include "engine/recommend/factors.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/dense/dense.h"
#include "kernels/graph_build/graph_build.h"
#include "kernels/sampling/sampling.h"
#include "kernels/spmm/spmm.h"

namespace heddle {

namespace {

/// The shortest text that reads back as the same number.
std::string exact(float value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

const InteractionDataset& checked(const InteractionDataset& data, const LightGcnOptions& options) {
  options.check();
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

/// Users who have an item, and have not all of them.
std::vector<int32_t> eligible_users(const HostCsr& train) {
  std::vector<int32_t> users;
  for (int64_t user = 0; user < train.rows; ++user) {
    const int64_t taken = train.row_offsets[user + 1] - train.row_offsets[user];
    if (taken > 0 && taken < train.cols) users.push_back(static_cast<int32_t>(user));
  }
  return users;
}

std::vector<int32_t> rows_of_entries(const HostCsr& matrix) {
  std::vector<int32_t> rows(static_cast<std::size_t>(matrix.nnz()));
  for (int64_t row = 0; row < matrix.rows; ++row)
    for (int64_t k = matrix.row_offsets[row]; k < matrix.row_offsets[row + 1]; ++k) rows[k] = static_cast<int32_t>(row);
  return rows;
}

}  // namespace

void LightGcnOptions::check() const {
  require(dim >= 1 && dim <= 65536, ErrorKind::usage, "lightgcn: dim is ", dim, ", it must be from 1 to 65536");
  require(layers >= 0 && layers <= 100, ErrorKind::usage, "lightgcn: layers is ", layers, ", it must be from 0 to 100");
  require(init_std > 0 && std::isfinite(init_std), ErrorKind::usage, "lightgcn: init_std is ", init_std, ", it must be above 0");
  require(norm_power >= 0 && norm_power <= 1, ErrorKind::usage, "lightgcn: norm_power is ", norm_power,
          ", it must be from 0 to 1");
}

HostMatrix normal_matrix(int64_t rows, int64_t cols, float std, uint64_t seed, uint32_t index) try {
  HostMatrix matrix{rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols))};
  const RandomStream random{.seed = seed, .purpose = random_purpose::initial_weights + index, .step = nullptr};
  const auto pair = [std](uint32_t radius_word, uint32_t angle_word, float* target, std::size_t room) {
    // In (0, 1]: the logarithm stays finite.
    const double radius = std * std::sqrt(-2 * std::log((static_cast<double>(radius_word) + 1) * 0x1p-32));
    const double angle = 2 * std::numbers::pi * static_cast<double>(angle_word) * 0x1p-32;
    target[0] = static_cast<float>(radius * std::cos(angle));
    if (room > 1) target[1] = static_cast<float>(radius * std::sin(angle));
  };
  const std::size_t size = matrix.values.size();
  for (std::size_t first = 0; first < size; first += 4) {
    const PhiloxWords words = random_words(random, first / 4);
    pair(words.word[0], words.word[1], matrix.values.data() + first, size - first);
    if (first + 2 < size) pair(words.word[2], words.word[3], matrix.values.data() + first + 2, size - first - 2);
  }
  return matrix;
} catch (...) {
  rethrow_as_error();
}

/// What training needs and serving does not.
struct LightGcn::Trainable {
  Trainable(Context& context, const HostCsr& train, const LightGcnOptions& options)
      : embeddings(context, "embeddings", normal_matrix(train.rows + train.cols, options.dim, options.init_std, options.seed, 0),
                   true) {
    Stream& stream = context.stream();
    row_offsets = Buffer::upload(stream, train.row_offsets);
    col_indices = Buffer::upload(stream, train.col_indices);
    if (!train.values.empty()) values = Buffer::upload(stream, train.values);
    row_of = Buffer::upload(stream, rows_of_entries(train));
    const std::vector<int32_t> users = eligible_users(train);
    eligible = Buffer::upload(stream, users);
    const CsrView matrix{train.rows,
                         train.cols,
                         train.nnz(),
                         row_offsets.as<int64_t>(),
                         col_indices.as<int32_t>(),
                         train.values.empty() ? nullptr : values.as<float>()};
    interactions = {.matrix = matrix,
                    .row_of = row_of.as<int32_t>(),
                    .eligible = eligible.as<int32_t>(),
                    .eligible_count = static_cast<int64_t>(users.size())};
    kernels::Execution execution = context.execution();
    graph = kernels::bipartite_adjacency(matrix, execution);
    const Buffer degrees(stream, static_cast<std::size_t>(graph.rows) * sizeof(float));
    kernels::row_sums(graph.view(), degrees.as<float>(), execution);
    host_scale = inverse_roots(download(stream, degrees.as<float>(), static_cast<std::size_t>(graph.rows)));
    scale = Buffer::upload(stream, host_scale);
    adjacency = {.a = graph.view(), .scale = scale.as<float>()};
  }

  Parameter embeddings;
  Buffer row_offsets, col_indices, values, row_of, eligible;
  kernels::InteractionsView interactions;
  kernels::BuiltCsr graph;
  std::vector<float> host_scale;
  Buffer scale;
  NormalisedAdjacency adjacency;
};

LightGcn::LightGcn(const InteractionDataset& data, const LightGcnOptions& options, const Device& device) try
    : Recommender(checked(data, options).train),
      options_(options),
      context_(device, options.seed),
      trainable_(std::make_unique<Trainable>(context_, train(), options)) {
} catch (...) {
  rethrow_as_error();
}

LightGcn::~LightGcn() = default;

LightGcn::LightGcn(HostCsr train, const LightGcnOptions& options, std::vector<io::NamedTensor> vectors, const Device& device) try
    : Recommender(std::move(train)), options_(options), context_(device, options.seed) {
  options.check();
  const auto named = [&](const char* name, int64_t rows) -> const std::vector<float>& {
    for (const io::NamedTensor& tensor : vectors) {
      if (tensor.name != name) continue;
      require(tensor.rows == rows && tensor.cols == options.dim, ErrorKind::bad_data, "lightgcn: ", name, " is ", tensor.rows,
              " x ", tensor.cols, ", it must be ", rows, " x ", options.dim);
      return tensor.values;
    }
    fail(ErrorKind::bad_data, "lightgcn: there is no matrix '", name, "'");
  };
  Stream& stream = context_.stream();
  const std::size_t row_bytes = static_cast<std::size_t>(options.dim) * sizeof(float);
  lookup_ = Buffer(stream, static_cast<std::size_t>(users() + items()) * row_bytes);
  upload(stream, lookup_.data(), named("users", users()).data(), static_cast<std::size_t>(users()) * row_bytes);
  upload(stream, lookup_.as<float>() + users() * options.dim, named("fold_in", items()).data(),
         static_cast<std::size_t>(items()) * row_bytes);
  item_vectors_ = Buffer::upload(stream, named("items", items()));
  vectors_fresh_ = true;
} catch (...) {
  rethrow_as_error();
}

std::map<std::string, std::string> LightGcn::settings() const try {
  return {{"dim", std::to_string(options_.dim)},
          {"layers", std::to_string(options_.layers)},
          {"init_std", exact(options_.init_std)},
          {"norm_power", exact(options_.norm_power)},
          {"precision", options_.precision == Precision::bf16 ? "bf16" : "f32"}};
} catch (...) {
  rethrow_as_error();
}

std::map<std::string, std::string> LightGcn::how_fitted() const try {
  if (asked_.empty()) return {};
  std::map<std::string, std::string> how = Recommender::how_fitted();
  for (const auto& [key, value] : asked_) how[text(fit_prefix, key)] = value;
  how["seed"] = std::to_string(options_.seed);
  return how;
} catch (...) {
  rethrow_as_error();
}

std::map<std::string, std::string> LightGcn::trained_with() const try { return trained_with_; } catch (...) {
  rethrow_as_error();
}

void LightGcn::set_trained_with(const LightGcnTrainOptions& asked, const LightGcnTrainOptions& used) try {
  std::map<std::string, std::string> as_asked = to_settings(asked), as_used = to_settings(used);
  if (used.loss == RankingLoss::bpr) {
    for (const char* unknown : {"temperature", "negatives", "popularity_share"}) as_used.erase(unknown);
  }
  asked_ = std::move(as_asked);
  trained_with_ = std::move(as_used);
} catch (...) {
  rethrow_as_error();
}

void LightGcn::set_trained_with(std::map<std::string, std::string> used) {
  asked_.clear();
  trained_with_ = std::move(used);
}

LightGcn::Trainable& LightGcn::trainable() const {
  require(trainable_ != nullptr, ErrorKind::usage, "lightgcn: a loaded model ranks; it has no embeddings to train");
  return *trainable_;
}

Parameter& LightGcn::embeddings() { return trainable().embeddings; }
const NormalisedAdjacency& LightGcn::adjacency() const { return trainable().adjacency; }
const kernels::InteractionsView& LightGcn::interactions() const { return trainable().interactions; }

void LightGcn::refresh() {
  if (vectors_fresh_) return;
  const Trainable& model = trainable();
  Stream& stream = context_.stream();
  const int64_t d = options_.dim;
  const Evaluating evaluating(context_);
  HostMatrix vectors = propagate(model.adjacency, model.embeddings, options_.layers).to_host();
  // A visitor's layers 1 ... K are the sums of the items' layers 0 ... K - 1: the same rule, for the one new row.
  HostMatrix inner = propagate(model.adjacency, model.embeddings, std::max<int64_t>(options_.layers - 1, 0)).to_host();
  for (int64_t item = 0; item < items(); ++item) {
    float* vector = vectors.values.data() + (users() + item) * d;
    double squares = 0;
    for (int64_t c = 0; c < d; ++c) squares += static_cast<double>(vector[c]) * vector[c];
    const double scale = squares > 0 ? std::pow(squares, -0.5 * options_.norm_power) : 1;
    for (int64_t c = 0; c < d; ++c) vector[c] = static_cast<float>(vector[c] * scale);
    float* fold_in = inner.values.data() + (users() + item) * d;
    for (int64_t c = 0; c < d; ++c) fold_in[c] *= model.host_scale[users() + item];
  }
  const auto bytes = [d](int64_t rows) { return static_cast<std::size_t>(rows * d) * sizeof(float); };
  if (lookup_.bytes() == 0) lookup_ = Buffer(stream, bytes(users() + items()));
  if (item_vectors_.bytes() == 0) item_vectors_ = Buffer(stream, bytes(items()));
  upload(stream, item_vectors_.data(), vectors.values.data() + users() * d, bytes(items()));
  upload(stream, lookup_.data(), vectors.values.data(), bytes(users()));
  upload(stream, lookup_.as<float>() + users() * d, inner.values.data() + users() * d, bytes(items()));
  vectors_fresh_ = true;
}

void LightGcn::query_vectors(std::span<const Query> queries, DenseView<float> vectors) {
  // One sparse product serves both kinds: a known user is one row of the table, a visitor the sum of some.
  HostCsr pick;
  pick.rows = static_cast<int64_t>(queries.size());
  pick.cols = users() + items();
  for (const Query& query : queries) {
    if (query.user >= 0) {
      pick.col_indices.push_back(query.user);
      pick.values.push_back(1);
    } else {
      for (int32_t item : query.items) {
        pick.col_indices.push_back(static_cast<int32_t>(users() + item));
        pick.values.push_back(static_cast<float>(1 / std::sqrt(static_cast<double>(query.items.size()))));
      }
    }
    pick.row_offsets.push_back(pick.nnz());
  }
  Stream& stream = context_.stream();
  const auto place = [&]<class T>(const std::vector<T>& values) {
    T* memory = context_.arena().allocate_array<T>(static_cast<int64_t>(values.size()));
    upload(stream, memory, values.data(), values.size() * sizeof(T));
    return memory;
  };
  const CsrView matrix{pick.rows, pick.cols, pick.nnz(), place(pick.row_offsets), place(pick.col_indices), place(pick.values)};
  kernels::Execution execution = context_.execution();
  kernels::spmm({matrix, {lookup_.as<float>(), users() + items(), options_.dim}, vectors}, execution);
}

void LightGcn::score_block(std::span<const Query> queries, DenseView<float> scores) {
  refresh();
  const auto count = static_cast<int64_t>(queries.size());
  const DenseView<float> left{context_.arena().allocate_array<float>(count * options_.dim), count, options_.dim};
  query_vectors(queries, left);
  kernels::Execution execution = context_.execution();
  kernels::gemm({.a = left, .b = item_view(), .c = scores, .transpose_b = true}, execution);
}

std::vector<Ranking> LightGcn::rank_queries(std::span<const Query> queries, int64_t k, bool exclude,
                                            const HostCsr* also_exclude) {
  refresh();
  return recommending::rank_by_factors(
      *this, item_view(), queries, k, exclude, also_exclude,
      [this](std::span<const Query> block, DenseView<float> left) { query_vectors(block, left); });
}

Ranking LightGcn::similar_items(int32_t item, int64_t k) {
  refresh();
  return recommending::similar_by_factors(*this, item_view(), item, k);
}

DenseView<const float> LightGcn::item_view() const { return {item_vectors_.as<float>(), items(), options_.dim}; }

HostMatrix LightGcn::item_embeddings() try {
  refresh();
  return {items(), options_.dim,
          download(context_.stream(), item_vectors_.as<float>(), static_cast<std::size_t>(items() * options_.dim))};
} catch (...) {
  rethrow_as_error();
}

HostMatrix LightGcn::user_embeddings() try {
  refresh();
  return {users(), options_.dim,
          download(context_.stream(), lookup_.as<float>(), static_cast<std::size_t>(users() * options_.dim))};
} catch (...) {
  rethrow_as_error();
}

std::vector<io::NamedTensor> LightGcn::tensors() try {
  HostMatrix user_vectors = user_embeddings();
  HostMatrix item_vectors = item_embeddings();
  std::vector<float> fold_in =
      download(context_.stream(), lookup_.as<float>() + users() * options_.dim, static_cast<std::size_t>(items() * options_.dim));
  std::vector<io::NamedTensor> result;
  result.push_back({"users", users(), options_.dim, std::move(user_vectors.values)});
  result.push_back({"items", items(), options_.dim, std::move(item_vectors.values)});
  result.push_back({"fold_in", items(), options_.dim, std::move(fold_in)});
  return result;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
