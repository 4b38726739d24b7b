#include "engine/bundle/recommender_file.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "engine/bundle/node_model_file.h"
#include "engine/fit/saved_plan.h"
#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "heddle/version.h"
#include "io/utf8.h"

// The file's layout is in docs/recommending.md.
namespace heddle {

namespace {

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

/// The array of this name; throws Error{bad_data} where there is none.
const io::TensorReader::Array& find_array(const io::TensorReader& file, const std::string& name) {
  const io::TensorReader::Array* const found = file.find(name);
  require(found != nullptr, ErrorKind::bad_data, "it holds no ", name);
  return *found;
}

/// An array of one dimension.
template <class T>
std::vector<T> read_array(const io::TensorReader& file, const std::string& name, io::TensorReader::Type type,
                          const char* elements) {
  const io::TensorReader::Array& array = find_array(file, name);
  require(array.type == type && array.shape.size() == 1, ErrorKind::bad_data, name, " is not an array of ", elements);
  std::vector<T> values(static_cast<std::size_t>(array.size));
  file.read(array, 0, std::span<T>(values));
  return values;
}

std::vector<uint8_t> read_bytes(const io::TensorReader& file, const std::string& name) {
  return read_array<uint8_t>(file, name, io::TensorReader::Type::u8, "bytes");
}
std::vector<int32_t> read_int32_array(const io::TensorReader& file, const std::string& name) {
  return read_array<int32_t>(file, name, io::TensorReader::Type::i32, "32-bit integers");
}
std::vector<int64_t> read_int64_array(const io::TensorReader& file, const std::string& name) {
  return read_array<int64_t>(file, name, io::TensorReader::Type::i64, "64-bit integers");
}

/// Rows and columns: a vector of n is 1 x n, a scalar 1 x 1.
std::pair<int64_t, int64_t> matrix_shape(const io::TensorReader::Array& array) {
  const std::vector<int64_t>& shape = array.shape;
  return {shape.size() == 2 ? shape.front() : 1, shape.empty() ? 1 : shape.back()};
}

/// A matrix of floats of this size.
const io::TensorReader::Array& find_matrix(const io::TensorReader& file, const std::string& name, int64_t rows, int64_t cols) {
  const io::TensorReader::Array& array = find_array(file, name);
  require(array.type == io::TensorReader::Type::f32, ErrorKind::bad_data, name, " is not a matrix of 32-bit floats");
  const auto [found_rows, found_cols] = matrix_shape(array);
  require(found_rows == rows && found_cols == cols, ErrorKind::bad_data, name, " is ", found_rows, " x ", found_cols,
          ", here it must be ", rows, " x ", cols);
  return array;
}

std::vector<std::string> read_strings(const io::TensorReader& file, const std::string& name) {
  const std::vector<int64_t> offsets = read_int64_array(file, name + ".offsets");
  const std::vector<uint8_t> bytes = read_bytes(file, name + ".bytes");
  const auto size = static_cast<int64_t>(bytes.size());
  require(!offsets.empty() && offsets.front() == 0 && offsets.back() == size && std::is_sorted(offsets.begin(), offsets.end()),
          ErrorKind::bad_data, name, ".offsets do not ascend from 0 to the ", counted(size, "byte"), " of ", name);
  std::vector<std::string> strings;
  strings.reserve(offsets.size() - 1);
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
    strings.emplace_back(bytes.begin() + offsets[i], bytes.begin() + offsets[i + 1]);
  return strings;
}

HostCsr read_interactions(const io::TensorReader& file, int64_t users, int64_t items) {
  HostCsr train;
  train.rows = users;
  train.cols = items;
  train.row_offsets = read_int64_array(file, "train.row_offsets");
  train.col_indices = read_int32_array(file, "train.col_indices");
  if (file.find("train.values") != nullptr) {
    const io::TensorReader::Array& values = find_matrix(file, "train.values", 1, train.nnz());
    train.values.resize(train.col_indices.size());
    file.read(values, 0, std::span<float>(train.values));
  }
  recommending::check_csr(train, "train");
  return train;
}

/// Reads what the file holds of ids and interactions; the other arrays are the model's.
RecommenderParts read_data(io::TensorReader&& file, SavedRecommender& saved) {
  saved.users = IdTable(read_strings(file, "users"));
  saved.items = IdTable(read_strings(file, "items"));
  if (file.find("item_names.offsets") != nullptr) {
    saved.item_names = read_strings(file, "item_names");
    require(static_cast<int64_t>(saved.item_names.size()) == saved.items.size(), ErrorKind::bad_data, "it holds ",
            counted(saved.item_names.size(), "item name"), " for ", counted(saved.items.size(), "item"));
  }
  saved.metadata = file.metadata();
  RecommenderParts parts;
  parts.train = std::make_shared<const HostCsr>(read_interactions(file, saved.users.size(), saved.items.size()));
  parts.settings = fitting::with_prefix(saved.metadata, "setting.");
  parts.trained_with = fitting::with_prefix(saved.metadata, "trained.");
  parts.arrays = std::make_shared<const io::TensorReader>(std::move(file));
  return parts;
}

/// Throws Error{bad_data} unless every array of the kind is there, and of its size.
void check_parts(const RecommenderParts& parts, const std::vector<PartShape>& shapes) {
  for (const auto& [name, rows, least_cols, most_cols, integers] : shapes) {
    const io::TensorReader::Array& array = find_array(*parts.arrays, name);
    require((array.type != io::TensorReader::Type::f32) == integers, ErrorKind::bad_data, name, " holds ",
            integers ? "floats, here it must hold whole numbers" : "whole numbers, here it must hold floats");
    const auto [found_rows, found_cols] =
        integers && array.shape.size() != 1 ? std::pair<int64_t, int64_t>() : matrix_shape(array);
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
    metadata["held_out"] = number_text(origin.held_out);
    metadata["held_out_seed"] = number_text(origin.hold_out_seed);
  }
  return metadata;
}

}  // namespace

int64_t RecommenderParts::cols(const std::string& name) const try {
  return matrix_shape(find_array(*arrays, prefix + name)).second;
} catch (...) {
  rethrow_as_error();
}

void RecommenderParts::read_pieces(const std::string& name, int64_t rows, int64_t cols,
                                   const std::function<void(int64_t, std::span<const float>)>& piece) const try {
  constexpr int64_t most = (int64_t{1} << 20) / static_cast<int64_t>(sizeof(float));
  const io::TensorReader::Array& array = find_matrix(*arrays, prefix + name, rows, cols);
  std::vector<float> values(static_cast<std::size_t>(std::min(most, array.size)));
  for (int64_t first = 0; first < array.size; first += most) {
    const std::span<float> now = std::span(values).first(static_cast<std::size_t>(std::min(most, array.size - first)));
    arrays->read(array, first, now);
    piece(first, now);
  }
} catch (...) {
  rethrow_as_error();
}

void RecommenderParts::read_matrix(const std::string& name, int64_t rows, int64_t cols, Stream& stream, float* target) const try {
  read_pieces(name, rows, cols, [&](int64_t first, std::span<const float> values) {
    upload(stream, target + first, values.data(), values.size_bytes());
  });
} catch (...) {
  rethrow_as_error();
}

std::vector<int32_t> RecommenderParts::read_int32(const std::string& name) const try {
  return read_int32_array(*arrays, prefix + name);
} catch (...) {
  rethrow_as_error();
}

std::vector<int64_t> RecommenderParts::read_int64(const std::string& name) const try {
  return read_int64_array(*arrays, prefix + name);
} catch (...) {
  rethrow_as_error();
}

RecommenderParts RecommenderParts::part(const std::string& name) const try {
  return {.train = train,
          .settings = fitting::with_prefix(settings, name + '.'),
          .trained_with = fitting::with_prefix(trained_with, name + '.'),
          .arrays = arrays,
          .prefix = prefix + name + '.'};
} catch (...) {
  rethrow_as_error();
}

void save_recommender(const Recommender& model, const InteractionDataset& data, const std::string& path,
                      const std::map<std::string, std::string>& extra) try {
  const HostCsr& train = model.train();
  require(data.users.size() == train.rows && data.items.size() == train.cols, ErrorKind::usage, "save_recommender: ", data.name,
          " has ", counted(data.users.size(), "user"), " and ", counted(data.items.size(), "item"), ", the model ", train.rows,
          " and ", train.cols);
  require(recommending::same_interactions(data.train, train), ErrorKind::usage, "save_recommender: the training interactions of ",
          data.name, " (", data.train.nnz(), ") are not those that the model was made of (", train.nnz(),
          "); the file would name other data than it holds");
  io::TensorFile file;
  file.metadata = {{"format", std::string(recommending::file_format)},
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

SavedRecommender recommending::recommender_from(io::TensorReader&& file, const Device& device, std::span<const Kind> own) {
  const std::string path = file.name();
  const auto metadata = [&](const std::string& key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  require(metadata("format") != node_model_format, ErrorKind::bad_data, path,
          ": it holds a node classifier, not a recommender; load_model reads it");
  require(metadata("format") == file_format, ErrorKind::bad_data, path,
          ": this safetensors file was not written as a heddle recommender");
  require(metadata("format_version") == recommender_format_version, ErrorKind::bad_data, path,
          ": the model's format version is '", metadata("format_version"), "', this heddle reads ", recommender_format_version);
  const std::string model = metadata("model");
  SavedRecommender saved;
  const char* wrong = " is damaged: ";
  try {
    RecommenderParts parts = read_data(std::move(file), saved);
    wrong = " holds what this heddle cannot read: ";  // a later one may have more kinds, and more settings of them
    const FitPlan plan = fitting::saved_plan(find_kind(model, Task::recommend, own), parts.settings, own);
    wrong = " is damaged: ";
    check_parts(parts, fitting::saved_parts(plan, parts.train->rows, parts.train->cols));
    saved.model = fitting::load_parts(plan, std::move(parts), device);
  } catch (const Error& error) {
    // What a caller could not mean, a file cannot hold.
    if (error.kind() != ErrorKind::usage && error.kind() != ErrorKind::bad_data) throw;
    std::string_view sentence = error.what();
    const std::string begin = path + ": ";  // the reader of the file names it itself
    if (sentence.starts_with(begin)) sentence.remove_prefix(begin.size());
    fail(ErrorKind::bad_data, path, wrong, sentence);
  }
  return saved;
}

SavedRecommender load_recommender(io::TensorReader&& file, const Device& device) try {
  return recommending::recommender_from(std::move(file), device);
} catch (...) {
  rethrow_as_error();
}

SavedRecommender load_recommender(const std::string& path, const Device& device) try {
  return recommending::recommender_from(io::TensorReader(path), device);
} catch (...) {
  rethrow_as_error();
}

SavedRecommender load_recommender(const std::string& path, const Device& device, std::span<const Kind> own) try {
  return recommending::recommender_from(io::TensorReader(path), device, own);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
