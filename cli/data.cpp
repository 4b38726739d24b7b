#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/durations.h"
#include "cli/interactions.h"
#include "cli/node_report.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/run_files.h"
#include "heddle/error.h"
#include "io/load.h"

namespace heddle::cli {

namespace {

/// Tells what is in the data of a graph.
struct NodeDataCommand {
  DataOptions data;
  PrintOptions printing;

  void run() const;
};

void describe_reading(const Reading& told, bool json) {
  if (json) {
    print(Json{{"reading", Json::parse(to_json(told))}});
  } else if (!told.files.empty() || !told.notes.empty() || !told.left_out.empty()) {
    print(reading_text(told));
  }
}

void NodeDataCommand::run() const {
  RunFiles::check_read("--data", data.path);
  ProgressBar progress(printing.quiet);
  progress.phase("reading the data");
  Reading told;
  NodeDataset dataset;
  const auto start = std::chrono::steady_clock::now();
  try {
    dataset = data.load(progress.callback(), &told);
  } catch (const Error& error) {
    progress.finish();
    if (error.kind() == ErrorKind::bad_data) describe_reading(told, printing.json);
    throw;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  progress.finish();
  const std::string hash = dataset.content_hash();
  const std::string split = data.split_text();
  // Without parts, one that can be trained on is made; without labels there is nothing to train on.
  const bool trainable = dataset.classes > 0;
  const std::string train_with =
      !trainable ? "" : "heddle train gcn " + data.command_line() + (dataset.train.empty() ? " --split random" : "");
  if (printing.json) {
    Json object{{"data", data_json(dataset, hash)}, {"split", split}, {"load_s", seconds}, {"train_with", train_with}};
    add_cost(object);
    print(object);
    return;
  }
  print(data_text(dataset, hash) + (split.empty() ? "" : "           split " + split + "\n") + class_sizes_text(dataset) +
        fmt::format("load       {}\n", duration_text(seconds, 2)) + cost_text() +
        (trainable ? "train with " + train_with + "\n" : "train with nothing: no node has a label\n"));
}

struct DataCommand {
  InteractionOptions data;
  PrintOptions printing;

  void run() const;
};

std::string degrees_text(const char* whose, const char* of, const DegreeSummary& degrees) {
  return fmt::format("{:<11}{:.1f} {} on average, {} in the middle, {} at most\n", whose, degrees.mean, of,
                     grouped(degrees.median), grouped(degrees.most));
}

void DataCommand::run() const {
  RunFiles::check_read("--data", data.paths());
  ProgressBar progress(printing.quiet);
  Reading told;
  std::string not_split;
  LoadedInteractions loaded;
  const auto start = std::chrono::steady_clock::now();
  try {
    InteractionLog log = data.read(progress, &told);
    try {
      loaded = data.split(data.automatic_split() ? InteractionLog(log) : std::move(log), progress);
    } catch (const Error& error) {
      // Data of which no test can be split off, as a test part alone has them, are described as they are.
      if (!data.automatic_split() || error.kind() != ErrorKind::bad_data) throw;
      not_split = error.what();
      loaded = data.split(std::move(log), progress, true);
    }
  } catch (const Error& error) {
    progress.finish();
    if (error.kind() != ErrorKind::bad_data) throw;
    describe_reading(told, printing.json);
    const std::string format = data.paths().size() == 1 ? io::detail::graph_format_at(data.paths().front()) : "";
    if (format.empty()) throw;
    fail(error.kind(), error.what(), "; it looks like a graph (", format, "), which heddle data nodes describes");
  }
  loaded.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  progress.finish();
  const std::string train_with = "heddle train lightgcn " + data.command_line() + (not_split.empty() ? "" : " --split none");
  if (printing.json) {
    Json object{{"data", interactions_json(loaded.data, loaded.hash)}, {"load_s", loaded.seconds}, {"train_with", train_with}};
    if (!not_split.empty()) object["not_split"] = not_split;
    add_cost(object);
    print(object);
    return;
  }
  print(interactions_text(loaded.data, loaded.hash) + (not_split.empty() ? "" : "           not split: " + not_split + "\n") +
        degrees_text("a user", "items to train on", user_degrees(loaded.data)) +
        degrees_text("an item", "users to train on", item_degrees(loaded.data)) +
        fmt::format("load       {}\n", duration_text(loaded.seconds, 2)) + cost_text() + "train with " + train_with + "\n");
}

}  // namespace

void add_data(CLI::App& app, Action& action) {
  CLI::App* data =
      app.add_subcommand("data", "read, filter and split interactions (or, with nodes, a graph) and tell what is in them");
  const auto command = std::make_shared<DataCommand>();
  command->data.add_to(*data);
  command->printing.add_to(*data);
  data->require_subcommand(0, 1);
  CLI::App* nodes = data->add_subcommand("nodes", "read a graph with features, labels and parts and tell what is in it");
  const auto of_nodes = std::make_shared<NodeDataCommand>();
  of_nodes->data.add_to(*nodes);
  of_nodes->printing.add_to(*nodes);
  nodes->preparse_callback([data](std::size_t) { data->get_option("--data")->required(false); });  // it has its own
  nodes->callback([of_nodes, &action] { action = [of_nodes] { of_nodes->run(); }; });
  data->callback([command, data, &action] {
    if (data->get_subcommands().empty()) action = [command] { command->run(); };
  });
}

}  // namespace heddle::cli
