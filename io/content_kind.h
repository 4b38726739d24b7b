#pragma once

#include <string>
#include <string_view>

namespace heddle::io::detail {

/// What the beginning of a file looks like.
struct ContentKind {
  enum Kind { safetensors, text, gzip, zip, npy, other, unknown };
  Kind kind = unknown;
  std::string name;  ///< "a text file", "an image (PNG)"; of what nobody knows "a binary file of another kind"
};

/// Told by the first bytes (some thousands are enough), whether or not the rest is sound.
ContentKind content_kind(std::string_view head);

}  // namespace heddle::io::detail
