#pragma once

#include <string>
#include <vector>

/// Several files that are one log: named one by one, by a pattern, or as all of a folder.
namespace heddle::io::detail {

/// Whether a path stands for the files that match it: it has * ? or [ and is itself no file.
bool is_pattern(const std::string& path);
/// The files that match, by name. Throws Error{io} where there is none.
std::vector<std::string> matching_files(const std::string& pattern);

/// The texts of a folder that could be data, by name: not what is hidden, nor README, LICENSE and their like. Throws
/// Error{bad_data} for those that are named like parts of a data set, which are not one log.
std::vector<std::string> series_in(const std::string& folder);

/// The files that the paths name, patterns and folders as those in them. Throws Error{usage} where a file is named twice.
std::vector<std::string> named_files(const std::vector<std::string>& paths);

}  // namespace heddle::io::detail
