#pragma once

#include <string>
#include <string_view>

#include "heddle/data.h"
#include "heddle/io.h"

/// A data set as a folder: an edge list, and node features, labels and splits where there are any. docs/formats.md names the
/// files.
namespace heddle::io::detail {

/// Whether reading a folder looks for a file of this name.
bool is_folder_file(std::string_view name);

/// Whether the folder has a file that is named like an edge list.
bool is_dataset_folder(const std::string& path);

/// The features' or else the labels' rows are the nodes, called by their numbers or by the ids beside them; without both, the
/// edges tell the nodes. Throws Error{bad_data} for sizes that disagree, a split's node that has no label or stands in two
/// splits, and two files for one thing.
NodeDataset read_dataset_folder(const std::string& path, const LoadOptions& options, Reading& reading);

}  // namespace heddle::io::detail
