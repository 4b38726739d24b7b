#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "heddle/kernel/simt.h"

namespace heddle::simt {

/// One access of a running kernel to memory that is not its own stack.
struct Access {
  const void* address;
  std::size_t bytes;
  bool write;
  bool atomic;
  unsigned thread;   ///< its rank in the block
  const void* code;  ///< the return address of the instrumented call
};

/// Sees what instrumented kernels do, in the order in which they do it; counters and race detectors are observers.
/// A sentence returned by `accesses` ends the launch with Error{internal}.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void launch_begins(const Launch&) {}
  virtual void block_begins(uint64_t /*serial*/, Index3 /*block*/) {}
  virtual void shared_allocated(const void* /*address*/, std::size_t /*bytes*/) {}
  virtual const std::string* accesses(const Access&) { return nullptr; }
  virtual void lanes_met(unsigned /*warp*/, uint32_t /*mask*/, Collective) {}
  virtual void block_met() {}
  virtual void fenced(unsigned /*thread*/) {}
};

}  // namespace heddle::simt
