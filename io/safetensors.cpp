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

constexpr const char* metadata_key = "__metadata__";
/// The metadata entry that holds the checksum of everything else. Of files that others wrote it is not asked.
constexpr const char* checksum_key = "heddle.checksum";
/// The entry that says that a file has a checksum, which the checksum covers: neither can be damaged unnoticed. Files that heddle
/// wrote before it have none, and are read without.
constexpr const char* file_version_key = "heddle.file_version";
constexpr const char* version_with_checksum = "2";
constexpr int64_t length_bytes = 8;
/// A tensor's entry takes about 100 bytes.
constexpr int64_t max_header = int64_t{16} << 20;
/// Tensors and metadata entries together: each takes several times its text in memory, and a model has some thousands at most.
constexpr std::size_t max_entries = 100'000;

/// The element types that are read, in the order of TensorReader::Type: F32, then the alternatives of NamedIntegers::values.
struct ElementType {
  const char* name;
  int64_t bytes;
};
constexpr ElementType element_types[] = {{"F32", 4}, {"I32", 4}, {"I64", 8}, {"U8", 1}};
constexpr const ElementType& float_type = element_types[0];

using Type = TensorReader::Type;
using Array = TensorReader::Array;

const ElementType& element_type(Type type) { return element_types[static_cast<std::size_t>(type)]; }

/// An array of the header, and where its bytes end. Places are counted from the data's begin.
struct Entry {
  Array array;
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
      require(count_++ < max_entries, ErrorKind::bad_data, file_, ": more than ", counted(max_entries, "tensor"),
              " and metadata entries");
      tensor_ = std::move(value);
      require(names_.insert(tensor_).second, ErrorKind::bad_data, file_, " is damaged: tensor ", in_quotes(tensor_),
              " comes twice");
      return true;
    }
    key_ = std::move(value);
    if (depth_ != 2) return true;
    if (in_metadata_) {
      require(count_++ < max_entries, ErrorKind::bad_data, file_, ": more than ", counted(max_entries, "tensor"),
              " and metadata entries");
      require(!metadata.contains(key_), ErrorKind::bad_data, file_, " is damaged: metadata ", in_quotes(key_), " comes twice");
      return true;
    }
    for (std::size_t field = 0; field < std::size(field_names); ++field) {
      if (key_ != field_names[field]) continue;
      if (seen_[field]) damaged("tensor ", in_quotes(tensor_), " has ", field_names[field], " twice");
      seen_[field] = true;
    }
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 1) {
      in_metadata_ = tensor_ == metadata_key;
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
  bool start_array(std::size_t) override {
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
  bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
    damaged("its header is no JSON at byte ", position);
  }

 private:
  static constexpr const char* field_names[] = {"dtype", "shape", "data_offsets"};

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
    constexpr int max_depth = 4;  // {"tensor": {"shape": [...]}}, and one for a sentence about the value instead
    if (++depth_ > max_depth) damaged("its header nests deeper than tensors do");
    return true;
  }

  /// A value where another kind of value belongs, or one that nobody reads.
  bool scalar() {
    if (depth_ == 0) damaged("its header is not a JSON object");
    if (depth_ == 1 && tensor_ == metadata_key) damaged("its metadata are not an object");
    if (depth_ == 1) damaged("tensor ", in_quotes(tensor_), " lacks dtype, shape or data_offsets");
    if (depth_ == 2 && in_metadata_) damaged("metadata ", in_quotes(key_), " is not a string");
    if (list_ != nullptr || (depth_ == 2 && (key_ == "shape" || key_ == "data_offsets"))) lists_ = false;
    return true;
  }

  void end_entry() {
    if (!seen_[0] || !seen_[1] || !seen_[2]) damaged("tensor ", in_quotes(tensor_), " lacks dtype, shape or data_offsets");
    const auto type = std::find_if(std::begin(element_types), std::end(element_types),
                                   [&](const ElementType& candidate) { return dtype_ == candidate.name; });
    if (type == std::end(element_types)) refuse(" has dtype ", in_quotes(dtype_), ", only F32, I32, I64 and U8 are read");
    if (!lists_ || offsets_.size() != 2)
      damaged("shape or data_offsets of tensor ", in_quotes(tensor_), " are not lists of sizes");
    if (shape_.size() > 2) refuse(" has shape ", shape_text(shape_), ", more than two dimensions");
    const int64_t begin = offsets_[0], end = offsets_[1];
    if (end < begin || end - begin != checked_bytes(shape_, type->bytes)) {
      damaged("tensor ", in_quotes(tensor_), " of shape ", shape_text(shape_), " stands in bytes ", begin, " to ", end);
    }
    entries.push_back(
        {{tensor_, static_cast<Type>(type - std::begin(element_types)), shape_, (end - begin) / type->bytes, begin}, end});
  }

  std::string_view file_;
  int depth_ = 0;
  std::size_t count_ = 0;
  bool in_metadata_ = false;
  std::set<std::string> names_;  ///< of the tensors so far
  std::string tensor_;           ///< the key that is being read of the header,
  std::string key_;              ///< and of the object below
  // The entry that is being read.
  std::string dtype_;
  std::vector<int64_t> shape_, offsets_;
  std::vector<int64_t>* list_ = nullptr;  ///< shape_ or offsets_ while its elements come
  bool lists_ = true;                     ///< both are lists of integers in [0, 2^63)
  std::array<bool, 3> seen_{};            ///< of field_names
};

