#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/lab.h"
#include "bench/lab_plot.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "heddle/error.h"
#include "heddle/io.h"

namespace heddle::cli {

namespace {

using bench::LabResult;
using bench::LabRow;

struct BenchOptions {
  std::vector<std::string> graphs{"rmat:12,8"};
  std::string widths;
  std::string variants = "all";
  DeviceOptions device{.name = "cpu", .threads = 0};
  int64_t repeats = 7;
  bool cold = false;
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
  std::vector<LabResult> (*compare)(const bench::LabGraph&, int64_t width, const BenchOptions&, const Device&,
                                    const bench::LabOptions&);
};

std::vector<LabResult> one(LabResult result) {
  std::vector<LabResult> results;
  results.push_back(std::move(result));
  return results;
}

const BenchOp ops[] = {
    {"spmm", "the sparse-dense product", "16,32,64", "widths of x", true, false,
     [](const bench::LabGraph& graph, int64_t width, const BenchOptions&, const Device& device, const bench::LabOptions& lab) {
       return one(compare_spmm(graph, width, device, lab));
     }},
    {"sddmm", "products of the ends of every edge, head by head", "8,64", "columns of a head", true, true,
     [](const bench::LabGraph& graph, int64_t width, const BenchOptions& o, const Device& device, const bench::LabOptions& lab) {
       return one(compare_sddmm(graph, o.heads, width, device, lab));
     }},
    {"softmax", "softmax over each row's edges", "1,8", "numbers of an edge (heads)", true, false,
     [](const bench::LabGraph& graph, int64_t width, const BenchOptions&, const Device& device, const bench::LabOptions& lab) {
       return one(compare_edge_softmax(graph, width, device, lab));
     }},
    {"gat", "graph attention as one operator, forward and backward", "8,64", "columns of a head", true, true,
     [](const bench::LabGraph& graph, int64_t width, const BenchOptions& o, const Device& device, const bench::LabOptions& lab) {
       return compare_gat(graph, o.heads, width, device, lab);
     }},
    {"gemm", "the dense product", "16,64", "columns of the result", false, false,
     [](const bench::LabGraph&, int64_t width, const BenchOptions& o, const Device& device, const bench::LabOptions& lab) {
       return one(bench::compare_gemm(o.rows, width, o.inner, device, lab));
     }},
    {"topk", "the best items of factors", "64", "factors", false, false,
     [](const bench::LabGraph&, int64_t width, const BenchOptions& o, const Device& device, const bench::LabOptions& lab) {
       return one(bench::compare_top_k(o.users, o.items, width, o.k, device, lab));
     }},
    {"sampling", "BPR triples drawn on the device; the graph's rows are users, its columns items", "2048", "triples of a batch",
     true, false,
     [](const bench::LabGraph& graph, int64_t width, const BenchOptions&, const Device& device, const bench::LabOptions& lab) {
       return one(compare_sampling(graph, width, device, lab));
     }},
};

std::vector<int64_t> widths_of(const std::string& list) {
  constexpr int64_t most = 1 << 20;
  std::vector<int64_t> widths;
  for (const std::string& part : split_list(list)) {
    int64_t width = 0;
    const auto [end, status] = std::from_chars(part.data(), part.data() + part.size(), width);
    require(status == std::errc() && end == part.data() + part.size() && width >= 1 && width <= most, ErrorKind::usage,
            "--dim is '", list, "', it must be whole numbers from 1 to ", most, ", separated by commas");
    widths.push_back(width);
  }
  return widths;
}

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

/// Why a row has no figures, or nothing.
std::string not_measured(const LabRow& row) {
  if (!row.refused.empty()) return "refused: " + row.refused;
  if (!row.failed.empty()) return "FAILED: " + row.failed;
  if (row.wrong) return fmt::format("WRONG: an error of {:.3g} times the bound", row.error_over_bound);
  return {};
}

bool bad(const LabRow& row) { return row.wrong || !row.failed.empty(); }

std::string as_text(const LabResult& result, const Device& device, const bench::LabOptions& lab) {
  std::string text = fmt::format("{}: {}", result.op, result.input);
  if (result.spread) {
    text += fmt::format(": {} rows, {} non-zeros, degree {:.1f} (most {}, variation {:.2f})", result.rows, result.nnz,
                        result.spread->mean, result.spread->most, result.spread->variation);
  }
  text += fmt::format("; width {}; {}{}\n", result.width, device.description(), lab.cold ? ", cold" : "");
  text += fmt::format("compulsory {:.2f} MB\n", 1e-6 * static_cast<double>(result.bytes_compulsory));
  if (result.ceilings) {
    text += fmt::format("ceilings: copy {:.1f} GB/s, gather from cache {:.1f} GB/s, multiply-add {:.1f} GFLOP/s\n",
                        result.ceilings->copy_gbs, result.ceilings->gather_gbs, result.ceilings->fma_gflops);
  }
  const std::vector<LabRow>& rows = result.rows_by_rank;
  const bool counted = std::any_of(rows.begin(), rows.end(), [](const LabRow& row) { return row.count.has_value(); });
  text += counted ? fmt::format("{:<21}{:>7}{:>10}{:>9}{:>7}{:>7}{:>6}{:>9}{:>9}{:>9}{:>9}{:>8}{:>9}  {}\n", "variant", "error",
                                "requests", "sect/req", "coal %", "lanes", "L2 %", "L2 MB", "DRAM MB", "conflict", "busiest",
                                "uneven", "est. us", "bound by")
                  : fmt::format("{:<21}{:>7}{:>11}{:>17}{:>10}{:>9}  {}\n", "variant", "error", "median ms", "least-most",
                                "GFLOP/s", "GB/s", "of ceiling");
  for (const LabRow& row : rows) {
    const std::string name = row.variant + (row.chosen ? " *" : "");
    if (row.time) {
      const bench::LabTime& time = *row.time;
      text += fmt::format("{:<21}{:>7.3f}{:>11.4f}{:>17}{:>10.2f}{:>9.2f}  {}\n", name, row.error_over_bound, time.median_ms,
                          fmt::format("{:.4f}-{:.4f}", time.least_ms, time.most_ms), time.gflops,
                          1e-6 * static_cast<double>(row.bytes_moved) / time.median_ms,
                          time.ceiling.empty() ? "" : fmt::format("{:.0f} % ({})", 100 * time.ceiling_share, time.ceiling));
    } else if (row.count) {
      const bench::LabCount& count = *row.count;
      const simt::Counts& c = count.counts;
      text += fmt::format("{:<21}{:>7.3f}{:>10}{:>9.2f}{:>7.1f}{:>7.1f}{:>6.1f}{:>9.2f}{:>9.2f}{:>9}{:>9}{:>8.2f}{:>9.1f}  {}\n",
                          name, row.error_over_bound, c.requests(), c.sectors_per_request(), 100 * c.coalescing(),
                          c.lanes_per_request(), 100 * c.l2_hit_share(), 1e-6 * static_cast<double>(row.bytes_moved),
                          1e-6 * static_cast<double>(c.dram_bytes()), c.bank_conflicts, c.busiest_warp,
                          c.imbalance(lab.card.multiprocessors), count.estimate.us, count.estimate.limiter);
    } else {
      text += fmt::format("{:<21}{}\n", name, not_measured(row));
    }
  }
  if (counted) text += assumptions(lab.card) + "\n";
  return text + "\n";
}

Json row_json(const LabResult& result, const LabRow& row, const Device& device, const bench::LabOptions& lab) {
  Json object{{"op", result.op},       {"variant", row.variant}, {"device", to_string(device.kind())},
              {"graph", result.input}, {"rows", result.rows},    {"nnz", result.nnz}};
  if (result.spread) {
    object["degree_mean"] = result.spread->mean;
    object["degree_most"] = result.spread->most;
    object["degree_variation"] = result.spread->variation;
  }
  object["width"] = result.width;
  object["cold"] = lab.cold;
  object["deterministic"] = row.deterministic;
  object["chosen"] = row.chosen;
  object["refused"] = row.refused;
  object["failed"] = row.failed;
  object["wrong"] = row.wrong;
  object["error_over_bound"] = std::isfinite(row.error_over_bound) ? Json(row.error_over_bound) : Json(nullptr);
  object["bytes_moved"] = row.bytes_moved;
  object["bytes_compulsory"] = result.bytes_compulsory;
  if (row.time) {
    object["median_ms"] = row.time->median_ms;
    object["least_ms"] = row.time->least_ms;
    object["most_ms"] = row.time->most_ms;
    object["gflops"] = row.time->gflops;
  }
  if (row.time && result.ceilings) {
    object["ceiling"] = row.time->ceiling;
    object["ceiling_share"] = row.time->ceiling_share;
    object["copy_gbs"] = result.ceilings->copy_gbs;
    object["gather_gbs"] = result.ceilings->gather_gbs;
    object["fma_gflops"] = result.ceilings->fma_gflops;
  }
  if (row.count) {
    const bench::LabCount& count = *row.count;
    const simt::Counts& c = count.counts;
    object["launches"] = c.launches;
    object["load_requests"] = c.load_requests;
    object["store_requests"] = c.store_requests;
    object["atomic_requests"] = c.atomic_requests;
    object["shared_requests"] = c.shared_requests;
    object["shuffles"] = c.shuffles;
    object["votes"] = c.votes;
    object["barriers"] = c.warp_barriers + c.block_barriers;
    object["bank_conflicts"] = c.bank_conflicts;
    object["lanes_per_request"] = c.lanes_per_request();
    object["sectors_per_request"] = c.sectors_per_request();
    object["coalescing"] = c.coalescing();
    object["l2_hit_share"] = c.l2_hit_share();
    object["dram_bytes"] = c.dram_bytes();
    object["imbalance"] = c.imbalance(lab.card.multiprocessors);
    object["busiest_warp"] = c.busiest_warp;
    object["estimated"] = {{"card", lab.card.name}, {"us", count.estimate.us}, {"limiter", count.estimate.limiter}};
  }
  return object;
}

/// A header of every field that some row has, then a line a row; fields with a comma or a quote are quoted.
std::string as_csv(const Json& rows) {
  Json flat = Json::array();
  for (const Json& row : rows) {
    Json& line = flat.emplace_back(Json::object());
    for (const auto& [field, value] : row.items()) {
      if (!value.is_object()) {
        line[field] = value;
        continue;
      }
      for (const auto& [inner, number] : value.items()) line[fmt::format("{}_{}", field, inner)] = number;
    }
  }
  std::vector<std::string> fields;
  for (const Json& row : flat) {
    for (const auto& [field, value] : row.items()) {
      if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(field);
    }
  }
  std::string csv;
  for (const std::string& field : fields) csv.append(csv.empty() ? "" : ",").append(field);
  for (const Json& row : flat) {
    csv += "\n";
    for (std::size_t i = 0; i < fields.size(); ++i) {
      std::string cell;
      if (const auto value = row.find(fields[i]); value != row.end() && !value->is_null()) {
        cell = value->is_string() ? value->get<std::string>() : value->dump();
      }
      if (cell.find_first_of(",\"\n") != std::string::npos) {
        std::string quoted;
        for (char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
        cell = "\"" + quoted + "\"";
      }
      csv += (i == 0 ? "" : ",") + cell;
    }
  }
  return csv + "\n";
}

std::vector<std::string> graph_names(const std::vector<std::string>& wanted) {
  std::vector<std::string> names;
  for (const std::string& name : wanted) {
    if (name != "standard") {
      names.push_back(name);
      continue;
    }
    std::vector<std::string> absent;
    for (std::string& graph : bench::standard_graphs(absent)) names.push_back(std::move(graph));
    if (!absent.empty()) print(fmt::format("absent from HEDDLE_DATA, left out: {}\n\n", fmt::join(absent, ", ")));
  }
  return names;
}

void run(const BenchOp& op, const BenchOptions& options) {
  check_outputs({options.json, options.csv, options.plot});
  const std::vector<int64_t> widths = widths_of(options.widths);
  bench::LabOptions lab{.variants = {}, .repeats = static_cast<int>(options.repeats), .cold = options.cold};
  lab.card = bench::find_card(options.card);
  if (!options.l2.empty()) lab.card.l2_bytes = bytes_of(options.l2);
  if (options.multiprocessors > 0) lab.card.multiprocessors = static_cast<int>(options.multiprocessors);
  if (options.variants != "all") lab.variants = split_list(options.variants);
  const Device device = options.device.open();
  Json rows = Json::array();
  std::vector<LabResult> results;
  std::string failure;
  for (const std::string& name : op.graph ? graph_names(options.graphs) : std::vector<std::string>{""}) {
    const bench::LabGraph graph = op.graph ? bench::lab_graph(name) : bench::LabGraph{};
    for (int64_t width : widths) {
      for (LabResult& result : op.compare(graph, width, options, device, lab)) {
        print(as_text(result, device, lab));
        for (const LabRow& row : result.rows_by_rank) {
          rows.push_back(row_json(result, row, device, lab));
          if (bad(row))
            failure = fmt::format("{} on {} at width {}: {}", row.variant, result.input, result.width, not_measured(row));
        }
        results.push_back(std::move(result));
      }
    }
  }
  if (!options.json.empty()) io::write_file(options.json, Json{{"rows", rows}}.dump() + "\n");
  if (!options.csv.empty()) io::write_file(options.csv, as_csv(rows));
  if (!options.plot.empty()) {
    io::write_file(options.plot,
                   lab_plot(results, device.kind() == DeviceKind::simt ? assumptions(lab.card) : device.description()));
  }
  require(failure.empty(), ErrorKind::internal, failure);
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
    app->add_option(
           "--graph", options->graphs,
           "rmat:SCALE,EDGEFACTOR, uniform:N,DEGREE, star:N, cora, gowalla, epinions, enron, condmat (from HEDDLE_DATA), "
           "standard (all of these), or a path; several are allowed")
        ->type_name("NAME")
        ->capture_default_str();
  }
  app->add_option("--dim", options->widths, fmt::format("{}, separated by commas", op.widths_are))
      ->type_name("N,...")
      ->capture_default_str();
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
  app->add_option("--variant", options->variants, "all, or names separated by commas")
      ->type_name("NAME,...")
      ->capture_default_str();
  options->device.add_to(*app);
  whole("--repeats", options->repeats, 1, 1000, "rounds, in each of which every variant is timed");
  app->add_flag("--cold", options->cold, "empty the caches before each timed run");
  app->add_option("--card", options->card, fmt::format("the card that counts are turned into a time for: {}", card_names()))
      ->type_name("NAME")
      ->capture_default_str();
  app->add_option("--l2", options->l2, "its second-level cache, like 50MB; the card's where not given")->type_name("SIZE");
  whole("--sms", options->multiprocessors, 0, 100'000, "its multiprocessors; 0: the card's");
  app->add_option("--json", options->json, "write every row to this file, as one JSON object")->type_name("FILE");
  app->add_option("--csv", options->csv, "write every row to this file, as a table")->type_name("FILE");
  app->add_option("--plot", options->plot, "draw every row into this file, as SVG")->type_name("FILE");
  app->callback([options, &op, &action] { action = [options, &op] { run(op, *options); }; });
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("bench", "compare the variants of a kernel op: check, then time (cpu, cuda) or count (simt)");
  command->require_subcommand(1);
  for (const BenchOp& op : ops) add_op(*command, op, action);
}

}  // namespace heddle::cli
