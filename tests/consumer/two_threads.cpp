// Several threads at once: two train a model each, then four ask one model, each in a session of its own. All get what they get
// alone.
#include <heddle/heddle.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace {

using Rankings = std::vector<heddle::Ranking>;

std::unique_ptr<heddle::Recommender> trained(const heddle::InteractionDataset& data, uint64_t seed,
                                             const heddle::Device& device) {
  heddle::LightGcn lightgcn(data, {.dim = 16, .layers = 2, .seed = seed}, device);
  heddle::train(lightgcn, data, {.epochs = 5, .temperature = 0.2f});
  return lightgcn.recommender();
}

/// Rankings for every user, one request a user.
Rankings ranked(const heddle::Recommender& model) {
  heddle::Session session(model.device());
  Rankings rankings;
  for (int32_t user = 0; user < model.users(); ++user) {
    const heddle::Query query{user, {}};
    rankings.push_back(model.rank(session, {&query, 1}, {.k = 10}).front());
  }
  return rankings;
}

bool same(const Rankings& a, const Rankings& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t query = 0; query < a.size(); ++query) {
    if (a[query].size() != b[query].size() || a[query].size() != 10) return false;
    for (std::size_t place = 0; place < a[query].size(); ++place) {
      if (a[query][place].item != b[query][place].item || a[query][place].score != b[query][place].score) return false;
    }
  }
  return true;
}

/// What so many threads make at the same time; what one of them throws comes out.
std::vector<Rankings> together(std::size_t count, const std::function<Rankings(std::size_t)>& make) {
  std::vector<Rankings> results(count);
  std::vector<std::exception_ptr> failures(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      try {
        results[i] = make(i);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  return results;
}

int run() {
  const heddle::InteractionDataset data = heddle::prepare(heddle::synthetic_shop({.users = 300, .items = 100, .categories = 5}));
  const heddle::Device device = heddle::Device::cpu({.threads = 2});
  const std::unique_ptr<heddle::Recommender> first = trained(data, 1, device), second = trained(data, 2, device);
  const Rankings alone[] = {ranked(*first), ranked(*second)};
  int different = same(alone[0], alone[1]) ? 1 : 0;  // two seeds, or the comparisons below would see nothing
  const std::vector<Rankings> models = together(2, [&](std::size_t i) { return ranked(*trained(data, i + 1, device)); });
  for (std::size_t i = 0; i < models.size(); ++i) different += same(models[i], alone[i]) ? 0 : 1;
  for (const Rankings& answers : together(4, [&](std::size_t) { return ranked(*first); }))
    different += same(answers, alone[0]) ? 0 : 1;
  std::printf("several threads: %d of 6 rankings differ from those made alone\n", different);
  return different == 0 ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const heddle::Error& error) {
    std::fprintf(stderr, "%s: %s\n", to_string(error.kind()), error.what());
    return 1;
  }
}
