#include "kernels/simt/bounds_checker.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "heddle/error.h"

namespace heddle::simt {

void BoundsChecker::name_array(std::string name, const void* address, std::size_t bytes, bool writable) {
  const auto begin = reinterpret_cast<uintptr_t>(address);
  if (bytes == 0) return;
  forget_arrays(address, bytes);
  arrays_.emplace(begin, Array{std::move(name), begin, begin + bytes, writable, {}});
}

void BoundsChecker::forget_arrays(const void* address, std::size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(address);
  arrays_.erase(arrays_.lower_bound(begin), arrays_.lower_bound(begin + bytes));
}

const BoundsChecker::Array* BoundsChecker::holder(uintptr_t begin, uintptr_t end) const {
  const auto behind = arrays_.upper_bound(begin);
  if (behind == arrays_.begin()) return nullptr;
  const Array& array = std::prev(behind)->second;
  return end <= array.end ? &array : nullptr;
}

void BoundsChecker::block_begins(uint64_t serial, Index3 block) {
  block_ = block;
  shared_.clear();
  next_.block_begins(serial, block);
}

void BoundsChecker::shared_allocated(const void* address, std::size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(address);
  shared_.push_back({"shared memory", begin, begin + bytes, true, std::vector<bool>(bytes)});
  next_.shared_allocated(address, bytes);
}

const std::string* BoundsChecker::accesses(const Access& access) {
  const auto begin = reinterpret_cast<uintptr_t>(access.address), end = begin + access.bytes;
  const auto holds = [&](const Array& array) { return begin >= array.begin && end <= array.end; };
  if (const auto shared = std::find_if(shared_.begin(), shared_.end(), holds); shared != shared_.end()) {
    const auto first = shared->written.begin() + static_cast<std::ptrdiff_t>(begin - shared->begin);
    const auto last = first + static_cast<std::ptrdiff_t>(access.bytes);
    if (access.write) {
      std::fill(first, last, true);
    } else if (std::find(first, last, true) == last) {
      return report(access, "shared memory is read before any thread has written it (is a barrier missing?)");
    }
  } else if (const Array* const array = holder(begin, end); array == nullptr) {
    return report(access, "access out of bounds");
  } else if (access.write && !array->writable) {
    return report(access, text(array->name, " is written, it is only to be read"));
  }
  return next_.accesses(access);
}

std::string BoundsChecker::name_of(const void* address) const {
  const auto at = reinterpret_cast<uintptr_t>(address);
  const Array* found = holder(at, at + 1);
  for (const Array& array : shared_) {
    if (at >= array.begin && at < array.end) found = &array;
  }
  if (found != nullptr) return text("byte ", at - found->begin, " of ", found->name);
  return text("memory at ", address);
}

/// Where an access that begins here stands to the array whose edge is nearest: the one that was meant.
std::string BoundsChecker::place_of(uintptr_t begin) const {
  const Array* nearest = nullptr;
  uintptr_t least = UINTPTR_MAX;
  const auto look_at = [&](const Array& array) {
    const bool before = begin < array.begin, behind = begin >= array.end;
    const uintptr_t apart = before ? array.begin - begin : behind ? begin - array.end + 1 : 0;
    if (apart >= least) return;
    least = apart;
    nearest = &array;
  };
  for (const auto& [address, array] : arrays_) look_at(array);
  for (const Array& array : shared_) look_at(array);
  if (nearest == nullptr) return "outside every array";
  if (begin < nearest->begin) return text(counted(nearest->begin - begin, "byte"), " before ", nearest->name);
  return text("at byte ", begin - nearest->begin, " of ", nearest->name, ", which has ", nearest->end - nearest->begin);
}

const std::string* BoundsChecker::report(const Access& access, const std::string& what) {
  sentence_ =
      text(what, ": ", access.atomic ? "atomic " : "", access.write ? "write" : "read", " of ", counted(access.bytes, "byte"),
           " ", place_of(reinterpret_cast<uintptr_t>(access.address)), ", by thread ", access.thread, " of block (", block_.x,
           ", ", block_.y, ", ", block_.z, ") at ", namer_ != nullptr ? namer_(access.code) : text("code address ", access.code));
  return &sentence_;
}

}  // namespace heddle::simt
