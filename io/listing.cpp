#include "io/listing.h"

#include <dirent.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "heddle/error.h"

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

}  // namespace

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
