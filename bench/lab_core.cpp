#include "bench/lab_core.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "bench/lab_checks.h"
#include "bench/lab_ptx.h"
#include "heddle/arena.h"
#include "heddle/buffer.h"
#include "heddle/error.h"
#include "kernels/common/parallel.h"
#include "kernels/device/backend.h"
#ifdef HEDDLE_HAS_COUNTERS
#include "kernels/simt/counter.h"
#endif

namespace heddle::bench {

namespace {

/// Memory that pushes all else out of the device's caches.
class CacheFiller {
 public:
  explicit CacheFiller(const Stream& stream) : memory_(stream, std::size_t{256} << 20) {}

  void fill(Stream& stream) {
    if (stream.kind() == DeviceKind::cpu) {
      // Reads as well: large fills are written past the caches. Every thread has private ones.
      constexpr int64_t line = 64;
      const kernels::Threads threads = stream.thread_team();
      const int64_t each = static_cast<int64_t>(memory_.bytes()) / line / threads.count;
      kernels::on_every_thread(threads, [&](int64_t thread) {
        char* const begin = memory_.as<char>() + thread * each * line;
        for (int64_t i = 0; i < each; ++i) ++begin[i * line];
      });
    } else {
      stream.backend().fill_zero(memory_.data(), memory_.bytes(), stream);
      stream.synchronise();
    }
  }

 private:
  Buffer memory_;
};

bool measurable(const LabRow& row) { return row.refused.empty() && row.failed.empty() && !row.wrong; }

/// What one run takes on the device: where it can be recorded, a replay of the recording.
double run_once_ms(kernels::Backend& backend, Stream& stream, kernels::Replay* replay, const std::function<void()>& run) {
  return backend.timed_ms(stream, [&] { replay != nullptr ? replay->launch(stream) : run(); });
}

void time_rows(LabCase& subject, const Device& device, Stream& stream, const LabOptions& options) {
  std::vector<LabRow>& rows = subject.result.rows_by_rank;
  kernels::Backend& backend = *device.backend();
  std::vector<Buffer> workspaces;
  std::vector<std::unique_ptr<kernels::Replay>> replays;
  std::optional<CacheFiller> filler;
  if (options.cold) filler.emplace(stream);
  std::vector<std::function<double()>> runs;
  std::vector<std::size_t> timed;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!measurable(rows[i])) continue;
    require_going_on(options.go_on);
    const LabVariant& variant = subject.variants[i];
    void* const workspace = workspaces.emplace_back(stream, std::max<std::size_t>(variant.workspace, 4)).data();
    const std::function<void()> run = [&variant, workspace, &stream] { variant.run(workspace, stream); };
    run();  // libraries load and descriptors are made outside the recording
    stream.synchronise();
    std::unique_ptr<kernels::Replay> recorded;
    if (backend.can_capture()) {
      backend.begin_capture(stream);
      run();
      recorded = backend.end_capture(stream);
    }
    kernels::Replay* const replay = replays.emplace_back(std::move(recorded)).get();
    timed.push_back(i);
    runs.emplace_back([&, run, replay] {
      if (filler) filler->fill(stream);
      return run_once_ms(backend, stream, replay, run);
    });
  }
  std::vector<std::vector<double>> ms = time_by_turns(runs, options.repeats, options.cold, options.go_on);
  for (std::size_t t = 0; t < timed.size(); ++t) {
    LabRow& row = rows[timed[t]];
    std::vector<double>& of_row = ms[t];
    std::sort(of_row.begin(), of_row.end());
    LabTime time;
    time.median_ms = of_row[of_row.size() / 2];
    time.least_ms = of_row.front();
    time.most_ms = of_row.back();
    time.gflops = subject.flop / (1e6 * time.median_ms);
    row.bytes_moved = subject.bytes_moved;
    if (const std::optional<Ceilings>& ceilings = subject.result.ceilings) {
      const std::pair<double, const char*> least[] = {
          {static_cast<double>(subject.result.bytes_compulsory) / (1e6 * ceilings->copy_gbs), "memory"},
          {subject.bytes_gathered / (1e6 * ceilings->gather_gbs), "gather"},
          {subject.flop / (1e6 * ceilings->fma_gflops), "multiply-add"}};
      const auto& most =
          *std::max_element(std::begin(least), std::end(least), [](const auto& a, const auto& b) { return a.first < b.first; });
      time.ceiling_share = most.first / time.median_ms;
      time.ceiling = most.second;
    }
    row.time = time;
  }
}

