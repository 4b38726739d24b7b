#include "cli/lab_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/text_columns.h"
#include "heddle/error.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

std::string text_of(int64_t count, const char* noun) { return text(counted(count, noun)); }

}  // namespace

std::string lab_text(const bench::LabResult& result, const Device& device, const bench::LabOptions& lab) {
  using io::detail::printable;
  std::string text =
      fmt::format("{}: {}{}", result.op, printable(result.input), result.form.empty() ? "" : fmt::format(" ({})", result.form));
  if (result.spread) {
    text += fmt::format(": {}, {}, degree {:.1f} (most {}, variation {:.2f})", text_of(result.rows, "row"),
                        text_of(result.nnz, "non-zero"), result.spread->mean, result.spread->most, result.spread->variation);
  }
  text += fmt::format("; width {}; {}{}\n", result.width, device.description(), lab.cold ? ", cold" : "");
  text += fmt::format("compulsory {:.2f} MB\n", 1e-6 * static_cast<double>(result.bytes_compulsory));
  if (result.ceilings) {
    text += fmt::format("ceilings: copy {:.1f} GB/s, gather from cache {:.1f} GB/s, multiply-add {:.1f} GFLOP/s\n",
                        result.ceilings->copy_gbs, result.ceilings->gather_gbs, result.ceilings->fma_gflops);
  }
  const std::vector<bench::LabRow>& rows = result.rows_by_rank;
  const bool counted = std::any_of(rows.begin(), rows.end(), [](const bench::LabRow& row) { return row.count.has_value(); });
  text += counted ? fmt::format("{:<24}{:>7}{:>10}{:>9}{:>7}{:>7}{:>6}{:>9}{:>9}{:>9}{:>9}{:>8}{:>9}  {}\n", "variant", "error",
                                "requests", "sect/req", "coal %", "lanes", "L2 %", "L2 MB", "DRAM MB", "conflict", "busiest",
                                "uneven", "est. us", "bound by")
                  : fmt::format("{:<24}{:>7}{:>11}{:>17}{:>10}{:>9}  {}\n", "variant", "error", "median ms", "least-most",
                                "GFLOP/s", "GB/s", "of ceiling");
  for (const bench::LabRow& row : rows) {
    const std::string name = padded_to_columns(printable(row.variant) + (row.chosen ? " *" : row.added ? " +" : ""), 24);
    if (row.time) {
      const bench::LabTime& time = *row.time;
      text += fmt::format("{}{:>7.3f}{:>11.4f}{:>17}{:>10.2f}{:>9.2f}  {}\n", name, row.error_over_bound, time.median_ms,
                          fmt::format("{:.4f}-{:.4f}", time.least_ms, time.most_ms), time.gflops,
                          1e-6 * static_cast<double>(row.bytes_moved) / time.median_ms,
                          time.ceiling.empty() ? "" : fmt::format("{:.0f} % ({})", 100 * time.ceiling_share, time.ceiling));
    } else if (row.count) {
      const bench::LabCount& count = *row.count;
      const simt::Counts& c = count.counts;
      text += fmt::format("{}{:>7.3f}{:>10}{:>9.2f}{:>7.1f}{:>7.1f}{:>6.1f}{:>9.2f}{:>9.2f}{:>9}{:>9}{:>8.2f}{:>9.1f}  {}\n",
                          name, row.error_over_bound, c.requests(), c.sectors_per_request(), 100 * c.coalescing(),
                          c.lanes_per_request(), 100 * c.l2_hit_share(), 1e-6 * static_cast<double>(row.bytes_moved),
                          1e-6 * static_cast<double>(c.dram_bytes()), c.bank_conflicts, c.busiest_warp,
                          c.imbalance(lab.card.multiprocessors), count.estimate.us, count.estimate.limiter);
      if (count.ptx) {
        text += fmt::format("{:<24}  PTX as written: {} and {}\n", "", text_of(count.ptx->arithmetic, "arithmetic instruction"),
                            text_of(count.ptx->memory, "memory instruction"));
      }
    } else {
      text += fmt::format("{}{}\n", name, printable(not_measured(row)));
    }
  }
  if (counted) text += assumptions(lab.card) + "\n";
  return text + "\n";
}

Json lab_json(const bench::LabResult& result, const bench::LabRow& row, const Device& device, const bench::LabOptions& lab) {
  Json object{{"op", result.op},       {"variant", row.variant}, {"device", to_string(device.kind())},
              {"graph", result.input}, {"rows", result.rows},    {"nnz", result.nnz}};
  if (!result.form.empty()) object["form"] = result.form;
  if (result.spread) {
    object["degree_mean"] = result.spread->mean;
    object["degree_most"] = result.spread->most;
    object["degree_variation"] = result.spread->variation;
  }
  object["width"] = result.width;
  object["cold"] = lab.cold;
  object["deterministic"] = row.deterministic;
  object["chosen"] = row.chosen;
  object["rounding"] = row.rounding;
  object["added"] = row.added;
  object["refused"] = row.refused;
  object["failed"] = row.failed;
  object["wrong"] = row.wrong;
  object["wrong_where"] = row.wrong_where;
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
    if (count.ptx) {
      object["ptx_arithmetic"] = count.ptx->arithmetic;
      object["ptx_memory"] = count.ptx->memory;
    }
    object["estimated"] = {{"card", lab.card.name}, {"us", count.estimate.us}, {"limiter", count.estimate.limiter}};
  }
  return object;
}

std::string lab_csv(const Json& rows) {
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

}  // namespace heddle::cli
