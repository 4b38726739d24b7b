#pragma once

#include <stdint.h>

#include "kernels/common/thread_team.h"

// Loops over the threads of a device. Each chunk is worked on by one thread from its start to its end, so a result that depends
// only on its chunk does not depend on the number of threads. Static functions: see simd.h.
//
// Where sums are made in pieces that are then added, the pieces are cut by the shape of the work alone (so many rows, so many
// terms): their number shows in the last bits. parts_for, which counts threads, then says only how many neighbouring pieces a
// thread is handed at a time.
namespace heddle::kernels {

/// Into how many parts work is cut that may be cut anywhere. `work` is counted in elements: a number read, multiplied and added,
/// some 0.1 to 1 ns of a thread.
///   No part is smaller than 4096 elements: to hand one over takes some 300 ns, to wait for its thread as much again. (But
///   parallel_ranges, whose grains may not be cut, hands out single ones where some parts would have two and others one.)
///   Small work has two parts a thread, so that one that comes late finds half of its share done by others.
///   Large work has up to 32, so that a thread that is held up, for as long as the system likes, holds up a 32nd of its share;
///   but none below 262,144 elements, beside which the handing over does not count.
///   More parts would not even anything out that the clock could show.
[[gnu::always_inline]] static inline int64_t parts_for(Threads threads, int64_t work) {
  constexpr int64_t least_part = 4096, least_of_many = 262144;
  if (threads.count <= 1 || work < 2 * least_part) return 1;
  const int64_t few = work / least_part < int64_t{2} * threads.count ? work / least_part : int64_t{2} * threads.count;
  const int64_t many = work / least_of_many < int64_t{32} * threads.count ? work / least_of_many : int64_t{32} * threads.count;
  return few > many ? few : many;
}

/// body(chunk) for every chunk in [0, chunks), each handed over on its own. For chunks that are long, or that differ much.
template <class Body>
[[gnu::always_inline]] static inline void parallel_chunks(Threads threads, int64_t chunks, const Body& body) {
  if (threads.count <= 1 || chunks <= 1) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
    return;
  }
  run_on_team(
      *threads.team, chunks, [](const void* context, int64_t chunk) { (*static_cast<const Body*>(context))(chunk); }, &body);
}

/// body(thread) once on every thread: see run_on_every_thread.
template <class Body>
[[gnu::always_inline]] static inline void on_every_thread(Threads threads, const Body& body) {
  if (threads.count <= 1) {
    body(int64_t{0});
    return;
  }
  run_on_every_thread(
      *threads.team, [](const void* context, int64_t thread) { (*static_cast<const Body*>(context))(thread); }, &body);
}

/// body(begin, end) over [0, count), in ranges whose inner bounds are multiples of `grain`; `work_each`: see parts_for.
template <class Body>
[[gnu::always_inline]] static inline void parallel_ranges(Threads threads, int64_t count, int64_t grain, int64_t work_each,
                                                          const Body& body) {
  if (count <= 0) return;
  const int64_t grains = (count + grain - 1) / grain;
  const int64_t wanted = parts_for(threads, count * work_each);
  // Of fewer than two grains each, some ranges would be twice as long as others: then every grain is a range.
  const int64_t ranges = wanted == 1 ? 1 : grains < 2 * wanted ? grains : wanted;
  if (ranges == 1) {
    body(int64_t{0}, count);
    return;
  }
  parallel_chunks(threads, ranges, [&](int64_t range) {
    const int64_t begin = grains * range / ranges * grain;
    const int64_t end = grains * (range + 1) / ranges * grain;
    body(begin, end < count ? end : count);
  });
}

/// body(i) for every i in [0, count), neighbours together; `work_each`: see parts_for.
template <class Body>
[[gnu::always_inline]] static inline void parallel_each(Threads threads, int64_t count, int64_t work_each, const Body& body) {
  parallel_ranges(threads, count, 1, work_each, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i);
  });
}

}  // namespace heddle::kernels
