#include "heddle/arena.h"

#include <algorithm>
#include <functional>
#include <new>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/simt/watch.h"

namespace heddle {

namespace {

// Every address in a block is a multiple of this: what cuda promises of a buffer.
constexpr std::size_t granularity = 256;
constexpr std::size_t host_chunk_bytes = 16 * 1024;
constexpr std::size_t most_host_alignment = 4096;
/// A step's need counts for the steps after it, less and less: half as much after 44 of them.
constexpr std::size_t steps_that_count = 64;
/// More than this many times what is needed is not held. Blocks that the step itself has used may leave holes that cost more than
/// twice its need; to give them back would make an equal step take them again.
constexpr std::size_t most_times = 2;
constexpr std::size_t most_times_in_use = 4;

std::size_t round_up(std::size_t value, std::size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

// The first place that does not begin before `address`.
std::size_t Arena::place_from(const void* address) const {
  const auto found = std::lower_bound(places_.begin(), places_.end(), address, [](const Place& place, const void* at) {
    return std::less<const void*>()(place.begin, at);
  });
  return static_cast<std::size_t>(found - places_.begin());
}

// The smallest free place that holds `bytes`, of equal ones the first; places_.size() where none does.
std::size_t Arena::find_place(std::size_t bytes) const {
  std::size_t best = places_.size();
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    if (place.free && place.bytes >= bytes && (best == places_.size() || place.bytes < places_[best].bytes)) {
      best = i;
      if (place.bytes == bytes) break;
    }
  }
  return best;
}

Arena::Block& Arena::block_of(const std::byte* address) {
  const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), address, [](const std::byte* at, const Block& block) {
    return std::less<const std::byte*>()(at, block.begin());
  });
  return *(after - 1);
}

void* Arena::take(std::size_t place, std::size_t bytes) {
  // Each request cuts at most one place in two: an equal step after this one finds the room that it needs.
  const std::size_t most_places = blocks_.size() + requests_.size();
  if (places_.capacity() < most_places) places_.reserve(2 * most_places);
  Place& taken = places_[place];
  const Place rest{taken.begin + bytes, taken.bytes - bytes, true, false};
  taken.bytes = bytes;
  taken.free = false;
  std::byte* const given = taken.begin;
  if (rest.bytes > 0) places_.insert(places_.begin() + static_cast<std::ptrdiff_t>(place) + 1, rest);
  block_of(given).last_step = step_;
  in_use_ += bytes;
  most_in_use_ = std::max(most_in_use_, in_use_);
  return given;
}

void* Arena::allocate(std::size_t bytes) try {
  require(bytes <= SIZE_MAX / 4, ErrorKind::out_of_memory, "no room for ", counted(bytes, "byte"));
  const std::size_t rounded = round_up(std::max<std::size_t>(bytes, 1), granularity);
  const std::size_t request = request_;
  if (request == requests_.size()) requests_.emplace_back(nullptr, 0);
  std::size_t place = places_.size();
  // As long as a step makes the requests of the one before it gets what that was given: the blocks that were added late in it
  // are there from the start now, and might fit better.
  following_ = following_ && requests_[request].second == rounded;
  if (following_) {
    std::byte* const given = requests_[request].first;
    const std::size_t same = place_from(given);
    if (same < places_.size() && places_[same].begin == given && places_[same].free && places_[same].bytes >= rounded) {
      place = same;
    }
  }
  if (place == places_.size()) place = find_place(rounded);
  if (place == places_.size()) place = add_block(rounded);
  requests_[request] = {places_[place].begin, rounded};
  ++request_;
  void* const memory = take(place, rounded);
  // Who watches the executor's accesses is told what of the block is in use.
  if (simt::watch() != nullptr) simt::watch()->allocated(memory, bytes);
  return memory;
} catch (...) {
  rethrow_as_error();
}

