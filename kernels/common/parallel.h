#pragma once

#include <stdint.h>

#include "kernels/common/thread_team.h"

// Loops over the threads of a device. Each chunk is worked on by one thread from its start to its end, so a result that depends
// only on its chunk does not depend on the number of threads. Static functions: see simd.h.
namespace heddle::kernels {

/// body(chunk) for every chunk in [0, chunks).
template <class Body>
[[gnu::always_inline]] static inline void parallel_chunks(Threads threads, int64_t chunks, const Body& body) {
  if (threads.count <= 1 || chunks <= 1) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
    return;
  }
  run_on_team(
      *threads.team, chunks, [](const void* context, int64_t chunk) { (*static_cast<const Body*>(context))(chunk); }, &body);
}

/// body(begin, end) over [0, count), in ranges whose inner bounds are multiples of `grain`. Small counts (below `serial_below`)
/// stay on the calling thread: handing work to another costs more than a few thousand cycles.
template <class Body>
[[gnu::always_inline]] static inline void parallel_ranges(Threads threads, int64_t count, int64_t grain, int64_t serial_below,
                                                          const Body& body) {
  if (count <= 0) return;
  if (threads.count <= 1 || count < serial_below) {
    body(int64_t{0}, count);
    return;
  }
  // A few ranges a thread where there is much to do, so that a thread that is held up does not hold up the others.
  const int64_t grains = (count + grain - 1) / grain;
  const int64_t wanted = count >= 16 * serial_below ? int64_t{8} * threads.count : int64_t{2} * threads.count;
  const int64_t ranges = grains < wanted ? grains : wanted;
  parallel_chunks(threads, ranges, [&](int64_t range) {
    const int64_t begin = grains * range / ranges * grain;
    const int64_t end = grains * (range + 1) / ranges * grain;
    body(begin, end < count ? end : count);
  });
}

}  // namespace heddle::kernels
