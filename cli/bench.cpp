#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/lab_graphs.h"
#include "bench/spmm_lab.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/report.h"
#include "heddle/error.h"
#include "heddle/io.h"

namespace heddle::cli {

namespace {

using bench::SpmmResult;
using bench::SpmmRow;

struct BenchOptions {
  std::vector<std::string> graphs{"rmat:12,8"};
  std::string widths = "16,32,64";
  std::string variants = "all";
  DeviceOptions device{.name = "cpu", .threads = 0};
  int64_t repeats = 7;
  bool cold = false;
  std::string json, csv;
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts(1);
  for (char c : list) c == ',' ? static_cast<void>(parts.emplace_back()) : parts.back().push_back(c);
  return parts;
}

std::vector<int64_t> widths_of(const std::string& list) {
  std::vector<int64_t> widths;
  for (const std::string& part : split(list)) {
    int64_t width = 0;
    const auto [end, status] = std::from_chars(part.data(), part.data() + part.size(), width);
    require(status == std::errc() && end == part.data() + part.size() && width >= 1 && width <= 4096, ErrorKind::usage,
            "--dim is '", list, "', it must be whole numbers from 1 to 4096, separated by commas");
    widths.push_back(width);
  }
  return widths;
}

/// Why a row has no figures, or nothing.
std::string not_measured(const SpmmRow& row) {
  if (!row.refused.empty()) return "refused: " + row.refused;
  if (row.wrong) return fmt::format("WRONG: an error of {:.3g} times the bound", row.error_over_bound);
  return {};
}

std::string as_text(const bench::LabGraph& graph, const SpmmResult& result, const Device& device, bool cold) {
  const bench::DegreeSpread spread = bench::degree_spread(graph.matrix);
  std::string text = fmt::format("{}: {} rows, {} non-zeros, degree {:.1f} (most {}, variation {:.2f}); width {}; {}{}\n",
                                 graph.name, graph.matrix.rows, graph.matrix.nnz(), spread.mean, spread.most, spread.variation,
                                 result.width, device.description(), cold ? ", cold" : "");
  text += fmt::format("compulsory {:.2f} MB\n", 1e-6 * static_cast<double>(result.bytes_compulsory));
  if (result.ceilings) {
    text += fmt::format("ceilings: copy {:.1f} GB/s, gather from cache {:.1f} GB/s, multiply-add {:.1f} GFLOP/s\n",
                        result.ceilings->copy_gbs, result.ceilings->gather_gbs, result.ceilings->fma_gflops);
  }
  const bool counted =
      std::any_of(result.rows.begin(), result.rows.end(), [](const SpmmRow& row) { return row.count.has_value(); });
  text += counted ? fmt::format("{:<21}{:>7}{:>10}{:>9}{:>7}{:>6}{:>9}{:>9}{:>9}{:>9}{:>8}{:>9}  {}\n", "variant", "error",
                                "requests", "sect/req", "lanes", "L2 %", "L2 MB", "DRAM MB", "conflict", "busiest", "uneven",
                                "est. us", "bound by")
                  : fmt::format("{:<21}{:>7}{:>11}{:>17}{:>10}{:>9}  {}\n", "variant", "error", "median ms", "least-most",
                                "GFLOP/s", "GB/s", "of ceiling");
  for (const SpmmRow& row : result.rows) {
    const std::string name = row.variant + (row.chosen ? " *" : "");
    if (row.time) {
      const bench::SpmmTime& time = *row.time;
      text += fmt::format("{:<21}{:>7.3f}{:>11.3f}{:>17}{:>10.2f}{:>9.2f}  {}\n", name, row.error_over_bound, time.median_ms,
                          fmt::format("{:.3f}-{:.3f}", time.least_ms, time.most_ms), time.gflops,
                          1e-6 * static_cast<double>(row.bytes_moved) / time.median_ms,
                          time.ceiling.empty() ? "" : fmt::format("{:.0f} % ({})", 100 * time.ceiling_share, time.ceiling));
    } else if (row.count) {
      const bench::SpmmCount& count = *row.count;
      text += fmt::format("{:<21}{:>7.3f}{:>10}{:>9.2f}{:>7.1f}{:>6.1f}{:>9.2f}{:>9.2f}{:>9}{:>9}{:>8.2f}{:>9.1f}  {}\n", name,
                          row.error_over_bound, count.load_requests + count.store_requests + count.atomic_requests,
                          count.sectors_per_request, count.lanes_per_request, 100 * count.l2_hit_share,
                          1e-6 * static_cast<double>(row.bytes_moved), 1e-6 * static_cast<double>(count.dram_bytes),
                          count.bank_conflicts, count.busiest_warp, count.imbalance, count.estimate_us, count.bound_by);
    } else {
      text += fmt::format("{:<21}{}\n", name, not_measured(row));
    }
  }
  if (!result.rows.empty()) {
    const SpmmRow& best = result.rows.front();
    if (best.time) text += fmt::format("{} is the fastest\n", best.variant);
    if (best.count)
      text += fmt::format("{} has the least estimate for an H100 SXM, bound by: {} (from counts; no GPU ran)\n", best.variant,
                          best.count->bound_by);
  }
  return text + "\n";
}

Json row_json(const bench::LabGraph& graph, const SpmmResult& result, const SpmmRow& row, const Device& device, bool cold) {
  const bench::DegreeSpread spread = bench::degree_spread(graph.matrix);
  Json object{{"variant", row.variant},
              {"device", to_string(device.kind())},
              {"graph", graph.name},
              {"rows", graph.matrix.rows},
              {"nnz", graph.matrix.nnz()},
              {"degree_mean", spread.mean},
              {"degree_most", spread.most},
              {"degree_variation", spread.variation},
              {"width", result.width},
              {"cold", cold},
              {"deterministic", row.deterministic},
              {"chosen", row.chosen},
              {"refused", row.refused},
              {"wrong", row.wrong},
              {"error_over_bound", std::isfinite(row.error_over_bound) ? Json(row.error_over_bound) : Json(nullptr)},
              {"bytes_moved", row.bytes_moved},
              {"bytes_compulsory", result.bytes_compulsory}};
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
    const bench::SpmmCount& count = *row.count;
    object["launches"] = count.launches;
    object["load_requests"] = count.load_requests;
    object["store_requests"] = count.store_requests;
    object["atomic_requests"] = count.atomic_requests;
    object["shuffles"] = count.shuffles;
    object["barriers"] = count.barriers;
    object["bank_conflicts"] = count.bank_conflicts;
    object["lanes_per_request"] = count.lanes_per_request;
    object["sectors_per_request"] = count.sectors_per_request;
    object["l2_hit_share"] = count.l2_hit_share;
    object["dram_bytes"] = count.dram_bytes;
    object["imbalance"] = count.imbalance;
    object["busiest_warp"] = count.busiest_warp;
    object["estimate_us"] = count.estimate_us;
    object["bound_by"] = count.bound_by;
  }
  return object;
}

/// A header of every field that some row has, then a line a row; fields with a comma or a quote are quoted.
std::string as_csv(const Json& rows) {
  std::vector<std::string> fields;
  for (const Json& row : rows) {
    for (const auto& [field, value] : row.items()) {
      if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(field);
    }
  }
  std::string csv;
  for (const std::string& field : fields) csv += (csv.empty() ? "" : ",") + field;
  for (const Json& row : rows) {
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

void run(const BenchOptions& options) {
  const std::vector<int64_t> widths = widths_of(options.widths);
  bench::SpmmLabOptions lab{.variants = {}, .repeats = static_cast<int>(options.repeats), .cold = options.cold};
  if (options.variants != "all") lab.variants = split(options.variants);
  const Device device = options.device.open();
  Json rows = Json::array();
  std::string wrong;
  for (const std::string& name : options.graphs) {
    const bench::LabGraph graph = bench::lab_graph(name);
    for (int64_t width : widths) {
      const SpmmResult result = bench::compare_spmm(graph, width, device, lab);
      print(as_text(graph, result, device, options.cold));
      for (const SpmmRow& row : result.rows) {
        rows.push_back(row_json(graph, result, row, device, options.cold));
        if (row.wrong) wrong = fmt::format("{} on {} at width {}: {}", row.variant, graph.name, width, not_measured(row));
      }
    }
  }
  if (!options.json.empty()) io::write_file(options.json, Json{{"rows", rows}}.dump() + "\n");
  if (!options.csv.empty()) io::write_file(options.csv, as_csv(rows));
  require(wrong.empty(), ErrorKind::internal, wrong);
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("bench", "compare the variants of a kernel op: check, then time (cpu, cuda) or count (simt)");
  command->require_subcommand(1);
  CLI::App* spmm = command->add_subcommand("spmm", "the sparse-dense product");
  const auto options = std::make_shared<BenchOptions>();
  spmm->add_option("--graph", options->graphs,
                   "rmat:SCALE,EDGEFACTOR, uniform:N,DEGREE, star:N, gowalla (from HEDDLE_DATA), or a path; several are allowed")
      ->type_name("NAME")
      ->capture_default_str();
  spmm->add_option("--dim", options->widths, "widths, separated by commas")->type_name("N,...")->capture_default_str();
  spmm->add_option("--variant", options->variants, "all, or names separated by commas")
      ->type_name("NAME,...")
      ->capture_default_str();
  options->device.add_to(*spmm);
  add_number<int64_t>(*spmm, "--repeats", options->repeats, 1, 1000, "a whole number from 1 to 1000",
                      "timed runs of each variant");
  spmm->add_flag("--cold", options->cold, "empty the caches before each timed run");
  spmm->add_option("--json", options->json, "write every row to this file, as one JSON object")->type_name("FILE");
  spmm->add_option("--csv", options->csv, "write every row to this file, as a table")->type_name("FILE");
  spmm->callback([options, &action] { action = [options] { run(*options); }; });
}

}  // namespace heddle::cli
