#include "engine/bundle/recommender_file.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/bundle/node_model_file.h"
#include "engine/fit/saved_plan.h"
#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "heddle/version.h"
#include "io/text.h"
#include "io/utf8.h"

// The file's layout is in docs/recommending.md.
namespace heddle {

namespace {

/// What a file is whose reader needs to know nothing more, and one with lists, with columns of items or without the interactions:
/// a reader of version 1 would give what must not be given, so it must refuse.
constexpr std::string_view plain_format_version = "1", newest_format_version = "2";
/// The metadata entry that says `none` where the interactions were left out.
constexpr const char* history_entry = "history";
constexpr const char* column_entry = "item_column.";  ///< and a number: the column's name
constexpr std::size_t most_item_columns = 1000;

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

/// Items by number, ascending, each once.
std::vector<int32_t> read_item_list(const io::TensorReader& file, const std::string& name, int64_t items) {
  std::vector<int32_t> list = read_int32_array(file, name);
  for (std::size_t i = 0; i < list.size(); ++i) {
    require(list[i] >= 0 && list[i] < items, ErrorKind::bad_data, name, " has item ", list[i], ", ", there_are(items));
    require(i == 0 || list[i - 1] < list[i], ErrorKind::bad_data, name, " has item ", list[i], " after item ",
            i == 0 ? 0 : list[i - 1]);
  }
  return list;
}

/// What only files of version 2 hold.
void read_additions(const io::TensorReader& file, SavedRecommender& saved) {
  const int64_t items = saved.items.size();
  if (file.find("deny") != nullptr) saved.lists.deny = read_item_list(file, "deny", items);
  if (file.find("allow") != nullptr) saved.lists.allow = read_item_list(file, "allow", items);
  for (std::size_t i = 0; i < most_item_columns; ++i) {
    const auto name = saved.metadata.find(text(column_entry, i));
    if (name == saved.metadata.end()) break;
    ItemColumn& column = saved.item_columns.emplace_back();
    column.name = name->second;
    column.values = read_strings(file, name->first);
    require(static_cast<int64_t>(column.values.size()) == items, ErrorKind::bad_data, "its column ",
            io::detail::in_quotes(column.name), " has ", counted(column.values.size(), "value"), " for ", counted(items, "item"));
  }
}

/// How many users have each item: of the interactions, or where they were left out of what was kept in their place.
std::vector<float> read_item_counts(const io::TensorReader& file, const SavedRecommender& saved, const HostCsr& train) {
  if (saved.history) return recommending::counts_of_items(train);
  const std::vector<int32_t> whole = read_int32_array(file, "item_counts");
  require(static_cast<int64_t>(whole.size()) == saved.items.size(), ErrorKind::bad_data, "it holds counts of ",
          counted(whole.size(), "item"), ", ", there_are(saved.items.size()));
  require(std::all_of(whole.begin(), whole.end(), [](int32_t count) { return count >= 0; }), ErrorKind::bad_data,
          "item_counts has a negative count");
  return {whole.begin(), whole.end()};
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
  // In a file of version 1 an entry of these names is a note of whoever saved it.
  const bool newest = saved.metadata.at("format_version") == newest_format_version;
  if (const auto history = saved.metadata.find(history_entry); newest && history != saved.metadata.end()) {
    require(history->second == "none", ErrorKind::bad_data, "its history is '", history->second, "', it must be none");
    require(saved.users.size() == 0, ErrorKind::bad_data, "it was saved without history and holds ",
            counted(saved.users.size(), "user"));
    saved.history = false;
  }
  if (newest) read_additions(file, saved);
  RecommenderParts parts;
  parts.train = std::make_shared<const HostCsr>(read_interactions(file, saved.users.size(), saved.items.size()));
  saved.item_counts = read_item_counts(file, saved, *parts.train);
  parts.item_counts = std::make_shared<const std::vector<float>>(saved.item_counts);
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

/// What stands in a file beside the model.
struct FileContent {
  const IdTable* users;
  const IdTable* items;
  const std::vector<std::string>* item_names;
  const std::vector<ItemColumn>* item_columns;
  const ItemLists* lists;
  const std::vector<float>* counts;  ///< null: of the model's interactions
  bool history;
  const std::map<std::string, std::string>* metadata;
  std::span<const Kind> own;
};

/// Throws Error{usage} for lists and columns that are not of so many items.
void check_content(const FileContent& content) {
  const int64_t items = content.items->size();
  const auto check_list = [&](const std::vector<int32_t>& list, const char* name) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      require(list[i] >= 0 && list[i] < items && (i == 0 || list[i - 1] < list[i]), ErrorKind::usage, "save_recommender: ", name,
              " must ascend and be of the ", counted(items, "item"), "; it has ", list[i],
              i == 0 ? "" : text(" after ", list[i - 1]));
    }
  };
  check_list(content.lists->deny, "deny");
  if (content.lists->allow) check_list(*content.lists->allow, "allow");
  require(content.item_columns->size() <= most_item_columns, ErrorKind::usage,
          "save_recommender: ", counted(content.item_columns->size(), "column"), " of items, a file holds ", most_item_columns,
          " at most");
  std::set<std::string_view> names;
  for (const ItemColumn& column : *content.item_columns) {
    require(!column.name.empty() && names.insert(column.name).second, ErrorKind::usage,
            "save_recommender: a column of items is called ", io::detail::in_quotes(column.name),
            column.name.empty() ? ", it needs a name" : ", and so is another");
    require(static_cast<int64_t>(column.values.size()) == items, ErrorKind::usage, "save_recommender: the column ",
            io::detail::in_quotes(column.name), " has ", counted(column.values.size(), "value"), " for ", counted(items, "item"));
  }
}

/// Keys of metadata that say what the file is, and how the data came to be; begun so or called so.
constexpr std::string_view reserved_prefixes[] = {"setting.", "trained.", column_entry, data_option_prefix};
constexpr std::string_view reserved_keys[] = {"format",    "format_version", "heddle_version",     "model",    history_entry,
                                              "data.name", "data.hash",      "data.hash_as_split", "held_out", "held_out_seed"};
/// Arrays that are not the model's.
constexpr std::string_view reserved_array_prefixes[] = {"train.", "users.", "items.", "item_names.", column_entry};
constexpr std::string_view reserved_arrays[] = {"deny", "allow", "item_counts"};

bool is_reserved(std::string_view name, std::span<const std::string_view> names, std::span<const std::string_view> prefixes) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view each) { return name == each; }) ||
         std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view each) { return name.starts_with(each); });
}