std::size_t Arena::add_block(std::size_t bytes) {
  // The first step takes what it needs. What grows later is likely to go on growing: an eighth on top keeps that from costing a
  // new block each time.
  const std::size_t wanted = step_ == 1 ? bytes : round_up(bytes + bytes / 8, granularity);
  release_beyond(std::max(recent_most_, std::max(most_in_use_, in_use_ + bytes)), wanted);
  const std::size_t taken = held_ + wanted > most_times * std::max(recent_most_, in_use_ + bytes) ? bytes : wanted;
  // Room in the lists first, so that nothing can fail between the block and its place.
  if (blocks_.size() == blocks_.capacity()) blocks_.reserve(2 * blocks_.size() + 8);
  if (places_.size() == places_.capacity()) places_.reserve(2 * places_.size() + 8);
  Buffer buffer;
  try {
    buffer = Buffer(stream_, taken);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::out_of_memory || !release_idle_blocks(0, step_)) throw;
    buffer = Buffer(stream_, bytes);
  }
  const Place whole{buffer.as<std::byte>(), buffer.bytes(), true, true};
  const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), whole.begin, [](const std::byte* at, const Block& block) {
    return std::less<const std::byte*>()(at, block.begin());
  });
  held_ += buffer.bytes();
  blocks_.insert(after, Block{std::move(buffer)});
  const std::size_t place = place_from(whole.begin);
  places_.insert(places_.begin() + static_cast<std::ptrdiff_t>(place), whole);
  return place;
}

void Arena::merge_with_next(std::size_t place) {
  if (place + 1 >= places_.size() || places_[place + 1].first || !places_[place + 1].free || !places_[place].free) return;
  places_[place].bytes += places_[place + 1].bytes;
  places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(place) + 1);
}

void Arena::give_back(const void* pointer) noexcept {
  const std::size_t place = place_from(pointer);
  if (pointer == nullptr || place == places_.size() || places_[place].begin != pointer || places_[place].free) return;
  places_[place].free = true;
  in_use_ -= places_[place].bytes;
  merge_with_next(place);
  if (place > 0 && !places_[place].first) merge_with_next(place - 1);
}

bool Arena::can_release(const Block& block) const {
  if (recording_ || block.recordings > 0) return false;
  const Place& place = places_[place_from(block.begin())];
  return place.free && place.bytes == block.buffer.bytes();
}

void Arena::release(std::size_t block) {
  const auto index = static_cast<std::ptrdiff_t>(block);
  held_ -= blocks_[block].buffer.bytes();
  places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(place_from(blocks_[block].begin())));
  Buffer gone;
  gone.swap(blocks_[block].buffer);
  std::move(blocks_.begin() + index + 1, blocks_.end(), blocks_.begin() + index);
  blocks_.pop_back();
}

// Gives blocks back to the device until what is held, and `wanted` on top, is in proportion to `need`.
void Arena::release_beyond(std::size_t need, std::size_t wanted) noexcept {
  const auto rest = [&](std::size_t times) { return times * need > wanted ? times * need - wanted : 0; };
  release_idle_blocks(rest(most_times), step_ - 1);
  release_idle_blocks(rest(most_times_in_use), step_);
}

// Gives blocks without a place in use back to the device that were last used in step `last` or before, those first that were
// used longest ago and of these the largest, until no more than `most` bytes are held or none is left. Whether one was.
bool Arena::release_idle_blocks(std::size_t most, uint64_t last) noexcept {
  bool any = false;
  while (held_ > most) {
    std::size_t idle = blocks_.size();
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (blocks_[i].last_step > last || !can_release(blocks_[i])) continue;
      const auto rank = [&](std::size_t b) { return std::pair(blocks_[b].last_step, SIZE_MAX - blocks_[b].buffer.bytes()); };
      if (idle == blocks_.size() || rank(i) < rank(idle)) idle = i;
    }
    if (idle == blocks_.size()) break;
    release(idle);
    any = true;
  }
  return any;
}

