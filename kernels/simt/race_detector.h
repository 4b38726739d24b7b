#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/simt/observer.h"

namespace heddle::simt {

/// Says where in the source a return address lies, e.g. "spmm.cu:12"; without one, reports carry the address.
using CodeNamer = std::string (*)(const void* code);

/// Finds data races of instrumented kernels: two accesses to the same bytes, one of them a write, not both atomic, by threads
/// that nothing orders. Within a block __syncthreads orders, and within a warp __syncwarp among the lanes of its mask
/// (shuffles and votes do not). Blocks are ordered only by publishing: the earlier block has run a __threadfence after
/// its access, and the later one an atomic or a fence before its own. The first race ends the launch.
///
/// Of each four bytes it remembers the last write and two reads, so a race with an older read can go unseen in one
/// schedule and show in another.
class RaceDetector final : public Observer {
 public:
  explicit RaceDetector(CodeNamer namer = nullptr);
  /// Says what stands at an address, e.g. "byte 12 of y", for reports; without one, they carry the address alone.
  void name_memory(std::function<std::string(const void* address)> namer) { memory_namer_ = std::move(namer); }
  ~RaceDetector() override;
  RaceDetector(const RaceDetector&) = delete;
  RaceDetector& operator=(const RaceDetector&) = delete;

  void launch_begins(const Launch& launch) override;
  void block_begins(uint64_t serial, Index3 block) override;
  void shared_allocated(const void* address, std::size_t bytes) override;
  const std::string* accesses(const Access& access) override;
  void lanes_met(unsigned warp, uint32_t mask, Collective collective) override;
  void block_met() override;
  void fenced(unsigned thread) override;

 private:
  struct Record {
    uint64_t block = 0;  // its serial number; 0: no access
    const void* code = nullptr;
    uint32_t epoch = 0;   // barriers its block had passed
    uint32_t clock = 0;   // __syncwarps its thread had passed
    uint32_t fences = 0;  // fences its block had run
    uint16_t thread = 0;
    uint8_t bytes = 0;  // which of the four
    bool atomic = false;
  };
  struct Cell {
    Record write;
    std::array<Record, 2> reads;
  };

  Cell& cell(uintptr_t word);
  bool ordered(const Record& earlier, unsigned thread) const;
  bool conflicts(const Record& earlier, const Record& now) const;
  const std::string* report(const Record& earlier, bool earlier_writes, const Record& now, bool now_writes, uintptr_t address);
  std::string describe(const Record& record, bool writes) const;

  CodeNamer namer_;
  std::function<std::string(const void*)> memory_namer_;
  Cell** regions_;  // flat: the cells of each MiB of addresses, mapped when first touched
  std::vector<void*> mapped_;

  Dim3 grid_;
  uint64_t first_block_ = 0;  // of the launch; whatever lies before is ordered
  uint64_t block_ = 0;
  std::vector<uint32_t> fences_;  // by block of the launch, in the order of serial numbers
  bool acquired_ = false;         // the running block has done an atomic or a fence
  uint32_t epoch_ = 0;
  std::array<uint32_t, 1024> clock_{};
  std::array<std::array<uint32_t, 32>, 1024> known_{};  // of each lane of the warp: the clock up to which its past is ours
  std::string sentence_;
};

}  // namespace heddle::simt
