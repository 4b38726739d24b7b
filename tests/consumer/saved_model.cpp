// Answers from a recommender's file, without the data that it was trained on: for a user, for a visitor's basket, beside an item.
#include <heddle/heddle.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

/// What a server would say to a request; the sentence of the error where it cannot be answered.
std::string answer(const heddle::SavedRecommender& saved, heddle::Session& session, const std::string& user) {
  try {
    const heddle::Query query{saved.users.require_known(user, "user"), {}};
    std::string line;
    for (const heddle::RankedItem& each : saved.model->rank(session, {&query, 1}, {.k = 3}).front())
      line += (line.empty() ? "" : ", ") + saved.item_names[static_cast<std::size_t>(each.item)];
    return line;
  } catch (const heddle::Error& error) {
    return error.what();
  }
}

bool same(const heddle::Ranking& a, const heddle::Ranking& b) {
  if (a.size() != b.size() || a.empty()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].item != b[i].item || a[i].score != b[i].score) return false;
  }
  return true;
}

int run(const std::string& path) {
  const heddle::Device device = heddle::Device::best();
  const heddle::InteractionDataset data = heddle::prepare(heddle::synthetic_shop({.users = 200, .items = 80, .categories = 4}));
  heddle::LightGcn lightgcn(data, {.dim = 16, .layers = 2, .seed = 1}, device);
  heddle::train(lightgcn, data, {.epochs = 5, .temperature = 0.2f});
  const std::unique_ptr<heddle::Recommender> trained = lightgcn.recommender();
  heddle::save_recommender(*trained, data, path);

  const heddle::SavedRecommender saved = heddle::load_recommender(path, device);
  heddle::Session session(device);  // a server has one for each of its threads
  std::printf("u7: %s\n", answer(saved, session, "u7").c_str());
  const std::string unknown = answer(saved, session, "u7777");
  std::printf("u7777: %s\n", unknown.c_str());
  const std::vector<int32_t> basket{3, 17};
  const bool visitors = same(saved.model->recommend(session, basket), trained->recommend(session, basket));
  const bool neighbours = same(saved.model->similar(session, 3, 5), trained->similar(session, 3, 5));
  std::printf("%s from %s: a visitor %s, neighbours %s\n", saved.model->name().c_str(), path.c_str(),
              visitors ? "agrees" : "differs", neighbours ? "agree" : "differ");
  return visitors && neighbours && unknown.find("user 'u7777' is unknown") != std::string::npos ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : "shop.safetensors");
  } catch (const heddle::Error& error) {
    std::fprintf(stderr, "%s: %s\n", to_string(error.kind()), error.what());
    return 1;
  }
}
