#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "heddle/buffer.h"
#include "heddle/error.h"
#include "heddle/kernel/views.h"
#include "kernels/simt/watch.h"

namespace heddle::test {

/// An array in a device's memory between guard words. `offset` elements set it off the allocation's alignment: vectorised
/// kernels must notice. Outputs start as NaN (integers: as 0x7FC0...), so that an element nobody wrote shows; so do the guards,
/// so that a read past the end shows in the result as well.
template <class T>
class Guarded {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8);

 public:
  Guarded(Stream& stream, int64_t count, int64_t offset = 0)
      : stream_(&stream), count_(static_cast<std::size_t>(count)), before_(guard_words + static_cast<std::size_t>(offset)) {
    buffer_ = Buffer::upload(stream, std::vector<T>(before_ + count_ + guard_words, unwritten()));
    if (simt::watch() == nullptr || stream.kind() != DeviceKind::simt) return;
    simt::watch()->released(buffer_.data(), buffer_.bytes());  // the guards are nobody's
    simt::watch()->allocated(data(), count_ * sizeof(T));
  }
  Guarded(Stream& stream, const std::vector<T>& values, int64_t offset = 0)
      : Guarded(stream, static_cast<int64_t>(values.size()), offset) {
    upload(stream, data(), values.data(), values.size() * sizeof(T));
  }

  T* data() const { return buffer_.as<T>() + before_; }
  DenseView<T> view(int64_t rows, int64_t cols) const { return {data(), rows, cols}; }

  /// The elements now; throws if a guard was written.
  std::vector<T> values() const {
    const std::vector<T> all = download(*stream_, buffer_.as<T>(), before_ + count_ + guard_words);
    const T guard = unwritten();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i >= before_ && i < before_ + count_) continue;
      require(std::memcmp(&all[i], &guard, sizeof guard) == 0, ErrorKind::internal, "element ",
              static_cast<int64_t>(i) - static_cast<int64_t>(before_), " of an array of ", count_, " was written");
    }
    return {all.begin() + static_cast<std::ptrdiff_t>(before_), all.begin() + static_cast<std::ptrdiff_t>(before_ + count_)};
  }
  T value() const { return values().at(0); }

 private:
  static constexpr std::size_t guard_words = 16;  // 64 bytes of floats: the alignment of the elements stays the allocation's
  static T unwritten() {
    if constexpr (std::is_floating_point_v<T>) {
      return std::numeric_limits<T>::quiet_NaN();
    } else {
      return static_cast<T>(sizeof(T) == 2 ? 0x7FC1 : 0x7FC01234);  // a NaN of bfloat16
    }
  }

  Stream* stream_;
  std::size_t count_;
  std::size_t before_;
  Buffer buffer_;
};

}  // namespace heddle::test
