#pragma once

#include <stdint.h>

// The best k so far of a row on the cpu: a heap of rank_key numbers. Everything is static: files compiled per instruction set
// include this.
namespace heddle::kernels {

/// Lets `key` sink from `at` to its place in a heap with the least at its root.
[[gnu::always_inline]] static inline void sift_down(uint64_t* keys, int64_t count, int64_t at, uint64_t key) {
  for (int64_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
    child += child + 1 < count && keys[child + 1] < keys[child];
    if (key <= keys[child]) break;
    keys[at] = keys[child];
    at = child;
  }
  keys[at] = key;
}

[[gnu::always_inline]] static inline void make_heap(uint64_t* keys, int64_t count) {
  for (int64_t at = count / 2 - 1; at >= 0; --at) sift_down(keys, count, at, keys[at]);
}

/// Adds a key to the `count` best so far, k at most, which are a heap once there are k. Returns the new count.
[[gnu::always_inline]] static inline int64_t add_candidate(uint64_t* keys, int64_t count, int64_t k, uint64_t key) {
  if (count == k) {
    if (key > keys[0]) sift_down(keys, k, 0, key);
    return k;
  }
  keys[count++] = key;
  if (count == k) make_heap(keys, k);
  return count;
}

/// Greatest first, by heap sort.
[[gnu::always_inline]] static inline void sort_candidates(uint64_t* keys, int64_t count) {
  make_heap(keys, count);
  for (int64_t last = count - 1; last > 0; --last) {
    const uint64_t key = keys[last];
    keys[last] = keys[0];
    sift_down(keys, last, 0, key);
  }
}

}  // namespace heddle::kernels
