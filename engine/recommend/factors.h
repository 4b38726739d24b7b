#pragma once

#include <span>
#include <vector>

#include "engine/recommend/queries.h"
#include "heddle/recommender.h"

// Ranking for models whose score is a product of a query's vector and an item's: scores are never written to memory as a whole.
namespace heddle::recommending {

/// Queries whose vectors and results are held at a time.
inline constexpr std::size_t factor_block = 1024;

/// The best items of each query by <left row, item vector>. `item_vectors`, items x d, lives across the steps;
/// left_rows(queries, left) fills in left [queries x d] for a block of at most factor_block queries, in the step that this began.
/// Otherwise as Recommender::rank_queries.
template <class LeftRows>
std::vector<Ranking> rank_by_factors(const Recommender& model, Session& session, DenseView<const float> item_vectors,
                                     std::span<const Query> queries, const RankOptions& options, const LeftRows& left_rows) {
  Context& context = session.context();
  std::vector<Ranking> rankings;
  rankings.reserve(queries.size());
  const int64_t floats = item_vectors.cols + 2 * options.k;
  const std::vector<int32_t> of_all = left_out_of_all(options, model.items());
  for (std::span<const Query> rest = queries, block; !rest.empty(); rest = rest.subspan(block.size())) {
    ranking_told(options, rankings.size(), queries.size());
    block = next_block(model.train(), rest, floats, options.also_exclude, factor_block);
    const auto count = static_cast<int64_t>(block.size());
    context.begin_step();
    const int64_t d = item_vectors.cols;
    const DenseView<float> left{context.arena().allocate_array<float>(count * d), count, d};
    left_rows(block, left);
    const auto [own, shared] = excluded_columns(context, model.train(), block, options, of_all);
    const kernels::TopKOutput best = make_top_k_output(context, count, options.k);
    kernels::Execution execution = context.execution();
    kernels::score_top_k({.left = left, .right = item_vectors, .exclude = {own, shared}, .best = best}, execution);
    append_rankings(context, best, count, rankings);
  }
  return rankings;
}

/// The `k` rows of `vectors` that have the largest cosine with the rows `given`, on average; none of `left_out`, which ascends.
/// Begins steps.
Ranking similar_by_factors(Session& session, DenseView<const float> vectors, std::span<const int32_t> given, int64_t k,
                           std::span<const int32_t> left_out);

}  // namespace heddle::recommending
