#pragma once

#include <string>

#include "heddle/data.h"
#include "heddle/progress.h"

/// A data set as a folder: an edge list, and node features, labels and splits where there are any. docs/formats.md names the
/// files.
namespace heddle::io::detail {

/// Whether the folder has a file that is named like an edge list.
bool is_dataset_folder(const std::string& path);

/// The features' or else the labels' rows are the nodes, and then every id must be below; without both, the largest id decides.
/// Throws Error{bad_data} for sizes that disagree, a split's node that has no label or stands in two splits, and two
/// files for one thing.
NodeDataset read_dataset_folder(const std::string& path, const ProgressCallback& progress);

}  // namespace heddle::io::detail
