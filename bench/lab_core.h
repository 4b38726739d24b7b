#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/lab.h"
#include "bench/references.h"
#include "heddle/kernel/variant.h"

// What the comparisons of all ops share: an op brings a LabCase, `compare` checks, times, counts and ranks.
namespace heddle::bench {

/// A variant with its arguments bound.
struct LabVariant {
  std::string name;
  bool deterministic = true;
  std::string refused;
  std::size_t workspace = 0;  ///< bytes
  std::function<void(void* workspace)> run;
};

/// An array that kernels may touch, for the counter.
struct LabArray {
  const char* name;
  const void* address;
  std::size_t bytes;
};

struct LabCase {
  LabResult result;  ///< op, input, rows, nnz, spread, width, bytes_compulsory
  double flop = 0;
  uint64_t bytes_moved = 0;   ///< by the op's definition, each gathered row every time
  double bytes_gathered = 0;  ///< of these, what a gather takes; 0: there is none
  std::string chosen;
  std::vector<LabVariant> variants;  ///< of the device; of simt the instrumented ones
  std::vector<LabArray> arrays;
  std::function<void()> spoil;  ///< makes the output useless before it is checked
  std::function<double()> error_over_bound;
};

/// The table's variants with `args` bound.
template <class Args>
std::vector<LabVariant> bound_variants(std::span<const kernels::Variant<Args>> table, const Args& args, Stream& stream) {
  std::vector<LabVariant> bound;
  for (const kernels::Variant<Args>& variant : table) {
    const std::string refused = variant.supports(args);
    bound.push_back({variant.name, variant.deterministic, refused, refused.empty() ? variant.workspace(args) : 0,
                     [&variant, args, &stream](void* workspace) { variant.run(args, workspace, stream); }});
  }
  return bound;
}

/// The largest error over its bound; infinite where NaN came out.
double error_over_bound(const std::vector<float>& y, const Reference& expected);

/// Throws Error{usage} on simt where this build cannot count.
void check_can_count(DeviceKind device);

LabResult compare(LabCase subject, const Device& device, Stream& stream, const LabOptions& options);

/// Milliseconds of each of `runs`, which return those of one execution: `rounds` of each, taken by turns, each the mean of as
/// many executions as take some milliseconds, or of one where they are `single`.
std::vector<std::vector<double>> time_by_turns(const std::vector<std::function<double()>>& runs, int rounds, bool single);

}  // namespace heddle::bench