/// The checksum of a file's contents: XXH3-128 of the metadata and the tensors, each in the order of the names: of a file that
/// other programs write anew in another order it is the same. The caller adds a tensor's bytes behind its begin_tensor, in one
/// piece or several.
class Checksum {
 public:
  explicit Checksum(const std::map<std::string, std::string>& metadata) {
    for (const auto& [key, value] : metadata) {
      if (key == checksum_key) continue;
      add_text(key);
      add_text(value);
    }
  }
  void begin_tensor(std::string_view name, const ElementType& type, const std::vector<int64_t>& shape, int64_t bytes) {
    add_text(name);
    add_text(type.name);
    hasher_.add_counted(shape);
    hasher_.add(bytes);
  }
  void add_bytes(const void* bytes, int64_t count) { hasher_.add(static_cast<const char*>(bytes), count); }
  std::string hex() const { return hasher_.hex(); }

 private:
  void add_text(std::string_view text) {
    hasher_.add(static_cast<int64_t>(text.size()));
    hasher_.add(text.data(), static_cast<int64_t>(text.size()));
  }

  Hasher hasher_;
};

template <class Named>
std::vector<const Named*> in_order_of_names(const std::vector<Named>& arrays) {
  std::vector<const Named*> sorted;
  sorted.reserve(arrays.size());
  for (const Named& array : arrays) sorted.push_back(&array);
  std::sort(sorted.begin(), sorted.end(), [](const Named* a, const Named* b) { return a->name < b->name; });
  return sorted;
}

/// The checksum of a file that is to be written, with these metadata.
std::string checksum_of(const TensorFile& file, const std::map<std::string, std::string>& metadata) {
  struct Summed {
    std::string_view name;
    const ElementType& type;
    std::vector<int64_t> shape;
    const void* bytes;
    int64_t count;
  };
  std::vector<Summed> tensors;
  const auto add = [&](const std::string& name, const ElementType& type, const std::vector<int64_t>& shape, const auto& values) {
    tensors.push_back({name, type, shape, values.data(), static_cast<int64_t>(values.size() * sizeof(values[0]))});
  };
  for (const NamedTensor& tensor : file.tensors) add(tensor.name, float_type, {tensor.rows, tensor.cols}, tensor.values);
  for (const NamedIntegers& array : file.integers) {
    std::visit([&](const auto& values) { add(array.name, element_types[1 + array.values.index()], array.shape, values); },
               array.values);
  }
  Checksum checksum(metadata);
  for (const Summed* const tensor : in_order_of_names(tensors)) {
    checksum.begin_tensor(tensor->name, tensor->type, tensor->shape, tensor->count);
    checksum.add_bytes(tensor->bytes, tensor->count);
  }
  return checksum.hex();
}