/// Throws Error{usage} for arrays that a reader would take for something else than the model's.
void check_arrays(const Recommender& model, const io::TensorFile& file) {
  const auto check = [&](const std::string& name) {
    require(!is_reserved(name, reserved_arrays, reserved_array_prefixes), ErrorKind::usage, model.name(), " has an array ",
            io::detail::in_quotes(name), ", a name that the file keeps for what is not the model's; it needs another one");
  };
  for (const io::NamedTensor& tensor : file.tensors) check(tensor.name);
  for (const io::NamedIntegers& integers : file.integers) check(integers.name);
}

/// Takes all that is somebody's out of what a model holds: arrays with a row or an element a user then have none. Throws
/// Error{usage} for an array of which nobody knows how.
void leave_users_out(const Recommender& model, std::span<const Kind> own, io::TensorFile& file) {
  const FitPlan plan = fitting::saved_plan(find_kind(model.name(), Task::recommend, own), model.settings(), own);
  require(!plan.needs_history(), ErrorKind::usage, model.name(), plan.parts.empty() ? "" : " has a model that",
          " answers from the interactions themselves, so that it cannot be saved without history");
  std::map<std::string, PartShape> with, without;
  for (PartShape& part : fitting::saved_parts(plan, model.users(), model.items())) with[part.name] = std::move(part);
  for (PartShape& part : fitting::saved_parts(plan, 0, model.items())) without[part.name] = std::move(part);
  /// The array's shape without users; null where that is what it has.
  const auto shape_without = [&](const std::string& name) -> const PartShape* {
    const auto before = with.find(name), after = without.find(name);
    require(before != with.end() && after != without.end(), ErrorKind::usage, model.name(), " has an array ",
            io::detail::in_quotes(name),
            " that is not among the parts of its kind: nobody knows what of it is of users, so that it cannot be saved without "
            "history");
    const PartShape &a = before->second, &b = after->second;
    if (a.rows == b.rows && a.least_cols == b.least_cols && a.most_cols == b.most_cols) return nullptr;
    require(b.rows == 0 || b.most_cols == 0, ErrorKind::usage, model.name(), " has an array ", io::detail::in_quotes(name),
            " of users and others together, from which the users cannot be taken, so that it cannot be saved without history");
    return &b;
  };
  for (io::NamedTensor& tensor : file.tensors) {
    const PartShape* const shape = shape_without(tensor.name);
    if (shape == nullptr) continue;
    tensor.rows = shape->rows;
    if (shape->most_cols == 0) tensor.cols = 0;
    tensor.values.clear();
  }
  for (io::NamedIntegers& integers : file.integers) {
    if (shape_without(integers.name) == nullptr) continue;
    integers.shape = {0};
    std::visit([](auto& values) { values.clear(); }, integers.values);
  }
}

