#include "io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/content_kind.h"
#include "io/file.h"
#include "io/finite.h"
#include "io/hasher.h"
#include "io/limits.h"
#include "io/shape.h"
#include "io/text.h"

namespace heddle::io {

namespace detail {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian");

namespace {

using Json = nlohmann::json;

constexpr const char* kMetadata = "__metadata__";
/// The metadata entry that holds the checksum of everything else. Of files that others wrote it is not asked.
constexpr const char* kChecksum = "heddle.checksum";
/// The entry that says that a file has a checksum, which the checksum covers: neither can be damaged unnoticed. Files that heddle
/// wrote before it have none, and are read without.
constexpr const char* kFileVersion = "heddle.file_version";
constexpr const char* kWithChecksum = "2";
constexpr int64_t kLengthBytes = 8;
/// A tensor's entry takes about 100 bytes.
constexpr int64_t kMaxHeader = int64_t{16} << 20;
/// Tensors and metadata entries together: each takes several times its text in memory, and a model has some thousands at most.
constexpr size_t kMaxEntries = 100'000;

/// The element types that are read.
struct ElementType {
  const char* name;
  int64_t bytes;
  bool is_float = false;
};
constexpr ElementType kFloat{"F32", 4, true};
/// F32, then the alternatives of NamedIntegers::values in their order.
constexpr ElementType kElementTypes[] = {kFloat, {"I32", 4}, {"I64", 8}, {"U8", 1}};

/// A tensor's name, type, shape and place in the data.
struct Entry {
  std::string name;
  ElementType type;
  std::vector<int64_t> shape;
  int64_t begin = 0;
  int64_t end = 0;
};

/// Reads the header as its tokens come: a tree of JSON would take many times the header's bytes. Refuses what JSON readers
/// disagree about (repeated keys) and nesting that no tensor file has.
class HeaderReader final : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(std::string_view file) : file_(file) {}

  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;

