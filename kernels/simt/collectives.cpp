// Barriers, shuffles and votes of the executor: who has arrived, who still must, and what each lane takes away.

#include "heddle/error.h"
#include "kernels/simt/block_runner.h"
#include "kernels/simt/observer.h"

namespace heddle::simt {

namespace {

const char* name_of(Collective kind) {
  switch (kind) {
    case Collective::sync: return "__syncwarp";
    case Collective::shuffle: return "__shfl_sync";
    case Collective::shuffle_up: return "__shfl_up_sync";
    case Collective::shuffle_down: return "__shfl_down_sync";
    case Collective::shuffle_xor: return "__shfl_xor_sync";
    case Collective::ballot: return "__ballot_sync";
    case Collective::any: return "__any_sync";
    case Collective::all: return "__all_sync";
  }
  return "";
}

std::string hexadecimal(uint32_t mask) {
  std::ostringstream stream;
  stream << "0x" << std::hex << mask;
  return stream.str();
}

/// "0-3, 7": the set bits.
std::string ranges(const std::vector<bool>& members) {
  std::string result;
  for (std::size_t i = 0; i < members.size();) {
    if (!members[i]) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end + 1 < members.size() && members[end + 1]) ++end;
    result += text(result.empty() ? "" : ", ", i);
    if (end > i) result += text("-", end);
    i = end + 1;
  }
  return result;
}

}  // namespace

void BlockRunner::barrier(const Place& where) {
  Lane& lane = lanes_[current_];
  lane.where = &where;
  warp_[current_ / lanes_per_warp].at_barrier |= 1u << (current_ % lanes_per_warp);
  if (arrived_ == 0) {
    barrier_at_ = where;
  } else if (!(barrier_at_ == where)) {
    refuse(here(where), "threads of one block are at different __syncthreads: ", describe_threads());
  }
  if (++arrived_ == threads_) {
    arrived_ = 0;
    fruitless_atomics_ = fruitless_reads_ = 0;
    for (unsigned w = 0; w < warps_; ++w) {
      warp_[w].ready = ~0u;
      warp_[w].at_barrier = 0;
      ready_warps_ |= 1u << w;
    }
    if (observer_ != nullptr) observer_->block_met();
  }
  wait();
}

uint64_t BlockRunner::collective(Collective kind, uint32_t mask, uint64_t value, int operand, int width, const Place& where) {
  const unsigned w = current_ / lanes_per_warp;
  const uint32_t bit = 1u << (current_ % lanes_per_warp);
  Warp& warp = warp_[w];
  Lane& lane = lanes_[current_];
  lane = {.stack = lane.stack, .where = &where, .value = value, .mask = mask, .operand = operand, .width = width, .kind = kind};
  if ((mask & bit) == 0) {
    refuse(here(where), "thread ", current_, " calls ", name_of(kind), " with mask ", hexadecimal(mask),
           ", which leaves its own lane ", current_ % lanes_per_warp, " out");
  }
  if ((mask & ~warp.live) != 0) {
    refuse(here(where), "thread ", current_, " calls ", name_of(kind), " with mask ", hexadecimal(mask),
           ", which names lanes that have ended: ", hexadecimal(mask & ~warp.live));
  }
  if (width < 1 || width > 32 || (width & (width - 1)) != 0) {
    refuse(here(where), "thread ", current_, " calls ", name_of(kind), " with width ", width, ", not a power of two up to 32");
  }
  // Two lanes that name each other and do different things would wait for ever.
  if (const uint32_t peers = warp.meeting & mask; peers != 0) {
    const unsigned other = static_cast<unsigned>(std::countr_zero(peers));
    const Lane& peer = lane_at(w, other);
    if ((peer.mask & bit) != 0 && (peer.mask != mask || peer.kind != kind || peer.width != width ||
                                   (kind != Collective::sync && !(*peer.where == where)))) {
      warp.meeting |= bit;
      refuse(here(where), "lanes of one warp do different things together: ", describe_threads());
    }
  }
  warp.meeting |= bit;
  warp.expected |= mask;
  if ((warp.meeting & mask) == mask) complete(w, mask);
  wait();
  return lane.value;
}

unsigned BlockRunner::source_lane(unsigned lane, const Lane& state) const {
  const auto width = static_cast<unsigned>(state.width);
  const auto operand = static_cast<unsigned>(state.operand);
  const unsigned within = lane & (width - 1), first = lane - within;
  switch (state.kind) {
    case Collective::shuffle: return first + (operand & (width - 1));
    case Collective::shuffle_up: return operand > within ? lane : lane - operand;
    case Collective::shuffle_down: return operand >= width - within ? lane : lane + operand;
    case Collective::shuffle_xor: return (lane ^ operand) > first + width - 1 ? lane : lane ^ operand;
    default: return lane;
  }
}

