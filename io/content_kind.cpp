#include "io/content_kind.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "heddle/rethrow.h"
#include "io/file.h"
#include "io/utf8.h"

namespace heddle::io {

namespace detail {

namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  ContentKind::Kind kind;
  const char* name;
};
constexpr Magic magics[] = {
    {"\x1f\x8b"sv, ContentKind::gzip, "gzip-compressed"},
    {"PK\x03\x04"sv, ContentKind::zip, "a zip archive"},
    {"PK\x05\x06"sv, ContentKind::zip, "an empty zip archive"},
    {"\x93NUMPY"sv, ContentKind::npy, "a NumPy array"},
    {"\x89HDF\r\n\x1a\n"sv, ContentKind::other, "an HDF5 file"},
    {"SQLite format 3\0"sv, ContentKind::other, "an SQLite database"},
    {"PAR1"sv, ContentKind::other, "a Parquet file"},
    {"GGUF"sv, ContentKind::other, "a GGUF model"},
    {"%PDF-"sv, ContentKind::other, "a PDF document"},
    {"\x89PNG\r\n\x1a\n"sv, ContentKind::other, "an image (PNG)"},
    {"\xff\xd8\xff"sv, ContentKind::other, "an image (JPEG)"},
    {"\x7f"
     "ELF"sv,
     ContentKind::other, "a program"},
    {"\x28\xb5\x2f\xfd"sv, ContentKind::other, "zstd-compressed"},
    {"BZh"sv, ContentKind::other, "bzip2-compressed"},
    {"\xfd"
     "7zXZ\0"sv,
     ContentKind::other, "xz-compressed"},
    {"\x80\x02"sv, ContentKind::other, "a Python pickle"},
    {"\x80\x03"sv, ContentKind::other, "a Python pickle"},
    {"\x80\x04"sv, ContentKind::other, "a Python pickle"},
    {"\x80\x05"sv, ContentKind::other, "a Python pickle"},
    {"\xff\xfe"sv, ContentKind::text, "a text file (UTF-16)"},
    {"\xfe\xff"sv, ContentKind::text, "a text file (UTF-16)"},
};

/// Eight bytes of a header's length, then the header, a JSON object, perhaps after blanks.
bool is_safetensors(std::string_view head) {
  uint64_t length = 0;
  if (head.size() <= sizeof length) return false;
  std::memcpy(&length, head.data(), sizeof length);
  const std::size_t first = head.find_first_not_of(" \t\r\n", sizeof length);
  return length < uint64_t{1} << 40 && first != std::string_view::npos && head[first] == '{';
}

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v') || c == 0x7f;
}

/// UTF-8, or Latin-1 of which most is ASCII, without control characters.
bool is_text(std::string_view head) {
  if (std::any_of(head.begin(), head.end(), is_control)) return false;
  for (std::size_t cut = 0; cut < 4 && cut < head.size(); ++cut) {  // the head may end within a character
    if (is_utf8(head.substr(0, head.size() - cut))) return true;
  }
  return std::count_if(head.begin(), head.end(), is_high) <= static_cast<std::ptrdiff_t>(head.size() / 3);
}

}  // namespace

ContentKind content_kind(std::string_view head) {
  if (head.empty()) return {.kind = ContentKind::other, .name = "an empty file"};
  if (is_safetensors(head)) return {.kind = ContentKind::safetensors, .name = "a safetensors file"};
  for (const Magic& magic : magics) {
    if (head.starts_with(magic.bytes)) return {.kind = magic.kind, .name = magic.name};
  }
  if (is_text(head)) return {.kind = ContentKind::text, .name = "a text file"};
  return {.kind = ContentKind::unknown, .name = "a binary file of another kind"};
}

}  // namespace detail

ContentKind content_kind_of(const std::string& path) try {
  const detail::InputFile file(path);
  std::string head(static_cast<std::size_t>(std::min(file.size(), detail::content_kind_bytes)), '\0');
  file.read(0, head.data(), static_cast<int64_t>(head.size()));
  ContentKind found = detail::content_kind(head);
  if (found.kind != ContentKind::gzip) return found;
  const ContentKind inside = detail::content_kind(detail::gunzip_head(head, detail::content_kind_bytes));
  return {.kind = inside.kind, .compressed = true, .name = found.name + ", " + inside.name};
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
