#pragma once

#include <span>
#include <vector>

#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {

/// The mean of some numbers and their population standard deviation: the root of the mean squared difference, divided by n (not
/// by n - 1), as papers give it for accuracies over seeds.
struct MeanAndDeviation {
  double mean = 0;       ///< of all of them
  double deviation = 0;  ///< 0 of a single number
};

/// NaN of no numbers.
MeanAndDeviation mean_and_deviation(std::span<const double> values);

/// The middle one of the numbers in order, of an even count the mean of the two in the middle; 0 of none.
double median(std::vector<double> values);

}  // namespace heddle
HEDDLE_API_END
