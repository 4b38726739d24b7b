#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/report.h"
#include "heddle/device.h"
#include "heddle/error.h"
#include "kernels/dense/dense.h"
#include "kernels/edge/variants.h"
#include "kernels/gat/variants.h"
#include "kernels/spmm/spmm.h"

namespace heddle::cli {

namespace {

struct Row {
  const char* op;
  DeviceKind device;
  const char* name;
  const char* summary;
  const char* source;
  bool deterministic;
  const char* limits;
  double rounding;
};

template <class Args>
void add_rows(std::vector<Row>& rows, const char* op, std::span<const kernels::Variant<Args>> (*table)(DeviceKind)) {
  for (DeviceKind device : {DeviceKind::cpu, DeviceKind::simt, DeviceKind::cuda}) {
    for (const kernels::Variant<Args>& variant : table(device))
      rows.push_back(
          {op, device, variant.name, variant.summary, variant.source, variant.deterministic, variant.limits, variant.rounding});
  }
}

/// Every op that has variants to choose from.
std::vector<Row> all_rows() {
  std::vector<Row> rows;
  add_rows<kernels::SpmmArgs>(rows, "spmm", kernels::spmm_variants);
  add_rows<kernels::GemmArgs>(rows, "gemm", kernels::gemm_variants);
  add_rows<kernels::HeadSddmmArgs>(rows, "head_sddmm", kernels::head_sddmm_variants);
  add_rows<kernels::EdgeSoftmaxArgs>(rows, "edge_softmax", kernels::edge_softmax_variants);
  add_rows<kernels::GatForwardArgs>(rows, "gat", kernels::gat_forward_variants);  // backward has the same names
  return rows;
}

Json as_json(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const Row& row : rows) {
    list.push_back({{"op", row.op},
                    {"device", to_string(row.device)},
                    {"name", row.name},
                    {"summary", row.summary},
                    {"source", row.source},
                    {"deterministic", row.deterministic},
                    {"limits", row.limits},
                    {"rounding", row.rounding}});
  }
  return {{"variants", list}};
}

std::string as_text(const std::vector<Row>& rows) {
  std::string text;
  const Row* before = nullptr;
  for (const Row& row : rows) {
    if (before == nullptr || before->op != row.op || before->device != row.device)
      text += fmt::format("{}{} on {}\n", text.empty() ? "" : "\n", row.op, to_string(row.device));
    const bool limited = std::string_view(row.limits) != "none";
    text += fmt::format("  {:<20} {}{}\n  {:<20}   {}{}{}\n", row.name, row.summary,
                        row.deterministic ? "" : " (bits differ from run to run)", "", row.source, limited ? "; takes " : "",
                        limited ? row.limits : "");
    before = &row;
  }
  return text;
}

/// One row a variant; simt's and cuda's are built from one file, so they are one.
std::string as_markdown(const std::vector<Row>& rows) {
  std::string text =
      "| op | device | variant | how work is mapped | source | same bits each run | takes only "
      "|\n|---|---|---|---|---|---|---|\n";
  for (const Row& row : rows) {
    const auto twin = [&row](const Row& other) {
      return other.device == DeviceKind::simt && std::string_view(other.op) == row.op && std::string_view(other.name) == row.name;
    };
    if (row.device == DeviceKind::cuda && std::any_of(rows.begin(), rows.end(), twin)) continue;
    text += fmt::format("| {} | {} | `{}` | {} | {} | {} | {} |\n", row.op,
                        row.device == DeviceKind::simt ? "simt, cuda" : to_string(row.device), row.name, row.summary, row.source,
                        row.deterministic ? "yes" : "no", std::string_view(row.limits) == "none" ? "" : row.limits);
  }
  return text;
}

}  // namespace

void add_variants(CLI::App& app, Action& action) {
  CLI::App* variants = app.add_subcommand("variants", "list the variants of each kernel op, by device");
  struct Options {
    bool json = false;
    bool markdown = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::Option* json = variants->add_flag("--json", options->json, "print one JSON object");
  variants->add_flag("--markdown", options->markdown, "print the table of README.md")->excludes(json);
  variants->callback([options, &action] {
    action = [options] {
      const std::vector<Row> rows = all_rows();
      if (options->json) return print(as_json(rows));
      print(options->markdown ? as_markdown(rows) : as_text(rows));
    };
  });
}

}  // namespace heddle::cli
