#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/file.h"

/// What files are compressed with, besides gzip: xz and bzip2, and zstd, each by its own library, which is opened when such a
/// file is read (io/optional_library.h).
namespace heddle::io::detail {

enum class Compression { none, gzip, zstd, xz, bzip2 };
/// By the first bytes, whatever the name.
Compression compression_of(std::string_view head);
/// "gzip", "zstd", "xz", "bzip2"; empty for none.
const char* to_string(Compression compression);
/// How the name of a file ends that is compressed with something; what it is compressed with its first bytes tell.
inline constexpr std::string_view packed_endings[] = {".gz", ".zst", ".xz", ".bz2"};
/// The name without such an ending.
std::string_view without_packed_ending(std::string_view name);

/// Decompresses bytes as they come.
class Decompressor {
 public:
  virtual ~Decompressor() = default;

  /// Decompresses from the front of `bytes`, and takes away what it used, to at most `room` bytes at `target`; returns how many
  /// it made. `last`: no bytes come behind these. Throws Error{bad_data} for a stream that is damaged, cut off, or past the
  /// limit.
  virtual int64_t read(std::string_view& bytes, bool last, char* target, int64_t room) = 0;
  /// Whether all is read.
  virtual bool ended() const = 0;
};

/// `name` stands for the file in sentences; `limit` bounds what comes out. Throws Error{io} where the library is not installed.
std::unique_ptr<Decompressor> make_decompressor(Compression compression, std::string name, int64_t limit);

/// The whole of a compressed file (of any Compression but none), at most `limit` bytes.
ByteBuffer decompress(std::string_view bytes, std::string_view name, int64_t limit);
/// At most the first `most` bytes, so far as they are sound, to look at; none where the library is not installed.
std::string decompressed_head(std::string_view bytes, int64_t most);

}  // namespace heddle::io::detail
