#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/lab.h"
#include "bench/lab_graphs.h"
#include "heddle/tuned.h"

/// Finds the variant of the sparse product to remember for a graph: `heddle tune`.
namespace heddle::bench {

/// One graph at one width: the best deterministic variant, and what the rule's choice would have cost.
struct TunedCase {
  std::string graph;
  int64_t width = 0;
  std::string best, rule;
  double best_cost = 0, rule_cost = 0;  ///< as `cost` tells it
  double ratio() const { return rule_cost / best_cost; }
};

/// Measures every variant. `go_on` is asked as LabOptions::go_on is. Throws Error{internal} where a variant is wrong or fails.
TunedCase tune_spmm(const LabGraph& graph, int64_t width, const Device& device, int repeats,
                    const std::function<bool()>& go_on = {});

/// What is told while several graphs are tuned; each may be null.
struct TuneProgress {
  std::function<void(const std::string& graph)> reading = {};   ///< before a graph is read
  std::function<void(std::size_t number)> measuring = {};       ///< before a case; from 0, graph by graph
  std::function<void(const TunedCase& outcome)> measured = {};  ///< after it
  std::function<bool()> go_on = {};                             ///< asked before each of these and as LabOptions::go_on is
};
/// Measures each of the graphs (names as lab_graph takes them) at each of the widths and adds what is found to `tuned`. What was
/// measured by the time that `go_on` says no. Throws as lab_graph and tune_spmm, but for the interruption.
std::vector<TunedCase> tune_graphs(std::span<const std::string> graphs, std::span<const int64_t> widths, const Device& device,
                                   int repeats, TunedVariants& tuned, const TuneProgress& progress = {});

/// What is remembered of a case on this device, with the figures that decided.
TunedChoice choice_of(const TunedCase& found, const StructureHash& structure, const Device& device);

/// How the rule's choices did over several cases, by their ratios.
struct RuleQuality {
  double geometric_mean = 1;
  const TunedCase* worst = nullptr;  ///< of equal ones the first; null without cases
};
RuleQuality rule_quality(std::span<const TunedCase> cases);

}  // namespace heddle::bench
