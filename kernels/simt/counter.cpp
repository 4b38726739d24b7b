#include "kernels/simt/counter.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "heddle/error.h"

namespace heddle::simt {

namespace {

constexpr uint64_t sector_bytes = 32;
constexpr uint64_t sectors_per_line = 4;
constexpr uint64_t array_alignment = 256;  // of cudaMalloc

bool is_shuffle(Collective kind) {
  return kind == Collective::shuffle || kind == Collective::shuffle_up || kind == Collective::shuffle_down ||
         kind == Collective::shuffle_xor;
}

}  // namespace

Counter::Counter(const CounterOptions& options) : options_(options) {
  require(options.multiprocessors >= 1 && options.l2_ways >= 1, ErrorKind::usage, "simt: a card has ",
          counted(options.multiprocessors, "multiprocessor"), " and ", counted(options.l2_ways, "way"));
  sets_ = options.l2_bytes / (sector_bytes * sectors_per_line * static_cast<uint64_t>(options.l2_ways));
  require(sets_ >= 1, ErrorKind::usage, "simt: a second-level cache of ", counted(options.l2_bytes, "byte"), " has no set of ",
          counted(options.l2_ways, "line"));
  clear(true);
}

void Counter::name_array(std::string name, const void* address, std::size_t bytes) {
  if (bytes == 0) return;
  const auto begin = reinterpret_cast<uintptr_t>(address);
  for (const Named& other : named_) {
    require(begin + bytes <= other.begin || other.end <= begin, ErrorKind::usage, "simt: the arrays ", name, " and ",
            other.traffic.name, " overlap");
  }
  // A place off a sector's start stays so.
  const uint64_t offset = begin % sector_bytes;
  named_.push_back({begin, begin + bytes, next_address_ + offset, {.name = std::move(name)}});
  next_address_ += (offset + bytes + array_alignment - 1) / array_alignment * array_alignment;
}

void Counter::clear(bool cold) {
  counts_ = {};
  kernels_.clear();
  for (Named& array : named_) array.traffic = {.name = array.traffic.name};
  block_work_ = longest_warp_ = 0;
  warp_requests_.fill(0);
  multiprocessors_.assign(static_cast<std::size_t>(options_.multiprocessors), 0);
  if (cold) lines_.assign(sets_ * static_cast<uint64_t>(options_.l2_ways), {});
  for (Line& line : lines_) line.dirty = 0;
  dirty_sectors_ = 0;
}

void Counter::end_block() {
  for (uint64_t& requests : warp_requests_) longest_warp_ = std::max(longest_warp_, std::exchange(requests, 0));
  if (block_work_ == 0) return;
  std::pop_heap(multiprocessors_.begin(), multiprocessors_.end(), std::greater<>());
  multiprocessors_.back() += block_work_;
  std::push_heap(multiprocessors_.begin(), multiprocessors_.end(), std::greater<>());
  counts_.work += block_work_;
  block_work_ = 0;
}

void Counter::end_launch() {
  end_block();
  counts_.busiest_multiprocessor += *std::max_element(multiprocessors_.begin(), multiprocessors_.end());
  counts_.busiest_warp += std::exchange(longest_warp_, 0);
  std::fill(multiprocessors_.begin(), multiprocessors_.end(), 0);
}

Counts Counter::counts() {
  end_launch();
  Counts result = counts_;
  result.dram_written_bytes += dirty_sectors_ * sector_bytes;
  return result;
}

std::vector<Counter::Array> Counter::arrays() const {
  std::vector<Array> result;
  for (const Named& array : named_) result.push_back(array.traffic);
  return result;
}

void Counter::launch_begins(const Launch& launch) {
  end_launch();
  ++counts_.launches;
  if (std::find(kernels_.begin(), kernels_.end(), launch.kernel) == kernels_.end()) kernels_.push_back(launch.kernel);
}

void Counter::block_begins(uint64_t, Index3) {
  end_block();
  ++counts_.blocks;
  shared_.clear();
}

void Counter::shared_allocated(const void* address, std::size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(address);
  shared_.push_back({begin, begin + bytes});
}

void Counter::lanes_met(unsigned, uint32_t, Collective collective) {
  if (collective == Collective::sync) {
    ++counts_.warp_barriers;
  } else if (is_shuffle(collective)) {
    ++counts_.shuffles;
  } else {
    ++counts_.votes;
  }
}

bool Counter::in_shared(const void* address) const {
  const auto at = reinterpret_cast<uintptr_t>(address);
  return std::any_of(shared_.begin(), shared_.end(), [at](const Range& range) { return at >= range.begin && at < range.end; });
}

// Lanes are served 128 bytes at a time: all at once up to 4 bytes a lane, in halves for 8, in quarters for 16. Each of these
// takes as many passes as one bank has different words in it; lanes that read one word share it.
void Counter::count_shared(const Request& request) {
  ++counts_.shared_requests;
  counts_.shared_lanes += static_cast<uint64_t>(std::popcount(request.mask));
  const Access& some = request.accesses[static_cast<std::size_t>(std::countr_zero(request.mask))];
  const unsigned together = some.bytes <= 4 ? 32 : some.bytes == 8 ? 16 : 8;
  uint64_t passes = 0;
  for (unsigned first = 0; first < 32; first += together) {
    std::array<std::vector<uintptr_t>, 32> words;
    for (unsigned lane = first; lane < first + together; ++lane) {
      if ((request.mask >> lane & 1) == 0) continue;
      const Access& access = request.accesses[lane];
      const auto begin = reinterpret_cast<uintptr_t>(access.address) / 4;
      const auto end = (reinterpret_cast<uintptr_t>(access.address) + access.bytes + 3) / 4;
      for (uintptr_t word = begin; word < end; ++word) {
        std::vector<uintptr_t>& bank = words[word % 32];
        if (std::find(bank.begin(), bank.end(), word) == bank.end()) bank.push_back(word);
      }
    }
    uint64_t most = 0;
    for (const std::vector<uintptr_t>& bank : words) most = std::max<uint64_t>(most, bank.size());
    passes += most;
    counts_.bank_conflicts += most > 1 ? most - 1 : 0;
  }
  block_work_ += passes;
}

void Counter::touch(uint64_t sector, bool read, bool write, Array& array) {
  const uint64_t number = sector / sectors_per_line;
  const auto bit = static_cast<uint8_t>(1u << (sector % sectors_per_line));
  const auto set = lines_.begin() + static_cast<std::ptrdiff_t>(number % sets_) * options_.l2_ways;
  auto line = std::find_if(set, set + options_.l2_ways, [number](const Line& each) { return each.number == number; });
  if (line == set + options_.l2_ways) {
    --line;  // the one used longest ago goes
    const auto written_back = static_cast<uint64_t>(std::popcount(line->dirty));
    counts_.dram_written_bytes += written_back * sector_bytes;
    dirty_sectors_ -= written_back;
    *line = {.number = number};
  }
  std::rotate(set, line, line + 1);
  if ((set->valid & bit) != 0) {
    ++counts_.l2_hits;
  } else {
    ++counts_.l2_misses;
    if (read) {
      counts_.dram_read_bytes += sector_bytes;
      array.dram_read_bytes += sector_bytes;
    }
  }
  set->valid |= bit;
  if (write && (set->dirty & bit) == 0) {
    set->dirty |= bit;
    ++dirty_sectors_;
  }
}

const std::string* Counter::requests(const Request& request) {
  ++warp_requests_[request.warp];
  const Access& some = request.accesses[static_cast<std::size_t>(std::countr_zero(request.mask))];
  if (in_shared(some.address)) {
    count_shared(request);
    return nullptr;
  }
  struct Touched {
    uint64_t sector;
    Named* array;
    bool operator<(const Touched& other) const { return sector < other.sector; }
    bool operator==(const Touched& other) const { return sector == other.sector; }
  };
  std::array<std::pair<uint64_t, uint64_t>, 32> ranges;  // of addresses
  std::size_t range_count = 0;
  std::array<Touched, 32 * 2> touched;  // an access of 16 bytes or less lies in two sectors at most
  std::size_t count = 0;
  for (uint32_t rest = request.mask; rest != 0; rest &= rest - 1) {
    const Access& access = request.accesses[static_cast<std::size_t>(std::countr_zero(rest))];
    const auto begin = reinterpret_cast<uintptr_t>(access.address);
    const auto array = std::find_if(named_.begin(), named_.end(),
                                    [&](const Named& each) { return begin >= each.begin && begin + access.bytes <= each.end; });
    if (array == named_.end() || access.bytes > 16) {
      sentence_ = text("thread ", access.thread, " ", access.write ? "writes " : "reads ", counted(access.bytes, "byte"), " at ",
                       access.address, ", which are in none of the named arrays");
      return &sentence_;
    }
    const uint64_t at = array->stands_at + (begin - array->begin);
    ranges[range_count++] = {at, at + access.bytes};
    touched[count++] = {at / sector_bytes, &*array};
    const uint64_t last = (at + access.bytes - 1) / sector_bytes;
    if (last != at / sector_bytes) touched[count++] = {last, &*array};
  }
  std::sort(touched.begin(), touched.begin() + static_cast<std::ptrdiff_t>(count));
  const auto end = std::unique(touched.begin(), touched.begin() + static_cast<std::ptrdiff_t>(count));
  const auto sectors = static_cast<uint64_t>(end - touched.begin());
  const auto lanes = static_cast<uint64_t>(std::popcount(request.mask));
  std::sort(ranges.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(range_count));
  uint64_t distinct = 0, reached = 0;
  for (std::size_t i = 0; i < range_count; ++i) {
    const uint64_t from = std::max(reached, ranges[i].first);
    if (ranges[i].second <= from) continue;
    distinct += ranges[i].second - from;
    reached = ranges[i].second;
  }
  counts_.least_sectors += (distinct + sector_bytes - 1) / sector_bytes;
  uint64_t Array::*by_array = nullptr;
  if (some.atomic) {
    ++counts_.atomic_requests;
    counts_.atomic_lanes += lanes;
    counts_.atomic_sectors += sectors;
    by_array = &Array::atomic_sectors;
  } else if (some.write) {
    ++counts_.store_requests;
    counts_.store_lanes += lanes;
    counts_.store_sectors += sectors;
    by_array = &Array::stored_sectors;
  } else {
    ++counts_.load_requests;
    counts_.load_lanes += lanes;
    counts_.load_sectors += sectors;
    by_array = &Array::loaded_sectors;
  }
  for (auto each = touched.begin(); each != end; ++each) {
    Array& array = each->array->traffic;
    ++(array.*by_array);
    touch(each->sector, some.atomic || !some.write, some.atomic || some.write, array);
  }
  block_work_ += sectors;
  return nullptr;
}

}  // namespace heddle::simt