  bool null() override { return scalar(); }
  bool boolean(bool) override { return scalar(); }
  bool number_integer(number_integer_t) override { return scalar(); }
  bool number_float(number_float_t, const string_t&) override { return scalar(); }
  bool binary(binary_t&) override { return scalar(); }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ != 3 || list_ == nullptr || value > INT64_MAX) return scalar();
    // More than anything that is read has; the rest would only take memory.
    if (list_->size() < 16) list_->push_back(static_cast<int64_t>(value));
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ == 2 && in_metadata_) {
      metadata[key_] = std::move(value);
      return true;
    }
    if (depth_ == 2 && key_ == "dtype") {
      dtype_ = std::move(value);
      return true;
    }
    return scalar();
  }
  bool key(string_t& value) override {
    if (depth_ == 1) {
      require(count_++ < kMaxEntries, ErrorKind::bad_data, file_, ": more than ", counted(kMaxEntries, "tensor"),
              " and metadata entries");
      tensor_ = std::move(value);
      require(names_.insert(tensor_).second, ErrorKind::bad_data, file_, " is damaged: tensor ", in_quotes(tensor_),
              " comes twice");
      return true;
    }
    key_ = std::move(value);
    if (depth_ != 2) return true;
    if (in_metadata_) {
      require(count_++ < kMaxEntries, ErrorKind::bad_data, file_, ": more than ", counted(kMaxEntries, "tensor"),
              " and metadata entries");
      require(!metadata.contains(key_), ErrorKind::bad_data, file_, " is damaged: metadata ", in_quotes(key_), " comes twice");
      return true;
    }
    for (size_t field = 0; field < std::size(kFields); ++field) {
      if (key_ != kFields[field]) continue;
      if (seen_[field]) damaged("tensor ", in_quotes(tensor_), " has ", kFields[field], " twice");
      seen_[field] = true;
    }
    return true;
  }
  bool start_object(size_t) override {
    if (depth_ == 1) {
      in_metadata_ = tensor_ == kMetadata;
      dtype_ = "?";
      shape_.clear();
      offsets_.clear();
      lists_ = true;
      seen_ = {};
    } else if (depth_ > 1) {
      scalar();
    }
    return enter();
  }
  bool end_object() override {
    if (--depth_ == 1 && !in_metadata_) end_entry();
    return true;
  }
  bool start_array(size_t) override {
    list_ = nullptr;
    if (depth_ == 2 && !in_metadata_ && (key_ == "shape" || key_ == "data_offsets")) {
      list_ = key_ == "shape" ? &shape_ : &offsets_;
    } else {
      scalar();
    }
    return enter();
  }
  bool end_array() override {
    --depth_;
    list_ = nullptr;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    damaged("its header is no JSON at byte ", position);
  }

 private:
  static constexpr const char* kFields[] = {"dtype", "shape", "data_offsets"};

  /// What nobody writes, of whatever kind.
  template <class... Parts>
  [[noreturn]] void damaged(const Parts&... parts) const {
    fail(ErrorKind::bad_data, file_, " is damaged: ", parts...);
  }
  /// What others may write, and is not read here.
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(ErrorKind::bad_data, file_, ": tensor ", in_quotes(tensor_), parts...);
  }

  bool enter() {
    constexpr int kMaxDepth = 4;  // {"tensor": {"shape": [...]}}, and one for a sentence about the value instead
    if (++depth_ > kMaxDepth) damaged("its header nests deeper than tensors do");
    return true;
  }

  /// A value where another kind of value belongs, or one that nobody reads.
  bool scalar() {
    if (depth_ == 0) damaged("its header is not a JSON object");
    if (depth_ == 1 && tensor_ == kMetadata) damaged("its metadata are not an object");
    if (depth_ == 1) damaged("tensor ", in_quotes(tensor_), " lacks dtype, shape or data_offsets");
    if (depth_ == 2 && in_metadata_) damaged("metadata ", in_quotes(key_), " is not a string");
    if (list_ != nullptr || (depth_ == 2 && (key_ == "shape" || key_ == "data_offsets"))) lists_ = false;
    return true;
  }

  void end_entry() {
    if (!seen_[0] || !seen_[1] || !seen_[2]) damaged("tensor ", in_quotes(tensor_), " lacks dtype, shape or data_offsets");
    const auto type = std::find_if(std::begin(kElementTypes), std::end(kElementTypes),
                                   [&](const ElementType& candidate) { return dtype_ == candidate.name; });
    if (type == std::end(kElementTypes)) refuse(" has dtype ", in_quotes(dtype_), ", only F32, I32, I64 and U8 are read");
    if (!lists_ || offsets_.size() != 2)
      damaged("shape or data_offsets of tensor ", in_quotes(tensor_), " are not lists of sizes");
    if (shape_.size() > 2) refuse(" has shape ", shape_text(shape_), ", more than two dimensions");
    Entry entry{tensor_, *type, shape_, offsets_[0], offsets_[1]};
    if (entry.end < entry.begin || entry.end - entry.begin != checked_bytes(shape_, type->bytes)) {
      damaged("tensor ", in_quotes(tensor_), " of shape ", shape_text(shape_), " stands in bytes ", entry.begin, " to ",
              entry.end);
    }
    entries.push_back(std::move(entry));
  }

  std::string_view file_;
  int depth_ = 0;
  size_t count_ = 0;
  bool in_metadata_ = false;
  std::set<std::string> names_;  ///< of the tensors so far
  std::string tensor_;           ///< the key that is being read of the header,
  std::string key_;              ///< and of the object below
  // The entry that is being read.
  std::string dtype_;
  std::vector<int64_t> shape_, offsets_;
  std::vector<int64_t>* list_ = nullptr;  ///< shape_ or offsets_ while its elements come
  bool lists_ = true;                     ///< both are lists of integers in [0, 2^63)
  std::array<bool, 3> seen_{};            ///< of kFields
};

/// What the checksum is made of: a tensor's name, type, shape and bytes.
struct Summed {
  std::string_view name, type;
  std::vector<int64_t> shape;
  std::string_view bytes;
};

/// XXH3-128 of the metadata and the tensors, each in the order of the names: of a file that other programs write anew in another
/// order it is the same.
std::string checksum_of(const std::map<std::string, std::string>& metadata, std::vector<Summed> tensors) {
  Hasher hasher;
  const auto add = [&](std::string_view text) {
    hasher.add(static_cast<int64_t>(text.size()));
    hasher.add(text.data(), static_cast<int64_t>(text.size()));
  };
  for (const auto& [key, value] : metadata) {
    if (key == kChecksum) continue;
    add(key);
    add(value);
  }
  std::sort(tensors.begin(), tensors.end(), [](const Summed& a, const Summed& b) { return a.name < b.name; });
  for (const Summed& tensor : tensors) {
    add(tensor.name);
    add(tensor.type);
    hasher.add_counted(tensor.shape);
    add(tensor.bytes);
  }
  return hasher.hex();
}

