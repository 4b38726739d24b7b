#pragma once

#include <map>
#include <memory>
#include <string>

#include "heddle/fit.h"
#include "heddle/recommender.h"

/// A fitted model of every kind in the table.
namespace heddle::test {

/// A trained one briefly; a blend's models are LightGCN and the graph filter.
inline std::unique_ptr<Recommender> fitted(const Kind& kind, const InteractionDataset& data, const Device& device) {
  const Settings brief{{"dim", "16"},         {"layers", "2"},        {"epochs", "1"},
                       {"batch_size", "256"}, {"temperature", "0.2"}, {"negatives", "32"}};
  Settings blend{{"first", "lightgcn"}, {"second", "graph-filter"}, {"rank", "8"}, {"weight", "0.5"}};
  blend.insert(brief.begin(), brief.end());
  const std::map<std::string, Settings> settings{{"lightgcn", brief}, {"blend", blend}};
  const auto found = settings.find(kind.name);
  return fit(kind, found == settings.end() ? Settings() : found->second, data, {.device = device, .seed = 1}).model;
}

}  // namespace heddle::test
