#include "io/decompress.h"

#include <algorithm>
#include <new>
#include <utility>

#include "heddle/error.h"
#include "io/gzip.h"
#include "io/optional_library.h"
#include "io/text.h"

// The headers are there where their packages were when this was compiled (docs/embedding.md).
#if __has_include(<bzlib.h>)
#include <bzlib.h>
#define HEDDLE_READS_BZIP2
#endif
#if __has_include(<lzma.h>)
#include <lzma.h>
#define HEDDLE_READS_XZ
#endif
#if __has_include(<zstd.h>)
#include <zstd.h>
#define HEDDLE_READS_ZSTD
#endif

namespace heddle::io::detail {

namespace {

/// What the libraries have in common: streams one behind the other, each decompressed in steps. What follows the last is refused.
class StreamDecompressor : public Decompressor {
 public:
  int64_t read(std::string_view& bytes, bool last, char* target, int64_t room) final;
  bool ended() const final { return ended_; }

 protected:
  StreamDecompressor(std::string name, const char* kind, int64_t limit) : name_(std::move(name)), kind_(kind), limit_(limit) {}
  /// Does what it can from the front of `bytes` to `target`, and moves both on.
  enum class Step { goes_on, stream_ended };
  virtual Step step(std::string_view& bytes, char*& target, int64_t& room) = 0;
  /// Makes ready for another stream behind one that ended.
  virtual void restart() = 0;
  [[noreturn]] void fail_damaged(std::string_view reason) const {
    fail(ErrorKind::bad_data, name_, ": byte ", used_, ": the ", kind_, " stream is damaged (", reason, ")");
  }

 private:
  std::string name_;
  const char* kind_;
  int64_t limit_;
  int64_t used_ = 0;
  int64_t made_ = 0;
  bool between_streams_ = false;
  bool ended_ = false;
};

#ifdef HEDDLE_READS_BZIP2
class Bzip2Decompressor final : public StreamDecompressor {
 public:
  Bzip2Decompressor(std::string name, int64_t limit) : StreamDecompressor(std::move(name), "bzip2", limit) { begin(); }
  ~Bzip2Decompressor() override { library().end(&stream_); }
  Bzip2Decompressor(const Bzip2Decompressor&) = delete;
  Bzip2Decompressor& operator=(const Bzip2Decompressor&) = delete;

 private:
  struct Library {
    decltype(&BZ2_bzDecompressInit) init;
    decltype(&BZ2_bzDecompress) decompress;
    decltype(&BZ2_bzDecompressEnd) end;
  };
  static const Library& library() {
    static const Library opened = [] {
      const OptionalLibrary file("a bzip2-compressed file is read by libbz2 (bunzip2 -k decompresses it)",
                                 {"libbz2.so.1.0", "libbz2.so.1"});
      Library found{};
      file.find("BZ2_bzDecompressInit", found.init);
      file.find("BZ2_bzDecompress", found.decompress);
      file.find("BZ2_bzDecompressEnd", found.end);
      return found;
    }();
    return opened;
  }

  void begin() {
    stream_ = {};
    const int status = library().init(&stream_, 0, 0);
    if (status == BZ_MEM_ERROR) throw std::bad_alloc();
    require(status == BZ_OK, ErrorKind::internal, "libbz2 cannot start");
  }
  void restart() override {
    library().end(&stream_);
    begin();
  }
  Step step(std::string_view& bytes, char*& target, int64_t& room) override {
    constexpr std::size_t piece = std::size_t{1} << 30;  // it counts in 32 bits
    const auto given = static_cast<unsigned>(std::min(piece, bytes.size()));
    const auto space = static_cast<unsigned>(std::min<int64_t>(static_cast<int64_t>(piece), room));
    stream_.next_in = const_cast<char*>(bytes.data());  // it only reads it
    stream_.avail_in = given;
    stream_.next_out = target;
    stream_.avail_out = space;
    const int status = library().decompress(&stream_);
    bytes.remove_prefix(given - stream_.avail_in);
    target += space - stream_.avail_out;
    room -= space - stream_.avail_out;
    if (status == BZ_STREAM_END) return Step::stream_ended;
    if (status == BZ_MEM_ERROR) throw std::bad_alloc();
    if (status != BZ_OK) fail_damaged("its checks fail");
    return Step::goes_on;
  }

