#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "io/id_builder.h"

namespace heddle::io::detail {

/// The numbers that one worker gave ids, in numbers by the order of first appearance in the files.
using Renumbering = std::vector<std::vector<int32_t>>;

/// The ids that a worker met first in one block of the files: its numbers from `first` to below `last`.
struct MetIds {
  int worker;
  int32_t first, last;
};

/// Numbers the ids of all workers by first appearance. Most ids are met by every worker, so the others' are looked up in the
/// table of the worker that has most, which threads can do side by side, and few are added to it.
class IdMerge {
 public:
  /// `tables`: of each worker. `numbers` gets the final number of each worker's ids; none at all where one worker met all ids,
  /// whose numbers stay.
  IdMerge(std::vector<IdBuilder*> tables, Renumbering& numbers);

  /// The first half: tasks in any order, on any threads.
  void add_lookups(std::vector<std::function<void()>>& tasks);

  /// The second half, with the blocks in the order of the files. All ids by their final number.
  std::vector<std::string> finish(std::span<const MetIds> blocks);

 private:
  void look_up(std::size_t table, std::size_t begin, std::size_t end);

  std::vector<IdBuilder*> tables_;
  std::size_t most_ = 0;
  bool alone_ = false;
  Renumbering& numbers_;
};

}  // namespace heddle::io::detail
