#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/item_lists.h"
#include "cli/item_table.h"
#include "cli/model_file.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/result_files.h"
#include "cli/run_files.h"
#include "cli/terminal.h"
#include "heddle/bundle.h"
#include "heddle/error.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

struct BundleCommand {
  std::string model;
  std::string save;
  bool no_history = false;
  bool clear_lists = false;
  std::string item_table;
  bool strict = false;
  ItemListOptions lists;
  DeviceOptions device;
  PrintOptions printing;

  void run() const;
};

void BundleCommand::run() const {
  using io::detail::printable;
  require(!clear_lists || !lists.given(), ErrorKind::usage, "--clear-lists leaves no list, and --allow or --deny gives one");
  RunFiles files;
  files.reads_file("MODEL", model);
  files.reads_file("--item-table", item_table);
  lists.list(files);
  files.writes("--save", save);
  files.check();
  note_doing("reading the model");
  SavedRecommender saved = open_recommender(model, device.open());
  require(!no_history || !needs_history(*saved.model), ErrorKind::usage, "--no-history: ", saved.model->name(),
          " answers from the interactions themselves, so that it cannot be saved without them");
  UsedItemTable table = use_item_table(item_table, strict, saved.items, saved.item_names);
  if (table.use) saved.item_columns = std::move(table.columns);
  for (const ItemColumn& column : saved.item_columns) {
    if (printing.quiet || !(column.name == "rank" || column.name == "item" || column.name == "score")) continue;
    say(fmt::format("heddle: the column {} is kept, but not told in answers, which have a {} of their own", column.name,
                    column.name));
  }
  if (clear_lists) saved.lists = {};
  ItemLists given = lists.read(saved, printing.quiet, DeniedInVain::refused);
  if (lists.has_allow()) saved.lists.allow = std::move(given.allow);
  if (lists.has_deny()) saved.lists.deny = std::move(given.deny);
  const bool history = saved.history && !no_history;
  ResultFiles results("");
  results.write("the bundle", save, [&](const std::string& path) { save_recommender(saved, path, history); });
  results.report([&] {
    std::vector<std::string> columns;
    for (const ItemColumn& column : saved.item_columns) columns.push_back(column.name);
    if (printing.json) {
      Json object{{"model", saved.model->name()},
                  {"history", history},
                  {"users", history ? saved.users.size() : 0},
                  {"items", saved.items.size()},
                  {"item_names", !saved.item_names.empty()},
                  {"item_columns", columns},
                  {"denied", saved.lists.deny.size()},
                  {"allowed", saved.lists.allow ? Json(saved.lists.allow->size()) : Json()},
                  {"table_rows_unknown", table.use ? Json(table.use->unknown) : Json()},
                  {"items_without_row", table.use ? Json(table.use->without) : Json()},
                  {"item_table", item_table_json(table)},
                  {"saved", results.saved()}};
      add_cost(object);
      print(object);
      return;
    }
    std::string text = fmt::format("model      {}, {}{}\n", saved.model->name(), grouped(saved.items.size(), "item"),
                                   history ? fmt::format(" and {}", grouped(saved.users.size(), "user"))
                                           : ", no history: it answers visitors, and knows no users");
    if (!columns.empty()) text += fmt::format("columns    {}\n", printable(fmt::format("{}", fmt::join(columns, ", "))));
    text += item_table_text(table, item_table);
    if (!saved.lists.deny.empty()) text += fmt::format("denied     {}\n", grouped(saved.lists.deny.size(), "item"));
    if (saved.lists.allow) text += fmt::format("allowed    {} alone\n", grouped(saved.lists.allow->size(), "item"));
    text += results.saved_text();
    print(text);
  });
  results.require_saved();
}

}  // namespace

void add_bundle(CLI::App& app, Action& action) {
  CLI::App* bundle =
      app.add_subcommand("bundle", "save a recommender again: with lists of items, with columns of items, without who took what");
  const auto command = std::make_shared<BundleCommand>();
  add_model_argument(*bundle, command->model);
  bundle->add_option("--save", command->save, "the file to write; MODEL stays as it is")->type_name("FILE")->required();
  bundle->add_flag("--no-history", command->no_history,
                   "without the interactions and all else of users: it then answers visitors, and has the items' vectors");
  add_item_table(*bundle, command->item_table);
  bundle->add_flag("--strict", command->strict, "whatever is doubtful or left out of that table is an error");
  command->lists.add_to(*bundle, "all answers of the new file");
  bundle->add_flag("--clear-lists", command->clear_lists, "leave out the lists that MODEL has");
  command->device.add_to(*bundle);
  command->printing.add_to(*bundle);
  bundle->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
