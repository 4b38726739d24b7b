#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "heddle/reading.h"
#include "io/decompress.h"
#include "io/file.h"
#include "io/utf8.h"

/// The characters of a text file as a stream of UTF-8, whatever it is compressed and encoded with, in little memory.
namespace heddle::io::detail {

/// How characters are written as bytes.
enum class Encoding {
  utf8,          ///< and bytes that are not UTF-8 are read as Windows-1252
  utf16_little,  ///< the byte order that Windows writes
  utf16_big,
  windows_1252,
};
/// "UTF-8", "UTF-16LE", ...
const char* to_string(Encoding encoding);
/// The names of encodings that may be asked for, in lower case. Latin-1 is read as Windows-1252, which has all its letters.
std::span<const std::pair<const char*, Encoding>> known_encodings();
/// What ReadOptions::encoding names. Throws Error{usage} for others; `called` is what its sentence calls the option.
Encoding encoding_named(const std::string& name, const std::string& called = "the encoding");
/// What a text that begins so is encoded with: UTF-16 by its mark or by its zero bytes, else UTF-8.
Encoding encoding_of(std::string_view head);

/// A text from its beginning to its end: a regular file or memory, compressed or not.
class TextSource {
 public:
  /// Throws Error{io} where the file cannot be read, Error{bad_data} where it is empty, Error{usage} for an encoding that is not
  /// known.
  TextSource(const std::string& path, const ReadOptions& options);
  /// Of bytes in memory, which must outlive the object.
  TextSource(std::string_view bytes, std::string name, const ReadOptions& options);
  ~TextSource();
  TextSource(TextSource&&) noexcept;
  TextSource& operator=(TextSource&&) noexcept;

  const std::string& name() const;
  Encoding encoding() const;
  bool compressed() const;
  Compression compression() const;
  /// The text's beginning, at least `head_bytes` of it where it has as many, without a byte order mark; it is read again by
  /// `read`.
  std::string_view head() const;
  /// Makes the head twice as long, or all there is.
  void extend_head();
  /// Whether `head` is all there is.
  bool head_is_all() const;
  /// The next characters, at most `room` bytes; 0 at the end. Of UTF-16 and Windows-1252 as UTF-8, of UTF-8 the bytes as they
  /// are.
  int64_t read(char* target, int64_t room);
  /// All characters that are left.
  std::string read_all();
  /// How much of the file is read, from 0 to 1.
  double share() const;
  /// Bytes of the file, compressed as they are.
  int64_t size() const;

  /// What is looked at to tell how a text is written.
  static constexpr int64_t head_bytes = int64_t{1} << 18;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heddle::io::detail
