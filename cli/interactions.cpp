#include "cli/interactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cfloat>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/option_tables.h"
#include "cli/options.h"
#include "heddle/error.h"
#include "heddle/recommender.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

/// "view=1,cart=3": the weight of each behaviour.
std::map<std::string, float> parse_weights(const std::string& written) {
  std::map<std::string, float> weights;
  if (written.empty()) return weights;
  for (const std::string& part : split_list(written)) {
    const std::size_t equals = part.rfind('=');
    require(equals != std::string::npos && equals > 0, ErrorKind::usage, "--behaviour-weights is '", written,
            "', it must be a list of NAME=WEIGHT, such as view=1,cart=3,buy=5");
    const std::string name = part.substr(0, equals);
    const float weight = parse_number<float>(fmt::format("--behaviour-weights: the weight of {}", name), part.substr(equals + 1),
                                             FLT_MIN, FLT_MAX, "a number above 0");
    require(weights.emplace(name, weight).second, ErrorKind::usage, "--behaviour-weights names '", name, "' twice");
  }
  return weights;
}

const std::vector<std::pair<std::string, SplitMethod>>& split_methods() {
  static const std::vector<std::pair<std::string, SplitMethod>> methods = {{"ratio", SplitMethod::ratio},
                                                                           {"leave-one-out", SplitMethod::leave_one_out},
                                                                           {"files", SplitMethod::files},
                                                                           {"none", SplitMethod::none}};
  return methods;
}

void read_split(const std::string& written, PrepareOptions& prepare) {
  prepare.automatic_split = written == "auto";
  if (prepare.automatic_split) return;
  std::vector<std::string> names = {"auto"};
  for (const auto& [name, method] : split_methods()) {
    if (name == written) {
      prepare.split = method;
      return;
    }
    names.push_back(name);
  }
  fail_choice("--split", written, names);
}

Degrees degrees(std::vector<int64_t> counts) {
  if (counts.empty()) return {};
  std::sort(counts.begin(), counts.end());
  const int64_t sum = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  return {.mean = static_cast<double>(sum) / static_cast<double>(counts.size()),
          .median = counts[counts.size() / 2],
          .most = counts.back()};
}

Json degrees_json(const Degrees& degrees) { return {{"mean", degrees.mean}, {"median", degrees.median}, {"max", degrees.most}}; }

}  // namespace

InteractionOptions::InteractionOptions() {
  using io::InteractionFormat;
  reading_.choice<InteractionFormat>("format", format_,
                                     {{"auto", InteractionFormat::automatic},
                                      {"lightgcn", InteractionFormat::lightgcn},
                                      {"recbole", InteractionFormat::recbole},
                                      {"movielens", InteractionFormat::movielens},
                                      {"csv", InteractionFormat::csv}},
                                     "format of the data: auto (by its content), lightgcn, recbole, movielens or csv");
  const auto column = [&](const char* name, std::string& value, const char* what) {
    reading_.text(name, value, "COLUMN",
                  fmt::format("csv: the column with the {}, by name or number from 1 [by usual names]", what));
  };
  column("user_column", columns_.user, "user");
  column("item_column", columns_.item, "item");
  column("rating_column", columns_.rating, "rating");
  column("behaviour_column", columns_.behaviour, "behaviour (view, buy, ...)");
  column("time_column", columns_.time, "time");

  preparing_.other(
      "min_rating", "N", "leave out interactions rated lower [all are kept]",
      [this](const std::string& written) {
        prepare_.has_min_rating = !written.empty();
        if (prepare_.has_min_rating)
          prepare_.min_rating = parse_number<float>("--min-rating", written, -FLT_MAX, FLT_MAX, "a number");
      },
      [this] { return prepare_.has_min_rating ? fmt::format("{}", prepare_.min_rating) : std::string(); });
  preparing_.other(
      "behaviour_weights", "LIST", "weight of each behaviour, as view=1,cart=3,buy=5; others are left out [all weigh 1]",
      [this](const std::string& written) { prepare_.behaviour_weights = parse_weights(written); },
      [this] { return to_settings(prepare_).at("behaviour_weights"); });
  preparing_.whole_number("k_core", prepare_.k_core, 0, INT32_MAX,
                          "leave out users and items with fewer partners than this, until none is left; 0: keep all");
  preparing_.other(
      "split", "NAME", "auto (files where there are such, else ratio), ratio, leave-one-out, files or none",
      [this](const std::string& written) { read_split(written, prepare_); },
      [this] { return to_settings(prepare_).at("split"); });
  const auto share = [&](const char* name, double& value, const char* help) {
    preparing_.number<double>(name, value, 0, std::nextafter(1.0, 0.0), "a number from 0 to below 1", help);
  };
  share("test_share", prepare_.test_share, "ratio: share of each user's interactions that is kept for the test");
  share("val_share", prepare_.val_share, "ratio: share kept for validation");
  preparing_.flag("by_time", prepare_.by_time, "ratio, leave-one-out: the latest go to the test; otherwise at random");
  preparing_.flag("global_split", prepare_.global, "ratio: shares of all interactions together, not of each user's");
  preparing_.number<uint64_t>("split_seed", prepare_.seed, 0, UINT64_MAX, "a whole number from 0 to 2^64 - 1",
                              "seed of a random split");
}

