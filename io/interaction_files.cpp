#include "io/interaction_files.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "heddle/error.h"
#include "io/delimited.h"
#include "io/file.h"
#include "io/listing.h"

namespace fs = std::filesystem;

namespace heddle::io::detail {

namespace {

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// The file's name without .gz.
std::string plain_file_name(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  return name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
}

InteractionLog read_one(const std::string& path, const DelimitedForm& form, const InteractionColumns& columns,
                        const ProgressCallback& progress) {
  const ByteBuffer content = read_text_file(path);
  const InteractionText text{content.view(), path, std::nullopt};
  return parse_delimited({&text, 1}, form, columns, progress);
}

constexpr DelimitedForm recbole_form{"\t", false, DelimitedForm::Header::typed};

/// The .inter file of a folder, or the path itself; empty if the folder has none.
std::string inter_file(const std::string& path) {
  if (!is_folder(path)) return path;
  std::vector<std::string> found;
  for (const std::string& name : names_in_readable(path)) {
    const std::string file = (fs::path(path) / name).string();
    if (plain_file_name(file).ends_with(".inter")) found.push_back(file);
  }
  std::sort(found.begin(), found.end());
  require(found.size() <= 1, ErrorKind::bad_data, path, " has several .inter files: ", found.empty() ? "" : found.front(),
          " and ", found.empty() ? "" : found.back(), "; name one of them");
  return found.empty() ? "" : found.front();
}

/// MovieLens's file of ratings, how it is written, and its file of titles.
struct MovieLensFiles {
  std::string_view ratings;
  DelimitedForm form;
  InteractionColumns columns;
  std::string_view titles;
  DelimitedForm title_form;
};

const std::vector<MovieLensFiles>& movielens_files() {
  using Header = DelimitedForm::Header;
  static const std::vector<MovieLensFiles> files = {
      {"u.data", {"\t", false, Header::none}, {"1", "2", "3", "", "4"}, "u.item", {"|", false, Header::none}},
      {"ratings.dat", {"::", false, Header::none}, {"1", "2", "3", "", "4"}, "movies.dat", {"::", false, Header::none}},
      {"ratings.csv", {",", true, Header::by_content}, {}, "movies.csv", {",", true, Header::by_content}},
  };
  return files;
}

}  // namespace

bool is_recbole(const std::string& path) {
  if (is_folder(path)) return !inter_file(path).empty();
  const std::optional<std::string> head = text_head(path);
  if (!head) return false;
  return plain_file_name(path).ends_with(".inter") || head->substr(0, head->find('\n')).find(":token") != std::string::npos;
}

InteractionLog read_recbole(const std::string& path, const InteractionColumns& columns, const ProgressCallback& progress) {
  const std::string inter = inter_file(path);
  require(!inter.empty(), ErrorKind::bad_data, path, " has no .inter file");
  InteractionLog log = read_one(inter, recbole_form, columns, progress);
  log.name = data_name(inter);
  const std::string plain = plain_file_name(inter);
  const std::string stem = plain.ends_with(".inter") ? plain.substr(0, plain.size() - 6) : plain;
  const std::string items = find_file(fs::path(inter).parent_path().string(), stem + ".item");
  if (items.empty()) return log;
  const ByteBuffer content = read_text_file(items);
  const InteractionText text{content.view(), items, std::nullopt};
  std::size_t id = 0, title = 0;
  if (find_title_columns(text, id, title)) parse_titles(log, text, recbole_form, id, title);
  return log;
}

bool is_movielens(const std::string& path) {
  const bool folder = is_folder(path);
  for (const MovieLensFiles& files : movielens_files()) {
    if (folder ? !find_file(path, files.ratings).empty() : plain_file_name(path) == files.ratings) return true;
  }
  if (folder) return false;
  const std::optional<std::string> head = text_head(path);
  return head && head->substr(0, head->find('\n')).find("::") != std::string::npos;
}

InteractionLog read_movielens(const std::string& path, const InteractionColumns& columns, const ProgressCallback& progress) {
  refuse_columns(columns, "movielens", path);
  const bool folder = is_folder(path);
  const std::string parent = folder ? path : fs::path(path).parent_path().string();
  for (const MovieLensFiles& files : movielens_files()) {
    const std::string ratings = folder ? find_file(path, files.ratings) : plain_file_name(path) == files.ratings ? path : "";
    if (ratings.empty()) continue;
    InteractionLog log = read_one(ratings, files.form, files.columns, progress);
    log.name = data_name(path);
    const std::string titles = find_file(parent, files.titles);
    if (titles.empty()) return log;
    const ByteBuffer content = read_text_file(titles);
    parse_titles(log, {content.view(), titles, std::nullopt}, files.title_form, 0, 1);
    return log;
  }
  require(!folder, ErrorKind::bad_data, path, " has none of u.data, ratings.dat, ratings.csv");
  InteractionLog log = read_one(path, movielens_files()[1].form, movielens_files()[1].columns, progress);
  log.name = data_name(path);
  return log;
}

bool is_csv(const std::string& path) {
  return is_folder(path) ? !find_file(path, "train.csv").empty() : text_head(path).has_value();
}

InteractionLog read_csv(const std::string& path, const InteractionColumns& columns, const ProgressCallback& progress) {
  if (!is_folder(path)) {
    InteractionLog log = read_one(path, {}, columns, progress);
    log.name = data_name(path);
    return log;
  }
  using Part = InteractionLog::Part;
  const std::string train = find_file(path, "train.csv"), test = find_file(path, "test.csv");
  const std::string dev = find_file(path, "dev.csv"), val = find_file(path, "val.csv");
  require(!train.empty(), ErrorKind::bad_data, path, " has no train.csv");
  require(dev.empty() || val.empty(), ErrorKind::bad_data, path, " has both dev.csv and val.csv");
  require(!(dev + val + test).empty(), ErrorKind::bad_data, path,
          " has train.csv and none of dev.csv, val.csv, test.csv; name the file itself to have it split");
  std::vector<ByteBuffer> contents;
  std::vector<InteractionText> texts;
  for (const auto& [name, part] :
       {std::pair(&train, Part::train), std::pair(&dev, Part::val), std::pair(&val, Part::val), std::pair(&test, Part::test)}) {
    if (name->empty()) continue;
    contents.push_back(read_text_file(*name));
    texts.push_back({{}, *name, part});
  }
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i].content = contents[i].view();
  InteractionLog log = parse_delimited(texts, {}, columns, progress);
  log.name = data_name(path);
  return log;
}

}  // namespace heddle::io::detail
