#pragma once

#include <cstdint>

namespace heddle::test {

/// Calls of operator new in this program so far, by all threads. heddle_tests replaces the operators to count them.
int64_t allocations() noexcept;

}  // namespace heddle::test