void InteractionOptions::add_to(CLI::App& app) {
  const OptionHeading heading(app, "Interactions");
  app.add_option("--data", path_, "the interactions: a file, or a folder with files (docs/formats.md)")
      ->type_name("PATH")
      ->required();
  reading_.add_to(app);
  preparing_.add_to(app);
}

LoadedInteractions InteractionOptions::load() const {
  const auto start = std::chrono::steady_clock::now();
  LoadedInteractions loaded;
  loaded.data = prepare(io::load_interactions(path_, format_, columns_), prepare_);
  loaded.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  loaded.hash = loaded.data.origin.hash_as_split;
  return loaded;
}

void InteractionOptions::adopt(const std::map<std::string, std::string>& metadata) {
  for (const auto& [key, value] : metadata) {
    if (!key.starts_with(data_option_prefix)) continue;
    reading_.preset(key.substr(data_option_prefix.size()), value);
    preparing_.preset(key.substr(data_option_prefix.size()), value);
  }
}

std::string no_test_text(const InteractionDataset& data) {
  const std::string way_on = "--split ratio or --split leave-one-out keeps some";
  switch (data.origin.split) {  // what was asked for may be auto
    case SplitMethod::none: return "--split none keeps no interactions for the test; " + way_on;
    case SplitMethod::files:
      return text("its files keep no interactions for the test",
                  data.report.overlap > 0 ? " that are not in training too; " : "; ", way_on);
    case SplitMethod::ratio:
    case SplitMethod::leave_one_out: break;  // `prepare` throws where they come to nothing, but for a share of 0
  }
  return "--test-share 0 keeps no interactions for the test; --test-share 0.2 keeps a fifth";
}

Degrees user_degrees(const InteractionDataset& data) {
  std::vector<int64_t> counts(static_cast<std::size_t>(data.train.rows));
  for (std::size_t user = 0; user < counts.size(); ++user)
    counts[user] = data.train.row_offsets[user + 1] - data.train.row_offsets[user];
  return degrees(std::move(counts));
}

Degrees item_degrees(const InteractionDataset& data) {
  std::vector<int64_t> counts(static_cast<std::size_t>(data.train.cols));
  for (int32_t item : data.train.col_indices) ++counts[static_cast<std::size_t>(item)];
  return degrees(std::move(counts));
}

std::string interactions_text(const InteractionDataset& data, const std::string& hash) {
  const InteractionReport& report = data.report;
  std::string text = fmt::format("data       {}: {}, {}, density {:.4g} %\n", io::detail::printable(data.name),
                                 grouped(data.users.size(), "user"), grouped(data.items.size(), "item"), 100 * data.density());
  text += fmt::format("           {} to train on, {} to validate, {} to test\n", grouped(data.train.nnz(), "interaction"),
                      grouped(data.val.nnz()), grouped(data.test.nnz()));
  std::string met;
  const auto tell = [&](int64_t count, const char* noun, const char* what) {
    if (count > 0) met += fmt::format("           {} {}\n", noun == nullptr ? grouped(count) : grouped(count, noun), what);
  };
  tell(report.below_min_rating, nullptr, "left out by rating");
  tell(report.other_behaviours, nullptr, "left out by behaviour");
  tell(report.duplicates, nullptr, "merged with another of the same user and item");
  tell(report.k_core_removed, nullptr, "removed by the k-core filter");
  tell(report.overlap, nullptr, "left out of test or validation, being in training too");
  tell(report.users_without_train, "user", "without an item to train on (cold)");
  tell(report.items_without_train, "item", "that nobody has in training (cold)");
  tell(report.test_items_unseen, "test interaction", "with such an item");
  return text + met + fmt::format("           content hash {}\n", hash);
}

Json interactions_json(const InteractionDataset& data, const std::string& hash) {
  const InteractionReport& report = data.report;
  return {{"name", data.name},
          {"users", data.users.size()},
          {"items", data.items.size()},
          {"train", data.train.nnz()},
          {"val", data.val.nnz()},
          {"test", data.test.nnz()},
          {"density", data.density()},
          {"hash", hash},
          {"per_user", degrees_json(user_degrees(data))},
          {"per_item", degrees_json(item_degrees(data))},
          {"logged", report.logged},
          {"below_min_rating", report.below_min_rating},
          {"other_behaviours", report.other_behaviours},
          {"duplicates", report.duplicates},
          {"k_core_removed", report.k_core_removed},
          {"overlap", report.overlap},
          {"cold_users", report.users_without_train},
          {"cold_items", report.items_without_train},
          {"test_items_unseen", report.test_items_unseen}};
}

}  // namespace heddle::cli
