#include <cmath>

#include "engine/recommend/queries.h"
#include "engine/recommend/singular_vectors.h"
#include "heddle/error.h"
#include "heddle/kinds.h"
#include "heddle/rethrow.h"
#include "kernels/dense/dense.h"
#include "kernels/scores/scores.h"
#include "kernels/spmm/spmm.h"

// With N = D_U^-1/2 R D_I^-1/2 and a block's interactions B (queries x items), scores^T = N^T (N B^T) + D_I^1/2 V (B D_I^-1/2
// V)^T alpha. The first product is sparse by sparse, a few items a query; the second sparse by dense with the block as columns,
// since two steps from a user are most of the catalogue.
namespace heddle {

namespace {

const SettingTable<GraphFilterOptions>& graph_filter_table() {
  static const SettingTable<GraphFilterOptions> table(
      "graph-filter",
      {setting("rank", &GraphFilterOptions::rank, 0, 4096,
               "singular vectors of the ideal low-pass filter; 0: the linear filter alone"),
       setting("alpha", &GraphFilterOptions::alpha, Range::at_least(0),
               "weight of the ideal low-pass filter beside the linear one"),
       setting("iterations", &GraphFilterOptions::iterations, 1, 1000, "subspace iterations of the randomised SVD"),
       setting("oversample", &GraphFilterOptions::oversample, 0, 4096,
               "vectors that the randomised SVD carries beyond the rank")});
  return table;
}

/// Sums of the rows' and of the columns' weights; 1 where there are none, so that they can be divided by.
struct Degrees {
  std::vector<double> user, item;
};

Degrees degrees_of(const HostCsr& train) {
  Degrees degrees{std::vector<double>(static_cast<std::size_t>(train.rows)),
                  std::vector<double>(static_cast<std::size_t>(train.cols))};
  for (std::size_t user = 0; user < degrees.user.size(); ++user) {
    for (auto k = static_cast<std::size_t>(train.row_offsets[user]); k < static_cast<std::size_t>(train.row_offsets[user + 1]);
         ++k) {
      const double weight = train.values.empty() ? 1.0 : train.values[k];
      degrees.user[user] += weight;
      degrees.item[static_cast<std::size_t>(train.col_indices[k])] += weight;
    }
  }
  for (std::vector<double>* side : {&degrees.user, &degrees.item}) {
    for (double& degree : *side) degree = degree > 0 ? degree : 1;
  }
  return degrees;
}

/// A matrix of the weights, users x items or its transpose, each over the roots of its row's and its column's degree.
HostCsr normalised(HostCsr matrix, const std::vector<double>& row_degrees, const std::vector<double>& col_degrees) {
  const bool weighted = !matrix.values.empty();
  matrix.values.resize(matrix.col_indices.size(), 1.0f);
  for (std::size_t row = 0; row < row_degrees.size(); ++row) {
    for (auto k = static_cast<std::size_t>(matrix.row_offsets[row]); k < static_cast<std::size_t>(matrix.row_offsets[row + 1]);
         ++k) {
      const double weight = weighted ? matrix.values[k] : 1.0;
      const double column = col_degrees[static_cast<std::size_t>(matrix.col_indices[k])];
      matrix.values[k] = static_cast<float>(weight / std::sqrt(row_degrees[row] * column));
    }
  }
  return matrix;
}

class GraphFilter final : public Recommender {
 public:
  /// `saved`: holds V of a saved model; null: V is computed, and `progress` told of it.
  GraphFilter(std::shared_ptr<const HostCsr> interactions, const GraphFilterOptions& options, const RecommenderParts* saved,
              const Device& device, const ProgressCallback& progress = {})
      : Recommender(std::move(interactions), device), options_(options), loaded_(saved != nullptr) {
    Stream stream(device.backend());
    const Degrees degrees = degrees_of(train());
    std::vector<float> scale;
    for (const double degree : degrees.item) {
      scale.push_back(static_cast<float>(options.alpha * std::sqrt(degree)));
      inverse_roots_.push_back(static_cast<float>(1 / std::sqrt(degree)));
    }
    item_scale_ = Buffer::upload(stream, scale);
    by_item_ = recommending::DeviceCsr(stream, normalised(transpose(train()), degrees.item, degrees.user));
    stream.synchronise();  // from here on any stream may read them
    if (saved != nullptr) {
      read_vectors(*saved, stream);
    } else {
      compute_vectors(degrees, stream, progress);
    }
    stream.synchronise();
  }

  std::string name() const override { return "graph-filter"; }
  std::map<std::string, std::string> settings() const override try { return graph_filter_table().write(options_); } catch (...) {
    rethrow_as_error();
  }
  std::map<std::string, std::string> how_fitted() const override try {
    std::map<std::string, std::string> how = Recommender::how_fitted();
    if (!loaded_) how["seed"] = number_text(options_.seed);
    return how;
  } catch (...) {
    rethrow_as_error();
  }

  int64_t scratch_per_query() const override { return 2 * users() + items() + (rank_ > 0 ? items() + rank_ : 0); }

  std::vector<io::NamedTensor> tensors() const override try {
    Stream stream(device().backend());
    return {{"vectors", items(), rank_, download(stream, vectors_.as<float>(), static_cast<std::size_t>(items() * rank_))}};
  } catch (...) {
    rethrow_as_error();
  }

