#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "heddle/io.h"

/// Reading and writing whole files. Every function throws Error{io} with the path and the system's reason.
namespace heddle::io::detail {

/// Bytes that can be read from any position: a file, or memory.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual int64_t size() const = 0;
  /// Copies `length` bytes from `offset` on to `target`; the caller keeps within size().
  virtual void read(int64_t offset, void* target, int64_t length) const = 0;
};

/// Bytes in memory that somebody else owns.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  void read(int64_t offset, void* target, int64_t length) const override;

 private:
  std::string_view bytes_;
};

/// An open regular file. (Read, not mapped: a mapped file that somebody shortens ends the program with SIGBUS.)
class InputFile final : public ByteSource {
 public:
  explicit InputFile(const std::string& path);
  ~InputFile() override;
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  int64_t size() const override { return size_; }
  void read(int64_t offset, void* target, int64_t length) const override;

 private:
  std::string path_;
  int descriptor_ = -1;
  int64_t size_ = 0;
};

/// A block of bytes that is not zeroed before it is filled.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  explicit ByteBuffer(int64_t size);
  char* data() { return data_.get(); }
  std::string_view view() const { return {data_.get(), static_cast<std::size_t>(size_)}; }
  /// Changes the size and keeps what fits.
  void resize(int64_t size);

 private:
  std::unique_ptr<char[]> data_;
  int64_t size_ = 0;
};

/// The bytes of a regular file as they are.
ByteBuffer read_file(const std::string& path);

/// The bytes of a text file, decompressed if they are compressed (io/decompress.h; by the magic bytes, whatever the name).
/// Throws Error{bad_data} if the stream is damaged or would grow past max_inflated (io/limits.h), or the file is empty.
ByteBuffer read_text_file(const std::string& path);

/// Decompresses gzip `bytes` (one or more members); `limit` bounds the result.
ByteBuffer gunzip(std::string_view bytes, std::string_view name, int64_t limit);
bool is_gzip(std::string_view bytes);
/// At most the first `most` bytes (fewer than 2^31) that the first gzip member of `bytes` begins with, so far as it is whole; to
/// look at, not to read.
std::string gunzip_head(std::string_view bytes, int64_t most);
/// `text` (fewer than 2^32 bytes) as one gzip member, at zlib's fastest level; members behind each other are a gzip file again.
std::string gzip_member(std::string_view text);

/// What the name of a file says that is to be written: ".csv" of table.csv and table.csv.gz, and whether .gz stands behind it.
std::pair<std::string, bool> ending_of(const std::string& path);

/// Writes a file so that either all of it or what stood before is at `path`: a temporary file in the same folder
/// (NAME.tmp-PROCESS-NUMBER), flushed to the disk and renamed by `commit`; without `commit` the destructor removes it. Of a
/// process that was killed meanwhile it stays, until the next one writes to the same path. A file that is replaced keeps its
/// mode, and owner and group where the system allows that. A symbolic link stays, and what it points to is replaced (or made); a
/// device or a pipe (/dev/stdout) is written directly, since renaming over it would replace it.
class AtomicFile {
 public:
  /// `access`: of a new file.
  explicit AtomicFile(const std::string& path, FileAccess access = FileAccess::umask);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(const void* bytes, int64_t length);
  void write(std::string_view bytes) { write(bytes.data(), static_cast<int64_t>(bytes.size())); }
  void commit();

 private:
  /// Makes and locks a file of another name beside the target.
  void open_temporary(unsigned mode);

  std::string path_;       // as the caller named it, for sentences
  std::string target_;     // links resolved
  std::string temporary_;  // empty: the target is written directly
  int descriptor_ = -1;
};

}  // namespace heddle::io::detail
