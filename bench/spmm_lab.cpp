#include "bench/spmm_lab.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <span>
#include <utility>

#include "bench/graphs.h"
#include "bench/references.h"
#include "heddle/arena.h"
#include "heddle/buffer.h"
#include "heddle/error.h"
#include "kernels/spmm/spmm.h"
#ifdef HEDDLE_HAS_COUNTERS
#include "heddle/kernel/simt.h"
#include "kernels/simt/counter.h"
#include "kernels/spmm/instrumented_variants.h"
#endif

namespace heddle::bench {

namespace {

using kernels::SpmmArgs;
using kernels::Variant;
using Clock = std::chrono::steady_clock;

/// The product's arrays on a device.
struct Operands {
  Operands(Stream& stream, const HostCsr& a, const HostMatrix& x)
      : offsets(Buffer::upload(stream, a.row_offsets)),
        columns(Buffer::upload(stream, a.col_indices)),
        values(Buffer::upload(stream, a.values)),
        input(Buffer::upload(stream, x.values)),
        output(stream, static_cast<std::size_t>(a.rows * x.cols) * sizeof(float)),
        args{{a.rows, a.cols, a.nnz(), offsets.as<int64_t>(), columns.as<int32_t>(), values.as<float>(), nullptr},
             {input.as<float>(), a.cols, x.cols},
             {output.as<float>(), a.rows, x.cols}} {}
  Buffer offsets, columns, values, input, output;
  SpmmArgs args;
};

/// The largest error over its bound; infinite where NaN came out.
double error_over_bound(const std::vector<float>& y, const Reference& expected) {
  double worst = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double error = std::abs(y[i] - expected.values[i]);
    if (error == 0) continue;
    const double ratio = error / expected.bounds[i];
    if (!(ratio <= worst)) worst = std::isnan(ratio) ? INFINITY : ratio;
  }
  return worst;
}

uint64_t compulsory_bytes(const SpmmArgs& args) {
  const CsrView& a = args.a;
  return static_cast<uint64_t>(a.nnz * 8 + (a.rows + 1) * 8 + 4 * args.x.size() + 4 * args.y.size());
}

/// Writes more than any cache of the host holds.
void empty_caches(std::vector<char>& memory) {
  memory.resize(std::size_t{128} << 20);
  for (std::size_t i = 0; i < memory.size(); i += 64) ++memory[i];
}

/// Times every row that may be, by turns, so that a slow moment of the machine falls on all of them.
void time_rows(std::vector<SpmmRow>& rows, const std::vector<const Variant<SpmmArgs>*>& variants, const SpmmArgs& args,
               kernels::Execution& execution, const SpmmLabOptions& options, const std::optional<Ceilings>& ceilings) {
  std::vector<std::vector<double>> ms(rows.size());
  std::vector<char> memory;
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].refused.empty() || rows[i].wrong) continue;
      if (options.cold) empty_caches(memory);
      const Clock::time_point start = Clock::now();
      kernels::run_variant("spmm", *variants[i], args, execution);
      execution.stream.synchronise();
      ms[i].push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
  }
  const CsrView& a = args.a;
  const int64_t d = args.x.cols;
  const double flop = 2.0 * static_cast<double>(a.nnz) * static_cast<double>(d);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (ms[i].empty()) continue;
    std::sort(ms[i].begin(), ms[i].end());
    SpmmTime time;
    time.median_ms = ms[i][ms[i].size() / 2];
    time.least_ms = ms[i].front();
    time.most_ms = ms[i].back();
    time.gflops = flop / (1e6 * time.median_ms);
    rows[i].bytes_moved = static_cast<uint64_t>(a.nnz * (4 * d + 8) + 8 * a.rows + 4 * a.rows * d);
    if (ceilings) {
      const std::pair<double, const char*> least[] = {
          {static_cast<double>(compulsory_bytes(args)) / (1e6 * ceilings->copy_gbs), "memory"},
          {static_cast<double>(a.nnz * (4 * d + 4)) / (1e6 * ceilings->gather_gbs), "gather"},
          {flop / (1e6 * ceilings->fma_gflops), "multiply-add"}};
      const auto& most = *std::max_element(std::begin(least), std::end(least));
      time.ceiling_share = most.first / time.median_ms;
      time.ceiling = most.second;
    }
    rows[i].time = time;
  }
}

#ifdef HEDDLE_HAS_COUNTERS
/// A card as far as the estimate needs it. Published figures; the second-level cache's rate, the latency and a launch's cost are
/// round ones from published microbenchmarks. Nothing here was measured by this project.
struct Card {
  simt::CounterOptions memory;
  double dram_bytes_per_us, l2_bytes_per_us, latency_us, launch_us;
};
constexpr Card h100_sxm{
    .memory = {}, .dram_bytes_per_us = 3.35e6, .l2_bytes_per_us = 5.5e6, .latency_us = 0.25, .launch_us = 2.5};
constexpr double requests_in_flight = 8;  // an index and an x row of four edges each, as the kernels issue them

