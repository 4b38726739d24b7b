#pragma once

#include <array>
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

/// One memory instruction of a warp: accesses[lane] for each lane of `mask`.
struct Request {
  unsigned warp = 0;  ///< its rank in the block
  uint32_t mask = 0;
  std::array<Access, 32> accesses;
};

/// Sees what instrumented kernels do, in the order in which they do it; counters and race detectors are observers.
/// A sentence returned by `accesses` or `requests` ends the launch with Error{internal}.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void launch_begins(const Launch&) {}
  virtual void block_begins(uint64_t /*serial*/, Index3 /*block*/) {}
  virtual void shared_allocated(const void* /*address*/, std::size_t /*bytes*/) {}
  virtual const std::string* accesses(const Access&) { return nullptr; }
  /// Whether to run warps as a GPU does, whatever the executor's order: each lane of a warp stops at its next memory access, and
  /// when all have, those that are earliest in the code make theirs together, as one request. Blocks and warps run one after
  /// another. `requests` is then called in place of `accesses`. An atomic that a kernel makes of a load and an exchange is one.
  virtual bool lockstep() const { return false; }
  virtual const std::string* requests(const Request&) { return nullptr; }
  virtual void lanes_met(unsigned /*warp*/, uint32_t /*mask*/, Collective) {}
  virtual void block_met() {}
  virtual void fenced(unsigned /*thread*/) {}
};

}  // namespace heddle::simt
