#include "heddle/saved_model.h"

#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/bundle/node_model_file.h"
#include "engine/bundle/recommender_file.h"
#include "engine/fit/saved_plan.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/rethrow.h"
#include "heddle/settings.h"
#include "io/text.h"

namespace heddle {

namespace {

/// Of a node classifier's file: whether its edges had directions.
constexpr const char* directed_key = "data.option.directed";
/// Of a node classifier's file: NodeDataset::graph_hash of what it was trained on, where nodes have no features.
constexpr const char* graph_key = "data.graph_hash";

std::string entry(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

/// A number among the metadata, `fallback` where there is none.
template <class T>
T metadata_number(const std::map<std::string, std::string>& metadata, const char* key, T fallback, T most) {
  const std::string written = entry(metadata, key);
  return written.empty() ? fallback : read_number<T>(key, written, Range::from_to(0, static_cast<double>(most)), "a number");
}

/// Reads what a file's metadata say: what a caller could not mean, a file cannot hold.
template <class Read>
auto of_file(const std::string& path, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    fail(ErrorKind::bad_data, path, path.empty() ? "" : ": ", error.what());
  }
}

/// Opens what may be a model; throws as saved_model_info.
io::TensorReader open_model(const std::string& path) {
  using io::ContentKind;
  const ContentKind content = io::content_kind_of(path);
  require(!content.compressed || content.kind != ContentKind::safetensors, ErrorKind::bad_data, path,
          " is a gzip-compressed model; it is read as it was saved (gunzip it first)");
  // Of what nobody knows, the reader's own sentence says more.
  const bool may_be_one = content.kind == ContentKind::safetensors || content.kind == ContentKind::unknown;
  require(may_be_one && !content.compressed, ErrorKind::bad_data, path, " is ", content.name, ", not a model");
  return io::TensorReader(path);
}

}  // namespace

SavedModelInfo saved_model_info(const std::string& path) try { return saved_model_info(open_model(path)); } catch (...) {
  rethrow_as_error();
}

SavedModelInfo saved_model_info(const io::TensorReader& file) try {
  SavedModelInfo info;
  info.metadata = file.metadata();
  const std::string format = entry(info.metadata, "format");
  require(format == node_model_format || format == recommending::file_format, ErrorKind::bad_data, file.name(),
          ": this safetensors file was not written as a heddle model");
  info.kind = format == node_model_format ? SavedKind::node_classifier : SavedKind::recommender;
  info.model = entry(info.metadata, "model");
  return info;
} catch (...) {
  rethrow_as_error();
}

ModelFileSummary model_file_summary(const std::string& path) try {
  ModelFileSummary summary;
  const io::TensorReader file = open_model(path);  // once: its checksum is computed, and another file may take its place
  summary.info = saved_model_info(file);
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    summary.bytes = status.st_size;
    summary.written = status.st_mtim.tv_sec;
  }
  const std::map<std::string, std::string>& metadata = summary.info.metadata;
  summary.format_version = entry(metadata, "format_version");
  summary.heddle_version = entry(metadata, "heddle_version");
  summary.settings = fitting::with_prefix(metadata, "setting.");
  summary.trained_with = fitting::with_prefix(metadata, "trained.");
  summary.unfinished = unfinished_text(metadata);
  of_file(path, [&] {
    summary.epochs = metadata_number<int64_t>(metadata, "epochs", 0, INT64_MAX);
    summary.planned_epochs = metadata_number<int64_t>(metadata, "epochs_planned", 0, INT64_MAX);
    return true;
  });
  if (summary.info.kind != SavedKind::recommender) {
    // What is asked for is what it runs with: of a node classifier's training nothing is left open.
    summary.trained_with = fitting::with_prefix(metadata, std::string(fit_prefix));
    for (const auto& setting : summary.settings) summary.trained_with.erase(setting.first);
    return summary;
  }
  const auto size = [&](const char* name) {
    const io::TensorReader::Array* const array = file.find(name);
    return array == nullptr ? int64_t{0} : array->size;
  };
  // Of ids and names the places are counted, one more than there are.
  summary.users = std::max<int64_t>(size("users.offsets") - 1, 0);
  summary.items = std::max<int64_t>(size("items.offsets") - 1, 0);
  summary.interactions = size("train.col_indices");
  summary.item_names = file.find("item_names.offsets") != nullptr;
  if (summary.format_version == "1") return summary;  // entries of the names below are notes of whoever saved it
  summary.history = entry(metadata, "history") != "none";
  for (int64_t i = 0; metadata.contains(text("item_column.", i)); ++i)
    summary.item_columns.push_back(metadata.at(text("item_column.", i)));
  summary.denied = size("deny");
  if (file.find("allow") != nullptr) summary.allowed = size("allow");
  return summary;
} catch (...) {
  rethrow_as_error();
}

