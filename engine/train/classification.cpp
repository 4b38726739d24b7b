#include "heddle/classification.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "heddle/error.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

double share_of(int64_t part, int64_t whole) { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }

}  // namespace

Classification classification(std::span<const int32_t> predicted, std::span<const int32_t> labels,
                              std::span<const int32_t> nodes) try {
  require(predicted.size() == labels.size(), ErrorKind::usage, "classification: ", there_are(predicted.size(), "prediction"),
          " for ", counted(labels.size(), "label"));
  Classification result;
  result.nodes = static_cast<int64_t>(nodes.size());
  int32_t most = -1;
  std::vector<std::pair<int32_t, int32_t>> pairs;
  pairs.reserve(nodes.size());
  for (const int32_t node : nodes) {
    require(node >= 0 && static_cast<std::size_t>(node) < labels.size(), ErrorKind::usage, "classification: node ", node, ", ",
            there_are(labels.size(), "label"));
    const int32_t label = labels[static_cast<std::size_t>(node)], guess = predicted[static_cast<std::size_t>(node)];
    require(label >= 0, ErrorKind::usage, "classification: node ", node, " has no label");
    require(guess >= 0, ErrorKind::usage, "classification: node ", node, " is predicted to be of class ", guess);
    pairs.emplace_back(label, guess);
    most = std::max({most, label, guess});
  }
  std::sort(pairs.begin(), pairs.end());
  result.classes.resize(static_cast<std::size_t>(most) + 1);
  int64_t correct = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto [label, guess] = pairs[i];
    ++result.classes[static_cast<std::size_t>(label)].nodes;
    ++result.classes[static_cast<std::size_t>(guess)].predicted;
    if (label == guess) {
      ++result.classes[static_cast<std::size_t>(label)].correct;
      ++correct;
    }
    if (i == 0 || pairs[i] != pairs[i - 1]) result.confusion.push_back({label, guess, 0});
    ++result.confusion.back().nodes;
  }
  result.accuracy = share_of(correct, result.nodes);
  int64_t occurring = 0;
  double sum = 0;
  for (ClassFigures& figures : result.classes) {
    figures.precision = share_of(figures.correct, figures.predicted);
    figures.recall = share_of(figures.correct, figures.nodes);
    figures.f1 = share_of(2 * figures.correct, figures.nodes + figures.predicted);
    occurring += figures.nodes + figures.predicted > 0;
    sum += figures.f1;
  }
  result.macro_f1 = occurring == 0 ? 0 : sum / static_cast<double>(occurring);
  return result;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