// Every lane of `mask` has arrived: give each its result and let all go on.
void BlockRunner::complete(unsigned w, uint32_t mask) {
  Warp& warp = warp_[w];
  const Collective kind = lanes_[current_].kind;
  std::array<uint64_t, lanes_per_warp> values;
  uint32_t votes = 0;
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const auto l = static_cast<unsigned>(std::countr_zero(rest));
    const Lane& lane = lane_at(w, l);
    if (lane.mask != mask || lane.kind != kind) {
      refuse(here(*lane.where), "lanes of one warp do different things together: ", describe_threads());
    }
    values[l] = lane.value;
    votes |= static_cast<uint32_t>(lane.value != 0) << l;
  }
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const auto l = static_cast<unsigned>(std::countr_zero(rest));
    Lane& lane = lane_at(w, l);
    switch (kind) {
      case Collective::sync: break;
      case Collective::ballot: lane.value = votes; break;
      case Collective::any: lane.value = votes != 0; break;
      case Collective::all: lane.value = votes == mask; break;
      default: {
        const unsigned source = source_lane(l, lane);
        if ((mask >> source & 1) == 0) {
          refuse(here(*lane.where), "lane ", l, " of warp ", w, " reads lane ", source, " by ", name_of(kind), ", but the mask ",
                 hexadecimal(mask), " does not name that lane");
        }
        lane.value = values[source];
      }
    }
  }
  warp.meeting &= ~mask;
  warp.expected = 0;
  for (uint32_t rest = warp.meeting; rest != 0; rest &= rest - 1) {
    warp.expected |= lane_at(w, static_cast<unsigned>(std::countr_zero(rest))).mask;
  }
  warp.ready |= mask;
  ready_warps_ |= 1u << w;
  fruitless_atomics_ = fruitless_reads_ = 0;
  if (observer_ != nullptr) observer_->lanes_met(w, mask, kind);
}

std::string BlockRunner::here(const Place& where) const { return text(where.file, ":", where.line, ": "); }

/// "block (0, 0, 0)".
std::string BlockRunner::current_block() {
  const Index3 block = blockIdx;  // a copy: with UBSan GCC 12 takes a reference to a thread_local variable for a null one
  return text("block (", block.x, ", ", block.y, ", ", block.z, ")");
}

/// What each thread waits for, alike ones together: "threads 0-31 wait in __syncthreads (a.cu:7); threads 32-63 have ended".
std::string BlockRunner::describe_threads() const {
  std::vector<std::pair<std::string, std::vector<bool>>> groups;
  for (unsigned rank = 0; rank < threads_; ++rank) {
    const Warp& warp = warp_[rank / lanes_per_warp];
    const Lane& lane = lanes_[rank];
    const uint32_t bit = 1u << (rank % lanes_per_warp);
    std::string state;
    if ((warp.live & bit) == 0) {
      state = "ended";
    } else if ((warp.at_barrier & bit) != 0) {
      state = text("at __syncthreads (", lane.where->file, ":", lane.where->line, ")");
    } else if ((warp.meeting & bit) != 0) {
      state = text("in ", name_of(lane.kind), " with mask ", hexadecimal(lane.mask), " (", lane.where->file, ":",
                   lane.where->line, ")");
    } else {
      state = "able to run";
    }
    auto group = groups.begin();
    while (group != groups.end() && group->first != state) ++group;
    if (group == groups.end()) group = groups.insert(group, {state, std::vector<bool>(threads_)});
    group->second[rank] = true;
  }
  std::string result;
  for (const auto& [state, members] : groups)
    result += text(result.empty() ? "" : "; ", "threads ", ranges(members), ": ", state);
  return result;
}

std::string BlockRunner::deadlock() const {
  const Place* where = &launch_->where;
  for (unsigned rank = 0; rank < threads_; ++rank) {
    if ((warp_[rank / lanes_per_warp].live >> (rank % lanes_per_warp) & 1) != 0) {
      where = lanes_[rank].where;
      break;
    }
  }
  return text(here(*where), "deadlock in ", current_block(), ": ", describe_threads());
}

void block_barrier(const Place& where) { running()->barrier(where); }

uint64_t warp_collective(Collective collective, uint32_t mask, uint64_t value, int operand, int width, const Place& where) {
  return running()->collective(collective, mask, value, operand, width, where);
}

}  // namespace heddle::simt