/// Throws Error{bad_data} for contents that are not those which the checksum among the metadata was made of, and for a file that
/// lacks the checksum it says it has; takes both entries out. It reads all contents, in pieces that stay in the processor's
/// cache, and before anybody has an array: the order of the names is not the one in which arrays are asked for, and who was given
/// an array is not told later that it was damaged.
void check_checksum(std::map<std::string, std::string>& metadata, const std::vector<Array>& arrays, const ByteSource& file,
                    std::string_view name) {
  const auto found = metadata.find(checksum_key);
  if (found == metadata.end()) {
    require(!metadata.contains(file_version_key), ErrorKind::bad_data, name, " is damaged: it lacks the checksum (", checksum_key,
            " in its metadata) that it was written with");
    return;
  }
  constexpr int64_t piece_bytes = int64_t{256} << 10;
  ByteBuffer piece(std::min(piece_bytes, file.size()));
  Checksum checksum(metadata);
  for (const Array* const array : in_order_of_names(arrays)) {
    const ElementType& type = element_type(array->type);
    const int64_t count = array->size * type.bytes;
    checksum.begin_tensor(array->name, type, array->shape, count);
    for (int64_t at = 0; at < count; at += piece_bytes) {
      const int64_t now = std::min(piece_bytes, count - at);
      file.read(array->begin + at, piece.data(), now);
      checksum.add_bytes(piece.data(), now);
    }
  }
  require(found->second == checksum.hex(), ErrorKind::bad_data, name,
          " is damaged: its contents are not those that it was written with (the checksum in its metadata tells)");
  metadata.erase(found);
  metadata.erase(file_version_key);
}

/// Throws Error{bad_data} for what its first bytes show to be a file of another kind; the numbers of a header that is none would
/// tell nobody anything.
void refuse_other_kinds(const ByteSource& file, std::string_view name) {
  std::string head(static_cast<std::size_t>(std::min(file.size(), content_kind_bytes)), '\0');
  file.read(0, head.data(), static_cast<int64_t>(head.size()));
  const ContentKind found = content_kind(head);
  require(found.kind == ContentKind::safetensors || found.kind == ContentKind::unknown, ErrorKind::bad_data, name, " is ",
          found.name, ", not a safetensors file");
}

/// Bytes in memory of its own.
class OwnedSource final : public ByteSource {
 public:
  explicit OwnedSource(std::string bytes) : bytes_(std::move(bytes)) {}
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  void read(int64_t offset, void* target, int64_t length) const override { MemorySource(bytes_).read(offset, target, length); }

 private:
  std::string bytes_;
};

template <class T>
std::vector<T> whole(const TensorReader& reader, const Array& array) {
  std::vector<T> values(static_cast<std::size_t>(array.size));
  reader.read(array, 0, std::span<T>(values));
  return values;
}

TensorFile read_all(const TensorReader& reader) {
  TensorFile file;
  file.metadata = reader.metadata();
  for (const Array& array : reader.arrays()) {
    switch (array.type) {
      case Type::f32: {
        NamedTensor tensor{array.name, 1, 1, whole<float>(reader, array)};
        if (!array.shape.empty()) tensor.cols = array.shape.back();
        if (array.shape.size() == 2) tensor.rows = array.shape.front();
        file.tensors.push_back(std::move(tensor));
        break;
      }
      case Type::i32: file.integers.push_back({array.name, array.shape, whole<int32_t>(reader, array)}); break;
      case Type::i64: file.integers.push_back({array.name, array.shape, whole<int64_t>(reader, array)}); break;
      case Type::u8: file.integers.push_back({array.name, array.shape, whole<uint8_t>(reader, array)}); break;
    }
  }
  return file;
}

}  // namespace

TensorFile parse_safetensors(std::string_view content, std::string_view name) {
  return read_all(TensorReader::of_content(std::string(content), std::string(name)));
}

}  // namespace detail

struct TensorReader::Opened {
  Opened(std::string name_, std::unique_ptr<detail::ByteSource> bytes_);

  void read(const Array& array, Type type, int64_t first, void* target, std::size_t count) const;

  std::string name;
  std::unique_ptr<detail::ByteSource> bytes;
  std::vector<Array> arrays;  ///< in the order of their data
  std::map<std::string, std::string> metadata;
};

