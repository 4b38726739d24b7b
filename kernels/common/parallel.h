#pragma once

#include <stdint.h>

// Loops over OpenMP threads. Each chunk is worked on by one thread from its start to its end, so a result that depends only on
// its chunk does not depend on the number of threads. Static functions: see simd.h.
namespace heddle::kernels {

/// body(chunk) for every chunk in [0, chunks), on up to `threads` threads, handed out as they become free.
template <class Body>
[[gnu::always_inline]] static inline void parallel_chunks(int threads, int64_t chunks, const Body& body) {
  if (threads <= 1 || chunks <= 1) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
    return;
  }
  const int team = chunks < threads ? static_cast<int>(chunks) : threads;
  if (chunks == team) {
#pragma omp parallel for num_threads(team) schedule(static, 1)
    for (int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
  } else {
#pragma omp parallel for num_threads(team) schedule(dynamic, 1)
    for (int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
  }
}

/// body(begin, end) over [0, count), in ranges whose inner bounds are multiples of `grain`. Small counts (below `serial_below`)
/// stay on the calling thread: waking another costs more than a few thousand cycles.
template <class Body>
[[gnu::always_inline]] static inline void parallel_ranges(int threads, int64_t count, int64_t grain, int64_t serial_below, const Body& body) {
  if (count <= 0) return;
  if (threads <= 1 || count < serial_below) {
    body(int64_t{0}, count);
    return;
  }
  // A few ranges a thread where there is much to do, so that a thread that is held up does not hold up the others.
  const int64_t grains = (count + grain - 1) / grain;
  const int64_t wanted = count >= 16 * serial_below ? int64_t{8} * threads : threads;
  const int64_t ranges = grains < wanted ? grains : wanted;
  parallel_chunks(threads, ranges, [&](int64_t range) {
    const int64_t begin = grains * range / ranges * grain;
    const int64_t end = grains * (range + 1) / ranges * grain;
    body(begin, end < count ? end : count);
  });
}

}  // namespace heddle::kernels
