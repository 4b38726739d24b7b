#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "heddle/error.h"
#include "heddle/progress.h"

namespace heddle::io::detail {

/// Tells a callback (or none) which share of the data has been read. Throws Error{interrupted} where it says so.
inline void tell_reading(const ProgressCallback& progress, double share) {
  if (!progress) return;
  const bool wanted = progress({.phase = "reading the data", .share = std::clamp(share, 0.0, 1.0), .figures = {}});
  require(wanted, ErrorKind::interrupted, "interrupted while the data were read");
}

/// Tells a callback how much of a text in memory has been read, every 65,536 records: some hundredths of a second.
class RecordsProgress {
 public:
  /// `bytes`: of the text, which is all of the data or, of several texts, from `begin` to `end` of that.
  RecordsProgress(const ProgressCallback& progress, std::size_t bytes, double begin = 0, double end = 1)
      : progress_(progress), bytes_(static_cast<double>(std::max<std::size_t>(bytes, 1))), begin_(begin), end_(end) {}

  /// Before each record, behind which (the record included or not) `left` bytes follow. Throws as tell_reading.
  void record(std::size_t left) {
    if (!progress_ || records_++ % (1 << 16) != 0) return;
    const double read = records_ == 1 ? 0 : 1 - static_cast<double>(left) / bytes_;
    tell_reading(progress_, begin_ + (end_ - begin_) * read);
  }

 private:
  const ProgressCallback& progress_;
  double bytes_, begin_, end_;
  int64_t records_ = 0;
};

/// For one of several texts that are told of as a whole: its share runs from `begin` to `end` of that. None for none. `progress`
/// must outlive it.
inline ProgressCallback part_of(const ProgressCallback& progress, double begin, double end) {
  if (!progress) return {};
  return [&progress, begin, end](Progress at) {
    at.share = begin + (end - begin) * at.share;
    return progress(at);
  };
}

}  // namespace heddle::io::detail
