#include "io/utf8.h"

#include <cstdint>
#include <cstring>

namespace heddle::io::detail {

bool is_utf8(std::string_view bytes) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const auto continues = [&](std::size_t at, unsigned char least = 0x80, unsigned char most = 0xbf) {
    return at < bytes.size() && byte(at) >= least && byte(at) <= most;
  };
  std::size_t at = 0;
  while (at < bytes.size()) {
    uint64_t eight = 0;
    while (bytes.size() - at >= sizeof(eight)) {  // nearly every file is ASCII for the most part
      std::memcpy(&eight, bytes.data() + at, sizeof(eight));
      if (eight & 0x8080808080808080u) break;
      at += sizeof(eight);
    }
    if (at == bytes.size()) break;
    const unsigned char first = byte(at);
    if (first < 0x80) {
      at += 1;
    } else if (first >= 0xc2 && first <= 0xdf) {
      if (!continues(at + 1)) return false;
      at += 2;
    } else if (first >= 0xe0 && first <= 0xef) {
      if (!continues(at + 1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf) || !continues(at + 2)) return false;
      at += 3;
    } else if (first >= 0xf0 && first <= 0xf4) {
      if (!continues(at + 1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf) || !continues(at + 2) ||
          !continues(at + 3)) {
        return false;
      }
      at += 4;
    } else {
      return false;
    }
  }
  return true;
}

Utf8Text::Utf8Text(std::string_view bytes) : view_(bytes) {
  if (is_utf8(bytes)) return;
  converted_.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      converted_ += c;
    } else {
      converted_ += {static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f))};
    }
  }
  view_ = converted_;
}

}  // namespace heddle::io::detail