void Arena::reset() noexcept {
  std::size_t kept = 0;
  for (const auto& place : places_) {
    if (place.first) {
      places_[kept++] = place;
      places_[kept - 1].free = true;
    } else {
      places_[kept - 1].bytes += place.bytes;
    }
  }
  places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(kept), places_.end());
  requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(request_), requests_.end());
  if (const auto* again = std::exchange(to_repeat_, nullptr)) requests_.assign(again->begin(), again->end());
  request_ = 0;
  following_ = true;
  if (most_in_use_ == 0) return;
  recent_most_ = std::max(most_in_use_, recent_most_ - recent_most_ / steps_that_count);
  in_use_ = most_in_use_ = 0;
  release_beyond(recent_most_, 0);
  ++step_;
}

Arena::Recording::Recording(Arena& arena) : arena_(arena) {
  require(!arena.recording_, ErrorKind::internal, "arena: a step is being recorded already");
  open_ = arena.recording_ = true;
}

void Arena::Recording::close() {
  if (!open_) return;
  open_ = arena_.recording_ = false;
  if (arena_.to_repeat_ == &requests_) {  // the step that was to be repeated has not begun: what the arena holds is another's
    arena_.to_repeat_ = nullptr;
    return;
  }
  for (Block& block : arena_.blocks_) {
    if (block.last_step != arena_.step_ || std::find(blocks_.begin(), blocks_.end(), block.begin()) != blocks_.end()) continue;
    blocks_.push_back(block.begin());
    ++block.recordings;
  }
  const auto made_begin = arena_.requests_.begin();
  const auto made_end = made_begin + static_cast<std::ptrdiff_t>(arena_.request_);
  // A repetition that broke off has made the first requests only: the next one needs all of them.
  const bool broke_off = arena_.request_ < requests_.size() && std::equal(made_begin, made_end, requests_.begin());
  if (!broke_off) requests_.assign(made_begin, made_end);
}

void Arena::Recording::repeat() {
  require(!arena_.recording_, ErrorKind::internal, "arena: a step is being recorded already");
  arena_.requests_.reserve(requests_.size());
  arena_.to_repeat_ = &requests_;
  open_ = arena_.recording_ = true;
}

Arena::Recording::~Recording() {
  if (open_) arena_.recording_ = false;
  if (arena_.to_repeat_ == &requests_) arena_.to_repeat_ = nullptr;
  for (const std::byte* block : blocks_) --arena_.block_of(block).recordings;
}

void* HostArena::allocate(std::size_t bytes, std::size_t alignment) try {
  require(bytes <= SIZE_MAX / 4, ErrorKind::out_of_memory, "no room for ", counted(bytes, "byte"), " of host memory");
  require(alignment <= most_host_alignment, ErrorKind::internal, "host arena: an alignment of ", alignment);
  const std::size_t room = std::max(host_chunk_bytes, bytes + alignment);
  const auto new_chunk = [&] {
    try {
      return std::vector<std::byte>(room);
    } catch (const std::bad_alloc&) {
      fail(ErrorKind::out_of_memory, "no room for ", counted(bytes, "byte"), " of host memory");
    }
  };
  if (chunks_.empty()) chunks_.push_back(new_chunk());
  for (;;) {
    std::vector<std::byte>& chunk = chunks_[chunk_];
    const auto base = reinterpret_cast<std::uintptr_t>(chunk.data());
    const std::size_t start = round_up(base + used_, alignment) - base;
    if (start <= chunk.size() && bytes <= chunk.size() - start) {
      used_ = start + bytes;
      return chunk.data() + start;
    }
    // The next chunk holds nothing of this step: where it is too small, a larger one takes its place.
    if (chunk_ + 1 == chunks_.size()) {
      chunks_.push_back(new_chunk());
    } else if (chunks_[chunk_ + 1].size() < room) {
      chunks_[chunk_ + 1] = new_chunk();
    }
    ++chunk_;
    used_ = 0;
  }
} catch (...) {
  rethrow_as_error();
}

void HostArena::reset() noexcept { chunk_ = used_ = 0; }

}  // namespace heddle