TrainedOn trained_on(const std::map<std::string, std::string>& metadata, const std::string& path) try {
  return of_file(path, [&] {
    TrainedOn result;
    result.name = entry(metadata, "data.name");
    const std::string as_split = entry(metadata, "data.hash_as_split");
    result.hash = as_split.empty() ? entry(metadata, "data.hash") : as_split;
    result.seed = metadata_number<uint64_t>(metadata, "seed", 0, UINT64_MAX);
    for (const auto& [key, value] : metadata) {
      if (key.starts_with(data_option_prefix)) result.origin.options[key.substr(data_option_prefix.size())] = value;
    }
    result.origin.hash_as_split = result.hash;
    result.origin.held_out = metadata_number<double>(metadata, "held_out", 0, 1);
    result.origin.hold_out_seed = metadata_number<uint64_t>(metadata, "held_out_seed", result.seed, UINT64_MAX);
    return result;
  });
} catch (...) {
  rethrow_as_error();
}

std::string unfinished_text(const std::map<std::string, std::string>& metadata) try {
  const std::string why = entry(metadata, "unfinished");
  if (why.empty()) return "";
  const std::string epochs = entry(metadata, "epochs_planned");
  return text(
      "its training ", why == "diverged" ? why : "was " + why,
      epochs.empty() ? "" : text(" after ", entry(metadata, "epochs"), " of ", epochs, epochs == "1" ? " epoch" : " epochs"),
      entry(metadata, "undecided") == "weight" ? ", before its blend's weight was chosen" : "");
} catch (...) {
  rethrow_as_error();
}

std::map<std::string, std::string> training_metadata(const NodeDataset& data, const std::string& hash,
                                                     const FitReport& report) try {
  std::map<std::string, std::string> metadata = report.metadata();
  metadata["data.name"] = data.name;
  metadata["data.hash"] = hash;
  for (const auto& [name, value] : data.options) metadata[text(data_option_prefix, name)] = value;
  if (data.directed) metadata[directed_key] = "true";
  if (data.feature_count() == 0) metadata[graph_key] = data.graph_hash();
  // A file has at most 100,000 entries; without names, classes are told by their numbers.
  constexpr std::size_t most_names = 50'000;
  for (std::size_t c = 0; c < data.class_names.size() && data.class_names.size() <= most_names; ++c)
    metadata[text("class.", c)] = data.class_names[c];
  return metadata;
} catch (...) {
  rethrow_as_error();
}

std::string doubt_about_places(const NodeDataset& data, const std::map<std::string, std::string>& metadata) try {
  const std::string graph = entry(metadata, graph_key);
  if (data.feature_count() > 0 || graph.empty() || graph == data.graph_hash()) return {};
  return text(data.name, " has no features, so that the model knows nodes by their places alone, and its edges are not those of ",
              entry(metadata, "data.name"), ": predictions hold where the same nodes stand at the same places");
} catch (...) {
  rethrow_as_error();
}

void adopt_classes(NodeDataset& data, const std::map<std::string, std::string>& metadata) try {
  const bool directed = entry(metadata, directed_key) == "true";
  require(directed == data.directed, ErrorKind::bad_data, data.name, ": the model was trained on ",
          directed ? "directed edges, and these have no direction; --directed reads them with theirs"
                   : "edges without a direction, and these are directed; they are read without --directed");
  std::vector<std::string> names;
  for (auto found = metadata.find("class.0"); found != metadata.end(); found = metadata.find(text("class.", names.size())))
    names.push_back(found->second);
  if (names.empty() || (data.class_names.empty() && data.classes > 0)) return;
  std::vector<int32_t> number;
  for (const std::string& name : data.class_names) {
    const auto found = std::find(names.begin(), names.end(), name);
    require(found != names.end(), ErrorKind::bad_data, data.name, ": the model was not trained on class ",
            io::detail::in_quotes(name), "; its classes are ", io::detail::in_quotes(names.front()),
            names.size() > 1 ? ", ..." : "");
    number.push_back(static_cast<int32_t>(found - names.begin()));
  }
  for (int32_t& label : data.labels) {
    if (label >= 0) label = number[static_cast<std::size_t>(label)];
  }
  data.class_names = std::move(names);
  data.classes = static_cast<int32_t>(data.class_names.size());
} catch (...) {
  rethrow_as_error();
}

InteractionDataset load_as_trained(const std::string& path, const SavedRecommender& saved, const ProgressCallback& progress) try {
  const TrainedOn trained = trained_on(saved.metadata);
  io::InteractionReading reading;
  PrepareOptions options;
  of_file({}, [&] {
    reading = io::reading_settings().read(trained.origin.options);
    options = prepare_settings().read(trained.origin.options);
    return true;
  });
  set_wanted(reading, options);
  reading.options.progress = progress;
  return prepare(io::load_interactions(path, reading), options, progress);
} catch (...) {
  rethrow_as_error();
}

Renumbered as_trained(InteractionDataset data, const SavedRecommender& saved) try {
  require(saved.history, ErrorKind::usage, "this model was saved without history: it knows no users whom it could be judged by");
  const TrainedOn trained = trained_on(saved.metadata);
  const bool same = !trained.hash.empty() && trained.hash == data.origin.hash_as_split;
  if (same && trained.origin.held_out > 0) hold_out_validation(data, trained.origin.held_out, trained.origin.hold_out_seed);
  Renumbered result = renumber(data, saved.users, saved.items, saved.model->train());
  result.data.item_names = saved.item_names;
  return result;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
