#pragma once

#include <set>
#include <string>

namespace heddle::io::detail {

/// The names of a folder's entries; none where it is not a folder or cannot be listed. (std::filesystem::directory_iterator of
/// libstdc++ 12 ends the program where there is no memory for a name.)
std::set<std::string> names_in(const std::string& folder);

/// The same; throws Error{io} with the system's reason where the folder cannot be listed.
std::set<std::string> names_in_readable(const std::string& folder);

/// Of a path at which nothing is: "; did you mean 'data/u.data'?" where the folder has names that are written nearly so, else
/// where on the way there nothing is any more, or some of what the folder holds. Empty where there is nothing to tell.
std::string what_is_there(const std::string& path);
/// The first of these alone, or nothing.
std::string near_paths(const std::string& path);

}  // namespace heddle::io::detail
