#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/lab.h"
#include "bench/lab_module.h"
#include "bench/lab_plot.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "cli/lab_options.h"
#include "cli/lab_report.h"
#include "cli/option_tables.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/result_files.h"
#include "cli/run_files.h"
#include "cli/setting_options.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/settings.h"

namespace heddle::cli {

namespace {

using bench::LabResult;
using bench::LabRow;

struct BenchOptions {
  std::vector<std::string> graphs{"rmat:12,8"};
  std::string widths;
  std::string variants = "all";
  DeviceOptions device{.name = "cpu", .threads = 0};
  bool device_given = false;
  std::vector<std::string> added;
  int64_t repeats = 7;
  bool cold = false, ptx = false, symmetric = false;
  std::string card = bench::cards().front().name, l2;
  int64_t multiprocessors = 0;  ///< 0: the card's
  std::string json, csv, plot;
  // Of single ops.
  int64_t heads = 8, rows = 4096, inner = 64, users = 256, items = 40'000, k = 20;
};

/// An op of `heddle bench`: the results of one graph (or none) at one width.
struct BenchOp {
  const char* name;
  const char* summary;
  const char* widths;      ///< where none are given
  const char* widths_are;  ///< help text of --dim
  bool graph, heads;
  std::vector<const char*> exports;  ///< what a file of --add may hold for it, as HEDDLE_EXPORT_VARIANTS names it
  std::vector<LabResult> (*compare)(const bench::LabGraph&, int64_t width, const BenchOptions&, const Device&,
                                    const bench::LabOptions&);
};

std::vector<LabResult> one(LabResult result) {
  std::vector<LabResult> results;
  results.push_back(std::move(result));
  return results;
}

const BenchOp ops[] = {
    {"spmm",
     "the sparse-dense product",
     "16,32,64",
     "widths of x",
     true,
     false,
     {"spmm"},
     [](const bench::LabGraph& graph, int64_t width, const BenchOptions&, const Device& device, const bench::LabOptions& lab) {
       return one(compare_spmm(graph, width, device, lab));
     }},
    {"sddmm",
     "products of the ends of every edge, head by head",
     "8,64",
     "columns of a head",
     true,
     true,
     {"sddmm"},
     [](const bench::LabGraph& graph, int64_t width, const BenchOptions& o, const Device& device, const bench::LabOptions& lab) {
       return one(compare_sddmm(graph, o.heads, width, device, lab));
     }},
    {"softmax",
     "softmax over each row's edges",
     "1,8",
     "numbers of an edge (heads)",
     true,
     false,
     {"softmax"},
     [](const bench::LabGraph& graph, int64_t width, const BenchOptions&, const Device& device, const bench::LabOptions& lab) {
       return one(compare_edge_softmax(graph, width, device, lab));
     }},
    {"gat",
     "graph attention as one operator, forward and backward",
     "8,64",
     "columns of a head",
     true,
     true,
     {"gat_forward", "gat_backward"},
     [](const bench::LabGraph& graph, int64_t width, const BenchOptions& o, const Device& device, const bench::LabOptions& lab) {
       return compare_gat(graph, o.heads, width, device, lab);
     }},
    {"gemm",
     "the dense product",
     "16,64",
     "columns of the result",
     false,
     false,
     {},
     [](const bench::LabGraph&, int64_t width, const BenchOptions& o, const Device& device, const bench::LabOptions& lab) {
       return one(bench::compare_gemm(o.rows, width, o.inner, device, lab));
     }},
    {"topk",
     "the best items of factors",
     "64",
     "factors",
     false,
     false,
     {},
     [](const bench::LabGraph&, int64_t width, const BenchOptions& o, const Device& device, const bench::LabOptions& lab) {
       return one(bench::compare_top_k(o.users, o.items, width, o.k, device, lab));
     }},
    {"sampling",
     "BPR triples drawn on the device; the graph's rows are users, its columns items",
     "2048",
     "triples of a batch",
     true,
     false,
     {},
     [](const bench::LabGraph& graph, int64_t width, const BenchOptions&, const Device& device, const bench::LabOptions& lab) {
       return one(compare_sampling(graph, width, device, lab));
     }},
};

/// "50MB", "512KB", "65536".
std::size_t bytes_of(const std::string& written) {
  uint64_t number = 0;
  const auto [end, status] = std::from_chars(written.data(), written.data() + written.size(), number);
  const std::string unit(end, written.data() + written.size());
  const int shift = unit.empty() ? 0 : unit == "KB" ? 10 : unit == "MB" ? 20 : -1;
  require(status == std::errc() && shift >= 0 && number >= 1 && number <= (uint64_t{1} << 40 >> shift), ErrorKind::usage,
          "--l2 is '", written, "', it must be a size like 50MB or 512KB");
  return number << shift;
}

std::shared_ptr<const bench::VariantFile> open_file(const BenchOp& op, const std::string& path, const Device& device) {
  auto file = std::make_shared<const bench::VariantFile>(path, device.kind());
  const bool any = std::any_of(op.exports.begin(), op.exports.end(), [&](const char* name) { return file->exports(name); });
  require(any, ErrorKind::bad_data, path, " exports no variant of ", op.name, ": it needs a line HEDDLE_EXPORT_VARIANTS(",
          op.exports.front(), ", {...})");
  return file;
}

void run(const BenchOp& op, const BenchOptions& options) {
  RunFiles files;
  if (op.graph) list_graphs(options.graphs, files);
  for (const std::string& file : options.added) files.reads_file("--add", file);
  files.writes("--json", options.json);
  files.writes("--csv", options.csv);
  files.writes("--plot", options.plot);
  files.check();
  const std::vector<int64_t> widths = widths_of(options.widths);
  bench::LabOptions lab{.variants = {}, .repeats = static_cast<int>(options.repeats), .cold = options.cold};
  check_option("card", [&] { lab.card = bench::find_card(options.card); });
  if (!options.l2.empty()) lab.card.l2_bytes = bytes_of(options.l2);
  if (options.multiprocessors > 0) lab.card.multiprocessors = static_cast<int>(options.multiprocessors);
  if (options.variants != "all") lab.variants = split_list(options.variants);
  DeviceOptions where = options.device;
  if (!options.added.empty() && !options.device_given) where.name = "simt";
  const Device device = where.open_for_every_variant();
  require(!options.ptx || device.kind() == DeviceKind::simt, ErrorKind::usage,
          "--ptx counts beside what simt counts; --device is ", to_string(device.kind()));
  lab.ptx = options.ptx;
  for (const std::string& file : options.added) lab.added.push_back(open_file(op, file, device));
  Json rows = Json::array();
  std::vector<LabResult> results;
  std::string failure, of_added;
  std::vector<std::string> absent;
  const std::vector<std::string> graphs = op.graph ? graph_names(options.graphs, absent) : std::vector<std::string>{""};
  if (!absent.empty()) print(fmt::format("absent from HEDDLE_DATA, left out: {}\n\n", fmt::join(absent, ", ")));
  ProgressBar progress(false);
  const LabProgress cases(progress, graphs.size() * widths.size());
  std::size_t number = 0;
  bool read = true;
  catch_interrupts(progress.quiet());
  lab.go_on = [] { return !interrupted(); };
  for (const std::string& name : graphs) {
    if (interrupted()) break;
    const ProgressSubject of(progress, name);
    progress.phase("reading the graph");
    const bench::LabGraph graph = op.graph ? bench::lab_graph(name, options.symmetric) : bench::LabGraph{};
    for (int64_t width : widths) {
      if (interrupted()) break;
      cases.begin(number);
      std::vector<LabResult> compared;
      if (!unless_interrupted([&] { compared = op.compare(graph, width, options, device, lab); })) break;
      for (LabResult& result : compared) {
        read = print_row(lab_text(result, device, lab)) && read;
        for (const LabRow& row : result.rows_by_rank) {
          rows.push_back(lab_json(result, row, device, lab));
          if (!is_bad(row)) continue;
          std::string& sentence = row.added ? of_added : failure;
          sentence = fmt::format("{} on {} at width {}: {}", row.variant, result.input, result.width, not_measured(row));
        }
        results.push_back(std::move(result));
      }
      ++number;
    }
  }
  progress.finish();
  const bool any = number > 0;  // of an interrupted comparison the rows that there are
  ResultFiles written("");
  written.write("the JSON of the rows", any ? options.json : "", [&](const std::string& path) {
    write_json(path, Json{{"rows", rows}, {"interrupted", number < graphs.size() * widths.size()}});
  });
  written.write("the table of rows", any ? options.csv : "",
                [&](const std::string& path) { io::write_file(path, lab_csv(rows)); });
  written.write("the drawing", any ? options.plot : "", [&](const std::string& path) {
    io::write_file(path, lab_plot(results, device.kind() == DeviceKind::simt ? assumptions(lab.card) : device.description()));
  });
  written.require_saved();
  require(failure.empty(), ErrorKind::internal, failure);
  require(of_added.empty(), ErrorKind::bad_data, of_added);
  if (!read) written.report([] { throw OutputClosed(); });
  if (!written.saved().empty()) written.report([&] { print(written.saved_text()); });
  cases.require_all(number, written.outcome());
}

std::string card_names() {
  std::string names;
  for (const bench::Card& card : bench::cards()) names += fmt::format("{}{}", names.empty() ? "" : ", ", card.name);
  return names;
}

void add_op(CLI::App& command, const BenchOp& op, Action& action) {
  CLI::App* app = command.add_subcommand(op.name, op.summary);
  const auto options = std::make_shared<BenchOptions>();
  options->widths = op.widths;
  const auto whole = [&](const char* name, int64_t& value, int64_t least, int64_t most, const char* help) {
    add_number<int64_t>(*app, name, value, least, most, fmt::format("a whole number from {} to {}", least, most), help);
  };
  if (op.graph) {
    const OptionHeading heading(*app, "Comparing variants");
    add_graphs(*app, options->graphs);
  }
  if (op.graph) {
    app->add_flag("--symmetric", options->symmetric,
                  "a Matrix Market file undirected and with self-loops, without its values, as models of graphs multiply by it; "
                  "otherwise as it is");
  }
  add_widths(*app, options->widths, op.widths_are);
  const std::string name = op.name;
  if (op.heads) whole("--heads", options->heads, 1, 256, "heads side by side");
  if (name == "gemm") {
    whole("--rows", options->rows, 1, 1 << 28, "rows of the result");
    whole("--inner", options->inner, 1, 1 << 20, "the length of its sums");
  }
  if (name == "topk") {
    whole("--users", options->users, 1, 1 << 24, "rows to rank for");
    whole("--items", options->items, 1, 1 << 28, "rows to rank");
    whole("--k", options->k, 1, 1000, "how many of the best");
  }
  const OptionHeading heading(*app, "Comparing variants");
  app->add_option("--variant", options->variants, "all, or names separated by commas")
      ->type_name("NAME,...")
      ->capture_default_str();
  options->device.add_to(*app);
  if (!op.exports.empty()) {
    app->add_option(
           "--add", options->added,
           "compile this file of kernels and compare its variants too, on simt (the default then) or cuda; several are allowed")
        ->type_name("FILE");
  }
  add_repeats(*app, options->repeats);
  app->add_flag("--cold", options->cold, "empty the caches before each timed run");
  app->add_option("--card", options->card, fmt::format("the card that counts are turned into a time for: {}", card_names()))
      ->type_name("NAME")
      ->capture_default_str();
  app->add_option("--l2", options->l2, "its second-level cache, like 50MB; the card's where not given")->type_name("SIZE");
  whole("--sms", options->multiprocessors, 0, 100'000, "its multiprocessors; 0: the card's");
  app->add_flag("--ptx", options->ptx,
                "simt: count the arithmetic instructions in the kernels' PTX too, by nvcc and heddle's sources");
  app->add_option("--json", options->json, "write every row to this file, as one JSON object")->type_name("FILE");
  app->add_option("--csv", options->csv, "write every row to this file, as a table")->type_name("FILE");
  app->add_option("--plot", options->plot, "draw every row into this file, as SVG")->type_name("FILE");
  app->callback([options, &op, &action, app] {
    options->device_given = app->count("--device") > 0;
    action = [options, &op] { run(op, *options); };
  });
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("bench", "compare the variants of a kernel op: check, then time (cpu, cuda) or count (simt)");
  command->require_subcommand(1);
  for (const BenchOp& op : ops) add_op(*command, op, action);
}

}  // namespace heddle::cli
