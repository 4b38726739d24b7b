#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/arena.h"
#include "heddle/device.h"
#include "heddle/error.h"
#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {
class Profiler;
}

namespace heddle::kernels {

/// One implementation of a kernel op. `Args` is the op's argument struct; the op's contract says what `run` must do with it.
template <class Args>
struct Variant {
  const char* name;     ///< the work mapping; also the file's name
  const char* summary;  ///< one line
  const char* source;   ///< the paper or program it follows
  bool deterministic;   ///< the same bits for the same arguments, whatever the schedule
  /// Empty, or why these arguments cannot be run.
  std::string (*supports)(const Args&);
  /// Bytes of scratch memory that `run` needs.
  std::size_t (*workspace)(const Args&);
  /// Overwrites the output wholly.
  void (*run)(const Args&, void* workspace, Stream&);
  const char* limits = "none";  ///< what `supports` refuses, in a few words
  double rounding = 0;          ///< the relative error of rounding an input to a shorter format first; above 0: only run by name
};

/// What most variants answer: they run any arguments.
template <class Args>
std::string takes_anything(const Args&) {
  return {};
}
/// What most variants answer: they need no scratch memory.
template <class Args>
std::size_t needs_no_workspace(const Args&) {
  return 0;
}

/// Variants asked for by name, per op; empty names leave the choice to the op's rule.
struct VariantOverrides {
  std::string spmm = {};          ///< of sparse-dense products
  std::string gemm = {};          ///< of dense products
  std::string sddmm = {};         ///< of products per edge and head
  std::string edge_softmax = {};  ///< of softmax over each row's edges
  std::string gat = {};           ///< of the fused operator, forward and backward

  /// From HEDDLE_FORCE_SPMM, _GEMM, _SDDMM, _EDGE_SOFTMAX and _GAT; a name that no device has throws Error{usage} and lists those
  /// there are.
  static VariantOverrides from_environment();
};

/// What a kernel op runs with: the stream, scratch memory that lasts until the step ends, the variants asked for, and who records
/// what it costs.
struct Execution {
  Stream& stream;                     ///< where it runs
  Arena& arena;                       ///< its scratch memory
  const VariantOverrides& overrides;  ///< the variants asked for
  Profiler* profiler = nullptr;       ///< null: nobody records
};

/// Tells `profiler` which variant the op that it is recording runs.
void note_variant(Profiler& profiler, const char* name);

/// The variant called `name`; throws Error{usage} with the list of names where there is none.
template <class Args>
const Variant<Args>& find_variant(std::string_view op, std::span<const Variant<Args>> table, DeviceKind device,
                                  std::string_view name) {
  for (const Variant<Args>& variant : table) {
    if (variant.name == name) return variant;
  }
  std::string names;
  for (const Variant<Args>& variant : table) names += text(names.empty() ? "" : ", ", variant.name);
  fail(ErrorKind::usage, op, ": ", to_string(device), " has no variant '", name, "'; it has ", names);
}

/// Runs `variant`, or throws Error{usage} with its reason; it is never silently replaced.
template <class Args>
void run_variant(std::string_view op, const Variant<Args>& variant, const Args& args, Execution& execution) {
  const std::string reason = variant.supports(args);
  require(reason.empty(), ErrorKind::usage, op, ": ", variant.name, " cannot run this: ", reason);
  if (execution.profiler != nullptr) note_variant(*execution.profiler, variant.name);
  void* workspace = nullptr;
  if (const std::size_t bytes = variant.workspace(args); bytes > 0) workspace = execution.arena.allocate(bytes);
  variant.run(args, workspace, execution.stream);
  execution.arena.give_back(workspace);
}

/// Runs the variant called `forced`, or where that is empty the one that `pick` names, of the stream's device.
template <class Args>
void run_chosen(std::string_view op, std::string_view forced, std::span<const Variant<Args>> (*table)(DeviceKind),
                const char* (*pick)(const Args&, DeviceKind), const Args& args, Execution& execution) {
  const DeviceKind device = execution.stream.kind();
  const std::string_view name = forced.empty() ? pick(args, device) : forced;
  run_variant(op, find_variant(op, table(device), device, name), args, execution);
}

}  // namespace heddle::kernels
HEDDLE_API_END
