#include <algorithm>

#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/kinds.h"
#include "heddle/rethrow.h"

// Every query has the same scores, so ranking is a walk down one sorted list, past what is left out.
namespace heddle {

namespace {

class Popularity final : public Recommender {
 public:
  /// `counts`: how many users have each item; null: to be counted.
  Popularity(std::shared_ptr<const HostCsr> train, const std::vector<float>* counts, const Device& device)
      : Recommender(std::move(train), device),
        counts_(counts != nullptr ? *counts : recommending::counts_of_items(this->train())),
        order_(recommending::by_count(counts_)) {}

  std::string name() const override { return "popularity"; }
  std::map<std::string, std::string> settings() const override { return {}; }
  std::vector<io::NamedTensor> tensors() const override { return {}; }

 protected:
  void score_block(Session& session, std::span<const Query> queries, DenseView<float> scores) const override {
    for (std::size_t row = 0; row < queries.size(); ++row) {
      upload(session.context().stream(), scores.data + static_cast<int64_t>(row) * items(), counts_.data(),
             counts_.size() * sizeof(float));
    }
  }

  std::vector<Ranking> rank_queries(Session&, std::span<const Query> queries, const RankOptions& options) const override {
    std::vector<Ranking> rankings;
    rankings.reserve(queries.size());
    const std::vector<int32_t> of_all = recommending::left_out_of_all(options, items());
    std::vector<bool> left_out(counts_.size());
    const auto mark = [&](std::span<const int32_t> list, bool out) {
      for (const int32_t item : list) left_out[static_cast<std::size_t>(item)] = out;
    };
    mark(of_all, true);
    for (const Query& query : queries) {
      if (rankings.size() % recommending::most_ranked_at_once == 0)
        recommending::ranking_told(options, rankings.size(), queries.size());
      std::vector<int32_t> own;
      if (options.exclude_taken) own = recommending::query_rows(train(), {&query, 1}).col_indices;
      if (options.also_exclude != nullptr) {
        const std::span<const int32_t> others = options.also_exclude->row(query.user);
        own.insert(own.end(), others.begin(), others.end());
      }
      std::erase_if(own, [&](int32_t item) { return left_out[static_cast<std::size_t>(item)]; });  // those stay so
      mark(own, true);
      Ranking& ranking = rankings.emplace_back();
      for (const int32_t item : order_) {
        if (static_cast<int64_t>(ranking.size()) == options.k) break;
        if (!left_out[static_cast<std::size_t>(item)]) ranking.push_back({item, counts_[static_cast<std::size_t>(item)]});
      }
      mark(own, false);
    }
    return rankings;
  }

 private:
  std::vector<float> counts_;   ///< exact: a float holds whole numbers to 2^24
  std::vector<int32_t> order_;  ///< recommending::by_count
};

}  // namespace

std::unique_ptr<Recommender> make_popularity(const InteractionDataset& data, const Device& device) try {
  return std::make_unique<Popularity>(std::make_shared<const HostCsr>(data.train), nullptr, device);
} catch (...) {
  rethrow_as_error();
}

Kind popularity_kind() {
  Kind kind{.name = "popularity", .summary = "by how many users have the item", .source = "definition"};
  kind.recommender.make = [](const InteractionDataset& data, const Settings&, uint64_t, const Device& device,
                             const ProgressCallback&) { return make_popularity(data, device); };
  kind.recommender.load = [](RecommenderParts&& parts, const Device& device) {
    return std::make_unique<Popularity>(std::move(parts.train), parts.item_counts.get(), device);
  };
  return kind;
}

}  // namespace heddle
