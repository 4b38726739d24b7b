#include "heddle/recommender.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "engine/recommend/item_columns.h"
#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/device/backend.h"

namespace heddle {

namespace {

/// Throws Error{bad_data} for what are no interactions.
std::shared_ptr<const HostCsr> checked_interactions(std::shared_ptr<const HostCsr> train) {
  require(train != nullptr, ErrorKind::usage, "a recommender needs interactions, these are null");
  recommending::check_csr(*train, "train");
  return train;
}

/// The numbers of what is asked about, in order. Throws Error{usage} unless they are of `count`, each once, and there is one.
std::vector<int32_t> ascending(std::span<const int32_t> asked, int64_t count, const char* what) {
  require(!asked.empty(), ErrorKind::usage, "no ", what, " is asked about");
  std::vector<int32_t> sorted(asked.begin(), asked.end());
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    require(sorted[i] >= 0 && sorted[i] < count, ErrorKind::usage, what, " ", sorted[i], " is asked about, ", there_are(count));
    require(i == 0 || sorted[i] != sorted[i - 1], ErrorKind::usage, what, " ", sorted[i], " is asked about twice");
  }
  return sorted;
}

}  // namespace

Recommender::Recommender(std::shared_ptr<const HostCsr> train, const Device& device, Likeness likeness) try
    : train_(checked_interactions(std::move(train))),
      columns_(likeness == Likeness::columns ? std::make_shared<const recommending::ItemColumns>(*train_) : nullptr),
      device_(device) {
} catch (...) {
  rethrow_as_error();
}

void Recommender::share_interactions(const Recommender& other) noexcept {
  if (train_->rows != other.train_->rows || train_->cols != other.train_->cols ||
      train_->row_offsets != other.train_->row_offsets || train_->col_indices != other.train_->col_indices ||
      train_->values != other.train_->values)
    return;
  train_ = other.train_;
  if (columns_ != nullptr && other.columns_ != nullptr) columns_ = other.columns_;
}

void Recommender::check_session(const Session& session) const {
  const kernels::Backend &own = *device_.backend(), &asked = *session.device().backend();
  if (own.kind() == asked.kind() && own.index() == asked.index()) return;
  fail(ErrorKind::usage, name(), " is on ", device_.description(), ", the session on ", session.device().description(),
       "; it is asked in a session on its own device");
}

std::map<std::string, std::string> Recommender::how_fitted() const try {
  std::map<std::string, std::string> how{{"fitted", name()}};
  for (const auto& [key, value] : settings()) how[text(fit_prefix, key)] = value;
  return how;
} catch (...) {
  rethrow_as_error();
}

void Recommender::score(Session& session, std::span<const Query> queries, DenseView<float> scores) const try {
  check_session(session);
  recommending::check_queries(*this, queries);
  require(scores.rows == static_cast<int64_t>(queries.size()) && scores.cols == items(), ErrorKind::usage,
          "score: the scores are ", scores.rows, " x ", scores.cols, " for ", counted(queries.size(), "query", "queries"),
          " and ", counted(items(), "item"));
  const Session::Request request(session);
  float* to = scores.data;
  for (std::span<const Query> rest = queries, block; !rest.empty(); rest = rest.subspan(block.size())) {
    block = recommending::next_block(*train_, rest, scratch_per_query(), nullptr, recommending::most_scored_at_once);
    const auto count = static_cast<int64_t>(block.size());
    score_block(session, block, {to, count, items()});
    to += count * items();
  }
} catch (...) {
  rethrow_as_error();
}

void Recommender::score_pairs(Session& session, std::span<const int32_t> users, std::span<const int32_t> items,
                              std::span<float> scores) const try {
  require(users.size() == items.size() && scores.size() == users.size(), ErrorKind::usage,
          "score_pairs: ", counted(users.size(), "user"), ", ", counted(items.size(), "item"), " and room for ",
          counted(scores.size(), "score"));
  for (std::size_t i = 0; i < users.size(); ++i) {
    require(users[i] >= 0 && users[i] < this->users(), ErrorKind::usage, "user ", users[i], " is asked about, ",
            there_are(this->users()));
    require(items[i] >= 0 && items[i] < this->items(), ErrorKind::usage, "item ", items[i], " is asked about, ",
            there_are(this->items()));
  }
  check_session(session);
  const Session::Request request(session);
  std::vector<std::size_t> order(users.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return users[a] < users[b]; });
  const auto most = static_cast<std::size_t>(recommending::queries_per_block(this->items() + scratch_per_query()));
  Context& context = session.context();
  std::vector<Query> queries;
  for (std::size_t next = 0; next < order.size();) {
    const std::size_t first = next;
    queries.clear();
    for (; next < order.size(); ++next) {
      const int32_t user = users[order[next]];
      if (!queries.empty() && queries.back().user == user) continue;
      if (queries.size() == most) break;
      queries.push_back({user, {}});
    }
    context.begin_step();
    const auto rows = static_cast<int64_t>(queries.size());
    const DenseView<float> block{context.arena().allocate_array<float>(rows * this->items()), rows, this->items()};
    score(session, queries, block);
    const std::vector<float> values = download(context.stream(), block.data, static_cast<std::size_t>(block.size()));
    std::size_t row = 0;
    for (std::size_t i = first; i < next; ++i) {
      const std::size_t pair = order[i];
      if (queries[row].user != users[pair]) ++row;
      scores[pair] = values[row * static_cast<std::size_t>(this->items()) + static_cast<std::size_t>(items[pair])];
    }
  }
} catch (...) {
  rethrow_as_error();
}

