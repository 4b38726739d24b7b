#pragma once

#include <cstddef>

#include "heddle/device.h"

namespace heddle::simt {

class Observer;

/// Told of what simt devices do, wherever in the program they are made: a program of tests can so have every launch observed, and
/// know every array of theirs. It takes effect on instrumented kernels only, as an observer does.
class Watch {
 public:
  virtual ~Watch() = default;
  /// Of each stream made from now on: the order of its threads, where the device asks for the usual one, and what observes its
  /// launches, or null.
  virtual SimtSchedule schedule() = 0;
  virtual Observer* observer() = 0;
  /// Memory that may be used from now on: a buffer, or what an arena gives of one, beyond which its user must not go.
  virtual void allocated(const void* address, std::size_t bytes) = 0;
  virtual void released(const void* address, std::size_t bytes) = 0;
};

/// Null: none. To be set before the first device is made.
void set_watch(Watch* watch) noexcept;
Watch* watch() noexcept;

}  // namespace heddle::simt
