#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/simt/observer.h"

namespace heddle::simt {

/// The card whose memory is counted.
struct CounterOptions {
  int multiprocessors = 132;  ///< of an H100 SXM, as is the next
  std::size_t l2_bytes = std::size_t{50} << 20;
  int l2_ways = 16;
};

/// What kernels did. A request is one memory instruction of a warp; it touches sectors of 32 bytes, each counted once a request.
/// There is no model of the first-level cache: all sectors go to the second level.
struct Counts {
  uint64_t launches = 0;
  uint64_t blocks = 0;
  uint64_t load_requests = 0, load_lanes = 0, load_sectors = 0;
  uint64_t store_requests = 0, store_lanes = 0, store_sectors = 0;
  uint64_t atomic_requests = 0, atomic_lanes = 0, atomic_sectors = 0;  ///< in global memory
  uint64_t least_sectors = 0;                      ///< what the distinct bytes of each global request would fill, side by side
  uint64_t shared_requests = 0, shared_lanes = 0;  ///< of any kind
  uint64_t bank_conflicts = 0;                     ///< passes beyond the first that shared requests took: 32 banks of 4 bytes
  uint64_t shuffles = 0, votes = 0, warp_barriers = 0;  ///< by warp, or part of one
  uint64_t block_barriers = 0;                          ///< by block
  uint64_t fences = 0;                                  ///< by thread
  uint64_t l2_hits = 0, l2_misses = 0;                  ///< sectors
  uint64_t dram_read_bytes = 0;
  uint64_t dram_written_bytes = 0;  ///< what still stands in the second level included
  /// Work in sectors and passes of shared requests: all of it, and what the busiest multiprocessor of each launch got when each
  /// block went to the one with the least so far.
  uint64_t work = 0, busiest_multiprocessor = 0;
  uint64_t busiest_warp = 0;  ///< requests of any kind by the warp of each launch that made the most: no launch is over sooner

  uint64_t requests() const { return load_requests + store_requests + atomic_requests; }
  uint64_t sectors() const { return load_sectors + store_sectors + atomic_sectors; }
  uint64_t lanes() const { return load_lanes + store_lanes + atomic_lanes; }
  /// Lanes that take part in a global request, of 32; 0 where there is none.
  double lanes_per_request() const { return ratio(lanes(), requests()); }
  double sectors_per_request() const { return ratio(sectors(), requests()); }
  /// Of the sectors touched, what the requests' distinct bytes would fill: 1 where nothing is fetched in vain.
  double coalescing() const { return ratio(least_sectors, sectors()); }
  double l2_hit_share() const { return ratio(l2_hits, sectors()); }
  uint64_t dram_bytes() const { return dram_read_bytes + dram_written_bytes; }
  /// How much longer the busiest of so many multiprocessors works than the mean; 1 is even.
  double imbalance(int multiprocessors) const { return work == 0 ? 1 : ratio(busiest_multiprocessor, work) * multiprocessors; }
  bool operator==(const Counts&) const = default;

 private:
  static double ratio(uint64_t a, uint64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }
};

/// Counts what instrumented kernels do, in lockstep. Arrays are named before they are used, and stand for the counts at addresses
/// that follow from the order of naming, each 256-byte aligned, so that the same kernels give the same counts in every run. A
/// kernel that touches other global memory is refused with its address: a host pointer, or an access out of bounds.
class Counter final : public Observer {
 public:
  /// Traffic of one array.
  struct Array {
    std::string name;
    uint64_t loaded_sectors = 0, stored_sectors = 0, atomic_sectors = 0;
    uint64_t dram_read_bytes = 0;
  };

  explicit Counter(const CounterOptions& options = {});

  /// Names [address, address + bytes), which must not overlap another array. Nothing for 0 bytes.
  void name_array(std::string name, const void* address, std::size_t bytes);
  /// Counts since the last `clear`. Between launches.
  Counts counts();
  std::vector<Array> arrays() const;
  /// The code of each kernel that was launched since the last `clear`, once.
  const std::vector<const void*>& kernels() const { return kernels_; }
  /// Sets the counts to zero. `cold` empties the second-level cache; otherwise it keeps what it holds, written back.
  void clear(bool cold);

  bool lockstep() const override { return true; }
  void launch_begins(const Launch& launch) override;
  void block_begins(uint64_t serial, Index3 block) override;
  void shared_allocated(const void* address, std::size_t bytes) override;
  const std::string* requests(const Request& request) override;
  void lanes_met(unsigned warp, uint32_t mask, Collective collective) override;
  void block_met() override { ++counts_.block_barriers; }
  void fenced(unsigned) override { ++counts_.fences; }

 private:
  struct Named {
    uintptr_t begin, end;
    uint64_t stands_at;
    Array traffic;
  };
  struct Line {
    uint64_t number = UINT64_MAX;
    uint8_t valid = 0, dirty = 0;  // by sector
  };
  struct Range {
    uintptr_t begin, end;
  };

  bool in_shared(const void* address) const;
  void count_shared(const Request& request);
  void touch(uint64_t sector, bool read, bool write, Array& array);
  void end_block();
  void end_launch();

  CounterOptions options_;
  std::vector<Named> named_;
  uint64_t next_address_ = 0;
  std::vector<Line> lines_;  // sets of l2_ways, the last used first
  uint64_t sets_;
  uint64_t dirty_sectors_ = 0;
  std::vector<Range> shared_;
  Counts counts_;
  uint64_t block_work_ = 0;
  std::array<uint64_t, 32> warp_requests_{};
  uint64_t longest_warp_ = 0;
  std::vector<uint64_t> multiprocessors_;  // a heap, the one with the least work first
  std::vector<const void*> kernels_;
  std::string sentence_;
};

}  // namespace heddle::simt