#ifdef HEDDLE_HAS_COUNTERS
void count_row(const LabCase& subject, const LabVariant& variant, LabRow& row, Stream& stream, const LabOptions& options) {
  const Card& card = options.card;
  simt::Counter counter({.multiprocessors = card.multiprocessors, .l2_bytes = card.l2_bytes});
  const Buffer workspace(stream, std::max<std::size_t>(variant.workspace, 4));
  for (const LabArray& array : subject.arrays) counter.name_array(array.name, array.address, array.bytes);
  counter.name_array("workspace", workspace.data(), workspace.bytes());
  observed(stream, counter, [&] { variant.run(workspace.data(), stream); });
  LabCount count{.counts = counter.counts(), .estimate = {}, .ptx = {}};
  count.estimate = estimate(count.counts, card);
  if (options.ptx) {
    count.ptx.emplace();
    for (const void* kernel : counter.kernels()) {
      const PtxInstructions instructions = ptx_instructions(kernel);
      count.ptx->arithmetic += instructions.arithmetic;
      count.ptx->memory += instructions.memory;
    }
  }
  row.bytes_moved = 32 * count.counts.sectors();
  row.count = std::move(count);
}
#endif

double rank(const LabRow& row) {
  if (row.time) return row.time->median_ms;
  if (row.count) return row.count->estimate.us;
  return row.refused.empty() ? 1e300 : 1e301;
}

}  // namespace

bool is_bad(const LabRow& row) { return row.wrong || !row.failed.empty(); }

std::string not_measured(const LabRow& row) {
  if (!row.refused.empty()) return "refused: " + row.refused;
  if (!row.failed.empty()) return "FAILED: " + row.failed;
  if (!row.wrong) return {};
  char figure[32];
  std::snprintf(figure, sizeof figure, "%.3g", row.error_over_bound);
  return text("WRONG: an error of ", figure, " times the bound", row.wrong_where.empty() ? "" : ": ", row.wrong_where);
}

double cost(const LabRow& row) {
  if (row.time) return row.time->median_ms;
  return row.count ? static_cast<double>(row.bytes_moved) : INFINITY;
}

const LabRow* best_deterministic(const LabResult& result) {
  const LabRow* best = nullptr;
  for (const LabRow& row : result.rows_by_rank) {
    if (row.deterministic && row.rounding == 0 && cost(row) < (best == nullptr ? INFINITY : cost(*best))) best = &row;
  }
  return best;
}

const LabRow* chosen_by_rule(const LabResult& result) {
  for (const LabRow& row : result.rows_by_rank) {
    if (row.chosen && cost(row) < INFINITY) return &row;
  }
  return nullptr;
}

void check_can_count(DeviceKind device) {
#ifndef HEDDLE_HAS_COUNTERS
  require(device != DeviceKind::simt, ErrorKind::usage,
          "simt is counted, not timed, and this build cannot count: that needs GCC and no sanitizers");
#else
  static_cast<void>(device);
#endif
}

void require_going_on(const std::function<bool()>& go_on) {
  require(!go_on || go_on(), ErrorKind::interrupted, "the comparison was interrupted");
}

LabResult compare(LabCase subject, const Device& device, Stream& stream, const LabOptions& options) {
  check_can_count(device.kind());
  if (!options.variants.empty()) {
    std::vector<LabVariant> wanted;
    for (const std::string& name : options.variants) {
      const auto found = std::find_if(subject.variants.begin(), subject.variants.end(),
                                      [&](const LabVariant& variant) { return variant.name == name; });
      if (found == subject.variants.end()) {
        std::string names;
        for (const LabVariant& variant : subject.variants) names += text(names.empty() ? "" : ", ", variant.name);
        fail(ErrorKind::usage, subject.result.op, ": ", to_string(device.kind()), " has no variant '", name, "'; it has ", names);
      }
      wanted.push_back(*found);
    }
    subject.variants = std::move(wanted);
  }
  LabResult& result = subject.result;
  if (device.kind() != DeviceKind::simt) result.ceilings = measure_ceilings(device, std::max<int64_t>(result.width, 1));
  for (const LabVariant& variant : subject.variants) {
    LabRow& row = result.rows_by_rank.emplace_back();
    row.variant = variant.name;
    row.deterministic = variant.deterministic;
    row.rounding = variant.rounding;
    row.added = variant.added;
    row.refused = variant.refused;
    row.chosen = row.variant == subject.chosen;
    require_going_on(options.go_on);
    if (row.refused.empty()) check_row(subject, variant, row, device, stream);
#ifdef HEDDLE_HAS_COUNTERS
    if (device.kind() == DeviceKind::simt && measurable(row)) {
      try {
        count_row(subject, variant, row, stream, options);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::internal) throw;
        row.failed = error.what();
      }
    }
#endif
  }
  if (device.kind() != DeviceKind::simt) time_rows(subject, device, stream, options);
  std::stable_sort(result.rows_by_rank.begin(), result.rows_by_rank.end(),
                   [](const LabRow& a, const LabRow& b) { return rank(a) < rank(b); });
  return std::move(result);
}

}  // namespace heddle::bench
