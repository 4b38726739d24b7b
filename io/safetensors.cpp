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

/// A tensor's name, shape and place in the data.
struct Entry {
  std::string name;
  int64_t rows = 1;
  int64_t cols = 1;
  int64_t begin = 0;
  int64_t end = 0;
};

Entry parse_entry(const std::string& tensor, const Json& json, std::string_view file) {
  const auto refuse = [&](const auto&... parts) { fail(ErrorKind::bad_data, file, ": tensor ", in_quotes(tensor), parts...); };
  if (!json.is_object() || !json.contains("dtype") || !json.contains("shape") || !json.contains("data_offsets")) {
    refuse(" lacks dtype, shape or data_offsets");
  }
  const Json& dtype = json["dtype"];
  if (dtype != "F32") refuse(" has dtype ", in_quotes(dtype.is_string() ? dtype.get<std::string>() : "?"), ", only F32 is read");
  const auto shape = integers(json["shape"]);
  const auto offsets = integers(json["data_offsets"]);
  if (!shape || !offsets || offsets->size() != 2) refuse(": shape or data_offsets are not lists of sizes");
  if (shape->size() > 2) refuse(" has shape ", shape_text(*shape), ", more than two dimensions");
  Entry entry{tensor, 1, 1, (*offsets)[0], (*offsets)[1]};
  if (!shape->empty()) entry.cols = shape->back();
  if (shape->size() == 2) entry.rows = shape->front();
  if (entry.end < entry.begin || entry.end - entry.begin != checked_bytes({entry.rows, entry.cols}, sizeof(float))) {
    refuse(" of shape ", shape_text(*shape), " stands in bytes ", entry.begin, " to ", entry.end);
  }
  return entry;
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
    NamedTensor tensor{entry.name, entry.rows, entry.cols, {}};
    const int64_t count = (entry.end - entry.begin) / static_cast<int64_t>(sizeof(float));
    tensor.values.resize(static_cast<size_t>(count));
    if (count > 0) std::memcpy(tensor.values.data(), data.data() + at, static_cast<size_t>(entry.end - entry.begin));
    if (const int64_t bad = find_not_finite(tensor.values.data(), count); bad >= 0) {
      fail(ErrorKind::bad_data, name, ": tensor ", in_quotes(entry.name), ", element ", bad, " is ",
           tensor.values[static_cast<size_t>(bad)]);
    }
    file.tensors.push_back(std::move(tensor));
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

void write_safetensors(const std::string& path, const TensorFile& file) {
  // Ordered, so that equal contents make equal files whatever order the tensors' names sort in.
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header[detail::kMetadata] = file.metadata;
  int64_t at = 0;
  for (const NamedTensor& tensor : file.tensors) {
    const int64_t bytes = detail::checked_bytes({tensor.rows, tensor.cols}, sizeof(float));
    require(bytes == static_cast<int64_t>(tensor.values.size() * sizeof(float)), ErrorKind::usage,
            "write_safetensors: ", detail::in_quotes(tensor.name), " is ", tensor.rows, " x ", tensor.cols, " and has ",
            tensor.values.size(), " values");
    require(!tensor.name.empty() && tensor.name != detail::kMetadata && !header.contains(tensor.name), ErrorKind::usage,
            "write_safetensors: the tensor name ", detail::in_quotes(tensor.name), " is empty, reserved or repeated");
    header[tensor.name] = {{"dtype", "F32"}, {"shape", {tensor.rows, tensor.cols}}, {"data_offsets", {at, at + bytes}}};
    at += bytes;
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
  detail::AtomicFile out(path);
  out.write(&length, sizeof(length));
  out.write(header_text);
  for (const NamedTensor& tensor : file.tensors) {
    out.write(tensor.values.data(), static_cast<int64_t>(tensor.values.size() * sizeof(float)));
  }
  out.commit();
}

}  // namespace heddle::io
