#pragma once

#include <span>
#include <string>
#include <string_view>

#include "heddle/io.h"

namespace heddle::io::detail {

/// A format of node classification data that `load` knows. Adding one is a reader and a row in load.cpp.
struct NodeFormatEntry {
  NodeFormat format;
  std::string_view name;
  /// What `path` has to be, for help texts and for the error that lists what was looked for.
  std::string_view looks_like;
  /// Whether something of this format is at the path, by content; throws only if the path is ambiguous.
  bool (*recognise)(const std::string& path);
  /// `reading` tells what was read, also where an Error ends it.
  NodeDataset (*read)(const std::string& path, const LoadOptions& options, Reading& reading);
};

/// All formats, in the order in which `load` tries them.
std::span<const NodeFormatEntry> node_formats();

/// The name of the format that a graph at the path has; empty where there is none, or any text could be one.
std::string graph_format_at(const std::string& path);

}  // namespace heddle::io::detail
