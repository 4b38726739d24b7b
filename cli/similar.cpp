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
#include "io/text.h"

namespace heddle::cli {

namespace {

struct SimilarCommand {
  std::string model;
  std::string item;
  int64_t topk = 10;
  DeviceOptions device;
  PrintOptions printing;

  void run() const;
};

void SimilarCommand::run() const {
  RunFiles::check_read_file("MODEL", model);
  note_doing("reading the model");
  const SavedRecommender saved = open_recommender(model, device.open());
  const int32_t number = known_item(saved, item);
  const int64_t others = saved.model->items() - 1;
  require(others > 0, ErrorKind::usage, model, ": there is no item but '", item, "'");
  note_doing("ranking");
  Session session(saved.model->device());
  const Ranking ranking = saved.model->similar(session, number, std::min(topk, others));
  if (printing.json) {
    Json object{{"model", saved.model->name()}, {"item", item}};
    if (!saved.item_names.empty()) object["name"] = saved.item_names[static_cast<std::size_t>(number)];
    object["items"] = ranking_json(ranking, saved.items, saved.item_names);
    add_device(object, saved.model->device());
    add_cost(object);
    print(object);
    return;
  }
  const std::string name = saved.item_names.empty()
                               ? ""
                               : fmt::format(" ({})", io::detail::printable(saved.item_names[static_cast<std::size_t>(number)]));
  print(fmt::format("like item {}{}\n{}", io::detail::printable(item), name,
                    ranking_text(ranking, saved.items, saved.item_names, output_width())));
}

}  // namespace

void add_similar(CLI::App& app, Action& action) {
  CLI::App* similar = app.add_subcommand("similar", "rank the items that are most alike a given one");
  const auto command = std::make_shared<SimilarCommand>();
  add_model_argument(*similar, command->model);
  similar->add_option("--item", command->item, "an item's id in the data")->type_name("ID")->required();
  add_number<int64_t>(*similar, "--topk", command->topk, 1, kMostRanked, fmt::format("a whole number from 1 to {}", kMostRanked),
                      fmt::format("how many items, 1 to {}", kMostRanked));
  command->device.add_to(*similar);
  command->printing.add_to(*similar);
  similar->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
