#pragma once

#include <cstdint>

#include "heddle/data.h"

namespace heddle::bench {

struct GeneratedOptions {
  int64_t nodes = 170'000;
  int64_t edge_draws = 1'200'000;  ///< self-loops and repeats among them are dropped
  int64_t features = 128;
  int32_t classes = 40;
  uint64_t seed = 0;
};

/// A graph with power-law degrees (both ends of an edge drawn with density ~ rank^-1/2, ranks shuffled over the nodes), dense
/// uniform features of unit variance, random labels, the first half of the nodes as training split.
NodeDataset generated_dataset(const GeneratedOptions& options = {});

}  // namespace heddle::bench
