#include "io/npy.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/shape.h"
#include "io/text.h"
#include "io/utf8.h"

namespace heddle::io {

namespace detail {

static_assert(std::endian::native == std::endian::little, "the readers copy little-endian numbers as they are");

namespace {

constexpr std::string_view magic("\x93NUMPY", 6);

/// The header's dict.
struct NpyHeader {
  std::string_view descr;
  bool fortran_order = false;
  std::vector<int64_t> shape;
};

/// Parses the Python dict literal that NumPy writes: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class NpyHeaderParser {
 public:
  NpyHeaderParser(std::string_view header, std::string_view name) : header_(header), name_(name) {}

  NpyHeader parse() {
    NpyHeader result;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr" && !std::exchange(has_descr, true)) {
        result.descr = string();
      } else if (key == "fortran_order" && !std::exchange(has_order, true)) {
        result.fortran_order = truth();
      } else if (key == "shape" && !std::exchange(has_shape, true)) {
        result.shape = tuple();
      } else {
        fail("key ", in_quotes(key), " is unknown or repeated");
      }
      if (!accept(',') && !next_is('}')) fail("a comma is missing");
    }
    skip_blanks();
    if (at_ != header_.size()) fail("something follows the dict");
    if (!has_descr || !has_order || !has_shape) fail("descr, fortran_order or shape is missing");
    return result;
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    heddle::fail(ErrorKind::bad_data, name_, ": npy header, character ", at_, ": ", parts...);
  }
  void skip_blanks() {
    while (at_ < header_.size() && (header_[at_] == ' ' || header_[at_] == '\n')) ++at_;
  }
  bool next_is(char c) {
    skip_blanks();
    return at_ < header_.size() && header_[at_] == c;
  }
  bool accept(char c) {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail("'", c, "' is missing");
  }
  std::string_view string() {
    const char quote = next_is('"') ? '"' : '\'';
    if (!accept(quote)) fail("a string is missing (structured types are refused)");
    const std::size_t end = header_.find(quote, at_);
    if (end == std::string_view::npos) fail("a string does not end");
    const std::string_view value = header_.substr(at_, end - at_);
    at_ = end + 1;
    return value;
  }
  bool truth() {
    skip_blanks();
    for (const std::string_view word : {"True", "False"}) {
      if (header_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return word == "True";
      }
    }
    fail("fortran_order is neither True nor False");
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> shape;
    expect('(');
    while (!accept(')')) {
      shape.push_back(integer());
      if (!accept(',') && !next_is(')')) fail("a comma is missing");
    }
    constexpr std::size_t most_dimensions = 64;  // NumPy's own limit
    if (shape.size() > most_dimensions)
      fail("the shape has ", counted(shape.size(), "dimension"), ", more than ", most_dimensions);
    return shape;
  }
  int64_t integer() {
    skip_blanks();
    int64_t value = 0;
    const std::size_t begin = at_;
    for (; at_ < header_.size() && header_[at_] >= '0' && header_[at_] <= '9'; ++at_) {
      if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, header_[at_] - '0', &value)) {
        fail("a size of the shape does not fit in 64 bits");
      }
    }
    if (at_ == begin) fail("a size of the shape is not a number");
    accept('L');  // Python 2 wrote (3L, 4L)
    return value;
  }

  std::string_view header_;
  std::string_view name_;
  std::size_t at_ = 0;
};

float half_to_float(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16;
  const uint32_t exponent = (half >> 10) & 31;
  const uint32_t fraction = half & 0x3ff;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24, exact in float32
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  const uint32_t wide_exponent = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide_exponent << 23 | fraction << 13);
}

/// Where the elements are and how many.
struct Elements {
  const ByteSource& source;
  int64_t offset;
  int64_t count;
  std::string_view name;
};

template <class T>
std::vector<T> read_same(const Elements& elements) {
  std::vector<T> values(static_cast<std::size_t>(elements.count));
  elements.source.read(elements.offset, values.data(), elements.count * static_cast<int64_t>(sizeof(T)));
  return values;
}

