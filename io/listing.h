#pragma once

#include <set>
#include <string>

namespace heddle::io::detail {

/// The names of a folder's entries; none where it is not a folder or cannot be listed. (std::filesystem::directory_iterator of
/// libstdc++ 12 ends the program where there is no memory for a name.)
std::set<std::string> names_in(const std::string& folder);

/// The same; throws Error{io} with the system's reason where the folder cannot be listed.
std::set<std::string> names_in_readable(const std::string& folder);

}  // namespace heddle::io::detail