TensorReader::Opened::Opened(std::string name_, std::unique_ptr<detail::ByteSource> bytes_)
    : name(std::move(name_)), bytes(std::move(bytes_)) {
  using namespace detail;
  refuse_other_kinds(*bytes, name);
  const int64_t size = bytes->size();
  require(size >= length_bytes, ErrorKind::bad_data, name, " is not a safetensors file, or cut off: it has ",
          counted(size, "byte"));
  uint64_t header_length = 0;
  bytes->read(0, &header_length, sizeof(header_length));
  require(header_length <= static_cast<uint64_t>(max_header), ErrorKind::bad_data, name, " is damaged: its header would have ",
          counted(header_length, "byte"), ", one has at most ", max_header);
  require(header_length <= static_cast<uint64_t>(size - length_bytes), ErrorKind::bad_data, name, " is cut off: its header has ",
          counted(header_length, "byte"), ", and the file ", size, " in all");
  std::string header_text(header_length, '\0');
  bytes->read(length_bytes, header_text.data(), static_cast<int64_t>(header_length));
  const int64_t data_begin = length_bytes + static_cast<int64_t>(header_length), data_size = size - data_begin;
  HeaderReader header(name);
  Json::sax_parse(header_text.begin(), header_text.end(), &header);
  std::vector<Entry>& entries = header.entries;
  metadata = std::move(header.metadata);
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.array.begin, a.end, a.array.name) < std::tie(b.array.begin, b.end, b.array.name);
  });
  int64_t at = 0;
  for (Entry& entry : entries) {
    require(entry.array.begin == at, ErrorKind::bad_data, name, " is damaged: tensor ", in_quotes(entry.array.name),
            " stands in bytes ", entry.array.begin, " to ", entry.end, " of ", data_size, ", expected from ", at);
    require(entry.end <= data_size, ErrorKind::bad_data, name, " is cut off: tensor ", in_quotes(entry.array.name),
            " stands in bytes ", entry.array.begin, " to ", entry.end, " behind the header, where there are ", data_size);
    at = entry.end;
    entry.array.begin += data_begin;
    arrays.push_back(std::move(entry.array));
  }
  require(at == data_size, ErrorKind::bad_data, name, " is damaged: behind its last tensor, which ends at byte ", at,
          ", it goes on to ", data_size);
  check_checksum(metadata, arrays, *bytes, name);
}

void TensorReader::Opened::read(const Array& array, Type type, int64_t first, void* target, std::size_t count) const {
  const auto& [type_name, element_bytes] = detail::element_type(type);
  require(array.type == type, ErrorKind::usage, name, ": tensor ", detail::in_quotes(array.name), " has elements of type ",
          detail::element_type(array.type).name, ", not ", type_name);
  const auto wanted = static_cast<int64_t>(count);
  require(first >= 0 && first <= array.size && wanted <= array.size - first, ErrorKind::usage, name, ": tensor ",
          detail::in_quotes(array.name), " has ", counted(array.size, "element"), ", not ", wanted, " from number ", first,
          " on");
  bytes->read(array.begin + first * element_bytes, target, wanted * element_bytes);
}

TensorReader::TensorReader(const std::string& path) try
    : TensorReader(std::make_unique<Opened>(path, std::make_unique<detail::InputFile>(path))) {
} catch (...) {
  rethrow_as_error();
}

TensorReader TensorReader::of_content(std::string content, const std::string& name) try {
  return TensorReader(std::make_unique<Opened>(name, std::make_unique<detail::OwnedSource>(std::move(content))));
} catch (...) {
  rethrow_as_error();
}

TensorReader::TensorReader(std::unique_ptr<Opened> opened) : opened_(std::move(opened)) {}
TensorReader::TensorReader(TensorReader&&) noexcept = default;
TensorReader& TensorReader::operator=(TensorReader&&) noexcept = default;
TensorReader::~TensorReader() = default;

const std::string& TensorReader::name() const { return opened_->name; }
const std::map<std::string, std::string>& TensorReader::metadata() const& { return opened_->metadata; }
std::map<std::string, std::string> TensorReader::metadata() && { return std::move(opened_->metadata); }
const std::vector<TensorReader::Array>& TensorReader::arrays() const& { return opened_->arrays; }
std::vector<TensorReader::Array> TensorReader::arrays() && { return std::move(opened_->arrays); }

