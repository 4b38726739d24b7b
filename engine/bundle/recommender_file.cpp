#include <algorithm>
#include <cstdint>
#include <string_view>

#include "engine/bundle/recommender_file.h"
#include "engine/recommend/kinds.h"
#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "heddle/version.h"
#include "io/utf8.h"

// The file's layout is in docs/recommending.md.
namespace heddle {

namespace {

constexpr std::string_view recommender_format = "heddle-recommender";
constexpr std::string_view recommender_format_version = "1";

/// Strings one behind the other, and where each begins.
void add_strings(const std::string& name, const std::vector<std::string>& strings, io::TensorFile& file) {
  std::vector<uint8_t> bytes;
  std::vector<int64_t> offsets{0};
  for (const std::string& each : strings) {
    bytes.insert(bytes.end(), each.begin(), each.end());
    offsets.push_back(static_cast<int64_t>(bytes.size()));
  }
  file.integers.push_back({name + ".offsets", {static_cast<int64_t>(offsets.size())}, std::move(offsets)});
  file.integers.push_back({name + ".bytes", {static_cast<int64_t>(bytes.size())}, std::move(bytes)});
}

template <class Named>
Named take(std::vector<Named>& from, const std::string& name) {
  const auto found = std::find_if(from.begin(), from.end(), [&](const Named& each) { return each.name == name; });
  require(found != from.end(), ErrorKind::bad_data, "it holds no ", name);
  Named taken = std::move(*found);
  from.erase(found);
  return taken;
}

template <class T>
std::vector<T> take_array(std::vector<io::NamedIntegers>& from, const std::string& name, const char* type) {
  io::NamedIntegers taken = take(from, name);
  auto* const values = std::get_if<std::vector<T>>(&taken.values);
  require(values != nullptr && taken.shape.size() == 1, ErrorKind::bad_data, name, " is not an array of ", type);
  return std::move(*values);
}

bool has(const std::vector<io::NamedIntegers>& arrays, const std::string& name) {
  return std::any_of(arrays.begin(), arrays.end(), [&](const io::NamedIntegers& each) { return each.name == name; });
}

std::vector<std::string> take_strings(std::vector<io::NamedIntegers>& from, const std::string& name) {
  const std::vector<int64_t> offsets = take_array<int64_t>(from, name + ".offsets", "64-bit integers");
  const std::vector<uint8_t> bytes = take_array<uint8_t>(from, name + ".bytes", "bytes");
  const auto size = static_cast<int64_t>(bytes.size());
  require(!offsets.empty() && offsets.front() == 0 && offsets.back() == size && std::is_sorted(offsets.begin(), offsets.end()),
          ErrorKind::bad_data, name, ".offsets do not ascend from 0 to the ", counted(size, "byte"), " of ", name);
  std::vector<std::string> strings;
  strings.reserve(offsets.size() - 1);
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
    strings.emplace_back(bytes.begin() + offsets[i], bytes.begin() + offsets[i + 1]);
  return strings;
}

/// Sets apart what the file holds of ids and interactions; what is left is the model's.
RecommenderParts take_data(io::TensorFile& file, SavedRecommender& saved) {
  saved.users = IdTable(take_strings(file.integers, "users"));
  saved.items = IdTable(take_strings(file.integers, "items"));
  if (has(file.integers, "item_names.offsets")) {
    saved.item_names = take_strings(file.integers, "item_names");
    require(static_cast<int64_t>(saved.item_names.size()) == saved.items.size(), ErrorKind::bad_data, "it holds ",
            counted(saved.item_names.size(), "item name"), " for ", counted(saved.items.size(), "item"));
  }
  // Piece by piece: where one of several nested initialisers throws, GCC 12 destroys some of what the others made twice.
  RecommenderParts parts;
  parts.train.rows = saved.users.size();
  parts.train.cols = saved.items.size();
  parts.train.row_offsets = take_array<int64_t>(file.integers, "train.row_offsets", "64-bit integers");
  parts.train.col_indices = take_array<int32_t>(file.integers, "train.col_indices", "32-bit integers");
  parts.settings = recommending::with_prefix(file.metadata, "setting.");
  parts.trained_with = recommending::with_prefix(file.metadata, "trained.");
  parts.tensors = std::move(file.tensors);
  parts.integers = std::move(file.integers);
  const bool weighted = std::any_of(parts.tensors.begin(), parts.tensors.end(),
                                    [](const io::NamedTensor& each) { return each.name == "train.values"; });
  if (weighted) parts.train.values = parts.take_matrix("train.values", 1, parts.train.nnz()).values;
  return parts;
}

/// Throws Error{bad_data} unless every array of the kind is there, and of its size; and the interactions are what they must be.
void check_parts(const RecommenderParts& parts, const std::vector<PartShape>& shapes) {
  recommending::check_csr(parts.train, "train");
  for (const auto& [name, rows, least_cols, most_cols, integers] : shapes) {
    const auto named = [&name = name](const auto& each) { return each.name == name; };
    int64_t found_rows = 1, found_cols = -1;
    if (integers) {
      const auto found = std::find_if(parts.integers.begin(), parts.integers.end(), named);
      if (found != parts.integers.end() && found->shape.size() == 1) found_cols = found->shape.front();
      if (found != parts.integers.end() && found->shape.size() != 1) found_rows = found_cols = 0;
    } else {
      const auto found = std::find_if(parts.tensors.begin(), parts.tensors.end(), named);
      if (found != parts.tensors.end()) found_rows = found->rows, found_cols = found->cols;
    }
    require(found_cols >= 0, ErrorKind::bad_data, "it holds no ", name);
    const std::string wanted = least_cols == most_cols  ? std::to_string(least_cols)
                               : most_cols == INT64_MAX ? "any"
                                                        : text(least_cols, " to ", most_cols);
    require(found_rows == rows && found_cols >= least_cols && found_cols <= most_cols, ErrorKind::bad_data, name, " is ",
            found_rows, " x ", found_cols, ", here it must be ", rows, " x ", wanted);
  }
}

std::map<std::string, std::string> origin_metadata(const DataOrigin& origin) {
  std::map<std::string, std::string> metadata;
  for (const auto& [name, value] : origin.options) metadata[text(data_option_prefix, name)] = value;
  if (!origin.hash_as_split.empty()) metadata["data.hash_as_split"] = origin.hash_as_split;
  if (origin.held_out > 0) {
    metadata["held_out"] = to_setting(origin.held_out);
    metadata["held_out_seed"] = to_setting(origin.hold_out_seed);
  }
  return metadata;
}

}  // namespace

HostMatrix RecommenderParts::take_matrix(const std::string& name, int64_t rows, int64_t cols) try {
  io::NamedTensor taken = take(tensors, name);
  require((rows < 0 || taken.rows == rows) && (cols < 0 || taken.cols == cols), ErrorKind::bad_data, name, " is ", taken.rows,
          " x ", taken.cols, ", here it must be ", rows < 0 ? "any" : std::to_string(rows), " x ",
          cols < 0 ? "any" : std::to_string(cols));
  return {taken.rows, taken.cols, std::move(taken.values)};
} catch (...) {
  rethrow_as_error();
}

std::vector<int32_t> RecommenderParts::take_int32(const std::string& name) try {
  return take_array<int32_t>(integers, name, "32-bit integers");
} catch (...) {
  rethrow_as_error();
}

std::vector<int64_t> RecommenderParts::take_int64(const std::string& name) try {
  return take_array<int64_t>(integers, name, "64-bit integers");
} catch (...) {
  rethrow_as_error();
}

void save_recommender(Recommender& model, const InteractionDataset& data, const std::string& path,
                      const std::map<std::string, std::string>& extra) try {
  const HostCsr& train = model.train();
  require(data.users.size() == train.rows && data.items.size() == train.cols, ErrorKind::usage, "save_recommender: ", data.name,
          " has ", counted(data.users.size(), "user"), " and ", counted(data.items.size(), "item"), ", the model ", train.rows,
          " and ", train.cols);
  require(recommending::same_interactions(data.train, train), ErrorKind::usage, "save_recommender: the training interactions of ",
          data.name, " (", data.train.nnz(), ") are not those that the model was made of (", train.nnz(),
          "); the file would name other data than it holds");
  io::TensorFile file;
  file.metadata = {{"format", std::string(recommender_format)},
                   {"format_version", std::string(recommender_format_version)},
                   {"heddle_version", version()},
                   {"model", model.name()},
                   {"data.name", data.name},
                   {"data.hash", data.content_hash()}};
  for (const auto& [key, value] : model.settings()) file.metadata["setting." + key] = value;
  for (const auto& [key, value] : model.trained_with()) file.metadata["trained." + key] = value;
  // The keys above stay what they are; the caller's go before those below.
  file.metadata.insert(extra.begin(), extra.end());
  file.metadata.merge(model.how_fitted());
  file.metadata.merge(origin_metadata(data.origin));
  for (auto& [key, value] : file.metadata)
    value = io::detail::Utf8Text(value).view();  // a name may come from a path in any bytes
  file.tensors = model.tensors();
  file.integers = model.integers();
  if (!train.values.empty()) file.tensors.push_back({"train.values", 1, train.nnz(), train.values});
  file.integers.push_back({"train.row_offsets", {train.rows + 1}, train.row_offsets});
  file.integers.push_back({"train.col_indices", {train.nnz()}, train.col_indices});
  add_strings("users", data.users.ids(), file);
  add_strings("items", data.items.ids(), file);
  if (!data.item_names.empty()) add_strings("item_names", data.item_names, file);
  io::write_safetensors(path, file, io::FileAccess::owner);  // it tells who took what
} catch (...) {
  rethrow_as_error();
}

int64_t least_recommender_bytes(const RecommenderKind& kind, const std::map<std::string, std::string>& settings,
                                const InteractionDataset& data) try {
  const HostCsr& train = data.train;
  int64_t bytes = 0;
  for (const PartShape& part : kind.parts(settings, train.rows, train.cols))
    bytes += part.rows * part.least_cols * static_cast<int64_t>(sizeof(float));  // an integer takes as much or more
  bytes += static_cast<int64_t>(train.row_offsets.size() * sizeof(int64_t) + train.col_indices.size() * sizeof(int32_t) +
                                train.values.size() * sizeof(float));
  for (const IdTable* ids : {&data.users, &data.items}) bytes += (ids->size() + 1) * static_cast<int64_t>(sizeof(int64_t));
  return bytes;
} catch (...) {
  rethrow_as_error();
}

SavedRecommender recommending::recommender_from(io::TensorFile&& file, const std::string& path, const Device& device) {
  const auto metadata = [&](const std::string& key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  require(metadata("format") == recommender_format, ErrorKind::bad_data, path,
          ": this safetensors file was not written as a heddle recommender");
  require(metadata("format_version") == recommender_format_version, ErrorKind::bad_data, path,
          ": the model's format version is '", metadata("format_version"), "', this heddle reads ", recommender_format_version);
  SavedRecommender saved;
  try {
    RecommenderParts parts = take_data(file, saved);
    const RecommenderKind& kind = find_recommender_kind(metadata("model"));
    kind.check(parts.settings);
    check_parts(parts, kind.parts(parts.settings, parts.train.rows, parts.train.cols));
    saved.model = kind.load(std::move(parts), device);
  } catch (const Error& error) {
    // What a caller could not mean, a file cannot hold.
    if (error.kind() != ErrorKind::usage && error.kind() != ErrorKind::bad_data) throw;
    fail(ErrorKind::bad_data, path, " is damaged: ", error.what());
  }
  saved.metadata = std::move(file.metadata);
  return saved;
}

SavedRecommender load_recommender(const std::string& path, const Device& device) try {
  return recommending::recommender_from(io::read_safetensors(path), path, device);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
