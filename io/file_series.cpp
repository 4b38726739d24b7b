#include "io/file_series.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <new>
#include <utility>

#include "heddle/error.h"
#include "io/content_kind.h"
#include "io/decompress.h"
#include "io/interactions.h"
#include "io/listing.h"
#include "io/readable_path.h"
#include "io/text.h"

namespace fs = std::filesystem;

namespace heddle::io::detail {

namespace {

/// Whether a word of the name says that the file is a part of a data set: "shop.train.csv", "test_ratings.csv".
bool is_named_like_part(std::string_view name) {
  constexpr std::string_view parts[] = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"};
  std::string word;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    const char c = i < name.size() ? name[i] : '.';
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (lower >= 'a' && lower <= 'z') {
      word += lower;
      continue;
    }
    if (std::find(std::begin(parts), std::end(parts), word) != std::end(parts)) return true;
    word.clear();
  }
  return false;
}

}  // namespace

bool is_pattern(const std::string& path) {
  std::error_code ignored;
  return path.find_first_of("*?[") != std::string::npos && !fs::exists(path, ignored);
}

std::vector<std::string> matching_files(const std::string& pattern) {
  struct Matches {
    glob_t found{};
    ~Matches() { ::globfree(&found); }
  } matches;
  const int status = ::glob(pattern.c_str(), 0, nullptr, &matches.found);
  if (status == GLOB_NOSPACE) throw std::bad_alloc();
  require(status == 0 && matches.found.gl_pathc > 0, ErrorKind::io, "no file matches ", pattern);
  return {matches.found.gl_pathv, matches.found.gl_pathv + matches.found.gl_pathc};
}

std::vector<std::string> series_in(const std::string& folder) {
  std::vector<std::string> files, parts;
  for (const std::string& name : names_in_readable(folder)) {
    const std::string file = (fs::path(folder) / name).string();
    std::error_code ignored;
    if (name.starts_with('_') || is_beside_data(name) || !fs::is_regular_file(file, ignored)) continue;
    const ContentKind kind = kind_at(file);
    // Hive separates by a control character, which makes no text of its files by their look.
    const bool text = kind.kind == ContentKind::text || (kind.kind == ContentKind::unknown && text_head(file).has_value());
    if (!text || !(kind.format.empty() || kind.format == "json_lines") || !kind.remedy.empty()) continue;
    if (is_named_like_part(without_packed_ending(name))) parts.push_back(name);
    files.push_back(file);
  }
  if (parts.empty()) return files;
  std::string listed;
  for (std::size_t i = 0; i < std::min<std::size_t>(parts.size(), 4); ++i) listed += (i > 0 ? ", " : "") + in_quotes(parts[i]);
  fail(ErrorKind::bad_data, folder, " has files that are named like parts of a data set (", listed, parts.size() > 4 ? ", …" : "",
       "); parts are read by the names train, val and test with .csv, .tsv, .txt or .jsonl, ",
       "and what belongs into one log where its files are named (--data FILE)");
}

std::vector<std::string> named_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code ignored;
    std::vector<std::string> named = {path};
    if (is_pattern(path)) named = matching_files(path);
    for (const std::string& each : named) {
      if (!fs::is_directory(each, ignored)) {
        files.push_back(each);
        continue;
      }
      const std::vector<std::string> inside = series_in(each);
      require(!inside.empty(), ErrorKind::bad_data, each, " has no text that could be data");
      files.insert(files.end(), inside.begin(), inside.end());
    }
  }
  std::map<std::pair<dev_t, ino_t>, std::string> seen;
  for (const std::string& file : files) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    const auto [found, fresh] = seen.emplace(std::pair(status.st_dev, status.st_ino), file);
    require(fresh, ErrorKind::usage, file, " is named twice", found->second == file ? "" : ", as " + found->second + " too",
            ": its rows would count twice");
  }
  return files;
}

}  // namespace heddle::io::detail