 protected:
  void score_block(Session& session, std::span<const Query> queries, DenseView<float> scores) const override {
    Context& context = session.context();
    Arena& arena = context.arena();
    kernels::Execution execution = context.execution();
    const auto count = static_cast<int64_t>(queries.size());
    const auto make = [&](int64_t rows, int64_t cols) {
      return DenseView<float>{arena.allocate_array<float>(rows * cols), rows, cols};
    };
    HostCsr rows = recommending::query_rows(train(), queries);
    const CsrView block = recommending::upload_step_csr(context, rows);

    const DenseView<float> by_query = make(count, users()), by_user = make(users(), count);
    kernels::sparse_product({.a = block, .b = by_item_.view(), .y = by_query}, execution);
    kernels::add_transposed({.x = by_query, .y = by_user}, execution);
    arena.give_back(by_query.data);
    const DenseView<float> linear = make(items(), count);
    kernels::spmm({.a = by_item_.view(), .x = by_user, .y = linear}, execution);
    arena.give_back(by_user.data);
    if (rank_ == 0) {
      kernels::add_transposed({.x = linear, .y = scores}, execution);
    } else {
      rows.values.resize(rows.col_indices.size(), 1.0f);
      for (std::size_t k = 0; k < rows.values.size(); ++k) {
        rows.values[k] *= inverse_roots_[static_cast<std::size_t>(rows.col_indices[k])];
      }
      const DenseView<float> projected = make(count, rank_), low_pass = make(items(), count);
      kernels::spmm({.a = recommending::upload_step_csr(context, rows), .x = vectors(), .y = projected}, execution);
      kernels::gemm({.a = vectors(), .b = projected, .c = low_pass, .transpose_b = true}, execution);
      kernels::add_transposed({.x = linear, .z = low_pass, .scale = item_scale_.as<float>(), .y = scores}, execution);
      arena.give_back(projected.data);
      arena.give_back(low_pass.data);
    }
    arena.give_back(linear.data);
  }

 private:
  void compute_vectors(const Degrees& degrees, Stream& stream, const ProgressCallback& progress) {
    Context context(device(), options_.seed);
    context.set_training(false);
    const recommending::DeviceCsr by_user(context.stream(), normalised(train(), degrees.user, degrees.item));
    const HostMatrix computed = recommending::right_singular_vectors(
        context, by_user.view(), by_item_.view(),
        {.rank = options_.rank, .oversample = options_.oversample, .iterations = options_.iterations, .seed = options_.seed},
        [&](double share) { recommending::fitting_told(progress, "graph-filter", share); });
    rank_ = computed.cols;
    vectors_ = Buffer::upload(stream, computed.values);
  }
  void read_vectors(const RecommenderParts& saved, Stream& stream) {
    rank_ = saved.cols("vectors");
    vectors_ = Buffer(stream, static_cast<std::size_t>(items() * rank_) * sizeof(float));
    saved.read_matrix("vectors", items(), rank_, stream, vectors_.as<float>());
  }
  DenseView<const float> vectors() const { return {vectors_.as<float>(), items(), rank_}; }

  GraphFilterOptions options_;
  bool loaded_;                       ///< then the seed is not known
  recommending::DeviceCsr by_item_;   ///< N^T
  int64_t rank_ = 0;                  ///< columns of V
  Buffer vectors_;                    ///< V, items x rank
  Buffer item_scale_;                 ///< alpha sqrt(degree) of each item
  std::vector<float> inverse_roots_;  ///< 1 / sqrt(degree) of each item
};

}  // namespace

void GraphFilterOptions::check() const { graph_filter_table().check(*this); }

std::unique_ptr<Recommender> make_graph_filter(const InteractionDataset& data, const GraphFilterOptions& options,
                                               const Device& device, const ProgressCallback& progress) try {
  options.check();
  return std::make_unique<GraphFilter>(std::make_shared<const HostCsr>(data.train), options, nullptr, device, progress);
} catch (...) {
  rethrow_as_error();
}

Kind graph_filter_kind() {
  Kind kind{.name = "graph-filter",
            .summary = "low-pass filter of the item-item graph, nothing to train",
            .source = "Shen et al. 2021 (GF-CF)"};
  kind.settings = graph_filter_table().rows();
  kind.folds_in = true;
  kind.needs_history = true;  // its first term is a product with the interactions
  kind.recommender.parts = [](const Settings& settings, int64_t, int64_t items) -> std::vector<PartShape> {
    // Fewer than the rank where the interactions have fewer singular vectors.
    return {{"vectors", items, 0, graph_filter_table().read(settings).rank}};
  };
  kind.recommender.make = [](const InteractionDataset& data, const Settings& settings, uint64_t seed, const Device& device,
                             const ProgressCallback& progress) {
    GraphFilterOptions options = graph_filter_table().read(settings);
    options.seed = seed;
    return make_graph_filter(data, options, device, progress);
  };
  kind.recommender.load = [](RecommenderParts&& parts, const Device& device) {
    return std::make_unique<GraphFilter>(parts.train, graph_filter_table().read(parts.settings), &parts, device);
  };
  return kind;
}

}  // namespace heddle
