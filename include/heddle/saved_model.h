#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "heddle/data.h"
#include "heddle/export.h"
#include "heddle/fit.h"
#include "heddle/interactions.h"
#include "heddle/recommender.h"

HEDDLE_API_BEGIN
/// What a saved model tells of itself: which kind it is, what it was trained on, and how its data are made again to judge it.
/// heddle/models.h and heddle/recommender.h save and load.
namespace heddle {

/// The two kinds of models that files hold.
enum class SavedKind {
  node_classifier,  ///< save_model wrote it, load_model reads it
  recommender,      ///< save_recommender wrote it, load_recommender reads it
};

/// A saved model's kind and what stands beside its arrays, read without loading them.
struct SavedModelInfo {
  SavedKind kind = SavedKind::node_classifier;  ///< which of the two loads it
  std::string model;                            ///< its name: "gcn", "lightgcn"
  std::map<std::string, std::string> metadata;  ///< docs/formats.md and docs/recommending.md list the entries
};

/// Throws Error{io} where the file cannot be read, Error{bad_data} with what it is instead where it is no model ("orders.csv is a
/// text file, not a model"), and as io::TensorReader.
SavedModelInfo saved_model_info(const std::string& path);
/// The same of a file that is open.
SavedModelInfo saved_model_info(const io::TensorReader& file);

/// What a saved model is, told without loading it.
struct ModelFileSummary {
  SavedModelInfo info;                              ///< its kind, its name and all metadata
  int64_t bytes = 0;                                ///< of the file
  int64_t written = 0;                              ///< when the file was last changed: seconds since 1970-01-01 00:00 UTC
  std::string format_version;                       ///< of the file: "1", "2"
  std::string heddle_version;                       ///< of the heddle that wrote it
  std::map<std::string, std::string> settings;      ///< of the model, without their prefix
  std::map<std::string, std::string> trained_with;  ///< what training ran with, as far as the file tells
  std::string unfinished;                           ///< unfinished_text
  int64_t epochs = 0;                               ///< that ran; 0: it was not trained in epochs, or that is not told
  int64_t planned_epochs = 0;                       ///< of so many; 0 as above

  // Of a recommender alone.
  int64_t users = 0;                      ///< whom it knows
  int64_t items = 0;                      ///< that it ranks
  int64_t interactions = 0;               ///< of training
  bool history = true;                    ///< false: it was saved without interactions and users
  bool item_names = false;                ///< whether items have names
  std::vector<std::string> item_columns;  ///< names of the columns of items
  int64_t denied = 0;                     ///< items of its list of those that nobody is given
  std::optional<int64_t> allowed;         ///< items of its list of those that may be given; none: there is no such list
};
/// What the file says of itself and how large its arrays are. Throws as saved_model_info, and Error{bad_data} for counts of
/// epochs that are no numbers.
ModelFileSummary model_file_summary(const std::string& path);

/// What a model was trained on, of its file's metadata.
struct TrainedOn {
  std::string name;   ///< of the data
  std::string hash;   ///< their content hash, before anything was held out where the file tells that; empty: it tells none
  uint64_t seed = 0;  ///< of the training; 0 where the file does not tell it
  DataOrigin origin;  ///< how the data came to be; a hash as above
};
/// Throws Error{bad_data} for an entry that should be a number and is none; its sentence begins with `path` where that is not
/// empty.
TrainedOn trained_on(const std::map<std::string, std::string>& metadata, const std::string& path = {});

/// "its training was interrupted after 2 of 80 epochs" or "its training diverged after 3 of 80 epochs", of a saved model's
/// metadata; empty where training came to its end.
std::string unfinished_text(const std::map<std::string, std::string>& metadata);

/// A node classifier's metadata for save_model: the data, their classes' names, and what `report` tells of the fit. `hash` is
/// data.content_hash().
std::map<std::string, std::string> training_metadata(const NodeDataset& data, const std::string& hash, const FitReport& report);

/// Gives the classes of `data` the numbers that a node classifier's file has for their names, and the names of those that no node
/// of `data` has; nothing where the file has none, or `data` call classes by numbers. The content hash of `data` is another then.
/// Throws Error{bad_data} for a class that the model was not trained on, and where its edges were directed and those of `data`
/// are not, or the other way round.
void adopt_classes(NodeDataset& data, const std::map<std::string, std::string>& metadata);

/// What is to be said of data on which a node classifier is asked whose features are the places of the nodes, for there were
/// none: its predictions hold only where the nodes stand where they stood. Empty where the edges are those that it was trained
/// on, where there are features, and for files that do not tell.
std::string doubt_about_places(const NodeDataset& data, const std::map<std::string, std::string>& metadata);

/// Reads the interactions at `path` and prepares them as those were that a saved recommender was trained on. Throws as
/// io::load_interactions and prepare, which `progress` is told of; Error{bad_data} as trained_on.
InteractionDataset load_as_trained(const std::string& path, const SavedRecommender& saved, const ProgressCallback& progress = {});

/// `data`, as prepare left them, to judge a saved recommender by: in the numbers that the model gives users and items, its
/// training interactions the model's own (see renumber). Where they are what it was trained on (by their content hash), what its
/// training held out for validation is validation again, so that both are judged as they were then. Throws Error{bad_data} as
/// trained_on, and Error{usage} for a model that was saved without history: it knows no users to judge it by.
Renumbered as_trained(InteractionDataset data, const SavedRecommender& saved);

}  // namespace heddle
HEDDLE_API_END