  bz_stream stream_{};
};
#endif

#ifdef HEDDLE_READS_XZ
class XzDecompressor final : public StreamDecompressor {
 public:
  XzDecompressor(std::string name, int64_t limit) : StreamDecompressor(std::move(name), "xz", limit) { restart(); }
  ~XzDecompressor() override { library().end(&stream_); }
  XzDecompressor(const XzDecompressor&) = delete;
  XzDecompressor& operator=(const XzDecompressor&) = delete;

 private:
  struct Library {
    decltype(&lzma_stream_decoder) init;
    decltype(&lzma_code) code;
    decltype(&lzma_end) end;
  };
  static const Library& library() {
    static const Library opened = [] {
      const OptionalLibrary file("an xz-compressed file is read by liblzma (unxz -k decompresses it)", {"liblzma.so.5"});
      Library found{};
      file.find("lzma_stream_decoder", found.init);
      file.find("lzma_code", found.code);
      file.find("lzma_end", found.end);
      return found;
    }();
    return opened;
  }

  void restart() override {
    constexpr uint64_t most_memory = uint64_t{1} << 28;  // xz -9 asks for 65 MiB; a file of a few bytes could ask for 4 GiB
    const lzma_ret status = library().init(&stream_, most_memory, 0);
    if (status == LZMA_MEM_ERROR) throw std::bad_alloc();
    require(status == LZMA_OK, ErrorKind::internal, "liblzma cannot start");
  }
  Step step(std::string_view& bytes, char*& target, int64_t& room) override {
    const int64_t space = room;
    const std::size_t given = bytes.size();
    stream_.next_in = reinterpret_cast<const uint8_t*>(bytes.data());
    stream_.avail_in = given;
    stream_.next_out = reinterpret_cast<uint8_t*>(target);
    stream_.avail_out = static_cast<std::size_t>(space);
    const lzma_ret status = library().code(&stream_, LZMA_RUN);
    bytes.remove_prefix(given - stream_.avail_in);
    room = static_cast<int64_t>(stream_.avail_out);
    target += space - room;
    switch (status) {
      case LZMA_OK:
      case LZMA_BUF_ERROR: return Step::goes_on;  // the latter: it waits for more bytes
      case LZMA_STREAM_END: return Step::stream_ended;
      case LZMA_MEM_ERROR: throw std::bad_alloc();
      case LZMA_MEMLIMIT_ERROR: fail_damaged("it asks for more than 256 MiB to be read");
      case LZMA_FORMAT_ERROR: fail_damaged("a stream does not begin as one");
      case LZMA_OPTIONS_ERROR: fail_damaged("it asks for what this liblzma does not know");
      default: fail_damaged("its checks fail");
    }
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
};
#endif

#ifdef HEDDLE_READS_ZSTD
class ZstdDecompressor final : public StreamDecompressor {
 public:
  ZstdDecompressor(std::string name, int64_t limit)
      : StreamDecompressor(std::move(name), "zstd", limit), stream_(library().create()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }
  ~ZstdDecompressor() override { library().free(stream_); }
  ZstdDecompressor(const ZstdDecompressor&) = delete;
  ZstdDecompressor& operator=(const ZstdDecompressor&) = delete;

 private:
  struct Library {
    decltype(&ZSTD_createDStream) create;
    decltype(&ZSTD_freeDStream) free;
    decltype(&ZSTD_decompressStream) decompress;
    decltype(&ZSTD_isError) is_error;
    decltype(&ZSTD_getErrorName) error_name;
  };
  static const Library& library() {
    static const Library opened = [] {
      const OptionalLibrary file("a zstd-compressed file is read by libzstd (zstd -d decompresses it)", {"libzstd.so.1"});
      Library found{};
      file.find("ZSTD_createDStream", found.create);
      file.find("ZSTD_freeDStream", found.free);
      file.find("ZSTD_decompressStream", found.decompress);
      file.find("ZSTD_isError", found.is_error);
      file.find("ZSTD_getErrorName", found.error_name);
      return found;
    }();
    return opened;
  }

  void restart() override {}  // the next frame begins by itself
  Step step(std::string_view& bytes, char*& target, int64_t& room) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer out{target, static_cast<std::size_t>(room), 0};
    const std::size_t status = library().decompress(stream_, &out, &in);
    bytes.remove_prefix(in.pos);
    target += out.pos;
    room -= static_cast<int64_t>(out.pos);
    if (library().is_error(status) != 0) fail_damaged(library().error_name(status));
    return status == 0 ? Step::stream_ended : Step::goes_on;
  }

