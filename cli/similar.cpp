#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/item_lists.h"
#include "cli/known_ids.h"
#include "cli/model_file.h"
#include "cli/options.h"
#include "cli/ranking_table.h"
#include "cli/recommender_report.h"
#include "cli/report.h"
#include "cli/run_files.h"
#include "cli/terminal.h"
#include "heddle/bundle.h"
#include "heddle/error.h"
#include "heddle/limits.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

struct SimilarCommand {
  std::string model;
  std::vector<std::string> items, users;
  int64_t topk = 10;
  ItemListOptions lists;
  DeviceOptions device;
  PrintOptions printing;

  void run() const;

 private:
  /// Throws Error{usage} for slips of the hand, and where none of the ids is known.
  void check_ids(const SavedRecommender& saved) const;
  void print_answer(const Bundle& bundle, const AlikeAnswer& answer) const;
};

void SimilarCommand::print_answer(const Bundle& bundle, const AlikeAnswer& answer) const {
  using io::detail::printable;
  const bool of_items = !items.empty();
  const char* const what = of_items ? "item" : "user";
  const IdTable& ids = of_items ? bundle.saved().items : bundle.saved().users;
  const std::vector<std::string> names = of_items ? bundle.saved().item_names : std::vector<std::string>();
  if (of_items) {
    tell_unknown_items(bundle.saved(), answer.unknown, "; left out", printing.quiet);
  } else {
    tell_unknown_users(bundle.saved(), answer.unknown, "; left out", printing.quiet);
  }
  if (printing.json) {
    Json object{{"model", bundle.model().name()}};
    if (answer.given.size() == 1) {
      object[what] = ids[answer.given.front()];
      if (!names.empty()) object["name"] = names[static_cast<std::size_t>(answer.given.front())];
    }
    object["given"] = Json::array();
    for (const int32_t number : answer.given) object["given"].push_back(ids[number]);
    object["unknown"] = answer.unknown;
    object[of_items ? "items" : "users"] =
        ranking_json(answer.ranking, ids, names, what, of_items ? bundle.saved().item_columns : std::vector<ItemColumn>());
    add_device(object, bundle.model().device());
    add_cost(object);
    print(object);
    return;
  }
  // As they were asked for, which `given` does not tell.
  std::vector<int32_t> asked;
  for (const std::string& id : of_items ? items : users) {
    const int32_t number = ids.find(id);
    if (number >= 0 && std::find(asked.begin(), asked.end(), number) == asked.end()) asked.push_back(number);
  }
  std::string given;
  for (const int32_t number : asked) {
    given += fmt::format("{}{}{}", given.empty() ? "" : ", ", printable(ids[number]),
                         names.empty() ? "" : fmt::format(" ({})", printable(names[static_cast<std::size_t>(number)])));
  }
  const bool one = asked.size() == 1;
  print(fmt::format("like {}{} {}{}\n{}", what, one ? "" : "s", given, one ? "" : ", on average",
                    ranking_text(answer.ranking, ids, names, output_width(), what)));
}

void SimilarCommand::check_ids(const SavedRecommender& saved) const {
  for (const std::string& id : items) refuse_slip_for_item(saved, id);
  for (const std::string& id : users) refuse_slip_for_user(saved, id);
  const auto unknown = [](const IdTable& table, const std::vector<std::string>& ids) {
    return !ids.empty() && std::all_of(ids.begin(), ids.end(), [&](const std::string& id) { return table.find(id) < 0; });
  };
  if (unknown(saved.items, items)) fail(ErrorKind::usage, unknown_item_text(saved, items.front()));
  if (saved.history && unknown(saved.users, users)) fail(ErrorKind::usage, unknown_user_text(saved, users.front()));
}

void SimilarCommand::run() const {
  require(items.empty() != users.empty(), ErrorKind::usage, "similar needs --item or --user, one of the two");
  require(users.empty() || !lists.given(), ErrorKind::usage, "--allow and --deny are lists of items, --user asks for users");
  RunFiles files;
  files.reads_file("MODEL", model);
  lists.list(files);
  files.check();
  note_doing("reading the model");
  const Bundle bundle(open_recommender(model, device.open()));
  check_ids(bundle.saved());
  note_doing("ranking");
  Session session(bundle.model().device());
  if (!users.empty()) {
    require(!bundle.saved().history || bundle.model().users() > 1, ErrorKind::usage, model, ": there is no user but one");
    print_answer(bundle, bundle.similar_users(session, users, topk));
    return;
  }
  require(bundle.model().items() > 1, ErrorKind::usage, model, ": there is no item but '", bundle.item_id(0), "'");
  print_answer(
      bundle,
      bundle.similar_items(
          session, items,
          {.k = topk, .exclude_taken = true, .fallback = Fallback::none, .lists = lists.read(bundle.saved(), printing.quiet)}));
}

}  // namespace

void add_similar(CLI::App& app, Action& action) {
  CLI::App* similar = app.add_subcommand("similar", "rank the items, or the users, that are most alike given ones");
  const auto command = std::make_shared<SimilarCommand>();
  add_model_argument(*similar, command->model);
  similar->add_option("--item", command->items, "an item's id in the data; may come several times: alike on average")
      ->type_name("ID")
      ->allow_extra_args(false);
  similar->add_option("--user", command->users, "a user's id, to rank users; may come several times")
      ->type_name("ID")
      ->allow_extra_args(false);
  add_number<int64_t>(*similar, "--topk", command->topk, 1, top_k_limit, fmt::format("a whole number from 1 to {}", top_k_limit),
                      fmt::format("how many, 1 to {}", top_k_limit));
  command->lists.add_to(*similar, "the answer");
  command->device.add_to(*similar);
  command->printing.add_to(*similar);
  similar->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
