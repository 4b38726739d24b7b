#include <algorithm>
#include <cmath>

#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/kinds.h"

// P3alpha of Cooper et al. 2014: a walk of three steps from the user's items over their other users to these users' items; the
// probability of each of the last two steps is taken to the power of `alpha`. Weights of interactions are not used.
namespace heddle {

namespace {

struct RandomWalkOptions {
  float alpha = 1;
};

const SettingTable<RandomWalkOptions>& random_walk_table() {
  static const SettingTable<RandomWalkOptions> table(
      "random-walk", {setting("alpha", &RandomWalkOptions::alpha, 0, 4, "probabilities of a step are taken to this power")});
  return table;
}

class RandomWalk final : public Recommender {
 public:
  RandomWalk(std::shared_ptr<const HostCsr> interactions, const RandomWalkOptions& options, const Device& device)
      : Recommender(std::move(interactions), device), options_(options), by_item_(transpose(train())) {}

  std::string name() const override { return "random-walk"; }
  std::map<std::string, std::string> settings() const override { return random_walk_table().write(options_); }
  std::vector<io::NamedTensor> tensors() const override { return {}; }

 protected:
  void score_block(Session& session, std::span<const Query> queries, DenseView<float> scores) const override {
    const HostCsr taken = recommending::query_rows(train(), queries);
    std::vector<float> users(static_cast<std::size_t>(this->users())), items(static_cast<std::size_t>(this->items()));
    for (int64_t query = 0; query < taken.rows; ++query) {
      std::fill(users.begin(), users.end(), 0.0f);
      std::fill(items.begin(), items.end(), 0.0f);
      for (const int32_t item : taken.row(query)) spread(by_item_, item, 1, users);
      for (std::size_t user = 0; user < users.size(); ++user) {
        if (users[user] > 0) spread(train(), static_cast<int64_t>(user), users[user], items);
      }
      upload(session.context().stream(), scores.data + query * this->items(), items.data(), items.size() * sizeof(float));
    }
  }

 private:
  /// A step of the walk from one row, which is reached with this probability.
  void spread(const HostCsr& steps, int64_t row, float probability, std::vector<float>& reached) const {
    const std::span<const int32_t> ends = steps.row(row);
    if (ends.empty()) return;
    const float each = probability * std::pow(static_cast<float>(ends.size()), -options_.alpha);
    for (const int32_t end : ends) reached[static_cast<std::size_t>(end)] += each;
  }

  RandomWalkOptions options_;
  HostCsr by_item_;  ///< who has each item
};

}  // namespace

Kind random_walk_kind() {
  Kind kind{.name = "random-walk", .summary = "three steps at random over users and items", .source = "Cooper et al. 2014"};
  kind.settings = random_walk_table().rows();
  kind.folds_in = true;
  kind.recommender.make = [](const InteractionDataset& data, const Settings& settings, uint64_t, const Device& device,
                             const ProgressCallback&) {
    return std::make_unique<RandomWalk>(std::make_shared<const HostCsr>(data.train), random_walk_table().read(settings), device);
  };
  kind.recommender.load = [](RecommenderParts&& parts, const Device& device) {
    return std::make_unique<RandomWalk>(parts.train, random_walk_table().read(parts.settings), device);
  };
  return kind;
}

}  // namespace heddle
