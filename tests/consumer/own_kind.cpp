// A kind of recommender of one's own: a row with its settings, by which it is fitted by name, blended with heddle's, saved and
// loaded.
#include <heddle/heddle.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using heddle::Device;
using heddle::Settings;

struct CoPurchaseOptions {
  float damping = 0.5f;
  int64_t least = 1;
};

const heddle::SettingTable<CoPurchaseOptions>& table() {
  static const heddle::SettingTable<CoPurchaseOptions> rows(
      "co-purchase",
      {heddle::setting("damping", &CoPurchaseOptions::damping, 0, 1, "counts are divided by the item's to this power"),
       heddle::setting("least", &CoPurchaseOptions::least, heddle::Range::at_least(1), "rarer pairs of items count nothing")});
  return rows;
}

/// How many users have both items, over how many have the second to the power of `damping`.
heddle::HostMatrix weights_of(const heddle::HostCsr& train, const CoPurchaseOptions& options) {
  const auto at = [&](int64_t i, int64_t j) { return static_cast<std::size_t>(i * train.cols + j); };
  heddle::HostMatrix weights{train.cols, train.cols, std::vector<float>(at(train.cols, 0))};
  for (int64_t user = 0; user < train.rows; ++user) {
    for (const int32_t i : train.row(user)) {
      for (const int32_t j : train.row(user)) ++weights.values[at(i, j)];
    }
  }
  std::vector<float> counts;
  for (int64_t item = 0; item < train.cols; ++item) counts.push_back(weights.values[at(item, item)]);
  for (int64_t i = 0; i < train.cols; ++i) {
    for (int64_t j = 0; j < train.cols; ++j) {
      float& weight = weights.values[at(i, j)];
      const bool counted = i != j && weight >= static_cast<float>(options.least);
      weight = counted ? weight / std::pow(counts[static_cast<std::size_t>(j)], options.damping) : 0;
    }
  }
  return weights;
}

/// Scores on the host, so its device must be the cpu.
class CoPurchase final : public heddle::Recommender {
 public:
  CoPurchase(std::shared_ptr<const heddle::HostCsr> interactions, const CoPurchaseOptions& options, heddle::HostMatrix weights,
             const Device& device)
      : Recommender(std::move(interactions), device), options_(options), weights_(std::move(weights)) {}

  std::string name() const override { return "co-purchase"; }
  Settings settings() const override { return table().write(options_); }
  std::vector<heddle::io::NamedTensor> tensors() const override { return {{"weights", items(), items(), weights_.values}}; }

 protected:
  void score_block(heddle::Session&, std::span<const heddle::Query> queries, heddle::DenseView<float> scores) const override {
    for (std::size_t q = 0; q < queries.size(); ++q) {
      float* const row = scores.data + static_cast<int64_t>(q) * items();
      std::fill(row, row + items(), 0.0f);
      for (const int32_t taken : items_of(queries[q])) {
        for (int64_t item = 0; item < items(); ++item)
          row[item] += weights_.values[static_cast<std::size_t>(taken * items() + item)];
      }
    }
  }

 private:
  std::span<const int32_t> items_of(const heddle::Query& query) const {
    return query.user < 0 ? std::span<const int32_t>(query.items) : train().row(query.user);
  }

  CoPurchaseOptions options_;
  heddle::HostMatrix weights_;
};

heddle::Kind co_purchase_kind() {
  heddle::Kind kind{.name = "co-purchase", .summary = "items bought together", .source = "definition"};
  kind.settings = table().rows();
  kind.folds_in = true;
  kind.recommender.parts = [](const Settings&, int64_t, int64_t items) -> std::vector<heddle::PartShape> {
    return {{"weights", items, items, items}};
  };
  kind.recommender.make = [](const heddle::InteractionDataset& data, const Settings& settings, uint64_t, const Device& device,
                             const heddle::ProgressCallback&) {
    const CoPurchaseOptions options = table().read(settings);
    return std::make_unique<CoPurchase>(std::make_shared<const heddle::HostCsr>(data.train), options,
                                        weights_of(data.train, options), device);
  };
  kind.recommender.load = [](heddle::RecommenderParts&& parts, const Device& device) {
    const int64_t items = parts.train->cols;
    heddle::HostMatrix weights{items, items, {}};
    parts.read_pieces("weights", items, items, [&](int64_t, std::span<const float> piece) {
      weights.values.insert(weights.values.end(), piece.begin(), piece.end());
    });
    return std::make_unique<CoPurchase>(parts.train, table().read(parts.settings), std::move(weights), device);
  };
  return kind;
}

/// The best items of one user.
heddle::Ranking ranking(const heddle::Recommender& model) {
  heddle::Session session(model.device());
  const heddle::Query query{3, {}};
  return model.rank(session, {&query, 1}, {.k = 10}).front();
}

bool same(const heddle::Ranking& a, const heddle::Ranking& b) {
  if (a.size() != b.size() || a.empty()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].item != b[i].item || a[i].score != b[i].score) return false;
  }
  return true;
}

/// Saved, loaded by the program's own kinds, and fitted anew as the file says: whether all three rank alike.
bool survives(const heddle::FitPlan& plan, const heddle::InteractionDataset& data, const heddle::FitOptions& options,
              std::span<const heddle::Kind> own, const std::string& path) {
  const auto fitted = heddle::fit(plan, data, options);
  heddle::save_recommender(*fitted.model, data, path, fitted.report.metadata());
  const heddle::SavedRecommender saved = heddle::load_recommender(path, options.device, own);
  const auto again = heddle::fit(heddle::plan_as_fitted(saved.metadata, own), data, options);
  const bool alike = same(ranking(*fitted.model), ranking(*saved.model)) && same(ranking(*fitted.model), ranking(*again.model));
  std::printf("%s: recall@20 %.3f, saved and loaded it ranks %s\n", fitted.report.kind.c_str(),
              heddle::evaluate(*fitted.model, data, data.test).values.at("recall@20"), alike ? "alike" : "otherwise");
  return alike;
}

/// The sentence with which `call` is refused.
template <class Call>
std::string sentence_of(const Call& call) {
  try {
    call();
    return "nothing was refused";
  } catch (const heddle::Error& error) {
    return error.what();
  }
}

int run(const std::string& path) {
  const heddle::InteractionDataset data = heddle::prepare(heddle::synthetic_shop({.users = 200, .items = 80, .categories = 4}));
  const heddle::Kind own[] = {co_purchase_kind()};
  const heddle::FitOptions options{.device = Device::cpu({.threads = 1}), .seed = 1};
  bool good = survives(heddle::plan_fit(own[0], {{"damping", "0.25"}}), data, options, own, path);
  good = survives(heddle::plan_fit("blend", {{"first", "graph-filter"}, {"second", "co-purchase"}, {"damping", "0.25"}}, own),
                  data, options, own, path) &&
         good;
  const std::string refused[] = {
      sentence_of([&] {
        heddle::fit(own[0], {{"damping", "2"}}, data, options);
      }),
      sentence_of([&] { heddle::load_recommender(path, options.device); }),
  };
  const char* const expected[] = {"co-purchase: damping is '2', it must be a number from 0 to 1",
                                  "there is no recommender 'co-purchase'"};
  for (std::size_t i = 0; i < 2; ++i) {
    std::printf("%s\n", refused[i].c_str());
    good = good && refused[i].find(expected[i]) != std::string::npos;
  }
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : "own_kind.safetensors");
  } catch (const heddle::Error& error) {
    std::fprintf(stderr, "%s: %s\n", to_string(error.kind()), error.what());
    return 1;
  }
}