const TensorReader::Array* TensorReader::find(std::string_view name) const {
  const std::vector<Array>& arrays = opened_->arrays;
  const auto found = std::find_if(arrays.begin(), arrays.end(), [&](const Array& array) { return array.name == name; });
  return found == arrays.end() ? nullptr : &*found;
}

void TensorReader::read(const Array& array, int64_t first, std::span<float> target) const try {
  opened_->read(array, Type::f32, first, target.data(), target.size());
  if (const int64_t bad = detail::find_not_finite(target.data(), static_cast<int64_t>(target.size())); bad >= 0) {
    fail(ErrorKind::bad_data, name(), ": tensor ", detail::in_quotes(array.name), ", element ", first + bad, " is ",
         target[static_cast<std::size_t>(bad)]);
  }
} catch (...) {
  rethrow_as_error();
}
void TensorReader::read(const Array& array, int64_t first, std::span<int32_t> target) const try {
  opened_->read(array, Type::i32, first, target.data(), target.size());
} catch (...) {
  rethrow_as_error();
}
void TensorReader::read(const Array& array, int64_t first, std::span<int64_t> target) const try {
  opened_->read(array, Type::i64, first, target.data(), target.size());
} catch (...) {
  rethrow_as_error();
}
void TensorReader::read(const Array& array, int64_t first, std::span<uint8_t> target) const try {
  opened_->read(array, Type::u8, first, target.data(), target.size());
} catch (...) {
  rethrow_as_error();
}

TensorFile read_safetensors(const std::string& path) try { return detail::read_all(TensorReader(path)); } catch (...) {
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
  for (const char* const reserved : {detail::checksum_key, detail::file_version_key}) {
    require(!file.metadata.contains(reserved), ErrorKind::usage, "write_safetensors: the metadata have an entry ", reserved,
            ", which is the file's own");
  }
  std::map<std::string, std::string> metadata = file.metadata;
  metadata[detail::file_version_key] = detail::version_with_checksum;
  metadata[detail::checksum_key] = detail::checksum_of(file, metadata);
  begin_field(detail::metadata_key);
  char before = '{';
  for (const auto& [key, value] : metadata) header_text += std::exchange(before, ',') + quoted(key) + ':' + quoted(value);
  header_text += '}';
  int64_t at = 0;
  const auto add = [&](const std::string& name, const detail::ElementType& type, const std::vector<int64_t>& shape,
                       std::size_t values) {
    require(shape.size() <= 2, ErrorKind::usage, "write_safetensors: ", detail::in_quotes(name), " has shape ",
            detail::shape_text(shape), ", more than two dimensions");
    const int64_t bytes = detail::checked_bytes(shape, type.bytes);
    require(bytes == static_cast<int64_t>(values) * type.bytes, ErrorKind::usage, "write_safetensors: ", detail::in_quotes(name),
            " has shape ", detail::shape_text(shape), " and ", counted(values, "value"));
    require(!name.empty() && name != detail::metadata_key && names.insert(name).second, ErrorKind::usage,
            "write_safetensors: the tensor name ", detail::in_quotes(name), " is empty, reserved or repeated");
    std::string extents;
    for (const int64_t extent : shape) extents += text(extents.empty() ? "" : ",", extent);
    begin_field(name);
    header_text +=
        text(R"({"dtype":")", type.name, R"(","shape":[)", extents, R"(],"data_offsets":[)", at, ',', at + bytes, "]}");
    at += bytes;
  };
  for (const NamedTensor& tensor : file.tensors) {
    add(tensor.name, detail::float_type, {tensor.rows, tensor.cols}, tensor.values.size());
  }
  for (const NamedIntegers& array : file.integers) {
    std::visit(
        [&](const auto& values) { add(array.name, detail::element_types[1 + array.values.index()], array.shape, values.size()); },
        array.values);
  }
  header_text += '}';
  header_text.resize((header_text.size() + 7) / 8 * 8, ' ');  // aligns the data
  require(static_cast<int64_t>(header_text.size()) <= detail::max_header, ErrorKind::usage, "write_safetensors: a header of ",
          counted(header_text.size(), "byte"), " is more than ", detail::max_header);
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
