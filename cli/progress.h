#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "heddle/train.h"

namespace heddle::cli {

/// A line on a terminal's standard error that says how far training is; nothing where standard error is no terminal, and nothing
/// for what ends in a moment. May be told by several threads. The line goes away with the object.
class Progress {
 public:
  explicit Progress(bool quiet, int64_t seeds = 1);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void epoch(const EpochFigures& figures);
  void seed_done();
  /// A share of the way, from 0 to 1, and what is being done.
  void at(double share, const std::string& what);
  /// A line that stays, terminal or not, unless --quiet.
  void line(const std::string& text);

 private:
  void draw(double share, const std::string& what);

  const bool quiet_;
  const bool shown_;
  const int64_t seeds_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_;
  int64_t seeds_done_ = 0;
  bool drawn_ = false;
};

}  // namespace heddle::cli
