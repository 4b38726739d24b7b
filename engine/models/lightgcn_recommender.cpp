#include "engine/models/lightgcn_recommender.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/recommend/factors.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/dense/dense.h"
#include "kernels/spmm/spmm.h"

namespace heddle {

namespace {

class LightGcnRecommender final : public Recommender {
 public:
  LightGcnRecommender(std::shared_ptr<const HostCsr> interactions, recommending::LightGcnHistory history, Buffer lookup,
                      Buffer item_vectors, const Device& device)
      : Recommender(std::move(interactions), device, Likeness::own),
        history_(std::move(history)),
        lookup_(std::move(lookup)),
        item_vectors_(std::move(item_vectors)) {}

  std::string name() const override { return "lightgcn"; }
  Settings settings() const override try { return lightgcn_settings().write(history_.options); } catch (...) {
    rethrow_as_error();
  }
  Settings trained_with() const override try { return history_.trained_with; } catch (...) {
    rethrow_as_error();
  }
  std::map<std::string, std::string> how_fitted() const override try {
    if (history_.asked.empty()) return {};
    std::map<std::string, std::string> how = Recommender::how_fitted();
    for (const auto& [key, value] : history_.asked) how[text(fit_prefix, key)] = value;
    how["seed"] = number_text(history_.options.seed);
    return how;
  } catch (...) {
    rethrow_as_error();
  }

  int64_t scratch_per_query() const override { return dim(); }

  HostMatrix item_embeddings() const override try { return to_host(item_vectors_.as<float>(), items()); } catch (...) {
    rethrow_as_error();
  }
  HostMatrix user_embeddings() const override try { return to_host(lookup_.as<float>(), users()); } catch (...) {
    rethrow_as_error();
  }
  std::vector<io::NamedTensor> tensors() const override try {
    std::vector<io::NamedTensor> result;
    const auto add = [&](const char* name, const float* vectors, int64_t rows) {
      result.push_back({name, rows, dim(), to_host(vectors, rows).values});
    };
    add("users", lookup_.as<float>(), users());
    add("items", item_vectors_.as<float>(), items());
    add("fold_in", lookup_.as<float>() + users() * dim(), items());
    return result;
  } catch (...) {
    rethrow_as_error();
  }

 protected:
  void score_block(Session& session, std::span<const Query> queries, DenseView<float> scores) const override {
    Context& context = session.context();
    const auto count = static_cast<int64_t>(queries.size());
    const DenseView<float> left{context.arena().allocate_array<float>(count * dim()), count, dim()};
    query_vectors(context, queries, left);
    kernels::Execution execution = context.execution();
    kernels::gemm({.a = left, .b = item_view(), .c = scores, .transpose_b = true}, execution);
  }

  std::vector<Ranking> rank_queries(Session& session, std::span<const Query> queries, const RankOptions& options) const override {
    return recommending::rank_by_factors(
        *this, session, item_view(), queries, options,
        [&](std::span<const Query> block, DenseView<float> left) { query_vectors(session.context(), block, left); });
  }

  Ranking similar_items(Session& session, std::span<const int32_t> asked, int64_t k,
                        std::span<const int32_t> left_out) const override {
    return recommending::similar_by_factors(session, item_view(), asked, k, left_out);
  }

  Ranking similar_to_users(Session& session, std::span<const int32_t> asked, int64_t k) const override {
    std::vector<int32_t> themselves(asked.begin(), asked.end());
    std::sort(themselves.begin(), themselves.end());
    return recommending::similar_by_factors(session, {lookup_.as<float>(), users(), dim()}, asked, k, themselves);
  }

 private:
  int64_t dim() const { return history_.options.dim; }
  DenseView<const float> item_view() const { return {item_vectors_.as<float>(), items(), dim()}; }

  HostMatrix to_host(const float* vectors, int64_t rows) const {
    Stream stream(device().backend());
    return {rows, dim(), download(stream, vectors, static_cast<std::size_t>(rows * dim()))};
  }

  /// vectors [queries x dim] of known users and visitors, in the step.
  void query_vectors(Context& context, std::span<const Query> queries, DenseView<float> vectors) const {
    // One sparse product serves both kinds: a known user is one row of the table, a visitor the sum of some.
    HostCsr pick;
    pick.rows = static_cast<int64_t>(queries.size());
    pick.cols = users() + items();
    for (const Query& query : queries) {
      if (query.user >= 0) {
        pick.col_indices.push_back(query.user);
        pick.values.push_back(1);
      } else {
        for (const int32_t item : query.items) {
          pick.col_indices.push_back(static_cast<int32_t>(users() + item));
          pick.values.push_back(static_cast<float>(1 / std::sqrt(static_cast<double>(query.items.size()))));
        }
      }
      pick.row_offsets.push_back(pick.nnz());
    }
    const CsrView matrix = recommending::upload_step_csr(context, pick);
    kernels::Execution execution = context.execution();
    kernels::spmm({matrix, {lookup_.as<float>(), users() + items(), dim()}, vectors}, execution);
  }

  recommending::LightGcnHistory history_;
  Buffer lookup_, item_vectors_;  ///< see make_lightgcn_recommender
};

}  // namespace

std::unique_ptr<Recommender> recommending::make_lightgcn_recommender(std::shared_ptr<const HostCsr> train,
                                                                     LightGcnHistory history, Buffer lookup, Buffer item_vectors,
                                                                     const Device& device) {
  return std::make_unique<LightGcnRecommender>(std::move(train), std::move(history), std::move(lookup), std::move(item_vectors),
                                               device);
}

std::unique_ptr<Recommender> recommending::load_lightgcn(RecommenderParts&& parts, const LightGcnOptions& options,
                                                         const Device& device) {
  const int64_t users = parts.train->rows, items = parts.train->cols, d = options.dim;
  Stream stream(device.backend());
  const auto bytes = [d](int64_t rows) { return static_cast<std::size_t>(rows * d) * sizeof(float); };
  Buffer lookup(stream, bytes(users + items)), item_vectors(stream, bytes(items));
  parts.read_matrix("users", users, d, stream, lookup.as<float>());
  parts.read_matrix("fold_in", items, d, stream, lookup.as<float>() + users * d);
  parts.read_matrix("items", items, d, stream, item_vectors.as<float>());
  stream.synchronise();
  return make_lightgcn_recommender(parts.train, {options, std::move(parts.trained_with), {}}, std::move(lookup),
                                   std::move(item_vectors), device);
}

}  // namespace heddle
