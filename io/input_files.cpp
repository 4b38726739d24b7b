#include "io/input_files.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "heddle/error.h"
#include "io/content_kind.h"
#include "io/decompress.h"
#include "io/file_series.h"
#include "io/folder.h"
#include "io/graph_folders.h"
#include "io/listing.h"
#include "io/readable_path.h"

namespace fs = std::filesystem;

namespace heddle::io::detail {

namespace {

/// What the readers' files are called, gzip-compressed (.gz) or not; a star stands for anything. A reader that looks for others
/// adds them here; the test that takes each file of a data set away finds what is forgotten.
struct InputName {
  std::string_view pattern;
  bool beside;  ///< also looked for beside a file that is named itself: titles, and the other parts of Planetoid's eight
};
constexpr InputName input_names[] = {{"ind.*", true},        {"nodes.csv", false}, {"nodes.tsv", false}, {"nodes.txt", false},
                                     {"meta.yaml", false},   {"*.content", true},  {"*.cites", true},    {"*.inter", false},
                                     {"*.item", true},       {"u.data", false},    {"u.item", true},     {"ratings.dat", false},
                                     {"ratings.csv", false}, {"movies.dat", true}, {"movies.csv", true}};

bool matches(std::string_view name, std::string_view pattern) {
  if (pattern.starts_with('*')) return name.ends_with(pattern.substr(1));
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

bool is_known(std::string_view name, bool beside) {
  if (!beside && is_folder_file(name)) return true;  // the parts of interactions among them
  name = without_packed_ending(name);
  return std::any_of(std::begin(input_names), std::end(input_names),
                     [&](const InputName& known) { return (known.beside || !beside) && matches(name, known.pattern); });
}

/// The same in folders of a folder: OGB's layout.
constexpr const char* ogb_files[] = {"raw/edge.csv", "raw/node-feat.csv", "raw/node-label.csv", "raw/num-node-list.csv"};
constexpr std::string_view ogb_split_files[] = {"train.csv", "valid.csv", "test.csv"};

/// Whether a path below a folder is a file of OGB's layout.
bool is_ogb_file(const fs::path& below) {
  const std::string plain(without_packed_ending(below.generic_string()));
  if (std::find(std::begin(ogb_files), std::end(ogb_files), plain) != std::end(ogb_files)) return true;
  const fs::path file = below.filename();
  const std::string_view name = without_packed_ending(file.native());
  return below.parent_path().parent_path() == "split" &&
         std::find(std::begin(ogb_split_files), std::end(ogb_split_files), name) != std::end(ogb_split_files);
}

/// The folder that reading from a path looks into, and what it looks for there.
struct Place {
  explicit Place(const std::string& path) {
    const fs::path given(path);
    std::error_code ignored;
    is_folder = fs::is_directory(given, ignored);
    is_file = fs::is_regular_file(given, ignored);
    folder = is_folder ? given : given.has_parent_path() ? given.parent_path() : fs::path(".");
    part_of = "ind." + given.filename().string() + ".";
  }

  bool is_read(std::string_view name) const { return is_folder || is_file ? is_known(name, is_file) : name.starts_with(part_of); }

  fs::path folder;
  bool is_folder = false, is_file = false;
  std::string part_of;  ///< "DIR/cora" is no file, and stands for Planetoid's
};

}  // namespace

std::vector<std::string> input_files(const std::string& path) {
  std::error_code ignored;
  std::vector<std::string> files;
  if (is_pattern(path)) {
    try {
      return matching_files(path);
    } catch (const Error&) {
      return files;  // its reader says that nothing matches
    }
  }
  if (fs::is_regular_file(path, ignored)) files.push_back(path);
  const Place place(path);
  for (const std::string& name : names_in(place.folder.string())) {
    if (place.is_read(name) && fs::is_regular_file(place.folder / name, ignored)) files.push_back((place.folder / name).string());
  }
  if (!place.is_folder) return files;
  try {
    const auto [nodes, edges] = dgl_files(path);
    for (const std::string& file : {nodes, edges}) {
      if (!file.empty() && std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::out_of_memory) throw;  // else its reader says what is wrong with it
  }
  const auto add_below = [&](const fs::path& below) {
    for (const std::string& name : names_in((place.folder / below).string())) {
      if (is_ogb_file(below / name) && fs::is_regular_file(place.folder / below / name, ignored))
        files.push_back((place.folder / below / name).string());
    }
  };
  add_below("raw");
  for (const std::string& split : names_in((place.folder / "split").string())) add_below(fs::path("split") / split);
  if (!files.empty()) return files;
  for (const std::string& name : names_in(path)) {  // texts of one shape, whatever they are called
    const std::string file = (place.folder / name).string();
    if (!is_beside_data(name) && kind_at(file).kind == ContentKind::text) files.push_back(file);
  }
  return files;
}

bool would_be_input(const std::string& path, const std::string& file) {
  const Place place(path);
  const fs::path named(file);
  std::error_code failed;
  const bool same_folder = fs::equivalent(place.folder, named.has_parent_path() ? named.parent_path() : fs::path("."), failed);
  if (!failed && same_folder) return place.is_read(named.filename().string());
  const fs::path below = fs::weakly_canonical(named, failed).lexically_relative(fs::weakly_canonical(place.folder, failed));
  return !failed && place.is_folder && is_ogb_file(below);
}

}  // namespace heddle::io::detail
