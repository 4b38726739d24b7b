#include "engine/recommend/factors.h"

#include "heddle/error.h"

namespace heddle::recommending {

Ranking similar_by_factors(Recommender& model, DenseView<const float> item_vectors, int32_t item, int64_t k) {
  check_k(k);
  require(item >= 0 && item < item_vectors.rows, ErrorKind::usage, "item ", item, " is asked about, there are ",
          item_vectors.rows);
  Context& context = model.context();
  context.begin_step();
  kernels::Execution execution = context.execution();
  const int64_t d = item_vectors.cols;
  const DenseView<float> normed{context.arena().allocate_array<float>(item_vectors.size()), item_vectors.rows, d};
  kernels::normalise_rows(item_vectors, normed, execution);
  const HostCsr itself{.rows = 1, .cols = item_vectors.rows, .row_offsets = {0, 1}, .col_indices = {item}, .values = {}};
  const CsrView excluded = upload_step_csr(context, itself);
  const kernels::TopKOutput best = make_top_k_output(context, 1, k);
  kernels::score_top_k({.left = {normed.data + item * d, 1, d},
                        .right = normed,
                        .exclude = {{excluded.row_offsets, excluded.col_indices, nullptr}, {}},
                        .best = best},
                       execution);
  std::vector<Ranking> rankings;
  append_rankings(context, best, 1, rankings);
  return std::move(rankings.front());
}

}  // namespace heddle::recommending
