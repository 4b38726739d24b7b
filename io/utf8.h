#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace heddle::io::detail {

/// Whether the bytes are well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes);

/// Bytes of the well-formed character that begins at `at`; 0: none does.
std::size_t utf8_length(std::string_view bytes, std::size_t at);

/// The first place from `at` on of a byte that is not ASCII; bytes.size() where there is none.
std::size_t next_non_ascii(std::string_view bytes, std::size_t at);

/// Appends the character, which is a code point of Unicode.
void append_utf8(std::string& text, char32_t c);
/// Appends what the byte means in Windows-1252.
void append_windows_1252(std::string& text, unsigned char byte);

/// What was met among the bytes of a text that is UTF-8 for the most part.
struct ForeignBytes {
  int64_t characters = 0;  ///< of more than one byte, well-formed UTF-8
  int64_t foreign = 0;     ///< bytes that are not UTF-8
  int64_t controls = 0;    ///< foreign bytes from 0x80 to 0x9f, which Latin-1 has no letters for
  int64_t first_line = 0;  ///< in which the first of them stands, from 1
  void add(const ForeignBytes& later, int64_t lines_before);
};
/// The text with every byte that is not UTF-8 read as Windows-1252: the same bytes make the same characters in each file of a
/// data set. `line_end` counts the lines. Writes to `converted`, and returns a view of it, only where there is such a byte.
std::string_view as_utf8(std::string_view bytes, char line_end, std::string& converted, ForeignBytes& met);

/// The same as a string.
std::string to_utf8(std::string_view bytes);

}  // namespace heddle::io::detail
