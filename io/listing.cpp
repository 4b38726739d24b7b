#include "io/listing.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "io/near_matches.h"

namespace heddle::io::detail {

namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

/// 0, or the system's reason for which the listing ended early.
int list_names(const std::string& folder, std::set<std::string>& names) {
  const std::unique_ptr<DIR, CloseFolder> open(::opendir(folder.c_str()));
  if (open == nullptr) return errno;
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(open.get());
    if (entry == nullptr) return errno;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.insert(name);
  }
}

/// A path without the slashes at its end, parted into the folder, with the slash behind it, and the name in it.
std::pair<std::string, std::string> parted(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::pair("", path) : std::pair(path.substr(0, slash + 1), path.substr(slash + 1));
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.empty() ? "." : path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// The names that a folder's entries go by: a Planetoid data set is named without ind. and what follows its name.
std::vector<std::string> names_to_give(const std::string& folder) {
  constexpr std::string_view before = "ind.", after = ".graph";
  std::vector<std::string> names;
  for (const std::string& name : names_in(folder.empty() ? "." : folder)) {
    if (name.starts_with(before) && name.ends_with(after) && name.size() > before.size() + after.size()) {
      names.push_back(name.substr(before.size(), name.size() - before.size() - after.size()));
    } else if (!name.starts_with('.') && !name.starts_with(before)) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string near_paths(const std::string& path) {
  const auto [folder, name] = parted(path);
  const std::vector<std::string> near = near_matches(name, names_to_give(folder), 2);
  if (near.empty()) return {};
  return text("; did you mean ", folder, near.front(), near.size() > 1 ? text(" or ", folder, near.back()) : "", "?");
}

std::string what_is_there(const std::string& path) {
  if (std::string near = near_paths(path); !near.empty()) return near;
  auto [folder, name] = parted(path);
  std::string missing;
  while (!folder.empty() && folder != "/" && !is_folder(folder)) {
    missing = folder;
    folder = parted(folder).first;
  }
  if (!missing.empty()) return text(": there is no folder ", missing, near_paths(missing));
  constexpr std::size_t most = 4;
  const std::vector<std::string> names = names_to_give(folder);
  if (names.empty()) return {};
  std::string some;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) some += text(i == 0 ? "" : ", ", names[i]);
  return text("; ", folder.empty() ? "this folder" : folder, " holds ", some,
              names.size() > most ? text(" and ", counted(names.size() - most, "other")) : "");
}

std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  list_names(folder, names);
  return names;
}

std::set<std::string> names_in_readable(const std::string& folder) {
  std::set<std::string> names;
  const int reason = list_names(folder, names);
  require(reason == 0, reason == ENOMEM ? ErrorKind::out_of_memory : ErrorKind::io, "cannot read ", folder, ": ",
          std::strerror(reason));
  return names;
}

}  // namespace heddle::io::detail
