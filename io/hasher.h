#pragma once

#include <xxhash.h>

#include <bit>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "heddle/hex.h"

namespace heddle::io::detail {

static_assert(std::endian::native == std::endian::little, "the canonical streams are little-endian");

/// XXH3-128 of a stream of numbers.
class Hasher {
 public:
  Hasher() : state_(XXH3_createState()) {
    if (!state_) throw std::bad_alloc();
    XXH3_128bits_reset(state_.get());
  }
  template <class T>
  void add(const T* values, int64_t count) {
    XXH3_128bits_update(state_.get(), values, static_cast<std::size_t>(count) * sizeof(T));
  }
  void add(int64_t value) { add(&value, 1); }
  template <class T>
  void add_counted(const std::vector<T>& values) {
    add(static_cast<int64_t>(values.size()));
    add(values.data(), static_cast<int64_t>(values.size()));
  }
  /// A feature row: the number of its non-zeros, their columns, their values.
  void add_row(const int32_t* columns, const float* values, int64_t nonzeros) {
    add(nonzeros);
    add(columns, nonzeros);
    add(values, nonzeros);
  }
  std::string hex() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    return hex_of(hash.high64, hash.low64);
  }

 private:
  struct Release {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Release> state_;
};

}  // namespace heddle::io::detail
