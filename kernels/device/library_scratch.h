#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "heddle/buffer.h"
#include "heddle/error.h"

namespace heddle::kernels {

/// What recorded work uses and its callers do not own: a replay holds it until it ends, even where the stream that recorded it
/// has taken other memory since, or has ended.
using RecordedUses = std::vector<std::shared_ptr<const void>>;

/// Memory that a library of the device works in, for one stream: of a stream's products only one runs at a time, so they share
/// it.
class LibraryScratch {
 public:
  /// At least `bytes`, until a larger request takes its place. While `recorded` is given the stream records work: the memory is
  /// entered there, and may not have to grow, since memory cannot be allocated then (Error{internal} names `library`).
  void* at_least(std::size_t bytes, Stream& stream, RecordedUses* recorded, const char* library) {
    if (bytes > (held_ != nullptr ? held_->bytes() : 0)) {
      require(recorded == nullptr, ErrorKind::internal, "cuda: a stream's first ", library,
              " product of a size cannot be inside a capture");
      held_ = std::make_shared<Buffer>(stream, bytes);
    }
    if (held_ == nullptr) return nullptr;
    if (recorded != nullptr) recorded->push_back(held_);
    return held_->data();
  }

 private:
  std::shared_ptr<Buffer> held_;
};

}  // namespace heddle::kernels
