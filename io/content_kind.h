#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "heddle/io.h"

namespace heddle::io::detail {

/// How many of the first bytes are looked at: the first line of JSON lines may hold a whole review.
inline constexpr int64_t content_kind_bytes = 65536;

/// What a file that begins so looks like; nothing is decompressed.
ContentKind content_kind(std::string_view head);

/// The same of a file, or of what is in a compressed one; a file that cannot be opened, or is none, is of no kind (unknown).
ContentKind kind_at(const std::string& path);

/// The sentence about a file of a kind that is not read as data: what it is and what to do. Empty where there is nothing to say
/// against it. `what` is what was wanted of it, "interactions" or "a graph", and `read_here` the formats (ContentKind::format)
/// that readers of that are for.
std::string refusal(const std::string& path, const ContentKind& kind, std::string_view what,
                    std::initializer_list<std::string_view> read_here);

}  // namespace heddle::io::detail
