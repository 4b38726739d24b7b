#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "heddle/export.h"
#include "heddle/sparse.h"

HEDDLE_API_BEGIN
namespace heddle {

/// The variant of the sparse-dense product that was found best for one matrix, at one width, on one device.
struct TunedChoice {
  StructureHash structure;  ///< of the matrix
  int64_t width = 0;        ///< columns of the dense factor
  std::string device;       ///< Device::description() of where it was found
  std::string variant;      ///< its name
  std::string graph;        ///< what the matrix is called, for people
  std::string decided_by;   ///< the figures that decided, for people
};

/// What `heddle tune` remembers, at most one choice for each matrix, width and device. Files of it: io::read_tuned and
/// io::write_tuned; Context::set_tuned makes a computation follow it.
class TunedVariants {
 public:
  /// Takes the place of an earlier choice for the same matrix, width and device.
  void add(TunedChoice choice);
  /// In the order of their adding.
  std::span<const TunedChoice> choices() const& { return choices_; }
  std::vector<TunedChoice> choices() && { return std::move(choices_); }  ///< of a temporary: the vector itself

 private:
  std::vector<TunedChoice> choices_;
  std::map<std::tuple<StructureHash, int64_t, std::string>, std::size_t> places_;  ///< in choices_
};

}  // namespace heddle
HEDDLE_API_END
