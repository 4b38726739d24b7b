#include "kernels/simt/race_detector.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

#include "heddle/error.h"

namespace heddle::simt {

namespace {

constexpr unsigned region_bits = 20;
constexpr std::size_t regions = std::size_t{1} << (47 - region_bits);  // user addresses of x-86 and arm have 47 bits
constexpr std::size_t words_per_region = (std::size_t{1} << region_bits) / 4;

void* map_zeroed(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    fail(ErrorKind::out_of_memory, "simt: no room for ", counted(bytes, "byte"), " of the race detector's tables");
  madvise(memory, bytes, MADV_NOHUGEPAGE);  // touched here and there
  return memory;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is what is meant
RaceDetector::RaceDetector(CodeNamer namer) : namer_(namer), regions_(static_cast<Cell**>(map_zeroed(regions * sizeof(Cell*)))) {}

RaceDetector::~RaceDetector() {
  for (void* region : mapped_) munmap(region, words_per_region * sizeof(Cell));
  munmap(regions_, regions * sizeof(Cell*));  // NOLINT(bugprone-sizeof-expression): as above
}

RaceDetector::Cell& RaceDetector::cell(uintptr_t word) {
  Cell*& region = regions_[(word * 4) >> region_bits];
  if (region == nullptr) {
    region = static_cast<Cell*>(map_zeroed(words_per_region * sizeof(Cell)));  // zeros are empty records
    mapped_.push_back(region);
  }
  return region[word % words_per_region];
}

void RaceDetector::launch_begins(const Launch& launch) {
  grid_ = launch.grid;
  first_block_ = 0;
  fences_.assign(launch.grid.count(), 0);
}

void RaceDetector::block_begins(uint64_t serial, Index3 block) {
  // Serial numbers of a launch follow the blocks' linear indices.
  const uint64_t index = block.x + uint64_t{grid_.x} * (block.y + uint64_t{grid_.y} * block.z);
  first_block_ = serial - index;
  block_ = serial;
  acquired_ = false;
  epoch_ = 0;
  clock_.fill(0);
  for (auto& known : known_) known.fill(0);
}

void RaceDetector::shared_allocated(const void* address, std::size_t bytes) {
  const auto first = reinterpret_cast<uintptr_t>(address) / 4;
  for (uintptr_t word = first; word * 4 < reinterpret_cast<uintptr_t>(address) + bytes; ++word) cell(word) = {};
}

void RaceDetector::lanes_met(unsigned warp, uint32_t mask, Collective collective) {
  if (collective != Collective::sync) return;
  std::array<uint32_t, 32> joined{};
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    const unsigned thread = warp * 32 + lane;
    for (unsigned other = 0; other < 32; ++other) joined[other] = std::max(joined[other], known_[thread][other]);
    joined[lane] = ++clock_[thread];
  }
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1) != 0) known_[warp * 32 + lane] = joined;
  }
}

void RaceDetector::block_met() { ++epoch_; }

void RaceDetector::fenced(unsigned) {
  ++fences_[block_ - first_block_];
  acquired_ = true;
}

bool RaceDetector::ordered(const Record& earlier, unsigned thread) const {
  if (earlier.block < first_block_) return true;  // nobody, or an earlier launch
  if (earlier.block != block_) return acquired_ && fences_[earlier.block - first_block_] > earlier.fences;
  if (earlier.thread == thread || earlier.epoch < epoch_) return true;
  return earlier.thread / 32 == thread / 32 && known_[thread][earlier.thread % 32] > earlier.clock;
}

bool RaceDetector::conflicts(const Record& earlier, const Record& now) const {
  return (earlier.bytes & now.bytes) != 0 && !(earlier.atomic && now.atomic) && !ordered(earlier, now.thread);
}

const std::string* RaceDetector::accesses(const Access& access) {
  if (access.atomic) acquired_ = true;
  const auto begin = reinterpret_cast<uintptr_t>(access.address), end = begin + access.bytes;
  for (uintptr_t word = begin / 4; word * 4 < end; ++word) {
    const unsigned from = begin > word * 4 ? static_cast<unsigned>(begin - word * 4) : 0;
    const unsigned to = static_cast<unsigned>(std::min<uintptr_t>(end - word * 4, 4));
    const Record now = {.block = block_,
                        .code = access.code,
                        .epoch = epoch_,
                        .clock = clock_[access.thread],
                        .fences = fences_[block_ - first_block_],
                        .thread = static_cast<uint16_t>(access.thread),
                        .bytes = static_cast<uint8_t>(((1u << to) - 1) & ~((1u << from) - 1)),
                        .atomic = access.atomic};
    Cell& memory = cell(word);
    if (conflicts(memory.write, now)) return report(memory.write, true, now, access.write, begin);
    if (access.write) {
      for (const Record& read : memory.reads) {
        if (conflicts(read, now)) return report(read, false, now, true, begin);
      }
      memory.write = now;
      memory.reads = {};
    } else {
      auto& [first, second] = memory.reads;
      (ordered(first, access.thread) ? first : second) = now;
    }
  }
  return nullptr;
}

std::string RaceDetector::describe(const Record& record, bool writes) const {
  const uint64_t index = record.block - first_block_;
  return text(record.atomic ? "atomic " : "", writes ? "write" : "read", " by thread ", record.thread, " of block (",
              index % grid_.x, ", ", index / grid_.x % grid_.y, ", ", index / grid_.x / grid_.y, ") at ",
              namer_ != nullptr ? namer_(record.code) : text("code address ", record.code));
}

const std::string* RaceDetector::report(const Record& earlier, bool earlier_writes, const Record& now, bool now_writes,
                                        uintptr_t address) {
  const void* const where = reinterpret_cast<const void*>(address);
  sentence_ = text("data race on ", memory_namer_ ? memory_namer_(where) : text("memory at ", where), ": ",
                   describe(earlier, earlier_writes), ", then ", describe(now, now_writes), ", and nothing orders them");
  return &sentence_;
}

}  // namespace heddle::simt
