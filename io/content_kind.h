#pragma once

#include <string_view>

#include "heddle/io.h"

namespace heddle::io::detail {

/// How many of the first bytes are looked at.
inline constexpr int64_t content_kind_bytes = 4096;

/// What a file that begins so looks like; nothing is decompressed.
ContentKind content_kind(std::string_view head);

}  // namespace heddle::io::detail
