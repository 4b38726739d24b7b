#include <algorithm>
#include <numeric>

#include "engine/recommend/kinds.h"
#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"

// Every query has the same scores, so ranking is a walk down one sorted list, past what is left out.
namespace heddle {

namespace {

class Popularity final : public Recommender {
 public:
  Popularity(HostCsr train, const Device& device)
      : Recommender(std::move(train)), context_(device), counts_(static_cast<std::size_t>(items())) {
    context_.set_training(false);
    for (const int32_t item : this->train().col_indices) ++counts_[static_cast<std::size_t>(item)];
    order_.resize(counts_.size());
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(), [&](int32_t a, int32_t b) {
      return counts_[static_cast<std::size_t>(a)] > counts_[static_cast<std::size_t>(b)];
    });
  }

  std::string name() const override { return "popularity"; }
  std::map<std::string, std::string> settings() const override { return {}; }
  Context& context() override { return context_; }

  std::vector<io::NamedTensor> tensors() override { return {}; }

 protected:
  void score_block(std::span<const Query> queries, DenseView<float> scores) override {
    for (std::size_t row = 0; row < queries.size(); ++row) {
      upload(context_.stream(), scores.data + static_cast<int64_t>(row) * items(), counts_.data(),
             counts_.size() * sizeof(float));
    }
  }

  std::vector<Ranking> rank_queries(std::span<const Query> queries, int64_t k, bool exclude,
                                    const HostCsr* also_exclude) override {
    std::vector<Ranking> rankings;
    rankings.reserve(queries.size());
    std::vector<bool> left_out(counts_.size());
    for (const Query& query : queries) {
      std::vector<int32_t> out;
      if (exclude) out = recommending::query_rows(train(), {&query, 1}).col_indices;
      if (also_exclude != nullptr) {
        const std::span<const int32_t> others = recommending::row_of(*also_exclude, query.user);
        out.insert(out.end(), others.begin(), others.end());
      }
      for (const int32_t item : out) left_out[static_cast<std::size_t>(item)] = true;
      Ranking& ranking = rankings.emplace_back();
      for (const int32_t item : order_) {
        if (static_cast<int64_t>(ranking.size()) == k) break;
        if (!left_out[static_cast<std::size_t>(item)]) ranking.push_back({item, counts_[static_cast<std::size_t>(item)]});
      }
      for (const int32_t item : out) left_out[static_cast<std::size_t>(item)] = false;
    }
    return rankings;
  }

 private:
  Context context_;
  std::vector<float> counts_;   ///< exact: a float holds whole numbers to 2^24
  std::vector<int32_t> order_;  ///< items by count descending, then number
};

}  // namespace

std::unique_ptr<Recommender> make_popularity(const InteractionDataset& data, const Device& device) try {
  return std::make_unique<Popularity>(data.train, device);
} catch (...) {
  rethrow_as_error();
}

std::unique_ptr<Recommender> recommending::load_popularity(RecommenderParts&& parts, const Device& device) try {
  return std::make_unique<Popularity>(std::move(parts.train), device);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
