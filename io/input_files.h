#pragma once

#include <string>
#include <vector>

namespace heddle::io::detail {

/// The files there are that reading a data set from `path`, of nodes or of interactions, may open, whatever its format: the file
/// itself and those that belong to it, of a folder those in it that some reader looks for by name. What cannot be
/// looked at is not listed: it throws only for want of memory.
std::vector<std::string> input_files(const std::string& path);

/// Whether `file`, once it is there, would be one of input_files(path).
bool would_be_input(const std::string& path, const std::string& file);

}  // namespace heddle::io::detail
