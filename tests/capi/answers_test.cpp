#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "capi/handles.h"
#include "heddle/fit.h"
#include "heddle/saved_model.h"
#include "tests/capi/check.h"
#include "tests/capi/shop.h"

// Answers of the C interface are those of the C++ one, bit for bit.
namespace heddle::test {

namespace {

/// The shop as the C++ interface takes it.
InteractionDataset shop_as_dataset() {
  const heddle_interactions shop = shop_interactions();
  InteractionLog log;
  log.name = shop.name;
  for (int64_t i = 0; i < shop.count; ++i) {
    log.user.push_back(log.users.insert(shop.user_ids[i]));
    log.item.push_back(log.items.insert(shop.item_ids[i]));
    log.item_names.resize(static_cast<std::size_t>(log.items.size()));
    log.item_names[static_cast<std::size_t>(log.item.back())] = shop.item_names[i];
  }
  return prepare(std::move(log));
}

Settings as_settings(const shop_kind& kind) {
  Settings settings;
  for (int64_t i = 0; i < kind.setting_count; ++i) settings[kind.settings[i].name] = kind.settings[i].value;
  return settings;
}

std::string file_content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

constexpr int64_t places = 6;

/// Arrays for answers to so many questions.
struct Arrays {
  explicit Arrays(std::size_t questions) : ids(questions * places), scores(questions * places), told(questions) {}
  std::vector<const char*> ids;
  std::vector<float> scores;
  std::vector<heddle_answer> told;
};

bool same_ranking(const Ranking& ranking, const IdTable& table, const Arrays& arrays, std::size_t question) {
  if (arrays.told[question].filled != static_cast<int64_t>(ranking.size())) return false;
  for (std::size_t place = 0; place < ranking.size(); ++place) {
    const std::size_t at = question * places + place;
    if (table[ranking[place].item] != arrays.ids[at] || ranking[place].score != arrays.scores[at]) return false;
  }
  return true;
}

void check_kind(const shop_kind& kind, const InteractionDataset& dataset, const heddle_data* data, const heddle_device* device) {
  const Device cpu = Device::cpu({.threads = 2});
  Fitted<Recommender> fitted = fit(kind.name, as_settings(kind), dataset, {.device = cpu, .seed = 1});
  const InteractionDataset& learnt = fitted.report.trained_on ? *fitted.report.trained_on : dataset;
  const std::string by_c = temp_file("by_c.safetensors"), by_cpp = temp_file("by_cpp.safetensors");
  save_recommender(*fitted.model, learnt, by_cpp, fitted.report.metadata());
  const Bundle bundle = Bundle::load(by_cpp, cpu);
  heddle_bundle* const of_c = shop_bundle(kind.name, data, device);
  heddle_session* const session_of_c = shop_session(device);
  if (of_c == nullptr || session_of_c == nullptr) return;
  Session session(cpu);

  std::vector<Request> asked;
  std::vector<heddle_request> asked_of_c;
  for (int user = 0; user < shop_users; ++user) {
    asked.push_back({.user = shop_user_id(user), .items = {}});
    asked_of_c.push_back({shop_user_id(user), {}});
  }
  const std::vector<std::string> basket{shop_item_id(3), "A-99", shop_item_id(17)};
  const std::vector<const char*> basket_of_c{basket[0].c_str(), basket[1].c_str(), basket[2].c_str()};
  const heddle_ids ids{basket_of_c.data(), 3};
  asked.push_back({.user = std::nullopt, .items = basket});
  asked_of_c.push_back({nullptr, ids});
  asked.push_back({.user = shop_user_id(5), .items = basket});
  asked_of_c.push_back({shop_user_id(5), ids});
  asked.push_back({.user = "nobody", .items = {}});
  asked_of_c.push_back({"nobody", {}});
  Arrays arrays(asked.size());
  CHECK_OK(heddle_recommend(of_c, session_of_c, asked_of_c.data(), static_cast<int64_t>(asked.size()), places, nullptr,
                            arrays.ids.data(), arrays.scores.data(), arrays.told.data()));
  const std::vector<Answer> answers = bundle.answer(session, asked, {.k = places});
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CHECK(same_ranking(answers[i].ranking, bundle.saved().items, arrays, i));
    CHECK(arrays.told[i].known == answers[i].known_items && (arrays.told[i].known_user == 1) == answers[i].known_user);
    CHECK((arrays.told[i].fallback == 1) == answers[i].fallback.has_value());
    CHECK(arrays.told[i].unknown == static_cast<int64_t>(answers[i].unknown_items.size()));
  }

