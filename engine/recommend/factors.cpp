#include "engine/recommend/factors.h"

#include <algorithm>

#include "heddle/error.h"
#include "kernels/common/thread_team.h"

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

Ranking similar_by_factors(Session& session, DenseView<const float> item_vectors, int32_t item, int64_t k) {
  Context& context = session.context();
  const int64_t d = item_vectors.cols;
  // The best of each part compete in the end.
  const int64_t per_part =
      std::max<int64_t>(part_bytes(context.stream()) / (std::max<int64_t>(d, 1) * static_cast<int64_t>(sizeof(float))), 1);
  Ranking all;
  for (int64_t first = 0; first < item_vectors.rows; first += per_part) {
    const int64_t count = std::min(per_part, item_vectors.rows - first);
    context.begin_step();
    kernels::Execution execution = context.execution();
    const auto normed = [&](int64_t from, int64_t rows) {
      const DenseView<float> copy{context.arena().allocate_array<float>(rows * d), rows, d};
      kernels::normalise_rows({item_vectors.data + from * d, rows, d}, copy, execution);
      return copy;
    };
    const DenseView<float> part = normed(first, count), own = normed(item, 1);
    const bool has_itself = item >= first && item < first + count;
    HostCsr itself{.rows = 1, .cols = count, .row_offsets = {0, has_itself ? 1 : 0}, .col_indices = {}, .values = {}};
    if (has_itself) itself.col_indices.push_back(static_cast<int32_t>(item - first));
    const CsrView excluded = upload_step_csr(context, itself);
    const kernels::TopKOutput best = make_top_k_output(context, 1, k);
    kernels::score_top_k(
        {.left = own, .right = part, .exclude = {{excluded.row_offsets, excluded.col_indices, nullptr}, {}}, .best = best},
        execution);
    std::vector<Ranking> rankings;
    append_rankings(context, best, 1, rankings);
    for (const RankedItem& each : rankings.front()) all.push_back({static_cast<int32_t>(each.item + first), each.score});
  }
  // Stable: parts ascend, so equal scores stay in the order of their items.
  std::stable_sort(all.begin(), all.end(), [](const RankedItem& a, const RankedItem& b) { return a.score > b.score; });
  if (static_cast<int64_t>(all.size()) > k) all.resize(static_cast<std::size_t>(k));
  return all;
}

}  // namespace heddle::recommending
