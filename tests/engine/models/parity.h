#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "bench/references.h"
#include "heddle/io.h"

// Reading the trajectories of a float64 program on the karate club: weights, output, gradients, losses.
namespace heddle::test {

using Arrays = std::map<std::string, io::Array>;

inline const std::vector<double>& doubles(const Arrays& arrays, const std::string& name) {
  return std::get<std::vector<double>>(arrays.at(name).values);
}

inline std::vector<int32_t> ints(const Arrays& arrays, const std::string& name) {
  const auto& values = std::get<std::vector<int64_t>>(arrays.at(name).values);
  return {values.begin(), values.end()};
}

inline HostMatrix matrix(const Arrays& arrays, const std::string& name) {
  const std::vector<int64_t>& shape = arrays.at(name).shape;
  const std::vector<double>& values = doubles(arrays, name);
  return {shape.size() == 1 ? 1 : shape[0], shape.back(), {values.begin(), values.end()}};
}

inline bench::Reference within(const std::vector<double>& values, double relative, double absolute) {
  bench::Reference reference{values, {}};
  for (double value : values) reference.bounds.push_back(relative * std::abs(value) + absolute);
  return reference;
}

inline NodeDataset dataset(const Arrays& arrays) {
  NodeDataset data;
  data.name = "karate";
  data.dense_features = matrix(arrays, "features");
  data.nodes = data.dense_features.rows;
  const std::vector<int32_t> edges = ints(arrays, "edges");  // 2 x count, each edge from both of its ends
  const std::size_t count = edges.size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    if (edges[i] < edges[count + i]) data.edges.emplace_back(edges[i], edges[count + i]);
  }
  data.labels = ints(arrays, "labels");
  data.classes = 4;
  data.train = ints(arrays, "train");
  return data;
}

}  // namespace heddle::test