/// Throws Error{bad_data} for contents that are not those which the checksum among the metadata was made of, and for a file that
/// lacks the checksum it says it has; takes both entries out.
void check_checksum(TensorFile& file, const std::vector<Entry>& entries, std::string_view data, std::string_view name) {
  const auto found = file.metadata.find(kChecksum);
  if (found == file.metadata.end()) {
    require(!file.metadata.contains(kFileVersion), ErrorKind::bad_data, name, " is damaged: it lacks the checksum (", kChecksum,
            " in its metadata) that it was written with");
    return;
  }
  std::vector<Summed> tensors;
  for (const Entry& entry : entries) {
    tensors.push_back({entry.name, entry.type.name, entry.shape,
                       data.substr(static_cast<size_t>(entry.begin), static_cast<size_t>(entry.end - entry.begin))});
  }
  require(found->second == checksum_of(file.metadata, std::move(tensors)), ErrorKind::bad_data, name,
          " is damaged: its contents are not those that it was written with (the checksum in its metadata tells)");
  file.metadata.erase(found);
  file.metadata.erase(kFileVersion);
}

/// The bytes as elements.
template <class T>
std::vector<T> elements(std::string_view bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

NamedTensor make_tensor(const Entry& entry, std::string_view bytes, std::string_view file) {
  NamedTensor tensor{entry.name, 1, 1, elements<float>(bytes)};
  if (!entry.shape.empty()) tensor.cols = entry.shape.back();
  if (entry.shape.size() == 2) tensor.rows = entry.shape.front();
  if (const int64_t bad = find_not_finite(tensor.values.data(), static_cast<int64_t>(tensor.values.size())); bad >= 0) {
    fail(ErrorKind::bad_data, file, ": tensor ", in_quotes(entry.name), ", element ", bad, " is ",
         tensor.values[static_cast<size_t>(bad)]);
  }
  return tensor;
}

NamedIntegers make_integers(const Entry& entry, std::string_view bytes) {
  NamedIntegers array{entry.name, entry.shape, {}};
  if (entry.type.bytes == 4) array.values = elements<int32_t>(bytes);
  if (entry.type.bytes == 8) array.values = elements<int64_t>(bytes);
  if (entry.type.bytes == 1) array.values = elements<uint8_t>(bytes);
  return array;
}

}  // namespace

/// The checksum of a file that is to be written, with these metadata.
static std::string checksum_of(const TensorFile& file, const std::map<std::string, std::string>& metadata) {
  const auto bytes = [](const auto& values) {
    return std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  };
  std::vector<Summed> tensors;
  for (const NamedTensor& tensor : file.tensors)
    tensors.push_back({tensor.name, kFloat.name, {tensor.rows, tensor.cols}, bytes(tensor.values)});
  for (const NamedIntegers& array : file.integers) {
    std::visit(
        [&](const auto& values) {
          tensors.push_back({array.name, kElementTypes[1 + array.values.index()].name, array.shape, bytes(values)});
        },
        array.values);
  }
  return checksum_of(metadata, std::move(tensors));
}

/// Throws Error{bad_data} for what its first bytes show to be a file of another kind; the numbers of a header that is none would
/// tell nobody anything.
static void refuse_other_kinds(std::string_view content, std::string_view name) {
  constexpr size_t kLookedAt = 4096;
  const ContentKind found = content_kind(content.substr(0, kLookedAt));
  require(found.kind == ContentKind::safetensors || found.kind == ContentKind::unknown, ErrorKind::bad_data, name, " is ",
          found.name, ", not a safetensors file");
}

TensorFile parse_safetensors(std::string_view content, std::string_view name) {
  refuse_other_kinds(content, name);
  const auto size = static_cast<int64_t>(content.size());
  require(size >= kLengthBytes, ErrorKind::bad_data, name, " is not a safetensors file, or cut off: it has ",
          counted(size, "byte"));
  uint64_t header_length = 0;
  std::memcpy(&header_length, content.data(), sizeof(header_length));
  require(header_length <= static_cast<uint64_t>(kMaxHeader), ErrorKind::bad_data, name, " is damaged: its header would have ",
          counted(header_length, "byte"), ", one has at most ", kMaxHeader);
  require(header_length <= static_cast<uint64_t>(size - kLengthBytes), ErrorKind::bad_data, name, " is cut off: its header has ",
          counted(header_length, "byte"), ", and the file ", size, " in all");
  const std::string_view header_text = content.substr(kLengthBytes, header_length);
  const std::string_view data = content.substr(kLengthBytes + header_length);
  HeaderReader header(name);
  Json::sax_parse(header_text.begin(), header_text.end(), &header);
  std::vector<Entry>& entries = header.entries;

  TensorFile file;
  file.metadata = std::move(header.metadata);
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name); });
  int64_t at = 0;
  for (const Entry& entry : entries) {
    require(entry.begin == at, ErrorKind::bad_data, name, " is damaged: tensor ", in_quotes(entry.name), " stands in bytes ",
            entry.begin, " to ", entry.end, " of ", data.size(), ", expected from ", at);
    require(entry.end <= static_cast<int64_t>(data.size()), ErrorKind::bad_data, name, " is cut off: tensor ",
            in_quotes(entry.name), " stands in bytes ", entry.begin, " to ", entry.end, " behind the header, where there are ",
            data.size());
    at = entry.end;
  }
  require(at == static_cast<int64_t>(data.size()), ErrorKind::bad_data, name,
          " is damaged: behind its last tensor, which ends at byte ", at, ", it goes on to ", data.size());
  check_checksum(file, entries, data, name);
  for (const Entry& entry : entries) {
    const std::string_view bytes = data.substr(static_cast<size_t>(entry.begin), static_cast<size_t>(entry.end - entry.begin));
    if (entry.type.is_float) {
      file.tensors.push_back(make_tensor(entry, bytes, name));
    } else {
      file.integers.push_back(make_integers(entry, bytes));
    }
  }
  return file;
}

}  // namespace detail

