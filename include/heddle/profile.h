#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "heddle/device.h"
#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {

/// The part of training that an op ran for.
enum class ProfilePhase { forward, backward, update, evaluation };

/// "forward", "backward", "update" or "evaluation".
const char* to_string(ProfilePhase phase);

/// An op's argument: a matrix of rows x cols, dense or sparse.
struct ProfileArgument {
  const char* name = nullptr;  ///< as the op calls it
  int64_t rows = 0;            ///< how many rows
  int64_t cols = 0;            ///< how many columns
};

/// Something that took time: an op, or a span of training with ops in it. Names are string literals.
struct ProfileEvent {
  /// More than an op has.
  static constexpr std::size_t most_arguments = 15;

  const char* name = nullptr;  ///< "spmm"; "epoch", "step", "forward", "backward", "update", "best weights", "validation",
                               ///< "evaluation"
  bool is_op = false;          ///< an op; else a span
  ProfilePhase phase = ProfilePhase::forward;               ///< what it ran for
  int64_t number = 0;                                       ///< a span's: of the epoch or the step in it, from 1; 0: it has none
  int64_t parent = -1;                                      ///< the event around it, as its place in Profiler::events(); -1: none
  int64_t start_ns = 0;                                     ///< since the profiler was made
  int64_t duration_ns = -1;                                 ///< -1: not over yet
  int64_t bytes = 0;                                        ///< an op's: see Profiler
  const char* variant = nullptr;                            ///< an op's that has several; else null
  std::array<ProfileArgument, most_arguments> arguments{};  ///< an op's
  std::size_t argument_count = 0;                           ///< how many of them are set
};

/// An op's calls in one phase, added up.
struct ProfileTotal {
  const char* op = nullptr;                    ///< its name
  ProfilePhase phase = ProfilePhase::forward;  ///< what it ran for
  int64_t calls = 0;                           ///< how often it ran
  int64_t bytes = 0;                           ///< see Profiler
  int64_t ns = 0;                              ///< time in nanoseconds

  /// Time in milliseconds.
  double ms() const { return 1e-6 * static_cast<double>(ns); }
  /// Bytes over time, in 1e9 bytes a second; 0 where no time passed.
  double gb_per_s() const { return ns == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(ns); }
};

/// Records time and bytes of every kernel op that runs in the Context it is attached to (Context::set_profiler), and of the
/// epochs and steps around them. Results keep their bits. While it is attached, steps run op by op instead of being replayed, and
/// each op waits until the device has finished, so that its time is its own: the total is longer than without. On cuda every op
/// and span is an NVTX range as well, where the Toolkit that heddle was built with has NVTX.
///
/// An op's bytes are compulsory ones: each array that it reads or writes once, whatever the kernel moves, scratch memory apart.
/// Rows gathered by number count once per number. Where numbers on the device leave rows out (a frontier's slots), those count as
/// well.
///
/// One Context at a time; not safe for use by several threads at once.
class Profiler {
 public:
  /// Of more than `most_events` events the totals are kept, the events are not: they take some 450 bytes each.
  explicit Profiler(std::size_t most_events = 100'000);
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;
  ~Profiler();

  /// In the order in which they began. Ops that other ops call stand inside these.
  std::span<const ProfileEvent> events() const { return events_; }
  /// How many events were not kept.
  int64_t events_left_out() const { return left_out_; }

  /// One entry an op and phase, the longest first. What an op calls is part of it and has no entry of its own for that.
  std::vector<ProfileTotal> totals() const;
  /// Nanoseconds of the outermost spans: what of it the totals do not explain passed between the ops.
  int64_t span_ns() const { return span_ns_; }

  /// The events as a JSON object in the Trace Event Format, for chrome://tracing and ui.perfetto.dev: one complete event each,
  /// times in microseconds. An op's category is its phase; its `args` are the shapes of its arguments, its bytes and its variant.
  std::string trace() const;

  /// For ops and spans (ProfiledOp, ProfiledSpan): an event begins inside the one that has not ended yet.
  void begin(const ProfileEvent& event, Stream& stream);
  /// Ends the event that began last. Does not throw: an error of the device stays for whoever waits for it next.
  void end(Stream& stream) noexcept;
  /// The innermost op runs this variant.
  void note_variant(const char* name);
  /// The phase of the innermost span.
  ProfilePhase phase() const;

 private:
  struct Open {
    int64_t place;  ///< in events_; -1: not kept
    ProfileEvent event;
  };

  int64_t now() const;
  void add_up(const ProfileEvent& op);

  std::size_t most_events_;
  int64_t origin_ns_;
  std::vector<ProfileEvent> events_;
  std::vector<Open> open_;
  std::vector<ProfileTotal> totals_;
  int64_t span_ns_ = 0;
  int64_t left_out_ = 0;
};

/// A span of training, from construction to destruction, for training loops of one's own. Nothing where `profiler` is null.
class ProfiledSpan {
 public:
  /// `name`: a string literal. Ops inside run for `phase`.
  ProfiledSpan(Profiler* profiler, Stream& stream, const char* name, ProfilePhase phase, int64_t number = 0)
      : profiler_(profiler), stream_(stream) {
    if (profiler != nullptr) profiler->begin({.name = name, .phase = phase, .number = number}, stream);
  }
  ProfiledSpan(const ProfiledSpan&) = delete;
  ProfiledSpan& operator=(const ProfiledSpan&) = delete;
  ~ProfiledSpan() {
    if (profiler_ != nullptr) profiler_->end(stream_);
  }

 private:
  Profiler* profiler_;
  Stream& stream_;
};

}  // namespace heddle
HEDDLE_API_END
