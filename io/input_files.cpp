#include "io/input_files.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "io/listing.h"

namespace fs = std::filesystem;

namespace heddle::io::detail {

namespace {

/// What the readers' files are called, gzip-compressed (.gz) or not; a star stands for anything. A reader that looks for others
/// adds them here; the test that takes each file of a data set away finds what is forgotten.
struct InputName {
  std::string_view pattern;
  bool beside;  ///< also looked for beside a file that is named itself: titles, and the other parts of Planetoid's eight
};
constexpr InputName input_names[] = {
    {"ind.*", true},         {"edges.txt", false},    {"edges.csv", false},      {"edges.tsv", false},      {"*.edges", false},
    {"features.npy", false}, {"features.csv", false}, {"labels.npy", false},     {"labels.csv", false},     {"labels.txt", false},
    {"train.txt", false},    {"val.txt", false},      {"valid.txt", false},      {"validation.txt", false}, {"dev.txt", false},
    {"test.txt", false},     {"*.inter", false},      {"*.item", true},          {"u.data", false},         {"u.item", true},
    {"ratings.dat", false},  {"ratings.csv", false},  {"movies.dat", true},      {"movies.csv", true},      {"train.csv", false},
    {"val.csv", false},      {"valid.csv", false},    {"validation.csv", false}, {"dev.csv", false},        {"test.csv", false},
    {"train.tsv", false},    {"val.tsv", false},      {"valid.tsv", false},      {"validation.tsv", false}, {"dev.tsv", false},
    {"test.tsv", false}};

bool matches(std::string_view name, std::string_view pattern) {
  if (pattern.starts_with('*')) return name.ends_with(pattern.substr(1));
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

bool is_known(std::string_view name, bool beside) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  return std::any_of(std::begin(input_names), std::end(input_names),
                     [&](const InputName& known) { return (known.beside || !beside) && matches(name, known.pattern); });
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
  if (fs::is_regular_file(path, ignored)) files.push_back(path);
  const Place place(path);
  for (const std::string& name : names_in(place.folder.string())) {
    if (place.is_read(name) && fs::is_regular_file(place.folder / name, ignored)) files.push_back((place.folder / name).string());
  }
  return files;
}

bool would_be_input(const std::string& path, const std::string& file) {
  const Place place(path);
  const fs::path named(file);
  std::error_code failed;
  const bool same_folder = fs::equivalent(place.folder, named.has_parent_path() ? named.parent_path() : fs::path("."), failed);
  return !failed && same_folder && place.is_read(named.filename().string());
}

}  // namespace heddle::io::detail