/// All that a file's metadata tell.
std::map<std::string, std::string> file_metadata(const Recommender& model, const FileContent& content) {
  const bool plain = content.history && content.lists->empty() && content.item_columns->empty();
  std::map<std::string, std::string> metadata{
      {"format", std::string(recommending::file_format)},
      {"format_version", std::string(plain ? plain_format_version : newest_format_version)},
      {"heddle_version", version()},
      {"model", model.name()}};
  for (const auto& [key, value] : model.settings()) metadata["setting." + key] = value;
  for (const auto& [key, value] : model.trained_with()) metadata["trained." + key] = value;
  // What an earlier file said of these goes with it.
  if (!content.history) metadata[history_entry] = "none";
  for (std::size_t i = 0; i < content.item_columns->size(); ++i)
    metadata[text(column_entry, i)] = (*content.item_columns)[i].name;
  for (const auto& [key, value] : *content.metadata) {
    if (key != history_entry && !key.starts_with(column_entry)) metadata.emplace(key, value);
  }
  for (auto& [key, value] : metadata) value = io::detail::to_utf8(value);  // a name may come from a path in any bytes
  return metadata;
}

/// What a model that was just fitted tells besides what the model itself knows. Throws Error{usage} where it was not made of the
/// data; `function` is for its sentence.
std::map<std::string, std::string> metadata_of(const Recommender& model, const InteractionDataset& data,
                                               const std::map<std::string, std::string>& extra, const char* function) {
  const HostCsr& train = model.train();
  require(data.users.size() == train.rows && data.items.size() == train.cols, ErrorKind::usage, function, ": ", data.name,
          " has ", counted(data.users.size(), "user"), " and ", counted(data.items.size(), "item"), ", the model ", train.rows,
          " and ", train.cols);
  require(recommending::same_interactions(data.train, train), ErrorKind::usage, function, ": the training interactions of ",
          data.name, " (", data.train.nnz(), ") are not those that the model was made of (", train.nnz(),
          "); the file would name other data than it holds");
  std::map<std::string, std::string> metadata = {{"data.name", data.name}, {"data.hash", data.content_hash()}};
  // The keys above stay what they are, and so do those that say what the file is; the caller's go before those below.
  metadata.insert(extra.begin(), extra.end());
  std::map<std::string, std::string> how = model.how_fitted();
  for (const auto& told : how) {
    require(!is_reserved(told.first, reserved_keys, reserved_prefixes), ErrorKind::usage, model.name(),
            " tells of how it was fitted ", io::detail::in_quotes(told.first),
            ", a name that the file keeps for itself; it needs another one");
  }
  metadata.merge(how);
  metadata.merge(origin_metadata(data.origin));
  return metadata;
}

void write_recommender(const std::string& path, const Recommender& model, const FileContent& content) {
  check_content(content);
  const HostCsr& train = model.train();
  io::TensorFile file;
  file.metadata = file_metadata(model, content);
  file.tensors = model.tensors();
  file.integers = model.integers();
  check_arrays(model, file);
  if (content.history) {
    if (!train.values.empty()) file.tensors.push_back({"train.values", 1, train.nnz(), train.values});
    file.integers.push_back({"train.row_offsets", {train.rows + 1}, train.row_offsets});
    file.integers.push_back({"train.col_indices", {train.nnz()}, train.col_indices});
    add_strings("users", content.users->ids(), file);
  } else {
    leave_users_out(model, content.own, file);
    file.integers.push_back({"train.row_offsets", {1}, std::vector<int64_t>{0}});
    file.integers.push_back({"train.col_indices", {0}, std::vector<int32_t>()});
    const std::vector<float> counts = content.counts != nullptr ? *content.counts : recommending::counts_of_items(train);
    file.integers.push_back({"item_counts", {model.items()}, std::vector<int32_t>(counts.begin(), counts.end())});
    add_strings("users", {}, file);
  }
  add_strings("items", content.items->ids(), file);
  if (!content.item_names->empty()) add_strings("item_names", *content.item_names, file);
  for (std::size_t i = 0; i < content.item_columns->size(); ++i)
    add_strings(text(column_entry, i), (*content.item_columns)[i].values, file);
  const auto add_list = [&](const char* name, const std::vector<int32_t>& list) {
    file.integers.push_back({name, {static_cast<int64_t>(list.size())}, list});
  };
  if (!content.lists->deny.empty()) add_list("deny", content.lists->deny);
  if (content.lists->allow) add_list("allow", *content.lists->allow);
  io::write_safetensors(path, file, io::FileAccess::owner);  // it tells who took what
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
          .item_counts = item_counts,
          .prefix = prefix + name + '.'};
} catch (...) {
  rethrow_as_error();
}

