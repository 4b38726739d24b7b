#include "heddle/recommender.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"

namespace heddle {

Recommender::Recommender(HostCsr train) try : train_(std::move(train)) { recommending::check_csr(train_, "train"); } catch (...) {
  rethrow_as_error();
}

std::map<std::string, std::string> Recommender::how_fitted() const try {
  std::map<std::string, std::string> how{{"fitted", name()}};
  for (const auto& [key, value] : settings()) how[text(fit_prefix, key)] = value;
  return how;
} catch (...) {
  rethrow_as_error();
}

void Recommender::score(std::span<const Query> queries, DenseView<float> scores) try {
  recommending::check_queries(*this, queries);
  require(scores.rows == static_cast<int64_t>(queries.size()) && scores.cols == items(), ErrorKind::usage,
          "score: the scores are ", scores.rows, " x ", scores.cols, " for ", counted(queries.size(), "query", "queries"),
          " and ", counted(items(), "item"));
  float* to = scores.data;
  for (std::span<const Query> rest = queries, block; !rest.empty(); rest = rest.subspan(block.size())) {
    block = recommending::next_block(train_, rest, scratch_per_query(), nullptr, recommending::most_scored_at_once);
    const auto count = static_cast<int64_t>(block.size());
    score_block(block, {to, count, items()});
    to += count * items();
  }
} catch (...) {
  rethrow_as_error();
}

std::vector<Ranking> Recommender::rank(std::span<const Query> queries, int64_t k, bool exclude, const HostCsr* also_exclude) try {
  recommending::check_rank_request(*this, queries, k, also_exclude);
  return rank_queries(queries, k, exclude, also_exclude);
} catch (...) {
  rethrow_as_error();
}

std::vector<Ranking> Recommender::rank_queries(std::span<const Query> queries, int64_t k, bool exclude,
                                               const HostCsr* also_exclude) {
  std::vector<Ranking> rankings;
  rankings.reserve(queries.size());
  const int64_t floats = items() + scratch_per_query() + 2 * k;
  std::vector<Ranking> answers;
  while (rankings.size() < queries.size()) {
    std::span<const Query> block = recommending::next_block(train_, queries.subspan(rankings.size()), floats, also_exclude);
    // Where memory is what limits a block, the last one is filled up with queries before it: another size of block would take its
    // memory besides.
    const auto full = static_cast<std::size_t>(recommending::queries_per_block(floats));
    std::size_t again = 0;
    if (full < recommending::most_ranked_at_once && block.size() < full && rankings.size() + block.size() == queries.size()) {
      again = std::min(full - block.size(), rankings.size());
      block = queries.last(block.size() + again);
    }
    const auto count = static_cast<int64_t>(block.size());
    Context& c = context();
    c.begin_step();
    const DenseView<float> scores{c.arena().allocate_array<float>(count * items()), count, items()};
    score(block, scores);
    const kernels::ExcludedColumns excluded = recommending::excluded_columns(c, train_, block, exclude, also_exclude);
    const kernels::TopKOutput best = recommending::make_top_k_output(c, count, k);
    kernels::Execution execution = c.execution();
    kernels::top_k({.scores = scores, .exclude = {excluded, {}}, .best = best}, execution);
    answers.clear();
    recommending::append_rankings(c, best, count, answers);
    rankings.insert(rankings.end(), std::make_move_iterator(answers.begin() + static_cast<std::ptrdiff_t>(again)),
                    std::make_move_iterator(answers.end()));
  }
  return rankings;
}

Ranking Recommender::similar(int32_t item, int64_t k) try {
  recommending::check_k(k);
  require(item >= 0 && item < items(), ErrorKind::usage, "item ", item, " is asked about, ", there_are(items()));
  return similar_items(item, k);
} catch (...) {
  rethrow_as_error();
}

Ranking Recommender::similar_items(int32_t item, int64_t k) {
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

int64_t Recommender::model_bytes() try {
  int64_t bytes = 0;
  for (const io::NamedTensor& tensor : tensors()) bytes += static_cast<int64_t>(tensor.values.size() * sizeof(float));
  for (const io::NamedIntegers& array : integers()) {
    bytes += std::visit([](const auto& values) { return static_cast<int64_t>(values.size() * sizeof(values[0])); }, array.values);
  }
  return bytes;
} catch (...) {
  rethrow_as_error();
}

Ranking recommend(Recommender& model, std::span<const int32_t> items, int64_t k, bool exclude) try {
  const Query query{-1, {items.begin(), items.end()}};
  return model.rank({&query, 1}, k, exclude).front();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
