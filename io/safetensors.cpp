#include "io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>

#include "heddle/error.h"
#include "io/file.h"
#include "io/finite.h"
#include "io/limits.h"
#include "io/shape.h"
#include "io/text.h"

namespace heddle::io {

namespace detail {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian");

namespace {

using Json = nlohmann::json;

constexpr const char* kMetadata = "__metadata__";
constexpr int64_t kLengthBytes = 8;
/// A tensor's entry takes about 100 bytes, and its JSON some 20 times its text in memory.
constexpr int64_t kMaxHeader = int64_t{16} << 20;

/// Parses the header; refuses what JSON readers disagree about (repeated keys) and nesting that no tensor file has.
Json parse_header(std::string_view header, std::string_view name) {
  constexpr int kMaxDepth = 3;  // {"tensor": {"shape": [...]}}
  std::set<std::string> keys;
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    require(depth <= kMaxDepth, ErrorKind::bad_data, name, ": the header nests deeper than tensors do");
    if (event == Json::parse_event_t::key && depth == 1) {
      const std::string key = parsed.get<std::string>();
      require(keys.insert(key).second, ErrorKind::bad_data, name, ": tensor ", in_quotes(key), " comes twice");
    }
    return true;
  };
  try {
    Json json = Json::parse(header.begin(), header.end(), check);
    require(json.is_object(), ErrorKind::bad_data, name, ": the header is not a JSON object");
    return json;
  } catch (const Json::exception& error) {
    fail(ErrorKind::bad_data, name, ": the header is not JSON: ", error.what());
  }
}

/// `json` as a list of integers in [0, 2^63), or none.
std::optional<std::vector<int64_t>> integers(const Json& json) {
  if (!json.is_array()) return std::nullopt;
  std::vector<int64_t> values;
  for (const Json& element : json) {
    if (!element.is_number_unsigned() || element.get<uint64_t>() > INT64_MAX) return std::nullopt;
    values.push_back(element.get<int64_t>());
  }
  return values;
}

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

Entry parse_entry(const std::string& tensor, const Json& json, std::string_view file) {
  const auto refuse = [&](const auto&... parts) { fail(ErrorKind::bad_data, file, ": tensor ", in_quotes(tensor), parts...); };
  if (!json.is_object() || !json.contains("dtype") || !json.contains("shape") || !json.contains("data_offsets")) {
    refuse(" lacks dtype, shape or data_offsets");
  }
  const std::string dtype = json["dtype"].is_string() ? json["dtype"].get<std::string>() : "?";
  const auto type = std::find_if(std::begin(kElementTypes), std::end(kElementTypes),
                                 [&](const ElementType& candidate) { return dtype == candidate.name; });
  if (type == std::end(kElementTypes)) refuse(" has dtype ", in_quotes(dtype), ", only F32, I32, I64 and U8 are read");
  const auto shape = integers(json["shape"]);
  const auto offsets = integers(json["data_offsets"]);
  if (!shape || !offsets || offsets->size() != 2) refuse(": shape or data_offsets are not lists of sizes");
  if (shape->size() > 2) refuse(" has shape ", shape_text(*shape), ", more than two dimensions");
  Entry entry{tensor, *type, *shape, (*offsets)[0], (*offsets)[1]};
  if (entry.end < entry.begin || entry.end - entry.begin != checked_bytes(*shape, type->bytes)) {
    refuse(" of shape ", shape_text(*shape), " stands in bytes ", entry.begin, " to ", entry.end);
  }
  return entry;
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

TensorFile parse_safetensors(std::string_view content, std::string_view name) {
  const auto size = static_cast<int64_t>(content.size());
  require(size >= kLengthBytes, ErrorKind::bad_data, name, " is not a safetensors file: it has ", size, " bytes");
  uint64_t header_length = 0;
  std::memcpy(&header_length, content.data(), sizeof(header_length));
  require(header_length <= static_cast<uint64_t>(std::min(size - kLengthBytes, kMaxHeader)), ErrorKind::bad_data, name,
          ": a header of ", header_length, " bytes does not fit (the file has ", size, ", a header at most ", kMaxHeader, ")");
  const Json header = parse_header(content.substr(kLengthBytes, header_length), name);
  const std::string_view data = content.substr(kLengthBytes + header_length);

  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items()) {
    if (key != kMetadata) {
      entries.push_back(parse_entry(key, value, name));
      continue;
    }
    require(value.is_object(), ErrorKind::bad_data, name, ": the metadata are not an object");
    for (const auto& [entry, string] : value.items()) {
      require(string.is_string(), ErrorKind::bad_data, name, ": metadata ", in_quotes(entry), " is not a string");
      file.metadata.emplace(entry, string.get<std::string>());
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name); });
  int64_t at = 0;
  for (const Entry& entry : entries) {
    require(entry.begin == at && entry.end <= static_cast<int64_t>(data.size()), ErrorKind::bad_data, name, ": tensor ",
            in_quotes(entry.name), " stands in bytes ", entry.begin, " to ", entry.end, " of ", data.size(), ", expected from ",
            at);
    const std::string_view bytes = data.substr(static_cast<size_t>(at), static_cast<size_t>(entry.end - entry.begin));
    if (entry.type.is_float) {
      file.tensors.push_back(make_tensor(entry, bytes, name));
    } else {
      file.integers.push_back(make_integers(entry, bytes));
    }
    at = entry.end;
  }
  require(at == static_cast<int64_t>(data.size()), ErrorKind::bad_data, name, ": the tensors end at byte ", at, " of ",
          data.size());
  return file;
}

}  // namespace detail

TensorFile read_safetensors(const std::string& path) {
  const detail::ByteBuffer content = detail::read_file(path);
  return detail::parse_safetensors(content.view(), path);
}

void write_safetensors(const std::string& path, const TensorFile& file, FileAccess access) {
  // Ordered, so that equal contents make equal files whatever order the tensors' names sort in.
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header[detail::kMetadata] = file.metadata;
  int64_t at = 0;
  const auto add = [&](const std::string& name, const detail::ElementType& type, const std::vector<int64_t>& shape,
                       size_t values) {
    require(shape.size() <= 2, ErrorKind::usage, "write_safetensors: ", detail::in_quotes(name), " has shape ",
            detail::shape_text(shape), ", more than two dimensions");
    const int64_t bytes = detail::checked_bytes(shape, type.bytes);
    require(bytes == static_cast<int64_t>(values) * type.bytes, ErrorKind::usage, "write_safetensors: ", detail::in_quotes(name),
            " has shape ", detail::shape_text(shape), " and ", values, " values");
    require(!name.empty() && name != detail::kMetadata && !header.contains(name), ErrorKind::usage,
            "write_safetensors: the tensor name ", detail::in_quotes(name), " is empty, reserved or repeated");
    header[name] = {{"dtype", type.name}, {"shape", shape}, {"data_offsets", {at, at + bytes}}};
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
  std::string header_text;
  try {
    header_text = header.dump();
  } catch (const nlohmann::json::exception& error) {  // names and metadata must be UTF-8
    fail(ErrorKind::usage, "write_safetensors: ", error.what());
  }
  header_text.resize((header_text.size() + 7) / 8 * 8, ' ');  // aligns the data
  require(static_cast<int64_t>(header_text.size()) <= detail::kMaxHeader, ErrorKind::usage, "write_safetensors: a header of ",
          header_text.size(), " bytes is more than ", detail::kMaxHeader);
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
}

}  // namespace heddle::io
