#include "io/utf8.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace heddle::io::detail {

namespace {

/// Windows-1252 from 0x80 to 0x9f; the five that have no character there are the controls of Latin-1.
constexpr std::array<char16_t, 32> windows_1252_high = {0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                                        0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
                                                        0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                                        0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

}  // namespace

void append_utf8(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
  } else if (c < 0x10000) {
    text += {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))};
  } else {
    text += {static_cast<char>(0xf0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3f)),
             static_cast<char>(0x80 | (c >> 6 & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))};
  }
}

void append_windows_1252(std::string& text, unsigned char byte) {
  append_utf8(text, byte >= 0x80 && byte < 0xa0 ? windows_1252_high[byte - 0x80] : byte);
}

std::size_t utf8_length(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t place) { return static_cast<unsigned char>(bytes[place]); };
  const auto continues = [&](std::size_t place, unsigned char least = 0x80, unsigned char most = 0xbf) {
    return place < bytes.size() && byte(place) >= least && byte(place) <= most;
  };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(at + 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool second = continues(at + 1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return second && continues(at + 2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool second = continues(at + 1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
    return second && continues(at + 2) && continues(at + 3) ? 4 : 0;
  }
  return 0;
}

std::size_t next_non_ascii(std::string_view bytes, std::size_t at) {
  uint64_t eight = 0;
  for (; bytes.size() - at >= sizeof(eight); at += sizeof(eight)) {  // nearly every file is ASCII for the most part
    std::memcpy(&eight, bytes.data() + at, sizeof(eight));
    if (eight & 0x8080808080808080u) break;
  }
  while (at < bytes.size() && static_cast<unsigned char>(bytes[at]) < 0x80) ++at;
  return at;
}

bool is_utf8(std::string_view bytes) {
  for (std::size_t at = next_non_ascii(bytes, 0); at < bytes.size(); at = next_non_ascii(bytes, at)) {
    const std::size_t length = utf8_length(bytes, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

void ForeignBytes::add(const ForeignBytes& later, int64_t lines_before) {
  if (first_line == 0 && later.first_line > 0) first_line = lines_before + later.first_line;
  characters += later.characters;
  foreign += later.foreign;
  controls += later.controls;
}

std::string_view as_utf8(std::string_view bytes, char line_end, std::string& converted, ForeignBytes& met) {
  std::size_t copied = 0;
  converted.clear();
  for (std::size_t at = next_non_ascii(bytes, 0); at < bytes.size(); at = next_non_ascii(bytes, at)) {
    if (const std::size_t length = utf8_length(bytes, at); length > 0) {
      ++met.characters;
      at += length;
      continue;
    }
    if (met.foreign == 0) {
      converted.reserve(bytes.size() + bytes.size() / 8);
      met.first_line = 1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), line_end);
    }
    const auto byte = static_cast<unsigned char>(bytes[at]);
    ++met.foreign;
    met.controls += byte < 0xa0;
    converted += bytes.substr(copied, at - copied);
    append_windows_1252(converted, byte);
    copied = ++at;
  }
  if (met.foreign == 0) return bytes;
  converted += bytes.substr(copied);
  return converted;
}

std::string to_utf8(std::string_view bytes) {
  std::string converted;
  ForeignBytes met;
  const std::string_view text = as_utf8(bytes, '\n', converted, met);
  return met.foreign > 0 ? converted : std::string(text);
}

}  // namespace heddle::io::detail
