#include "bench/lab_tune.h"

#include <cmath>
#include <cstdio>

#include "heddle/error.h"

namespace heddle::bench {

namespace {

/// The figures that decided, for people who read the file.
std::string decided_by(const TunedCase& found, DeviceKind device) {
  const bool counted = device == DeviceKind::simt;
  const auto figure = [&](double cost) {
    char written[64];
    std::snprintf(written, sizeof written, counted ? "%.3f MB" : "%.4f ms", counted ? 1e-6 * cost : cost);
    return std::string(written);
  };
  return found.best == found.rule ? text(figure(found.best_cost), "; the rule agrees")
                                  : text(figure(found.best_cost), "; ", figure(found.rule_cost), " by ", found.rule);
}

}  // namespace

TunedCase tune_spmm(const LabGraph& graph, int64_t width, const Device& device, int repeats, const std::function<bool()>& go_on) {
  const LabResult result = compare_spmm(graph, width, device, {.variants = {}, .repeats = repeats, .go_on = go_on});
  for (const LabRow& row : result.rows_by_rank) {
    require(!is_bad(row), ErrorKind::internal, row.variant, " on ", result.input, " at width ", result.width, ": ",
            not_measured(row));
  }
  const LabRow* const best = best_deterministic(result);
  const LabRow* const rule = chosen_by_rule(result);
  require(best != nullptr && rule != nullptr, ErrorKind::internal, "tune: no variant ran on ", result.input);
  return {result.input, result.width, best->variant, rule->variant, cost(*best), cost(*rule)};
}

std::vector<TunedCase> tune_graphs(std::span<const std::string> graphs, std::span<const int64_t> widths, const Device& device,
                                   int repeats, TunedVariants& tuned, const TuneProgress& progress) {
  std::vector<TunedCase> cases;
  const auto goes_on = [&] { return !progress.go_on || progress.go_on(); };
  for (const std::string& name : graphs) {
    if (!goes_on()) return cases;
    if (progress.reading) progress.reading(name);
    const LabGraph graph = lab_graph(name, true);  // as models multiply by it
    const StructureHash structure = structure_hash(graph.matrix);
    for (const int64_t width : widths) {
      if (!goes_on()) return cases;
      if (progress.measuring) progress.measuring(cases.size());
      try {
        cases.push_back(tune_spmm(graph, width, device, repeats, progress.go_on));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::interrupted) throw;
        return cases;
      }
      tuned.add(choice_of(cases.back(), structure, device));
      if (progress.measured) progress.measured(cases.back());
    }
  }
  return cases;
}

TunedChoice choice_of(const TunedCase& found, const StructureHash& structure, const Device& device) {
  return {structure, found.width, device.description(), found.best, found.graph, decided_by(found, device.kind())};
}

RuleQuality rule_quality(std::span<const TunedCase> cases) {
  RuleQuality quality;
  double logarithms = 0;
  for (const TunedCase& each : cases) {
    logarithms += std::log(each.ratio());
    if (quality.worst == nullptr || each.ratio() > quality.worst->ratio()) quality.worst = &each;
  }
  if (!cases.empty()) quality.geometric_mean = std::exp(logarithms / static_cast<double>(cases.size()));
  return quality;
}

}  // namespace heddle::bench
