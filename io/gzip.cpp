#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "heddle/error.h"
#include "io/file.h"
#include "io/gzip.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

constexpr int gzip_only = 16 + MAX_WBITS;  // +16: zlib's way of saying a gzip header and no other

/// Memory from where all other memory comes from.
void set_memory(z_stream& stream) {
  stream.zalloc = [](voidpf, uInt items, uInt bytes) -> voidpf {
    return ::operator new (std::size_t{items} * bytes, std::nothrow);
  };
  stream.zfree = [](voidpf, voidpf memory) { ::operator delete(memory); };
}

}  // namespace

/// zlib's state, released whatever happens.
struct Inflater {
  Inflater() {
    set_memory(stream);
    const int status = inflateInit2(&stream, gzip_only);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    require(status == Z_OK, ErrorKind::internal, "zlib cannot start");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream stream{};
};

struct Deflater {
  Deflater() {
    set_memory(stream);
    // The fastest level: of a table of rankings half goes even so, and whoever ranks waits meanwhile.
    const int status = deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_only, 8, Z_DEFAULT_STRATEGY);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    require(status == Z_OK, ErrorKind::internal, "zlib cannot start");
  }
  ~Deflater() { deflateEnd(&stream); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  z_stream stream{};
};

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

struct GunzipStream::State {
  Inflater inflater;
  std::string name;
  int64_t limit = 0;
  int64_t used = 0;
  int64_t made = 0;
  bool between_members = false;
  bool ended = false;
};

GunzipStream::GunzipStream(std::string name, int64_t limit) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->limit = limit;
}
GunzipStream::~GunzipStream() = default;
bool GunzipStream::ended() const { return state_->ended; }

int64_t GunzipStream::read(std::string_view& bytes, bool last, char* target, int64_t room) {
  State& state = *state_;
  z_stream& stream = state.inflater.stream;
  int64_t made = 0;
  while (made < room && !state.ended) {
    if (state.between_members) {
      if (bytes.size() < 2 && !last) break;
      state.between_members = false;
      state.ended = !is_gzip(bytes);  // else another member follows, as bgzip and cat make them
      if (state.ended) break;
      require(inflateReset(&stream) == Z_OK, ErrorKind::internal, "zlib cannot restart");
    }
    if (bytes.empty() && !last) break;
    // zlib counts in 32 bits, so a large file goes through in pieces.
    constexpr std::size_t piece = std::numeric_limits<int32_t>::max();
    const auto given = static_cast<uInt>(std::min(piece, bytes.size()));
    const auto space = static_cast<uInt>(std::min<int64_t>(static_cast<int64_t>(piece), room - made));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads it
    stream.avail_in = given;
    stream.next_out = reinterpret_cast<Bytef*>(target + made);
    stream.avail_out = space;
    const int status = inflate(&stream, Z_NO_FLUSH);
    bytes.remove_prefix(given - stream.avail_in);
    state.used += given - stream.avail_in;
    made += space - stream.avail_out;
    if (status == Z_STREAM_END) {
      state.between_members = true;
    } else if (status == Z_DATA_ERROR || status == Z_NEED_DICT) {
      fail(ErrorKind::bad_data, state.name, ": byte ", state.used, ": the gzip stream is damaged (",
           stream.msg ? stream.msg : "a preset dictionary is asked for", ")");
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (stream.avail_out > 0 && bytes.empty() && last) {
      fail(ErrorKind::bad_data, state.name, ": byte ", state.used, ": the gzip stream is truncated");
    }
  }
  state.made += made;
  require(state.made <= state.limit, ErrorKind::bad_data, state.name, ": the gzip stream holds more than ",
          counted(state.limit, "byte"), ", the most that is decompressed of a file of its size");
  return made;
}

ByteBuffer gunzip(std::string_view bytes, std::string_view name, int64_t limit) {
  GunzipStream stream{std::string(name), limit};
  // One byte of room past the limit shows whether there is more.
  ByteBuffer result(std::min<int64_t>(limit + 1, 4 * static_cast<int64_t>(bytes.size()) + 1024));
  for (int64_t made = 0;;) {
    const auto room = static_cast<int64_t>(result.view().size()) - made;
    made += stream.read(bytes, true, result.data() + made, room);
    if (stream.ended()) {
      result.resize(made);
      return result;
    }
    result.resize(std::min(limit + 1, 2 * made + 1024));
  }
}

std::string gunzip_head(std::string_view bytes, int64_t most) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  std::string result(static_cast<std::size_t>(most), '\0');
  constexpr std::size_t piece = std::numeric_limits<int32_t>::max();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(std::min(piece, bytes.size()));
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  inflate(&stream, Z_NO_FLUSH);  // whatever it says: what came is what is looked at
  result.resize(result.size() - stream.avail_out);
  return result;
}

std::string gzip_member(std::string_view text) {
  require(text.size() <= std::numeric_limits<uInt>::max(), ErrorKind::internal, "a text of ", counted(text.size(), "byte"),
          " is compressed at once");
  Deflater deflater;
  z_stream& stream = deflater.stream;
  std::string bytes(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END, ErrorKind::internal, "zlib cannot compress");
  bytes.resize(stream.total_out);
  return bytes;
}

}  // namespace heddle::io::detail
