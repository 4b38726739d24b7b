#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/simt/observer.h"
#include "kernels/simt/race_detector.h"

namespace heddle::simt {

/// Ends a launch, before the access is made, at the first access to memory that is neither a named array nor the block's shared
/// memory, at the first write to an array that is only to be read, and at the first read of shared memory that no thread of the
/// block has written. What is right goes on to another observer.
class BoundsChecker final : public Observer {
 public:
  BoundsChecker(Observer& next, CodeNamer namer) : next_(next), namer_(namer) {}

  /// Allows [address, address + bytes), and no longer what was named in there; of an array that holds it, only what lies before
  /// it. Nothing for 0 bytes.
  void name_array(std::string name, const void* address, std::size_t bytes, bool writable = true);
  /// Allows nothing any more that begins in [address, address + bytes).
  void forget_arrays(const void* address, std::size_t bytes);

  /// "byte 12 of y", "byte 4 of shared memory", or the address.
  std::string name_of(const void* address) const;

  void launch_begins(const Launch& launch) override { next_.launch_begins(launch); }
  void block_begins(uint64_t serial, Index3 block) override;
  void shared_allocated(const void* address, std::size_t bytes) override;
  const std::string* accesses(const Access& access) override;
  void lanes_met(unsigned warp, uint32_t mask, Collective collective) override { next_.lanes_met(warp, mask, collective); }
  void block_met() override { next_.block_met(); }
  void fenced(unsigned thread) override { next_.fenced(thread); }

 private:
  struct Array {
    std::string name;
    uintptr_t begin, end;
    bool writable;
    std::vector<bool> written;  // by byte; of shared memory
  };
  const Array* holder(uintptr_t begin, uintptr_t end) const;
  const std::string* report(const Access& access, const std::string& what);
  std::string place_of(uintptr_t begin) const;

  Observer& next_;
  CodeNamer namer_;
  std::map<uintptr_t, Array> arrays_;  // by where they begin
  std::vector<Array> shared_;
  Index3 block_;
  std::string sentence_;
};

}  // namespace heddle::simt