/// Reads elements of type Stored and converts each, a block at a time so that the file is never in memory a second time.
template <class Stored, class Convert>
auto read_converted(const Elements& elements, Convert convert) {
  constexpr int64_t block_elements = 8192;
  std::vector<decltype(convert(Stored{}, int64_t{}))> values(static_cast<std::size_t>(elements.count));
  std::vector<Stored> block(static_cast<std::size_t>(std::min(block_elements, elements.count)));
  for (int64_t begin = 0; begin < elements.count; begin += block_elements) {
    const int64_t length = std::min(block_elements, elements.count - begin);
    constexpr auto item_bytes = static_cast<int64_t>(sizeof(Stored));
    elements.source.read(elements.offset + begin * item_bytes, block.data(), length * item_bytes);
    for (int64_t i = 0; i < length; ++i) {
      values[static_cast<std::size_t>(begin + i)] = convert(block[static_cast<std::size_t>(i)], begin + i);
    }
  }
  return values;
}

template <class Stored>
std::vector<int64_t> read_integers(const Elements& elements) {
  return read_converted<Stored>(elements, [&](Stored value, [[maybe_unused]] int64_t index) {
    if constexpr (std::is_same_v<Stored, uint64_t>) {
      require(value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()), ErrorKind::bad_data, elements.name,
              ": element ", index, " is ", value, ", past the largest int64");
    }
    return static_cast<int64_t>(value);
  });
}

std::vector<std::string> read_strings(const Elements& elements, int64_t item_size) {
  std::vector<std::string> values(static_cast<std::size_t>(elements.count));
  for (int64_t i = 0; i < elements.count; ++i) {
    std::string& value = values[static_cast<std::size_t>(i)];
    value.resize(static_cast<std::size_t>(item_size));
    elements.source.read(elements.offset + i * item_size, value.data(), item_size);
    value.resize(value.find_last_not_of('\0') + 1);
  }
  return values;
}

/// NumPy's text: four bytes a character, as long as the longest of them, shorter ones with zeros behind.
std::vector<std::string> read_text(const Elements& elements, int64_t item_size) {
  std::vector<std::string> values(static_cast<std::size_t>(elements.count));
  std::vector<char32_t> characters(static_cast<std::size_t>(item_size / 4));
  for (int64_t i = 0; i < elements.count; ++i) {
    elements.source.read(elements.offset + i * item_size, characters.data(), item_size);
    std::size_t length = characters.size();
    while (length > 0 && characters[length - 1] == 0) --length;
    for (std::size_t c = 0; c < length; ++c) {
      const auto code = static_cast<uint32_t>(characters[c]);
      require(code <= 0x10ffff && (code < 0xd800 || code > 0xdfff), ErrorKind::bad_data, elements.name, ": element ", i,
              " has the number ", code, ", which is no character");
      append_utf8(values[static_cast<std::size_t>(i)], characters[c]);
    }
  }
  return values;
}

/// The element's width by its dtype, or none for a type that is not read.
std::optional<int64_t> item_size(std::string_view descr) {
  constexpr std::string_view number_types[] = {"<f2", "<f4", "<f8", "|i1", "<i2", "<i4",
                                               "<i8", "|u1", "<u2", "<u4", "<u8", "|b1"};
  if (std::find(std::begin(number_types), std::end(number_types), descr) != std::end(number_types)) return descr[2] - '0';
  const bool is_text = descr.starts_with("<U");
  if (!(is_text || descr.starts_with("|S")) || descr.size() < 3 || descr.size() > 11) return std::nullopt;
  int64_t size = 0;
  for (const char digit : descr.substr(2)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    size = 10 * size + (digit - '0');
  }
  return size > 0 ? std::optional(is_text ? 4 * size : size) : std::nullopt;
}

decltype(Array::values) read_elements(const Elements& elements, std::string_view descr, int64_t size) {
  const std::string_view type = descr.substr(1);
  if (type == "f4") return read_same<float>(elements);
  if (type == "f8") return read_same<double>(elements);
  if (type == "i8") return read_same<int64_t>(elements);
  if (type == "f2") return read_converted<uint16_t>(elements, [](uint16_t half, int64_t) { return half_to_float(half); });
  if (type == "i1") return read_integers<int8_t>(elements);
  if (type == "i2") return read_integers<int16_t>(elements);
  if (type == "i4") return read_integers<int32_t>(elements);
  if (type == "u1" || type == "b1") return read_integers<uint8_t>(elements);
  if (type == "u2") return read_integers<uint16_t>(elements);
  if (type == "u4") return read_integers<uint32_t>(elements);
  if (type == "u8") return read_integers<uint64_t>(elements);
  return type.starts_with('U') ? read_text(elements, size) : read_strings(elements, size);
}

