#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/commands.h"
#include "cli/demo_gcn.h"
#include "cli/durations.h"
#include "cli/interrupt.h"
#include "cli/kind_options.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "cli/ranking_table.h"
#include "cli/recommender_report.h"
#include "cli/report.h"
#include "cli/text_columns.h"
#include "heddle/error.h"
#include "heddle/interactions.h"
#include "heddle/judged_fit.h"

namespace heddle::cli {

namespace {

constexpr int64_t shown_count = 10;  ///< purchases, and recommendations, of each

struct DemoCommand {
  ShopOptions shop;
  DeviceOptions device;
  PrintOptions printing;

  void run() const;
};

/// A model on the shop.
struct Entry {
  std::string name;
  JudgedFit judged;
};

/// A customer of whom the text tells.
struct Customer {
  int32_t user = 0;
  std::vector<int32_t> bought, hidden;
  Ranking recommended;
};

Entry entry_of(const std::string& name, const Settings& settings, const InteractionDataset& data, const FitOptions& options) try {
  return {.name = name, .judged = fit_and_judge(plan_fit(name, settings), data, options, {.topk = {20}})};
} catch (const Error& error) {
  if (error.kind() != ErrorKind::interrupted) throw;
  fail(ErrorKind::interrupted, "interrupted; nothing is saved of a demo");
}

std::vector<Customer> customers_of(const InteractionDataset& data) {
  std::vector<Customer> customers;
  for (const int32_t user : example_users(data, {.most_train = shown_count})) {
    const std::span<const int32_t> train = data.train.row(user), test = data.test.row(user);
    customers.push_back(
        {.user = user, .bought = {train.begin(), train.end()}, .hidden = {test.begin(), test.end()}, .recommended = {}});
  }
  return customers;
}

std::string item_text(const InteractionDataset& data, int32_t item) { return data.item_names[static_cast<std::size_t>(item)]; }

std::string customer_text(const Customer& customer, const InteractionDataset& data) {
  std::vector<std::string> left;
  for (int32_t item : customer.bought) left.push_back(item_text(data, item));
  int width = 0;
  for (const std::string& name : left) width = std::max(width, columns_of(name));
  const std::string heading = fmt::format("Customer {} bought", data.users[customer.user]);
  width = std::max(width + 2, columns_of(heading));
  std::string text = fmt::format("\n{}   is recommended\n", padded_to_columns(heading, width));
  for (std::size_t i = 0; i < std::max(left.size(), customer.recommended.size()); ++i) {
    std::string right;
    if (i < customer.recommended.size()) {
      const int32_t item = customer.recommended[i].item;
      const bool hit = std::binary_search(customer.hidden.begin(), customer.hidden.end(), item);
      right = fmt::format("{} {}", hit ? '*' : ' ', item_text(data, item));
    }
    text += fmt::format("  {}   {}\n", padded_to_columns(i < left.size() ? left[i] : "", width - 2), right);
  }
  return text;
}

std::string story(const ShopOptions& shop, const InteractionDataset& data, const std::vector<Entry>& entries,
                  const std::vector<Customer>& customers, const Device& device) {
  std::string text = fmt::format(
      "A made-up shop: {}, {} of {}, {}. A fifth of what each customer bought is\n"
      "hidden, and the models are to find it among all products that the customer is not known to have.\n\n",
      grouped(data.users.size(), "customer"), grouped(data.items.size(), "product"),
      grouped(shop.categories, "category", "categories"), grouped(data.train.nnz() + data.test.nnz(), "purchase"));
  text += fmt::format("{:<13}  {:>9}  {:>8}  {:>11}\n", "", "recall@20", "NDCG@20", "fit");
  for (const Entry& entry : entries) {
    text += fmt::format("{:<13}  {:>9.4f}  {:>8.4f}  {:>11}\n", entry.name, entry.judged.test.values.at("recall@20"),
                        entry.judged.test.values.at("ndcg@20"), duration_text(entry.judged.fitted.report.spent_s(), 2));
  }
  const FitReport& training = entries.back().judged.fitted.report;
  text += fmt::format(
      "\nLightGCN ran {} ({:.0f} ms each) on {}.\n"
      "{} of its time went into trying out temperatures, which train without a part of the purchases.\n",
      grouped(training.run_epochs, "epoch"), 1e3 * training.epoch_s_median(), device.description(),
      duration_text(training.choosing_s, 2));
  for (const Customer& customer : customers) text += customer_text(customer, data);
  if (!customers.empty()) text += "\n* is among the purchases that were hidden.\n";
  return text;
}

Json story_json(const InteractionDataset& data, const std::string& hash, const std::vector<Entry>& entries,
                const std::vector<Customer>& customers, const Device& device) {
  Json object{{"data", interactions_json(data, hash)}};
  add_device(object, device);
  object["models"] = Json::array();
  for (const Entry& entry : entries) {
    object["models"].push_back({{"model", entry.name},
                                {"metrics", metrics_json(entry.judged.test)},
                                {"choice_s", entry.judged.fitted.report.choosing_s},
                                {"fit_s", entry.judged.fitted.report.fitting_s},
                                {"rank_s", entry.judged.test.seconds}});
  }
  object["customers"] = Json::array();
  for (const Customer& customer : customers) {
    Json shown{{"user", data.users[customer.user]}};
    for (const auto& [field, list] : {std::pair("bought", &customer.bought), std::pair("hidden", &customer.hidden)}) {
      shown[field] = Json::array();
      for (int32_t item : *list) shown[field].push_back(item_text(data, item));
    }
    shown["recommended"] = ranking_json(customer.recommended, data.items, data.item_names);
    object["customers"].push_back(std::move(shown));
  }
  return object;
}

void DemoCommand::run() const {
  const ShopOptions made = shop.possible();
  const Device where = device.open();
  ProgressBar progress(printing.quiet);
  catch_interrupts(progress.quiet());
  progress.phase("making up a shop");
  const InteractionDataset data = prepare(synthetic_shop(made));
  const FitOptions options = fit_options(where, shop.seed, progress);
  std::vector<Entry> entries;
  for (const char* name : {"popularity", "item-cosine"}) entries.push_back(entry_of(name, {}, data, options));
  // The default settings in fewer epochs: a small shop is learnt soon.
  entries.push_back(entry_of("lightgcn", {{"epochs", "20"}}, data, options));
  std::vector<Customer> customers = customers_of(data);
  std::vector<Query> queries;
  queries.reserve(customers.size());
  for (const Customer& customer : customers) queries.push_back({.user = customer.user, .items = {}});
  const Recommender& shown = *entries.back().judged.fitted.model;
  Session session(shown.device());
  const std::vector<Ranking> rankings = shown.rank(session, queries, {.k = std::min(shown_count, data.items.size())});
  progress.finish();
  for (std::size_t i = 0; i < rankings.size(); ++i) customers[i].recommended = rankings[i];
  if (!printing.json) {
    print(story(made, data, entries, customers, where) + "\n" + cost_text());
    return;
  }
  Json object = story_json(data, data.content_hash(), entries, customers, where);
  add_cost(object);
  print(object);
}

}  // namespace

void add_demo(CLI::App& app, Action& action) {
  CLI::App* demo = app.add_subcommand("demo", "train recommenders on a made-up shop and show what they find (demo gcn: a GCN)");
  const auto command = std::make_shared<DemoCommand>();
  ShopOptions& shop = command->shop;
  const auto size = [&](const char* name, int64_t& value, int64_t least, int64_t most, const char* help) {
    add_number<int64_t>(*demo, name, value, least, most, fmt::format("a whole number from {} to {}", least, most), help);
  };
  size("--users", shop.users, 10, 10'000'000, "customers of the shop");
  size("--items", shop.items, 10, 10'000'000, "its products");
  add_number<uint64_t>(*demo, "--seed", shop.seed, 0, UINT64_MAX, "a whole number from 0 to 2^64 - 1",
                       "the seed of the shop and of the models");
  command->device.add_to(*demo);
  command->printing.add_to(*demo);
  demo->require_subcommand(0, 1);
  add_demo_gcn(*demo, action);
  demo->callback([demo, command, &action] {
    if (demo->get_subcommands().empty()) action = [command] { command->run(); };
  });
}

}  // namespace heddle::cli