Rankings Recommender::rank(Session& session, std::span<const Query> queries, const RankOptions& options) const try {
  check_session(session);
  recommending::check_rank_request(*this, queries, options);
  const Session::Request request(session);
  return rank_queries(session, queries, options);
} catch (...) {
  rethrow_as_error();
}

Ranking Recommender::recommend(Session& session, std::span<const int32_t> items, const RankOptions& options) const try {
  const Query query{-1, {items.begin(), items.end()}};
  return rank(session, {&query, 1}, options).front();
} catch (...) {
  rethrow_as_error();
}

std::vector<Ranking> Recommender::rank_queries(Session& session, std::span<const Query> queries,
                                               const RankOptions& options) const {
  std::vector<Ranking> rankings;
  rankings.reserve(queries.size());
  const int64_t floats = items() + scratch_per_query() + 2 * options.k;
  const std::vector<int32_t> of_all = recommending::left_out_of_all(options, items());
  std::vector<Ranking> answers;
  while (rankings.size() < queries.size()) {
    recommending::ranking_told(options, rankings.size(), queries.size());
    std::span<const Query> block =
        recommending::next_block(*train_, queries.subspan(rankings.size()), floats, options.also_exclude);
    // Where memory is what limits a block, the last one is filled up with queries before it: another size of block would take its
    // memory besides.
    const auto full = static_cast<std::size_t>(recommending::queries_per_block(floats));
    std::size_t again = 0;
    if (full < recommending::most_ranked_at_once && block.size() < full && rankings.size() + block.size() == queries.size()) {
      again = std::min(full - block.size(), rankings.size());
      block = queries.last(block.size() + again);
    }
    const auto count = static_cast<int64_t>(block.size());
    Context& context = session.context();
    context.begin_step();
    const DenseView<float> scores{context.arena().allocate_array<float>(count * items()), count, items()};
    score(session, block, scores);
    const auto [own, shared] = recommending::excluded_columns(context, *train_, block, options, of_all);
    const kernels::TopKOutput best = recommending::make_top_k_output(context, count, options.k);
    kernels::Execution execution = context.execution();
    kernels::top_k({.scores = scores, .exclude = {own, shared}, .best = best}, execution);
    answers.clear();
    recommending::append_rankings(context, best, count, answers);
    rankings.insert(rankings.end(), std::make_move_iterator(answers.begin() + static_cast<std::ptrdiff_t>(again)),
                    std::make_move_iterator(answers.end()));
  }
  return rankings;
}

Ranking Recommender::similar(Session& session, std::span<const int32_t> asked, const RankOptions& options) const try {
  check_session(session);
  recommending::check_rank_request(*this, {}, options);
  std::vector<int32_t> left_out = ascending(asked, items(), "item");
  if (!options.leave_out.empty() || options.only) {
    const std::vector<int32_t> of_all = recommending::left_out_of_all(options, items());
    std::vector<int32_t> both;
    std::set_union(left_out.begin(), left_out.end(), of_all.begin(), of_all.end(), std::back_inserter(both));
    left_out = std::move(both);
  }
  const Session::Request request(session);
  return similar_items(session, asked, options.k, left_out);
} catch (...) {
  rethrow_as_error();
}

Ranking Recommender::similar(Session& session, int32_t item, int64_t k) const try {
  return similar(session, {&item, 1}, {.k = k});
} catch (...) {
  rethrow_as_error();
}

Ranking Recommender::similar_users(Session& session, std::span<const int32_t> asked, int64_t k) const try {
  check_session(session);
  recommending::check_k(k);
  ascending(asked, users(), "user");
  const Session::Request request(session);
  return similar_to_users(session, asked, k);
} catch (...) {
  rethrow_as_error();
}

const recommending::ItemColumns& Recommender::columns() const {
  require(columns_ != nullptr, ErrorKind::internal, name(),
          ": it has no notion of what is alike, and kept no columns to compare");
  return *columns_;
}

Ranking Recommender::similar_items(Session&, std::span<const int32_t> asked, int64_t k, std::span<const int32_t> left_out) const {
  return columns().most_alike(*train_, asked, k, left_out);
}

Ranking Recommender::similar_to_users(Session&, std::span<const int32_t> asked, int64_t k) const {
  return columns().users_most_alike(*train_, asked, k);
}

int64_t Recommender::model_bytes() const try {
  int64_t bytes = 0;
  for (const io::NamedTensor& tensor : tensors()) bytes += static_cast<int64_t>(tensor.values.size() * sizeof(float));
  for (const io::NamedIntegers& array : integers()) {
    bytes += std::visit([](const auto& values) { return static_cast<int64_t>(values.size() * sizeof(values[0])); }, array.values);
  }
  return bytes;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
