#include "heddle/recommender.h"

#include <algorithm>
#include <cmath>

#include "engine/recommend/queries.h"
#include "heddle/error.h"

namespace heddle {

Recommender::Recommender(HostCsr train) : train_(std::move(train)) { recommending::check_csr(train_, "train"); }

std::map<std::string, std::string> Recommender::how_fitted() const {
  std::map<std::string, std::string> how{{"fitted", name()}};
  for (const auto& [key, value] : settings()) how["fit." + key] = value;
  return how;
}

std::vector<Ranking> Recommender::rank(std::span<const Query> queries, int64_t k, bool exclude, const HostCsr* also_exclude) {
  recommending::check_rank_request(*this, queries, k, also_exclude);
  std::vector<Ranking> rankings;
  rankings.reserve(queries.size());
  const auto per_block = static_cast<std::size_t>(recommending::queries_per_block(items()));
  for (std::size_t first = 0; first < queries.size(); first += per_block) {
    const std::span<const Query> block = queries.subspan(first, std::min(per_block, queries.size() - first));
    const auto count = static_cast<int64_t>(block.size());
    Context& c = context();
    c.begin_step();
    const DenseView<float> scores{c.arena().allocate_array<float>(count * items()), count, items()};
    score(block, scores);
    const kernels::ExcludedColumns excluded = recommending::excluded_columns(c, train_, block, exclude, also_exclude);
    const kernels::TopKOutput best = recommending::make_top_k_output(c, count, k);
    kernels::Execution execution = c.execution();
    kernels::top_k({.scores = scores, .exclude = {excluded, {}}, .best = best}, execution);
    recommending::append_rankings(c, best, count, rankings);
  }
  return rankings;
}

Ranking Recommender::similar(int32_t item, int64_t k) {
  recommending::check_k(k);
  require(item >= 0 && item < items(), ErrorKind::usage, "item ", item, " is asked about, there are ", items());
  if (train_by_item_.rows != items()) train_by_item_ = transpose(train_);
  const auto weight = [](const HostCsr& matrix, int64_t at) {
    return matrix.values.empty() ? 1.0 : static_cast<double>(matrix.values[static_cast<std::size_t>(at)]);
  };
  std::vector<double> products(static_cast<std::size_t>(items()));
  std::vector<int32_t> reached;
  const std::vector<int64_t>& item_offsets = train_by_item_.row_offsets;
  for (int64_t by_user = item_offsets[static_cast<std::size_t>(item)]; by_user < item_offsets[static_cast<std::size_t>(item) + 1];
       ++by_user) {
    const auto user = static_cast<std::size_t>(train_by_item_.col_indices[static_cast<std::size_t>(by_user)]);
    for (int64_t at = train_.row_offsets[user]; at < train_.row_offsets[user + 1]; ++at) {
      const int32_t other = train_.col_indices[static_cast<std::size_t>(at)];
      double& product = products[static_cast<std::size_t>(other)];
      if (product == 0) reached.push_back(other);
      product += weight(train_by_item_, by_user) * weight(train_, at);
    }
  }
  const auto norm = [&](int32_t i) {
    double squares = 0;
    for (int64_t at = item_offsets[static_cast<std::size_t>(i)]; at < item_offsets[static_cast<std::size_t>(i) + 1]; ++at) {
      squares += weight(train_by_item_, at) * weight(train_by_item_, at);
    }
    return std::sqrt(squares);
  };
  const double own = norm(item);
  Ranking ranking;
  for (const int32_t other : reached) {
    if (other == item) continue;
    ranking.push_back({other, static_cast<float>(products[static_cast<std::size_t>(other)] / (own * norm(other)))});
  }
  const auto wanted = std::min(static_cast<std::size_t>(k), ranking.size());
  std::partial_sort(
      ranking.begin(), ranking.begin() + static_cast<std::ptrdiff_t>(wanted), ranking.end(),
      [](const RankedItem& a, const RankedItem& b) { return a.score != b.score ? a.score > b.score : a.item < b.item; });
  ranking.resize(wanted);
  return ranking;
}

int64_t Recommender::model_bytes() {
  int64_t bytes = 0;
  for (const io::NamedTensor& tensor : tensors()) bytes += static_cast<int64_t>(tensor.values.size() * sizeof(float));
  for (const io::NamedIntegers& array : integers()) {
    bytes += std::visit([](const auto& values) { return static_cast<int64_t>(values.size() * sizeof(values[0])); }, array.values);
  }
  return bytes;
}

Ranking recommend(Recommender& model, std::span<const int32_t> items, int64_t k, bool exclude) {
  const Query query{-1, {items.begin(), items.end()}};
  return model.rank({&query, 1}, k, exclude).front();
}

}  // namespace heddle
