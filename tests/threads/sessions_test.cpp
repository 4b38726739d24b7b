// Several threads ask one fitted model, each in a session of its own: every answer has the bits that one thread gets.
// ThreadSanitizer runs this too.
#include <doctest/doctest.h>

#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "heddle/session.h"
#include "kernels/common/thread_team.h"
#include "tests/engine/fitted.h"
#include "tests/engine/interactions.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"
#include "tests/threads/meeting.h"

namespace heddle::test {

namespace {

constexpr int64_t some_users = 90, some_items = 70;

const InteractionDataset& some_data() {
  static const InteractionDataset data = random_interactions(some_users, some_items, 0.15, 6, true);
  return data;
}

/// A request, and its answer as numbers.
struct Asked {
  std::string name;
  std::function<std::vector<float>(const Recommender&, Session&)> answer;
};

std::vector<float> scored(const Recommender& model, Session& session, const std::vector<Query>& queries) {
  Context& context = session.context();
  context.begin_step();
  const auto count = static_cast<int64_t>(queries.size());
  const DenseView<float> scores{context.arena().allocate_array<float>(count * model.items()), count, model.items()};
  model.score(session, queries, scores);
  return download(context.stream(), scores.data, static_cast<std::size_t>(scores.size()));
}

const std::vector<Asked>& requests() {
  static const std::vector<int32_t> denied{3, 69, 3, 12, 40}, allowed{5, 1, 44, 17, 30, 31, 32, 1, 68}, none;
  static const std::vector<Query> visitors{{-1, {4, 9}}, {-1, {60}}, {-1, {}}, {-1, {7, 2, 33, 15}}};
  static const auto every_user = [](const Recommender& model) {
    std::vector<Query> queries = all_users(model);
    queries.insert(queries.begin() + 20, visitors.begin(), visitors.end());
    return queries;
  };
  static const std::vector<Asked> all{
      {"single users",
       [](const Recommender& model, Session& session) {
         std::vector<Ranking> rankings;
         for (int32_t user = 0; user < 12; ++user) {
           const Query query{user * 7, {}};
           rankings.push_back(model.rank(session, {&query, 1}, {.k = 5}).front());
         }
         return flat(rankings);
       }},
      {"visitors",
       [](const Recommender& model, Session& session) {
         std::vector<Ranking> rankings;
         for (const Query& visitor : visitors) rankings.push_back(model.recommend(session, visitor.items, {.k = 6}));
         return flat(rankings);
       }},
      {"all users and visitors, without validation items",
       [](const Recommender& model, Session& session) {
         return flat(model.rank(session, every_user(model), {.k = 10, .also_exclude = &some_data().val}));
       }},
      {"what they have, too",
       [](const Recommender& model, Session& session) {
         return flat(model.rank(session, every_user(model), {.k = 70, .exclude_taken = false}));
       }},
      {"a deny list",
       [](const Recommender& model, Session& session) {
         return flat(model.rank(session, every_user(model), {.k = 10, .leave_out = denied}));
       }},
      {"an allow list",
       [](const Recommender& model, Session& session) {
         return flat(model.rank(session, every_user(model), {.k = 5, .leave_out = denied, .only = allowed}));
       }},
      {"nothing allowed",
       [](const Recommender& model, Session& session) { return flat(model.rank(session, visitors, {.only = none})); }},
      {"items alike",
       [](const Recommender& model, Session& session) {
         std::vector<Ranking> rankings;
         for (const int32_t item : {0, 33, 69}) rankings.push_back(model.similar(session, item, 8));
         return flat(rankings);
       }},
      {"scores", [](const Recommender& model, Session& session) { return scored(model, session, every_user(model)); }},
  };
  return all;
}

/// Empty, or the first request that a thread was answered otherwise than `expected`, its own order beginning at `first`.
std::string difference(const Recommender& model, const std::vector<std::vector<float>>& expected, std::size_t first, int rounds) {
  Session session(model.device());
  for (std::size_t i = 0; i < static_cast<std::size_t>(rounds) * requests().size(); ++i) {
    const std::size_t at = (first + i) % requests().size();
    const std::string differs = bit_difference(requests()[at].answer(model, session), expected[at]);
    if (!differs.empty()) return requests()[at].name + ": " + differs;
  }
  return {};
}

void check_asked_by_many(const Recommender& model, const std::vector<std::vector<float>>& expected) {
  constexpr int askers = 8;
  const int rounds = under_thread_sanitizer || model.device().kind() != DeviceKind::cpu ? 1 : 3;
  std::vector<std::string> differences(askers);
  std::vector<std::thread> threads;
  for (std::size_t asker = 0; asker < askers; ++asker) {
    threads.emplace_back([&, asker] {
      try {
        differences[asker] = difference(model, expected, asker, rounds);
      } catch (const std::exception& error) {
        differences[asker] = error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& each : differences) CHECK(each == "");
}

std::vector<std::vector<float>> answers_of_one(const Recommender& model) {
  std::vector<std::vector<float>> answers;
  Session session(model.device());
  for (const Asked& request : requests()) answers.push_back(request.answer(model, session));
  return answers;
}

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("sessions / eight threads ask a model of any kind, fitted or loaded, and get the bits that one gets") {
  const TempDir folder;
  std::vector<Device> devices{Device::cpu({.threads = 1}), Device::cpu({.threads = 3})};
  if (!under_thread_sanitizer) devices.push_back(Device::simt());  // it does not follow the executor's fibers
  for (const Device& device : devices) {
    for (const Kind& kind : kinds()) {
      if (kind.task != Task::recommend) continue;
      INFO(text(kind.name, " on ", device.description()));
      const auto model = fitted(kind, some_data(), device);
      // Asked for the first time by one thread alone, and as a model that nobody asked before by eight.
      const std::vector<std::vector<float>> expected = answers_of_one(*model);
      save_recommender(*model, some_data(), folder.file("model"));
      check_asked_by_many(*load_recommender(folder.file("model"), device).model, expected);
      check_asked_by_many(*model, expected);
    }
  }
}

TEST_CASE("sessions / a session asks several models, and is handed from thread to thread between requests") {
  const Device device = Device::cpu({.threads = 2});
  const auto first = make_item_cosine(some_data(), {}, device), second = make_graph_filter(some_data(), {.rank = 8}, device);
  const std::vector<std::vector<float>> expected[] = {answers_of_one(*first), answers_of_one(*second)};
  Session session(device);
  std::string differs;
  for (std::size_t i = 0; i < requests().size(); ++i) {
    const Recommender& model = i % 2 == 0 ? *first : *second;
    std::thread asker([&] {
      const std::string wrong = bit_difference(requests()[i].answer(model, session), expected[i % 2][i]);
      if (differs.empty()) differs = wrong;
    });
    asker.join();
  }
  CHECK(differs == "");
}

/// Asks back while it is asked.
class AsksBack final : public Recommender {
 public:
  AsksBack(const HostCsr& train, const Device& device, std::function<void(Session&)> back)
      : Recommender(std::make_shared<const HostCsr>(train), device), back_(std::move(back)) {}
  std::string name() const override { return "asks-back"; }
  std::map<std::string, std::string> settings() const override { return {}; }
  std::vector<io::NamedTensor> tensors() const override { return {}; }

 protected:
  void score_block(Session& session, std::span<const Query>, DenseView<float> scores) const override {
    back_(session);
    const std::vector<float> zeros(static_cast<std::size_t>(scores.size()));
    upload(session.context().stream(), scores.data, zeros.data(), zeros.size() * sizeof(float));
  }

 private:
  std::function<void(Session&)> back_;
};

TEST_CASE("sessions / a second thread in a session that is answering is refused, and the first one's answer is not touched") {
  const Device device = Device::cpu({.threads = 2});
  const auto other = make_popularity(some_data(), device);
  std::string said;
  const AsksBack model(some_data().train, device, [&](Session& session) {
    std::thread second([&] {
      said = error_mismatch(ErrorKind::usage, "each thread needs a session of its own", [&] { other->similar(session, 3, 5); });
    });
    second.join();
  });
  Session session(device);
  const Query query{0, {}};
  CHECK(model.rank(session, {&query, 1}, {.k = 5}).front().size() == 5);
  CHECK(said == "");
  CHECK_FALSE(other->similar(session, 3, 5).empty());
}

TEST_CASE("sessions / requests under way share the team's threads evenly, one alone has them all") {
  const Device device = Device::cpu({.threads = 4});
  const auto threads_of = [](Session& session) { return session.context().stream().thread_team().count; };
  Session a(device), b(device), c(device), one(device, {.threads = 1}), three(device, {.threads = 3});
  for (int round = 0; round < 2; ++round) {
    const Session::Request first(a);
    CHECK(threads_of(a) == 4);
    {
      const Session::Request second(b);
      CHECK(threads_of(b) == 2);
      const Session::Request within(b);  // a part of the second, and no third
      CHECK(threads_of(b) == 2);
      const Session::Request third(c);
      CHECK(threads_of(c) == 1);
      CHECK(threads_of(a) == 4);  // as it was begun
    }
    const Session::Request limited(three);
    CHECK(threads_of(three) == 3);
    const Session::Request alone(one);
    CHECK(threads_of(one) == 1);
  }
  int while_asked = 0;
  const AsksBack model(some_data().train, device, [&](Session& session) { while_asked = threads_of(session); });
  const Query query{0, {}};
  const Session::Request under_way(b);
  model.rank(a, {&query, 1});
  CHECK(while_asked == 2);
}

TEST_CASE("sessions / one on another device than the model's is refused with both, any cpu device will do") {
  const Device device = Device::cpu({.threads = 2}), single = Device::cpu({.threads = 1}), simt = Device::simt();
  const auto model = make_item_cosine(some_data(), {}, device);
  Session elsewhere(simt), other_team(single);
  const Query query{0, {}};
  for (const std::string& name : {device.description(), simt.description(), std::string("item-cosine is on")}) {
    const auto refuses = [&](const auto& call) { return error_mismatch(ErrorKind::usage, name, call); };
    CHECK(refuses([&] { model->rank(elsewhere, {&query, 1}); }) == "");
    CHECK(refuses([&] { model->similar(elsewhere, 1, 5); }) == "");
    CHECK(refuses([&] { scored(*model, elsewhere, {query}); }) == "");
  }
  CHECK(flat(model->rank(other_team, {&query, 1})) == flat(ranked(*model, {query})));
  CHECK(error_mismatch(ErrorKind::usage, "-1 threads", [&] { Session(device, {.threads = -1}); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
