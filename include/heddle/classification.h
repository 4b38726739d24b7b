#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heddle/data.h"
#include "heddle/export.h"

HEDDLE_API_BEGIN
/// The figures that node classifiers are judged by besides accuracy.
namespace heddle {

/// How well one class was told from the others.
struct ClassFigures {
  int64_t nodes = 0;      ///< that have this label
  int64_t predicted = 0;  ///< that were given it
  int64_t correct = 0;    ///< both
  double precision = 0;   ///< correct / predicted; 0 where none was given it
  double recall = 0;      ///< correct / nodes; 0 where none has it
  double f1 = 0;          ///< 2 correct / (nodes + predicted): the harmonic mean of the two
};

/// Nodes of one label that were given one class.
struct Confusion {
  int32_t label = 0;      ///< what they are
  int32_t predicted = 0;  ///< what they were taken for
  int64_t nodes = 0;      ///< how many; at least 1
};

/// Figures of predictions on some nodes.
struct Classification {
  int64_t nodes = 0;    ///< that were judged
  double accuracy = 0;  ///< share of them whose class is right
  /// The mean of `f1` over the classes that are some node's label or prediction, each counting the same, as scikit-learn's
  /// f1_score(average="macro") has it.
  double macro_f1 = 0;
  std::vector<ClassFigures> classes = {};  ///< one for each class that is a label or a prediction in the data
  std::vector<Confusion> confusion = {};   ///< what occurs of the confusion matrix, by label, then by prediction
};

/// Judges predictions, one for each node of a data set with these labels, on `nodes`. All zero where `nodes` is empty. Throws
/// Error{usage} where the numbers of predictions and labels differ, a node is out of range or has no label, or a prediction is
/// negative.
Classification classification(std::span<const int32_t> predicted, std::span<const int32_t> labels,
                              std::span<const int32_t> nodes);

}  // namespace heddle
HEDDLE_API_END
