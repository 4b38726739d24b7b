#include "io/text_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "heddle/error.h"
#include "io/choices.h"
#include "io/limits.h"
#include "io/utf8.h"

namespace heddle::io::detail {

namespace {

constexpr std::pair<const char*, Encoding> encoding_names[] = {
    {"utf-8", Encoding::utf8},          {"utf8", Encoding::utf8},
    {"utf-16", Encoding::utf16_little}, {"utf-16le", Encoding::utf16_little},
    {"utf-16be", Encoding::utf16_big},  {"windows-1252", Encoding::windows_1252},
    {"cp1252", Encoding::windows_1252}, {"latin-1", Encoding::windows_1252},
    {"latin1", Encoding::windows_1252}, {"iso-8859-1", Encoding::windows_1252}};

}  // namespace

std::span<const std::pair<const char*, Encoding>> known_encodings() { return encoding_names; }

const char* to_string(Encoding encoding) {
  switch (encoding) {
    case Encoding::utf8: return "UTF-8";
    case Encoding::utf16_little: return "UTF-16LE";
    case Encoding::utf16_big: return "UTF-16BE";
    case Encoding::windows_1252: return "Windows-1252";
  }
  return "";
}

Encoding encoding_named(const std::string& name, const std::string& called) {
  std::string lower = name;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const auto& [known, encoding] : encoding_names) {
    if (lower == known) return encoding;
  }
  fail_choice(called, name, {"utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1252", "latin-1"});
}

Encoding encoding_of(std::string_view head) {
  if (head.starts_with("\xff\xfe")) return Encoding::utf16_little;
  if (head.starts_with("\xfe\xff")) return Encoding::utf16_big;
  // Without a mark: a text of mostly Latin letters has a zero in every second byte, a text in UTF-8 has none.
  const std::string_view looked_at = head.substr(0, std::min<std::size_t>(head.size(), 4096) & ~std::size_t{1});
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < looked_at.size(); ++i) zeros[i & 1] += looked_at[i] == '\0';
  const std::size_t pairs = looked_at.size() / 2;
  const auto most = [&](std::size_t count) { return pairs >= 4 && 10 * count >= 7 * pairs; };
  const auto few = [&](std::size_t count) { return 20 * count <= pairs; };
  if (most(zeros[1]) && few(zeros[0])) return Encoding::utf16_little;
  if (most(zeros[0]) && few(zeros[1])) return Encoding::utf16_big;
  return Encoding::utf8;
}

/// Three stages: bytes of the file, the same decompressed, the same as UTF-8.
struct TextSource::State {
  std::string name;
  std::unique_ptr<InputFile> file;  // or else
  std::string_view memory;
  int64_t size = 0;
  int64_t used = 0;  // bytes of the file that went into the stages
  Compression compression = Compression::none;
  std::unique_ptr<Decompressor> decompressor;
  Encoding encoding = Encoding::utf8;
  std::string head;
  std::size_t head_used = 0;
  bool head_is_all = false;
  bool ended = false;        // the last bytes are decoded
  std::string rest;          // bytes of a character that its end is missing of
  ByteBuffer compressed;     // bytes of the file on their way to the decompressor
  std::string_view waiting;  // what of them is left
  ByteBuffer encoded;        // bytes on their way to UTF-8
  std::string decoded;       // what came of them
  std::size_t decoded_used = 0;

  int64_t read_file(char* target, int64_t room) {
    const int64_t count = std::min(room, size - used);
    if (count <= 0) return 0;
    if (file) {
      file->read(used, target, count);
    } else {
      std::memcpy(target, memory.data() + used, static_cast<std::size_t>(count));
    }
    used += count;
    return count;
  }

  int64_t read_decompressed(char* target, int64_t room) {
    if (!decompressor) return read_file(target, room);
    for (;;) {
      if (waiting.empty()) {
        constexpr int64_t piece = int64_t{1} << 18;
        if (compressed.view().empty()) compressed = ByteBuffer(piece);
        waiting = compressed.view().substr(0, static_cast<std::size_t>(read_file(compressed.data(), piece)));
      }
      const bool last = used == size;
      const int64_t made = decompressor->read(waiting, last, target, room);
      if (made > 0 || decompressor->ended() || (last && waiting.empty())) return made;
    }
  }

  void decode(std::string_view bytes, bool last) {
    decoded.clear();
    decoded_used = 0;
    if (encoding == Encoding::windows_1252) {
      for (const char c : bytes) append_windows_1252(decoded, static_cast<unsigned char>(c));
      return;
    }
    rest += bytes;
    const bool little = encoding == Encoding::utf16_little;
    const auto unit = [&](std::size_t at) {
      const auto first = static_cast<unsigned char>(rest[at]), second = static_cast<unsigned char>(rest[at + 1]);
      return static_cast<char32_t>(little ? first | second << 8 : second | first << 8);
    };
    std::size_t at = 0;
    while (at + 2 <= rest.size()) {
      char32_t c = unit(at);
      const bool leads = c >= 0xd800 && c < 0xdc00;
      if (leads && at + 4 > rest.size() && !last) break;
      at += 2;
      if (leads && at + 2 <= rest.size() && unit(at) >= 0xdc00 && unit(at) < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (unit(at) - 0xdc00);
        at += 2;
      } else if (c >= 0xd800 && c < 0xe000) {
        fail(ErrorKind::bad_data, name, " is not well-formed UTF-16: half of a character stands alone");
      }
      if (c != 0xfeff) append_utf8(decoded, c);
    }
    rest.erase(0, at);
    require(!last || rest.empty(), ErrorKind::bad_data, name, " is not well-formed UTF-16: it ends within a character");
  }

