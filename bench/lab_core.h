#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/lab.h"
#include "bench/lab_module.h"
#include "bench/references.h"
#include "heddle/error.h"
#include "heddle/kernel/variant.h"

// What the comparisons of all ops share: an op brings a LabCase, `compare` checks, times, counts and ranks.
namespace heddle::bench {

/// A variant with its arguments bound.
struct LabVariant {
  std::string name;
  bool deterministic = true;
  std::string refused;
  std::size_t workspace = 0;  ///< bytes
  std::function<void(void* workspace, Stream& stream)> run;
  double rounding = 0;  ///< of an input, before anything else (Variant::rounding)
  bool added = false;   ///< from somebody's file: it is checked harder
};

/// An array that kernels may touch, for the counter.
struct LabArray {
  const char* name;
  const void* address;
  std::size_t bytes;
  bool writable;  ///< an output
};

/// The element of the output whose error is the largest over its bound.
struct WorstElement {
  double error_over_bound = 0;
  std::string what;               ///< "y[3][7] is 1.5, 2.25 in double precision"; empty where elements do not tell
  const void* address = nullptr;  ///< of the element; null likewise
};

struct LabCase {
  LabResult result;  ///< op, input, rows, nnz, spread, width, bytes_compulsory
  double flop = 0;
  uint64_t bytes_moved = 0;   ///< by the op's definition, each gathered row every time
  double bytes_gathered = 0;  ///< of these, what a gather takes; 0: there is none
  std::string chosen;
  std::vector<LabVariant> variants;  ///< of the device; of simt the instrumented ones
  std::vector<LabArray> arrays;
  std::function<void()> spoil;                         ///< makes the output useless before it is checked
  std::function<WorstElement(double rounding)> worst;  ///< against bounds for a variant that rounds an input so
  std::function<std::vector<float>()> output;          ///< all of it; may be empty where no variant is added
};

/// The table's variants with `args` bound.
template <class Args>
std::vector<LabVariant> bound_variants(std::span<const kernels::Variant<Args>> table, const Args& args) {
  std::vector<LabVariant> bound;
  for (const kernels::Variant<Args>& variant : table) {
    const std::string refused = variant.supports(args);
    bound.push_back({variant.name, variant.deterministic, refused, refused.empty() ? variant.workspace(args) : 0,
                     [&variant, args](void* workspace, Stream& stream) { variant.run(args, workspace, stream); },
                     variant.rounding});
  }
  return bound;
}

/// Adds those of `options.added` to the case's variants. Throws Error{usage} for a name that is taken.
template <class Args>
void add_variants(LabCase& subject, const LabOptions& options, const char* op, const Args& args) {
  for (const std::shared_ptr<const VariantFile>& file : options.added) {
    for (LabVariant& variant : bound_variants(file->variants<Args>(op), args)) {
      for (const LabVariant& other : subject.variants) {
        require(other.name != variant.name, ErrorKind::usage, file->source(), ": there is a variant '", variant.name,
                "' already");
      }
      variant.added = true;
      subject.variants.push_back(std::move(variant));
    }
  }
}

/// Throws Error{usage} on simt where this build cannot count.
void check_can_count(DeviceKind device);

LabResult compare(LabCase subject, const Device& device, Stream& stream, const LabOptions& options);

/// Milliseconds of each of `runs`, which return those of one execution: `rounds` of each, taken by turns, each the mean of as
/// many executions as take some milliseconds, or of one where they are `single`. `go_on` (may be empty) is asked before each
/// round of each; where it says no, Error{interrupted}.
std::vector<std::vector<double>> time_by_turns(const std::vector<std::function<double()>>& runs, int rounds, bool single,
                                               const std::function<bool()>& go_on);

/// Throws Error{interrupted} where `go_on` is not empty and says no.
void require_going_on(const std::function<bool()>& go_on);

}  // namespace heddle::bench