  CHECK_OK(heddle_similar_items(of_c, session_of_c, &ids, 1, places, nullptr, arrays.ids.data(), arrays.scores.data(),
                                arrays.told.data()));
  CHECK(same_ranking(bundle.similar_items(session, basket, {.k = places}).ranking, bundle.saved().items, arrays, 0));
  const std::vector<std::string> users{shop_user_id(2), shop_user_id(9)};
  const std::vector<const char*> users_of_c{users[0].c_str(), users[1].c_str()};
  const heddle_ids user_ids{users_of_c.data(), 2};
  CHECK_OK(heddle_similar_users(of_c, session_of_c, &user_ids, 1, places, arrays.ids.data(), arrays.scores.data(),
                                arrays.told.data()));
  CHECK(same_ranking(bundle.similar_users(session, users, places).ranking, bundle.saved().users, arrays, 0));
  float scores[2] = {0, 0};
  CHECK_OK(heddle_score(of_c, session_of_c, users_of_c.data(), basket_of_c.data(), 2, scores));
  const std::vector<float> pairs = bundle.score(session, users, std::vector<std::string>{basket[0], basket[1]});
  CHECK(scores[0] == pairs[0] && std::isnan(scores[1]) && std::isnan(pairs[1]));

  const RankingMetrics judged = evaluate(*fitted.model, dataset, dataset.test);
  heddle_metrics metrics;
  CHECK_OK(heddle_evaluate(of_c, data, nullptr, &metrics));
  CHECK(judged.values.size() == metric_names().size());
  for (const char* const name : metric_names())
    CHECK(heddle_metric(&metrics, name) == judged.values.at(to_string(MetricName{name, 20})));
  CHECK(metrics.users == judged.users);

  CHECK_OK(heddle_bundle_save(of_c, by_c.c_str(), nullptr));
  CHECK(!file_content(by_c).empty());
  CHECK(file_content(by_c) == file_content(by_cpp));
  heddle_session_destroy(session_of_c);
  heddle_bundle_destroy(of_c);
}

/// A column that a file has is told by raw id.
void check_columns(const InteractionDataset& dataset, const heddle_device* device) {
  const std::string path = temp_file("columns.safetensors");
  SaveOptions options;
  ItemColumn& shelf = options.item_columns.emplace_back();
  shelf.name = "shelf";
  for (int64_t item = 0; item < dataset.items.size(); ++item) shelf.values.push_back("S" + std::to_string(item % 7));
  save_recommender(*make_popularity(dataset, Device::cpu({.threads = 1})), dataset, path, {}, options);
  heddle_bundle* bundle = nullptr;
  CHECK_OK(heddle_bundle_load(path.c_str(), device, &bundle));
  const int32_t item = dataset.items.find("A-17");
  CHECK(item >= 0 && heddle_bundle_item_value(bundle, "A-17", "shelf") == shelf.values[static_cast<std::size_t>(item)]);
  heddle_bundle_destroy(bundle);
}

/// A session that answers one thread refuses another, and answers it afterwards.
void check_busy_session(const heddle_data* data, const heddle_device* device) {
  heddle_bundle* const bundle = shop_bundle("popularity", data, device);
  heddle_session* const session = shop_session(device);
  if (bundle == nullptr || session == nullptr) return;
  const auto asked_elsewhere = [&] {
    heddle_status status = HEDDLE_OK;
    std::string message;
    std::thread([&] {
      const heddle_request request{"u0", {}};
      const char* item = nullptr;
      status = heddle_recommend(bundle, session, &request, 1, 1, nullptr, &item, nullptr, nullptr);
      message = heddle_last_message();
    }).join();
    return std::pair(status, message);
  };
  {
    const Session::Request under_way(session->session);
    const auto [status, message] = asked_elsewhere();
    CHECK(status == HEDDLE_USAGE);
    CHECK(message.find("each thread needs a session of its own") != std::string::npos);
  }
  CHECK(asked_elsewhere().first == HEDDLE_OK);
  heddle_session_destroy(session);
  heddle_bundle_destroy(bundle);
}

int throws(const heddle_progress*, void* user) {
  if (user != nullptr) throw std::runtime_error("from the caller's own function");
  throw 1;
}

}  // namespace

}  // namespace heddle::test

void test_answers() {
  using namespace heddle::test;
  heddle_device* const device = shop_device();
  heddle_data* const data = shop_data();
  const heddle::InteractionDataset dataset = shop_as_dataset();
  for (const shop_kind& kind : shop_kinds) check_kind(kind, dataset, data, device);
  check_columns(dataset, device);
  check_busy_session(data, device);

  // No exception leaves, not even one of the caller's.
  heddle_fit_options options{};
  heddle_bundle* bundle = nullptr;
  options.progress = throws;
  CHECK_FAILS(heddle_fit("graph-filter", nullptr, 0, data, device, &options, &bundle), HEDDLE_INTERNAL, "exception");
  options.user = &options;
  CHECK_FAILS(heddle_fit("graph-filter", nullptr, 0, data, device, &options, &bundle), HEDDLE_INTERNAL,
              "the caller's own function");
  CHECK(bundle == nullptr);

  // A sentence that is longer than its room is cut between two characters: each of these has two bytes.
  std::string path = "x";
  for (int i = 0; i < 2000; ++i) path += "\u00e4";
  CHECK(heddle_bundle_load(path.c_str(), device, &bundle) != HEDDLE_OK);
  const std::string message = heddle_last_message();
  CHECK(message.size() >= 1020 && message.size() <= 1023 && message.ends_with("\u00e4"));
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}
