#pragma once

#include <cstdint>
#include <string>

#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {

/// A 128-bit hash as 32 hex digits, the high half first: how every hash of heddle's is written.
inline std::string hex_of(uint64_t high, uint64_t low) {
  std::string digits;
  for (const uint64_t half : {high, low}) {
    for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(half >> shift) & 15];
  }
  return digits;
}

}  // namespace heddle
HEDDLE_API_END
