#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kernels/simt/counter.h"

/// From counts of the executor to a time on a named card: an estimate, never a measurement.
namespace heddle::bench {

/// A card's published figures (NVIDIA's data sheets: bandwidth of its memory, size of its second-level cache, multiprocessors,
/// boost clock), and round numbers from published microbenchmarks for what no data sheet has.
struct Card {
  const char* name;
  double dram_gbs;       ///< GB/s of device memory
  double l2_gbs;         ///< GB/s that the second-level cache gives all multiprocessors together (microbenchmarks)
  std::size_t l2_bytes;  ///< its size
  int multiprocessors;
  double clock_ghz;
  double latency_us;  ///< from a request to its data where it is not in a first-level cache (microbenchmarks)
  double launch_us;   ///< of a kernel in a replayed graph (microbenchmarks)
};

/// H100 SXM (the first, and what is estimated where none is named), H200, A100 (SXM, 80 GB), L4, RTX 4090.
std::span<const Card> cards();
/// Throws Error{usage} with the names there are.
const Card& find_card(std::string_view name);

/// How a warp's requests overlap: an index and an x row of four non-zeros each, as the kernels issue them.
inline constexpr double requests_in_flight = 8;

/// The largest of four times, plus launches * launch_us:
///   DRAM          dram bytes / dram_gbs
///   L2            32 (sectors + atomic sectors) * imbalance / l2_gbs; an atomic reads and writes
///   shared        passes of shared memory * imbalance / (multiprocessors * clock)
///   busiest warp  its requests * latency_us / requests_in_flight
struct Estimate {
  double us = 0;
  std::string limiter;  ///< one of these names, "launches" where they take longer, with ", unevenly" where imbalance is above 1.5
};
Estimate estimate(const simt::Counts& counts, const Card& card);

/// "estimated for H100 SXM: 3,350 GB/s of memory, ...": the assumptions, for every output that shows an estimate.
std::string assumptions(const Card& card);

}  // namespace heddle::bench
