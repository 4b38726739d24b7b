#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/lab_tune.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/lab_options.h"
#include "cli/lab_report.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/result_files.h"
#include "cli/run_files.h"
#include "cli/text_columns.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/tuned.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

using bench::TunedCase;

struct TuneOptions {
  std::vector<std::string> graphs;
  std::string widths = "16,32,64,128";
  DeviceOptions device{.name = "cpu", .threads = 0};
  int64_t repeats = 7;
  std::string save, json;
};

Json as_json(const std::vector<TunedCase>& outcomes, const Device& device, double mean, bool interrupted) {
  Json list = Json::array();
  for (const TunedCase& outcome : outcomes) {
    list.push_back({{"graph", outcome.graph},
                    {"width", outcome.width},
                    {"best", outcome.best},
                    {"rule", outcome.rule},
                    {"best_cost", outcome.best_cost},
                    {"rule_cost", outcome.rule_cost}});
  }
  return {{"op", "spmm"},
          {"device", device.description()},
          {"cost", device.kind() == DeviceKind::simt ? "bytes_moved" : "median_ms"},
          {"cases", list},
          {"rule_over_best", mean},
          {"interrupted", interrupted}};
}

void run(const TuneOptions& options) {
  using io::detail::printable;
  RunFiles files;
  list_graphs(options.graphs, files);
  files.writes("--save", options.save);  // which is added to, so that it is read as well
  files.writes("--json", options.json);
  files.check();
  const std::vector<int64_t> widths = widths_of(options.widths);
  const Device device = options.device.open_for_every_variant();
  // Read first: a file that is not ours is not to be found out after minutes of measuring.
  TunedVariants tuned;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(options.save, ignored)) tuned = io::read_tuned(options.save);
  std::vector<std::string> absent;
  const std::vector<std::string> names = graph_names(options.graphs, absent);
  std::string head = fmt::format("spmm on {}, by {}\n", device.description(),
                                 device.kind() == DeviceKind::simt ? "bytes moved, counted" : "medians, measured");
  if (!absent.empty()) head += fmt::format("absent from HEDDLE_DATA, left out: {}\n", fmt::join(absent, ", "));
  int longest = columns_of("graph");
  for (const std::string& name : names) longest = std::max(longest, columns_of(printable(name)));
  print(head + fmt::format("{}{:>7}  {:<21}{:<21}{}\n", padded_to_columns("graph", longest), "width", "best deterministic",
                           "the rule's", "rule / best"));
  std::vector<TunedCase> outcomes;
  ProgressBar progress(false);
  const LabProgress cases(progress, names.size() * widths.size());
  catch_interrupts(progress.quiet());
  for (const std::string& name : names) {
    if (interrupted()) break;
    const ProgressSubject of(progress, name);
    progress.phase("reading the graph");
    const bench::LabGraph graph = bench::lab_graph(name, true);  // as models multiply by it
    const StructureHash structure = structure_hash(graph.matrix);
    for (int64_t width : widths) {
      if (interrupted()) break;
      cases.begin(outcomes.size());
      std::optional<TunedCase> outcome;
      const bool whole = unless_interrupted(
          [&] { outcome = tune_spmm(graph, width, device, static_cast<int>(options.repeats), [] { return !interrupted(); }); });
      if (!whole) break;
      print_row(fmt::format("{}{:>7}  {:<21}{:<21}{:.3f}\n", padded_to_columns(printable(outcome->graph), longest), width,
                            outcome->best, outcome->rule, outcome->ratio()));
      tuned.add(choice_of(*outcome, structure, device));
      outcomes.push_back(*std::move(outcome));
    }
  }
  progress.finish();
  const bench::RuleQuality rule = bench::rule_quality(outcomes);
  ResultFiles results("");
  if (outcomes.empty()) cases.require_all(0, "");  // an interrupted one that has nothing to add
  results.write("what was measured", options.save, [&](const std::string& path) { io::write_tuned(path, tuned); });
  results.write("the table of cases", options.json, [&](const std::string& path) {
    write_json(path, as_json(outcomes, device, rule.geometric_mean, outcomes.size() < names.size() * widths.size()));
  });
  results.report([&] {
    print(fmt::format(
        "the rule's choice takes {:.3f} times what the best does, in the geometric mean; {:.3f} times at worst ({}, {})\n",
        rule.geometric_mean, rule.worst->ratio(), printable(rule.worst->graph), rule.worst->width));
    if (!results.saved().empty()) print(results.saved_text());
  });
  results.require_saved();
  cases.require_all(outcomes.size(), results.outcome());
}

}  // namespace

void add_tune(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "tune", "find the best deterministic variant of the sparse product for a graph, and remember it for training");
  const auto options = std::make_shared<TuneOptions>();
  add_graphs(*command, options->graphs);
  command->get_option("--graph")->required();
  add_widths(*command, options->widths, "widths of the dense factor");
  options->device.add_to(*command);
  add_repeats(*command, options->repeats);
  command->add_option("--save", options->save, "add what was found to this file, which heddle train reads by --tuned")
      ->type_name("FILE");
  command->add_option("--json", options->json, "write every case to this file, as one JSON object")->type_name("FILE");
  command->callback([options, &action] { action = [options] { run(*options); }; });
}

}  // namespace heddle::cli