  ZSTD_DStream* stream_;
};
#endif

}  // namespace

Compression compression_of(std::string_view head) {
  if (head.starts_with("\x1f\x8b")) return Compression::gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
  if (head.starts_with(std::string_view("\xfd"
                                        "7zXZ\0",
                                        6)))
    return Compression::xz;
  // BZh, the size of blocks, and the first block's mark or, of nothing compressed, the end's; a text could begin with the first
  // three.
  if (head.starts_with("BZh") && head.size() > 4 &&
      (head.substr(4).starts_with("1AY&SY") || head.substr(4).starts_with("\x17\x72\x45\x38\x50\x90")))
    return Compression::bzip2;
  return Compression::none;
}

const char* to_string(Compression compression) {
  switch (compression) {
    case Compression::none: return "";
    case Compression::gzip: return "gzip";
    case Compression::zstd: return "zstd";
    case Compression::xz: return "xz";
    case Compression::bzip2: return "bzip2";
  }
  return "";
}

std::string_view without_packed_ending(std::string_view name) {
  for (const std::string_view ending : packed_endings) {
    if (name.size() > ending.size() && name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

int64_t StreamDecompressor::read(std::string_view& bytes, bool last, char* target, int64_t room) {
  const int64_t wanted = room;
  while (room > 0 && !ended_) {
    if (between_streams_) {
      if (bytes.empty() && last) ended_ = true;
      if (bytes.empty()) break;
      between_streams_ = false;
      restart();
    }
    if (bytes.empty() && !last) break;
    const std::size_t before = bytes.size();
    const int64_t room_before = room;
    const Step done = step(bytes, target, room);
    used_ += static_cast<int64_t>(before - bytes.size());
    if (done == Step::stream_ended) {
      between_streams_ = true;
    } else if (bytes.size() == before && room == room_before) {
      require(!last, ErrorKind::bad_data, name_, ": byte ", used_, ": the ", kind_, " stream is truncated");
      break;
    }
  }
  if (room == 0 && between_streams_ && bytes.empty() && last) ended_ = true;
  made_ += wanted - room;
  require(made_ <= limit_, ErrorKind::bad_data, name_, ": the ", kind_, " stream holds more than ", counted(limit_, "byte"),
          ", the most that is decompressed of a file of its size");
  return wanted - room;
}

std::unique_ptr<Decompressor> make_decompressor(Compression compression, std::string name, int64_t limit) {
  switch (compression) {
    case Compression::gzip: return std::make_unique<GunzipStream>(std::move(name), limit);
#ifdef HEDDLE_READS_ZSTD
    case Compression::zstd: return std::make_unique<ZstdDecompressor>(std::move(name), limit);
#endif
#ifdef HEDDLE_READS_XZ
    case Compression::xz: return std::make_unique<XzDecompressor>(std::move(name), limit);
#endif
#ifdef HEDDLE_READS_BZIP2
    case Compression::bzip2: return std::make_unique<Bzip2Decompressor>(std::move(name), limit);
#endif
    default: break;
  }
  fail(ErrorKind::io, name, " is ", to_string(compression),
       "-compressed, which this heddle was built without; decompress it first");
}

ByteBuffer decompress(std::string_view bytes, std::string_view name, int64_t limit) {
  const Compression compression = compression_of(bytes);
  const std::unique_ptr<Decompressor> stream = make_decompressor(compression, std::string(name), limit);
  // One byte of room past the limit shows whether there is more.
  ByteBuffer result(std::min<int64_t>(limit + 1, 4 * static_cast<int64_t>(bytes.size()) + 1024));
  for (int64_t made = 0;;) {
    made += stream->read(bytes, true, result.data() + made, static_cast<int64_t>(result.view().size()) - made);
    if (stream->ended()) {
      result.resize(made);
      return result;
    }
    result.resize(std::min(limit + 1, 2 * made + 1024));
  }
}

std::string decompressed_head(std::string_view bytes, int64_t most) {
  const Compression compression = compression_of(bytes);
  if (compression == Compression::gzip) return gunzip_head(bytes, most);
  std::string head(static_cast<std::size_t>(most), '\0');
  int64_t made = 0;
  try {
    const std::unique_ptr<Decompressor> stream = make_decompressor(compression, "", most);
    while (made < most && !bytes.empty() && !stream->ended()) {
      const std::size_t before = bytes.size();
      const int64_t count = stream->read(bytes, false, head.data() + made, most - made);
      made += count;
      if (count == 0 && bytes.size() == before) break;
    }
  } catch (const Error&) {
    // What came before is what is looked at.
  }
  head.resize(static_cast<std::size_t>(made));
  return head;
}

}  // namespace heddle::io::detail