  /// The next characters behind the head.
  int64_t read_decoded(char* target, int64_t room) {
    if (encoding == Encoding::utf8) return read_decompressed(target, room);
    while (decoded_used == decoded.size()) {
      constexpr int64_t piece = int64_t{1} << 18;
      if (encoded.view().empty()) encoded = ByteBuffer(piece);
      const int64_t count = read_decompressed(encoded.data(), piece);
      if (count == 0 && ended) return 0;
      ended = count == 0;
      decode(encoded.view().substr(0, static_cast<std::size_t>(count)), ended);
      if (ended && decoded.empty()) return 0;
    }
    const int64_t count = std::min(room, static_cast<int64_t>(decoded.size() - decoded_used));
    std::memcpy(target, decoded.data() + decoded_used, static_cast<std::size_t>(count));
    decoded_used += static_cast<std::size_t>(count);
    return count;
  }

  void begin(const ReadOptions& options) {
    require(size > 0, ErrorKind::bad_data, name, " is empty");
    char first[16];
    const int64_t looked_at = read_file(first, std::min<int64_t>(sizeof first, size));
    used = 0;
    compression = compression_of({first, static_cast<std::size_t>(looked_at)});
    if (compression != Compression::none) decompressor = make_decompressor(compression, name, max_inflated(size));
    // The first bytes are read as they are, and then again as what they turned out to be.
    std::string bytes = fill(head_bytes, [&](char* target, int64_t room) { return read_decompressed(target, room); });
    encoding = options.encoding.empty() ? encoding_of(bytes) : encoding_named(options.encoding);
    if (options.encoding.size() == 6 && bytes.starts_with("\xfe\xff")) encoding = Encoding::utf16_big;  // "utf-16"
    if (encoding == Encoding::utf8) {
      if (bytes.starts_with("\xef\xbb\xbf")) bytes.erase(0, 3);
      head = std::move(bytes);
    } else {
      decode(bytes, false);
      head = std::move(decoded);
      decoded = {};
    }
  }

  /// The next `wanted` bytes, or all there are.
  template <class Read>
  std::string fill(int64_t wanted, const Read& read) {
    std::string bytes(static_cast<std::size_t>(wanted), '\0');
    int64_t made = 0;
    while (made < wanted) {
      const int64_t count = read(bytes.data() + made, wanted - made);
      if (count == 0) break;
      made += count;
    }
    head_is_all = made < wanted;
    bytes.resize(static_cast<std::size_t>(made));
    return bytes;
  }
};

TextSource::TextSource(const std::string& path, const ReadOptions& options) : state_(std::make_unique<State>()) {
  state_->name = path;
  state_->file = std::make_unique<InputFile>(path);
  state_->size = state_->file->size();
  state_->begin(options);
}

TextSource::TextSource(std::string_view bytes, std::string name, const ReadOptions& options) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->memory = bytes;
  state_->size = static_cast<int64_t>(bytes.size());
  state_->begin(options);
}

TextSource::~TextSource() = default;
TextSource::TextSource(TextSource&&) noexcept = default;
TextSource& TextSource::operator=(TextSource&&) noexcept = default;

const std::string& TextSource::name() const { return state_->name; }
Encoding TextSource::encoding() const { return state_->encoding; }
Compression TextSource::compression() const { return state_->compression; }
bool TextSource::compressed() const { return state_->compression != Compression::none; }
std::string_view TextSource::head() const { return state_->head; }
void TextSource::extend_head() {
  State& state = *state_;
  const auto wanted = static_cast<int64_t>(state.head.size());
  state.head += state.fill(wanted, [&](char* target, int64_t room) { return state.read_decoded(target, room); });
}

bool TextSource::head_is_all() const { return state_->head_is_all; }
int64_t TextSource::size() const { return state_->size; }

int64_t TextSource::read(char* target, int64_t room) {
  State& state = *state_;
  if (state.head_used == state.head.size()) return state.read_decoded(target, room);
  const int64_t count = std::min(room, static_cast<int64_t>(state.head.size() - state.head_used));
  std::memcpy(target, state.head.data() + state.head_used, static_cast<std::size_t>(count));
  state.head_used += static_cast<std::size_t>(count);
  return count;
}

std::string TextSource::read_all() {
  std::string text;
  const auto expected = static_cast<std::size_t>(compressed() ? 4 * size() : size());
  for (std::size_t made = 0;;) {
    text.resize(std::max({made + static_cast<std::size_t>(head_bytes), expected + 1, made + made / 2}));
    const int64_t count = read(text.data() + made, static_cast<int64_t>(text.size() - made));
    made += static_cast<std::size_t>(count);
    if (count > 0) continue;
    text.resize(made);
    return text;
  }
}

double TextSource::share() const {
  return state_->size > 0 ? static_cast<double>(state_->used) / static_cast<double>(state_->size) : 1.0;
}

}  // namespace heddle::io::detail
