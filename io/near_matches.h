#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::io::detail {

/// At most `count` of the candidates that are written nearly as `word`, the nearest first: by the optimal string alignment
/// distance (letters replaced, left out, added, or exchanged with their neighbour) of their first 64 bytes, without regard to
/// case, of at most a third of the longer one's length, since what differs in more is another word.
std::vector<std::string> near_matches(std::string_view word, std::span<const std::string> candidates, int64_t count = 3);

}  // namespace heddle::io::detail
