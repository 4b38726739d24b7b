#pragma once

#include "heddle/data.h"
#include "heddle/error.h"

namespace heddle {

/// The data set, if `options` are in range and a model called `model` with them can learn from it. Throws Error{usage},
/// Error{bad_data}.
template <class Options>
const NodeDataset& checked(const NodeDataset& data, const char* model, const Options& options) {
  options.check();
  require(data.nodes >= 1, ErrorKind::bad_data, data.name, ": the graph has no nodes");
  require(options.classes > 0 || data.classes >= 1, ErrorKind::bad_data, data.name, ": no node has a label, ", model,
          " learns from labels");
  require(options.classes == 0 || data.classes <= options.classes, ErrorKind::bad_data, data.name, ": its labels name ",
          counted(data.classes, "class", "classes"), ", the model scores ", options.classes);
  return data;
}

}  // namespace heddle
