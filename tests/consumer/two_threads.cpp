// Two threads at once, each with a device and a model of its own: they share nothing, and each gets what it gets alone.
#include <heddle/heddle.h>

#include <cstdio>
#include <exception>
#include <thread>
#include <vector>

namespace {

/// Trains a model from `seed` and ranks for every user.
std::vector<heddle::Ranking> train_and_rank(const heddle::InteractionDataset& data, uint64_t seed) {
  heddle::LightGcn model(data, {.dim = 16, .layers = 2, .seed = seed}, heddle::Device::cpu({.threads = 2}));
  heddle::train(model, data, {.epochs = 5, .temperature = 0.2f});
  std::vector<heddle::Query> users(static_cast<std::size_t>(data.users.size()));
  for (std::size_t user = 0; user < users.size(); ++user) users[user].user = static_cast<int32_t>(user);
  return model.rank(users, 10, true, nullptr);
}

bool same(const std::vector<heddle::Ranking>& a, const std::vector<heddle::Ranking>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t query = 0; query < a.size(); ++query) {
    if (a[query].size() != b[query].size() || a[query].size() != 10) return false;
    for (std::size_t place = 0; place < a[query].size(); ++place) {
      if (a[query][place].item != b[query][place].item || a[query][place].score != b[query][place].score) return false;
    }
  }
  return true;
}

int run() {
  const heddle::InteractionDataset data = heddle::prepare(heddle::synthetic_shop({.users = 300, .items = 100, .categories = 5}));
  const std::vector<heddle::Ranking> alone[] = {train_and_rank(data, 1), train_and_rank(data, 2)};
  int different = same(alone[0], alone[1]) ? 1 : 0;  // two seeds, or the comparison below would see nothing
  for (int round = 0; round < 5; ++round) {
    std::vector<heddle::Ranking> together[2];
    std::exception_ptr failures[2];
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        try {
          together[i] = train_and_rank(data, i + 1);
        } catch (...) {
          failures[i] = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < 2; ++i) {
      if (failures[i]) std::rethrow_exception(failures[i]);
      different += same(together[i], alone[i]) ? 0 : 1;
    }
  }
  std::printf("two threads: %d of 10 rankings differ from those made alone\n", different);
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