TensorFile read_safetensors(const std::string& path) try {
  const detail::ByteBuffer content = detail::read_file(path);
  return detail::parse_safetensors(content.view(), path);
} catch (...) {
  rethrow_as_error();
}

void write_safetensors(const std::string& path, const TensorFile& file, FileAccess access) try {
  // In the order of the contents, so that equal contents make equal files whatever order the tensors' names sort in.
  std::string header_text = "{";
  std::set<std::string> names;
  const auto quoted = [](const std::string& value) {
    try {
      return nlohmann::json(value).dump();
    } catch (const nlohmann::json::exception& error) {  // names and metadata must be UTF-8
      fail(ErrorKind::usage, "write_safetensors: ", error.what());
    }
  };
  const auto begin_field = [&](const std::string& name) {
    if (header_text.size() > 1) header_text += ',';
    header_text += quoted(name) + ':';
  };
  std::map<std::string, std::string> metadata = file.metadata;
  metadata[detail::kFileVersion] = detail::kWithChecksum;
  metadata[detail::kChecksum] = detail::checksum_of(file, metadata);
  begin_field(detail::kMetadata);
  char before = '{';
  for (const auto& [key, value] : metadata) header_text += std::exchange(before, ',') + quoted(key) + ':' + quoted(value);
  header_text += '}';
  int64_t at = 0;
  const auto add = [&](const std::string& name, const detail::ElementType& type, const std::vector<int64_t>& shape,
                       size_t values) {
    require(shape.size() <= 2, ErrorKind::usage, "write_safetensors: ", detail::in_quotes(name), " has shape ",
            detail::shape_text(shape), ", more than two dimensions");
    const int64_t bytes = detail::checked_bytes(shape, type.bytes);
    require(bytes == static_cast<int64_t>(values) * type.bytes, ErrorKind::usage, "write_safetensors: ", detail::in_quotes(name),
            " has shape ", detail::shape_text(shape), " and ", counted(values, "value"));
    require(!name.empty() && name != detail::kMetadata && names.insert(name).second, ErrorKind::usage,
            "write_safetensors: the tensor name ", detail::in_quotes(name), " is empty, reserved or repeated");
    std::string extents;
    for (const int64_t extent : shape) extents += text(extents.empty() ? "" : ",", extent);
    begin_field(name);
    header_text +=
        text(R"({"dtype":")", type.name, R"(","shape":[)", extents, R"(],"data_offsets":[)", at, ',', at + bytes, "]}");
    at += bytes;
  };
  for (const NamedTensor& tensor : file.tensors) {
    add(tensor.name, detail::kFloat, {tensor.rows, tensor.cols}, tensor.values.size());
  }
  for (const NamedIntegers& array : file.integers) {
    std::visit(
        [&](const auto& values) { add(array.name, detail::kElementTypes[1 + array.values.index()], array.shape, values.size()); },
        array.values);
  }
  header_text += '}';
  header_text.resize((header_text.size() + 7) / 8 * 8, ' ');  // aligns the data
  require(static_cast<int64_t>(header_text.size()) <= detail::kMaxHeader, ErrorKind::usage, "write_safetensors: a header of ",
          counted(header_text.size(), "byte"), " is more than ", detail::kMaxHeader);
  const uint64_t length = header_text.size();
  detail::AtomicFile out(path, access);
  out.write(&length, sizeof(length));
  out.write(header_text);
  for (const NamedTensor& tensor : file.tensors) {
    out.write(tensor.values.data(), static_cast<int64_t>(tensor.values.size() * sizeof(float)));
  }
  for (const NamedIntegers& array : file.integers) {
    std::visit([&](const auto& values) { out.write(values.data(), static_cast<int64_t>(values.size() * sizeof(values[0]))); },
               array.values);
  }
  out.commit();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
