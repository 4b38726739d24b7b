#include "engine/recommend/factors.h"

#include <algorithm>
#include <numeric>

#include "heddle/error.h"
#include "kernels/common/thread_team.h"
#include "kernels/spmm/spmm.h"

namespace heddle::recommending {

namespace {

/// Of normed copies of vectors that are held at a time. On the cpu they stay in a core's cache until they are ranked, and a
/// session does not keep a copy of all items: a megabyte, or half of one for each thread. A GPU is better off with few large
/// launches.
int64_t part_bytes(const Stream& stream) {
  if (stream.kind() != DeviceKind::cpu) return block_bytes;
  return std::clamp<int64_t>((int64_t{512} << 10) * stream.thread_team().count, int64_t{1} << 20, block_bytes);
}

}  // namespace

Ranking similar_by_factors(Session& session, DenseView<const float> vectors, std::span<const int32_t> given, int64_t k,
                           std::span<const int32_t> left_out) {
  Context& context = session.context();
  const int64_t d = vectors.cols;
  const auto asked = static_cast<int64_t>(given.size());
  // The best of each part compete in the end.
  const int64_t per_part =
      std::max<int64_t>(part_bytes(context.stream()) / (std::max<int64_t>(d, 1) * static_cast<int64_t>(sizeof(float))), 1);
  Ranking all;
  for (int64_t first = 0; first < vectors.rows; first += per_part) {
    const int64_t count = std::min(per_part, vectors.rows - first);
    context.begin_step();
    kernels::Execution execution = context.execution();
    const auto make = [&](int64_t rows) { return DenseView<float>{context.arena().allocate_array<float>(rows * d), rows, d}; };
    const auto norm = [&](int64_t from, DenseView<float> copy) {
      kernels::normalise_rows({vectors.data + from * d, copy.rows, d}, copy, execution);
    };
    const DenseView<float> part = make(count), own = make(asked);
    norm(first, part);
    for (int64_t i = 0; i < asked; ++i) norm(given[static_cast<std::size_t>(i)], {own.data + i * d, 1, d});
    DenseView<float> left = own;
    if (asked > 1) {
      // The mean of cosines with several vectors is the product with the mean of these, each of norm 1.
      HostCsr mean{.rows = 1, .cols = asked, .row_offsets = {0, asked}, .col_indices = {}, .values = {}};
      mean.values.assign(given.size(), 1.0f / static_cast<float>(asked));
      mean.col_indices.resize(given.size());
      std::iota(mean.col_indices.begin(), mean.col_indices.end(), 0);
      left = make(1);
      kernels::spmm({upload_step_csr(context, mean), own, left}, execution);
    }
    HostCsr excluded{.rows = 1, .cols = count, .row_offsets = {0}, .col_indices = {}, .values = {}};
    const auto from = std::lower_bound(left_out.begin(), left_out.end(), static_cast<int32_t>(first));
    for (auto each = from; each != left_out.end() && *each < first + count; ++each)
      excluded.col_indices.push_back(static_cast<int32_t>(*each - first));
    excluded.row_offsets.push_back(excluded.nnz());
    const CsrView columns = upload_step_csr(context, excluded);
    const kernels::TopKOutput best = make_top_k_output(context, 1, k);
    kernels::score_top_k(
        {.left = left, .right = part, .exclude = {{columns.row_offsets, columns.col_indices, nullptr}, {}}, .best = best},
        execution);
    std::vector<Ranking> rankings;
    append_rankings(context, best, 1, rankings);
    for (const RankedItem& each : rankings.front()) all.push_back({static_cast<int32_t>(each.item + first), each.score});
  }
  // Stable: parts ascend, so equal scores stay in the order of their rows.
  std::stable_sort(all.begin(), all.end(), [](const RankedItem& a, const RankedItem& b) { return a.score > b.score; });
  if (static_cast<int64_t>(all.size()) > k) all.resize(static_cast<std::size_t>(k));
  return all;
}

}  // namespace heddle::recommending