/// From column-major to row-major.
template <class T>
void transpose(const std::vector<int64_t>& shape, std::vector<T>& values) {
  std::vector<T> result(values.size());
  std::vector<int64_t> index(shape.size(), 0);
  std::vector<int64_t> stride(shape.size(), 1);
  for (std::size_t d = 1; d < shape.size(); ++d) stride[d] = stride[d - 1] * shape[d - 1];
  int64_t from = 0;
  for (T& target : result) {
    target = std::move(values[static_cast<std::size_t>(from)]);
    for (std::size_t d = shape.size(); d-- > 0;) {  // count up, the last dimension fastest
      from += stride[d];
      if (++index[d] < shape[d]) break;
      from -= stride[d] * shape[d];
      index[d] = 0;
    }
  }
  values = std::move(result);
}

}  // namespace

Array parse_npy(const ByteSource& source, std::string_view name) {
  constexpr int64_t prefix_bytes = 8;  // magic, version
  char prefix[prefix_bytes + 4] = {};
  source.read(0, prefix, std::min<int64_t>(source.size(), sizeof(prefix)));
  require(std::string_view(prefix, 6) == magic, ErrorKind::bad_data, name,
          " is not a .npy file: it does not begin with \\x93NUMPY");
  const int version = static_cast<unsigned char>(prefix[6]);
  require(version >= 1 && version <= 3, ErrorKind::bad_data, name, ": npy version ", version, " is none of 1, 2, 3");
  const int64_t length_bytes = version == 1 ? 2 : 4;
  uint32_t header_length = 0;
  std::memcpy(&header_length, prefix + prefix_bytes, static_cast<std::size_t>(length_bytes));
  const int64_t header_at = prefix_bytes + length_bytes;
  require(header_at + header_length <= source.size(), ErrorKind::bad_data, name, ": the header of ",
          counted(header_length, "byte"), " does not fit in a file of ", source.size());
  ByteBuffer header_bytes(header_length);
  source.read(header_at, header_bytes.data(), header_length);
  NpyHeader header = NpyHeaderParser(header_bytes.view(), name).parse();

  const std::optional<int64_t> item = item_size(header.descr);
  require(item.has_value(), ErrorKind::bad_data, name, ": dtype ", in_quotes(header.descr),
          " is not read; little-endian f2 f4 f8, i1 to i8, u1 to u8, b1, text and byte strings are");
  const int64_t offset = header_at + header_length;
  const int64_t bytes = checked_bytes(header.shape, *item);
  require(bytes == source.size() - offset, ErrorKind::bad_data, name, ": shape ", shape_text(header.shape), " of ", *item,
          "-byte elements does not match the ", counted(source.size() - offset, "byte"), " after the header");
  Array array{std::move(header.shape), read_elements({source, offset, bytes / *item, name}, header.descr, *item)};
  if (header.fortran_order && array.shape.size() > 1) {
    std::visit([&](auto& values) { transpose(array.shape, values); }, array.values);
  }
  return array;
}

}  // namespace detail

Array read_npy(const std::string& path) try { return detail::parse_npy(detail::InputFile(path), path); } catch (...) {
  rethrow_as_error();
}

void write_npy(const std::string& path, const float* values, int64_t rows, int64_t cols) try {
  const int64_t bytes = detail::checked_bytes({rows, cols}, sizeof(float));
  require(bytes >= 0, ErrorKind::usage, "write_npy: a matrix of ", rows, " x ", cols, " cannot be");
  std::string header = text("{'descr': '<f4', 'fortran_order': False, 'shape': (", rows, ", ", cols, "), }");
  constexpr std::size_t before_header = 10;  // magic, version, length; the data must begin at a multiple of 64
  header.resize((header.size() + 1 + before_header + 63) / 64 * 64 - before_header - 1, ' ');
  header += '\n';
  detail::AtomicFile file(path);
  file.write(detail::magic);
  const char version_and_length[] = {1, 0, static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  file.write({version_and_length, sizeof(version_and_length)});
  file.write(header);
  file.write(values, bytes);
  file.commit();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
