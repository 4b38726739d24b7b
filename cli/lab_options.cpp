#include "cli/lab_options.h"

#include <fmt/format.h>

#include <charconv>

#include "bench/lab_graphs.h"
#include "cli/options.h"
#include "heddle/error.h"
#include "heddle/settings.h"

namespace heddle::cli {

void add_graphs(CLI::App& app, std::vector<std::string>& graphs) {
  app.add_option("--graph", graphs,
                 "rmat:SCALE,EDGEFACTOR, uniform:N,DEGREE, star:N, cora, gowalla, epinions, enron, condmat (from HEDDLE_DATA), "
                 "standard (all of these), or a path; several are allowed")
      ->type_name("NAME")
      ->capture_default_str();
}

std::vector<std::string> graph_names(const std::vector<std::string>& wanted, std::vector<std::string>& absent) {
  std::vector<std::string> names;
  for (const std::string& name : wanted) {
    if (name != "standard") {
      names.push_back(name);
    } else {
      for (std::string& graph : bench::standard_graphs(absent)) names.push_back(std::move(graph));
    }
  }
  return names;
}

void list_graphs(const std::vector<std::string>& wanted, RunFiles& files) {
  bench::check_data_folder();
  std::vector<std::string> absent;
  for (const std::string& name : graph_names(wanted, absent)) {
    bench::check_lab_graph(name);
    files.reads("--graph", bench::lab_graph_path(name));
  }
}

void add_widths(CLI::App& app, std::string& widths, const std::string& what) {
  app.add_option("--dim", widths, fmt::format("{}, separated by commas", what))->type_name("N,...")->capture_default_str();
}

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

void add_repeats(CLI::App& app, int64_t& repeats) {
  add_number<int64_t>(app, "--repeats", repeats, 1, 1000, "a whole number from 1 to 1000",
                      "rounds, in each of which every variant is timed");
}

bool unless_interrupted(const std::function<void()>& compare) try {
  compare();
  return true;
} catch (const Error& error) {
  if (error.kind() != ErrorKind::interrupted) throw;
  return false;
}

void LabProgress::begin(std::size_t number) const {
  const auto cases = static_cast<double>(cases_);
  const ProgressFigure figure{.name = "case", .value = static_cast<double>(number + 1), .total = cases};
  progress_.told({.phase = "measuring", .share = static_cast<double>(number) / cases, .figures = std::span(&figure, 1)});
}

void LabProgress::require_all(std::size_t measured, const std::string& outcome) const {
  require(measured == cases_, ErrorKind::interrupted, "interrupted after ", measured, " of ", counted(cases_, "case"),
          outcome.empty() ? "" : "; ", outcome);
}

}  // namespace heddle::cli