SpmmCount count_row(const Variant<SpmmArgs>& variant, const Operands& operands, Stream& stream, uint64_t& bytes_moved) {
  auto& executor = *static_cast<simt::Executor*>(stream.native());
  simt::Counter counter(h100_sxm.memory);
  const Buffer workspace(stream, std::max<std::size_t>(variant.workspace(operands.args), 4));
  counter.name_array("row_offsets", operands.offsets.data(), operands.offsets.bytes());
  counter.name_array("col_indices", operands.columns.data(), operands.columns.bytes());
  counter.name_array("values", operands.values.data(), operands.values.bytes());
  counter.name_array("x", operands.input.data(), operands.input.bytes());
  counter.name_array("y", operands.output.data(), operands.output.bytes());
  counter.name_array("workspace", workspace.data(), workspace.bytes());
  executor.set_observer(&counter);
  try {
    variant.run(operands.args, workspace.data(), stream);
  } catch (...) {
    executor.set_observer(nullptr);
    throw;
  }
  executor.set_observer(nullptr);
  const simt::Counts counts = counter.counts();
  bytes_moved = 32 * counts.sectors();
  SpmmCount row{
      .launches = counts.launches,
      .load_requests = counts.load_requests,
      .store_requests = counts.store_requests,
      .atomic_requests = counts.atomic_requests,
      .shuffles = counts.shuffles,
      .barriers = counts.warp_barriers + counts.block_barriers,
      .bank_conflicts = counts.bank_conflicts,
      .lanes_per_request = counts.lanes_per_request(),
      .sectors_per_request = counts.sectors_per_request(),
      .l2_hit_share = counts.sectors() == 0 ? 0 : static_cast<double>(counts.l2_hits) / static_cast<double>(counts.sectors()),
      .dram_bytes = counts.dram_read_bytes + counts.dram_written_bytes,
      .imbalance = counts.imbalance(h100_sxm.memory),
      .busiest_warp = counts.busiest_warp,
      .estimate_us = 0,
      .bound_by = {}};
  const std::pair<double, const char*> least[] = {
      {static_cast<double>(row.dram_bytes) / h100_sxm.dram_bytes_per_us, "DRAM"},
      {static_cast<double>(32 * (counts.sectors() + counts.atomic_sectors)) * row.imbalance / h100_sxm.l2_bytes_per_us,
       row.imbalance > 1.5 ? "L2, unevenly" : "L2"},  // an atomic reads and writes
      {static_cast<double>(row.busiest_warp) * h100_sxm.latency_us / requests_in_flight, "busiest warp"}};
  const auto& most = *std::max_element(std::begin(least), std::end(least));
  const double launches = static_cast<double>(row.launches) * h100_sxm.launch_us;
  row.estimate_us = most.first + launches;
  row.bound_by = most.first >= launches ? most.second : "launches";
  return row;
}
#endif

double rank(const SpmmRow& row) {
  if (row.time) return row.time->median_ms;
  if (row.count) return row.count->estimate_us;
  return row.wrong ? 1e300 : 1e301;
}

/// The table that is measured: of simt the instrumented one.
std::span<const Variant<SpmmArgs>> table_of(DeviceKind device) {
  if (device != DeviceKind::simt) return kernels::spmm_variants(device);
#ifdef HEDDLE_HAS_COUNTERS
  return kernels::instrumented_spmm_variants();
#else
  fail(ErrorKind::usage, "bench: simt is counted, not timed, and this build cannot count: that needs GCC and no sanitizers");
#endif
}

}  // namespace

SpmmResult compare_spmm(const LabGraph& graph, int64_t width, const Device& device, const SpmmLabOptions& options) {
  const std::span<const Variant<SpmmArgs>> table = table_of(device.kind());
  std::vector<const Variant<SpmmArgs>*> variants;
  if (options.variants.empty()) {
    for (const Variant<SpmmArgs>& variant : table) variants.push_back(&variant);
  }
  for (const std::string& name : options.variants) variants.push_back(&kernels::find_variant("spmm", table, device.kind(), name));

  Stream stream(device.backend());
  Arena arena(stream);
  const kernels::VariantOverrides overrides;
  kernels::Execution execution{stream, arena, overrides};
  const HostMatrix x = random_matrix(graph.matrix.cols, width, 7);
  const Operands operands(stream, graph.matrix, x);
  const Reference expected = spmm(graph.matrix, CsrValues::direct, {}, x);

  SpmmResult result;
  result.width = width;
  result.bytes_compulsory = compulsory_bytes(operands.args);
  if (device.kind() == DeviceKind::cpu) result.ceilings = measure_ceilings(device, width);
  for (const Variant<SpmmArgs>* variant : variants) {
    SpmmRow row;
    row.variant = variant->name;
    row.deterministic = variant->deterministic;
    row.refused = variant->supports(operands.args);
    row.chosen = row.variant == kernels::pick_spmm(operands.args, device.kind());
    if (row.refused.empty() && operands.args.y.size() > 0) {
      const std::vector<float> garbage(expected.values.size(), NAN);
      upload(stream, operands.output.data(), garbage.data(), garbage.size() * sizeof(float));
      kernels::run_variant("spmm", *variant, operands.args, execution);
      row.error_over_bound = error_over_bound(download(stream, operands.output.as<float>(), garbage.size()), expected);
      row.wrong = !(row.error_over_bound <= 1);
    }
#ifdef HEDDLE_HAS_COUNTERS
    if (device.kind() == DeviceKind::simt && row.refused.empty() && !row.wrong)
      row.count = count_row(*variant, operands, stream, row.bytes_moved);
#endif
    result.rows.push_back(std::move(row));
  }
  if (device.kind() != DeviceKind::simt) time_rows(result.rows, variants, operands.args, execution, options, result.ceilings);
  std::stable_sort(result.rows.begin(), result.rows.end(), [](const SpmmRow& a, const SpmmRow& b) { return rank(a) < rank(b); });
  return result;
}

}  // namespace heddle::bench