bool needs_history(const Recommender& model, std::span<const Kind> own) try {
  return fitting::saved_plan(find_kind(model.name(), Task::recommend, own), model.settings(), own).needs_history();
} catch (...) {
  rethrow_as_error();
}

void save_recommender(const Recommender& model, const InteractionDataset& data, const std::string& path,
                      const std::map<std::string, std::string>& extra, const SaveOptions& options) try {
  const std::map<std::string, std::string> metadata = metadata_of(model, data, extra, "save_recommender");
  write_recommender(path, model,
                    {.users = &data.users,
                     .items = &data.items,
                     .item_names = &data.item_names,
                     .item_columns = &options.item_columns,
                     .lists = &options.lists,
                     .counts = nullptr,
                     .history = options.history,
                     .metadata = &metadata,
                     .own = options.own});
} catch (...) {
  rethrow_as_error();
}

void save_recommender(const SavedRecommender& saved, const std::string& path, bool history, std::span<const Kind> own) try {
  require(saved.model != nullptr, ErrorKind::usage, "save_recommender: there is no model");
  require(saved.history || !history, ErrorKind::usage, "cannot write ", path,
          " with history: the model was loaded from a file without");
  write_recommender(path, *saved.model,
                    {.users = &saved.users,
                     .items = &saved.items,
                     .item_names = &saved.item_names,
                     .item_columns = &saved.item_columns,
                     .lists = &saved.lists,
                     .counts = saved.history ? nullptr : &saved.item_counts,
                     .history = history,
                     .metadata = &saved.metadata,
                     .own = own});
} catch (...) {
  rethrow_as_error();
}

SavedRecommender recommending::saved_of(std::unique_ptr<Recommender> model, const InteractionDataset& data,
                                        const std::map<std::string, std::string>& extra, std::span<const Kind> own) {
  require(model != nullptr, ErrorKind::usage, "a bundle needs a model, there is none");
  const std::map<std::string, std::string> metadata = metadata_of(*model, data, extra, "Bundle::of");
  SavedRecommender saved;
  saved.users = data.users;
  saved.items = data.items;
  saved.item_names = data.item_names;
  saved.item_counts = counts_of_items(model->train());
  saved.metadata = file_metadata(*model, {.users = &saved.users,
                                          .items = &saved.items,
                                          .item_names = &saved.item_names,
                                          .item_columns = &saved.item_columns,
                                          .lists = &saved.lists,
                                          .counts = nullptr,
                                          .history = true,
                                          .metadata = &metadata,
                                          .own = own});
  saved.has_vectors = fitting::saved_plan(find_kind(model->name(), Task::recommend, own), model->settings(), own).has_vectors();
  saved.model = std::move(model);
  return saved;
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
  const std::string written_as = metadata("format_version");
  require(written_as == plain_format_version || written_as == newest_format_version, ErrorKind::bad_data, path,
          ": the model's format version is '", written_as, "', this heddle reads ", plain_format_version, " and ",
          newest_format_version);
  const std::string model = metadata("model");
  SavedRecommender saved;
  const char* wrong = " is damaged: ";
  try {
    RecommenderParts parts = read_data(std::move(file), saved);
    wrong = " holds what this heddle cannot read: ";  // a later one may have more kinds, and more settings of them
    const FitPlan plan = fitting::saved_plan(find_kind(model, Task::recommend, own), parts.settings, own);
    wrong = " is damaged: ";
    check_parts(parts, fitting::saved_parts(plan, parts.train->rows, parts.train->cols));
    require(saved.history || !plan.needs_history(), ErrorKind::bad_data, model,
            " answers from the interactions themselves, and it was saved without history");
    saved.has_vectors = plan.has_vectors();
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
