#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/known_ids.h"
#include "cli/model_file.h"
#include "cli/options.h"
#include "cli/ranking_table.h"
#include "cli/recommender_report.h"
#include "cli/report.h"
#include "cli/run_files.h"
#include "cli/terminal.h"
#include "heddle/error.h"
#include "heddle/limits.h"
#include "heddle/saved_model.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

struct RecommendCommand {
  std::string model;
  std::vector<std::string> users;
  std::string items;
  int64_t topk = 10;
  bool exclude_seen = true;
  DeviceOptions device;
  PrintOptions printing;

  void run() const;
};

/// Whom a query is for, in words and as an object.
struct Asked {
  std::string text;
  Json object;
  std::string all_known;  ///< why nothing is left to recommend, where nothing is
};

void RecommendCommand::run() const {
  using io::detail::printable;
  require(!users.empty() || !items.empty(), ErrorKind::usage, "recommend needs --user or --items");
  RunFiles::check_read_file("MODEL", model);
  note_doing("reading the model");
  const SavedRecommender saved = open_recommender(model, device.open());
  std::vector<Query> queries;
  std::vector<Asked> asked;
  for (const std::string& id : users) {
    const int32_t user = known_user(saved, id);
    const std::size_t known = saved.model->train().row(user).size();
    queries.push_back({.user = user, .items = {}});
    asked.push_back({fmt::format("user {}, {} in training", printable(id), grouped(known, "item")),
                     Json{{"user", id}, {"known_items", known}},
                     fmt::format("user {} has every item that the model knows", printable(id))});
    if (known == 0 && !printing.quiet)
      say(fmt::format("heddle: user {} has no item in training: nothing is known of their taste", printable(id)));
  }
  if (!items.empty()) {
    queries.push_back(visitor_with(known_items(saved, items)));
    Json given = Json::array();
    for (int32_t item : queries.back().items) given.push_back(saved.items[item]);
    asked.push_back({fmt::format("a visitor with {}", grouped(given.size(), "item")), Json{{"given", std::move(given)}},
                     "the visitor has every item that the model knows"});
  }
  note_doing("ranking");
  Session session(saved.model->device());
  const std::vector<Ranking> rankings =
      saved.model->rank(session, queries, {.k = std::min(topk, saved.model->items()), .exclude_taken = exclude_seen});
  std::string text;
  Json results = Json::array();
  for (std::size_t i = 0; i < rankings.size(); ++i) {
    text += fmt::format("{}{}\n{}", text.empty() ? "" : "\n", asked[i].text,
                        rankings[i].empty()
                            ? asked[i].all_known + ", so that nothing is left to recommend; --exclude-seen false ranks them too\n"
                            : ranking_text(rankings[i], saved.items, saved.item_names, output_width()));
    asked[i].object["items"] = ranking_json(rankings[i], saved.items, saved.item_names);
    results.push_back(std::move(asked[i].object));
  }
  if (!printing.json) {
    print(text);
    return;
  }
  Json object{{"model", saved.model->name()}, {"results", std::move(results)}};
  add_device(object, saved.model->device());
  add_cost(object);
  print(object);
}

}  // namespace

void add_recommend(CLI::App& app, Action& action) {
  CLI::App* recommend = app.add_subcommand("recommend", "rank items for users, or for a visitor with the given items");
  const auto command = std::make_shared<RecommendCommand>();
  add_model_argument(*recommend, command->model);
  recommend->add_option("--user", command->users, "a user's id in the data; may come several times")
      ->type_name("ID")
      ->allow_extra_args(false);
  recommend->add_option("--items", command->items, "ids of the items that a visitor has, with commas between")->type_name("LIST");
  add_number<int64_t>(*recommend, "--topk", command->topk, 1, top_k_limit,
                      fmt::format("a whole number from 1 to {}", top_k_limit),
                      fmt::format("how many items, 1 to {}", top_k_limit));
  recommend
      ->add_option_function<std::string>(
          "--exclude-seen",
          [exclude = &command->exclude_seen](const std::string& written) {
            if (written != "true" && written != "false") refuse_choice("--exclude-seen", written, {"true", "false"});
            *exclude = written == "true";
          },
          "leave out what the user has in training (or the visitor has)")
      ->type_name("true|false")
      ->default_str("true");
  command->device.add_to(*recommend);
  command->printing.add_to(*recommend);
  recommend->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
