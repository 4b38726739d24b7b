#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "heddle/error.h"
#include "heddle/progress.h"
#include "io/interactions.h"

namespace heddle::io::detail {

/// Tells a callback (or none) how much of some texts has been read.
class ReadingProgress {
 public:
  ReadingProgress(const ProgressCallback& callback, std::span<const InteractionText> texts) : callback_(callback) {
    for (const InteractionText& text : texts) all_ += text.content.size();
  }

  /// Of one text of so many bytes, which is begun at once.
  ReadingProgress(const ProgressCallback& callback, std::size_t bytes)
      : callback_(callback), all_(bytes), length_(bytes), bytes_(std::max<std::size_t>(bytes, 1)) {}

  /// The next text, as it is walked over: it has `bytes` then, whatever it has in its own encoding.
  void begin(const InteractionText& text, std::size_t bytes) {
    before_ += length_;
    length_ = text.content.size();
    bytes_ = std::max<std::size_t>(bytes, 1);
  }
  /// Before each record of it, of which `left` bytes are still to be read. Throws Error{interrupted} where the callback says so.
  void record(std::size_t left) {
    constexpr int64_t between = 1 << 16;  // some hundredths of a second
    if (!callback_ || records_++ % between != 0) return;
    const bool first = records_ == 1;  // it has been found, and nothing is made of it yet
    const double of_this = 1 - static_cast<double>(left) / static_cast<double>(bytes_);
    const double read = static_cast<double>(before_) + of_this * static_cast<double>(length_);
    const double share = first ? 0 : read / static_cast<double>(std::max<std::size_t>(all_, 1));
    const bool wanted = callback_({.phase = "reading the data", .share = std::clamp(share, 0.0, 1.0), .figures = {}});
    require(wanted, ErrorKind::interrupted, "interrupted while the data were read");
  }

 private:
  const ProgressCallback& callback_;
  std::size_t all_ = 0, before_ = 0, length_ = 0;  ///< bytes: of all texts, of those that are read, of the one that is being read
  std::size_t bytes_ = 1;
  int64_t records_ = 0;
};

/// For one of several texts that are told of as a whole: its share runs from `begin` to `end` of that. None for none.
inline ProgressCallback part_of(const ProgressCallback& progress, double begin, double end) {
  if (!progress) return {};
  return [&progress, begin, end](Progress at) {
    at.share = begin + (end - begin) * at.share;
    return progress(at);
  };
}

}  // namespace heddle::io::detail
