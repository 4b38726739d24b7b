#include "io/interaction_files.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "heddle/error.h"
#include "io/decompress.h"
#include "io/delimited.h"
#include "io/item_tables.h"
#include "io/lightgcn_text.h"
#include "io/listing.h"
#include "io/matrix_market.h"
#include "io/text.h"

namespace fs = std::filesystem;

namespace heddle::io::detail {

namespace {

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// The file's name without .gz and its like.
std::string plain_file_name(const std::string& path) {
  return std::string(without_packed_ending(fs::path(path).filename().string()));
}

InteractionLog read_one(const std::string& path, const TableForm& form, const InteractionReading& how, std::string_view format,
                        std::string_view why, Reading& reading) {
  std::vector<InteractionText> texts;
  texts.push_back({TextSource(path, how.options)});
  return parse_delimited(std::move(texts), form, how, format, why, reading);
}

/// RecBole writes tabs; some write its header and blanks.
TableForm recbole_form(std::string_view head) {
  const bool tabs = head.substr(0, head.find('\n')).find('\t') != std::string_view::npos;
  return {tabs ? "\t" : " ", '\0', TableForm::Header::typed};
}

/// The part that a file of RecBole's benchmarks is, and the data set's name: NAME.train.inter, NAME.valid.inter, NAME.test.inter.
std::optional<InteractionLog::Part> benchmark_part(std::string_view plain, std::string& name) {
  using Part = InteractionLog::Part;
  constexpr std::pair<std::string_view, Part> endings[] = {{".train.inter", Part::train},    {".valid.inter", Part::val},
                                                           {".val.inter", Part::val},        {".dev.inter", Part::val},
                                                           {".validation.inter", Part::val}, {".test.inter", Part::test}};
  for (const auto& [ending, part] : endings) {
    if (plain == ending.substr(1)) {  // train.inter: the folder has the name
      name.clear();
      return part;
    }
    if (plain.size() <= ending.size() || !plain.ends_with(ending)) continue;
    name = plain.substr(0, plain.size() - ending.size());
    return part;
  }
  return std::nullopt;
}

/// A data set as .inter files: one, or a part each.
struct InterFiles {
  std::string name;                                                                ///< of the data set
  std::vector<std::pair<std::string, std::optional<InteractionLog::Part>>> files;  ///< none: the folder has none
};

/// Those of a folder, or the path itself.
InterFiles inter_files(const std::string& path) {
  if (!is_folder(path)) return {data_name(path), {{path, std::nullopt}}};
  std::vector<std::string> whole;
  InterFiles parts;
  for (const std::string& name : names_in_readable(path)) {
    const std::string file = (fs::path(path) / name).string();
    const std::string plain = plain_file_name(file);
    if (!plain.ends_with(".inter")) continue;
    std::string stem;
    const std::optional<InteractionLog::Part> part = benchmark_part(plain, stem);
    if (!part) {
      whole.push_back(file);
      continue;
    }
    if (stem.empty()) stem = data_name(path);
    require(parts.name.empty() || parts.name == stem, ErrorKind::bad_data, path, " has several data sets: ", parts.name, " and ",
            stem, "; put each in a folder of its own");
    const auto same =
        std::find_if(parts.files.begin(), parts.files.end(), [&](const auto& known) { return known.second == part; });
    require(same == parts.files.end(), ErrorKind::bad_data, path, " has both ",
            same == parts.files.end() ? "" : fs::path(same->first).filename().string(), " and ", name,
            ", which are the same part of the data");
    parts.name = stem;
    parts.files.emplace_back(file, part);
  }
  // Where the parts stand beside the whole, they are what the authors split it into.
  const bool trains = std::any_of(parts.files.begin(), parts.files.end(),
                                  [](const auto& file) { return file.second == InteractionLog::Part::train; });
  if (trains && parts.files.size() > 1) {
    std::sort(parts.files.begin(), parts.files.end(), [](const auto& a, const auto& b) { return *a.second < *b.second; });
    return parts;
  }
  for (const auto& [file, part] : parts.files) whole.push_back(file);
  std::sort(whole.begin(), whole.end());
  require(whole.size() <= 1, ErrorKind::bad_data, path, " has several .inter files: ", whole.empty() ? "" : whole.front(),
          " and ", whole.empty() ? "" : whole.back(), "; name one of them");
  if (whole.empty()) return {};
  return {data_name(whole.front()), {{whole.front(), std::nullopt}}};
}

/// MovieLens's file of ratings, how it is written, and its file of titles.
struct MovieLensFiles {
  std::string_view ratings;
  TableForm form;
  InteractionColumns columns;
  std::string_view titles;
  TableForm title_form;
};

const std::vector<MovieLensFiles>& movielens_files() {
  using Header = TableForm::Header;
  static const std::vector<MovieLensFiles> files = {
      {"u.data", {"\t", '\0', Header::none}, {"1", "2", "3", "", "4"}, "u.item", {"|", '\0', Header::none}},
      {"ratings.dat", {"::", '\0', Header::none}, {"1", "2", "3", "", "4"}, "movies.dat", {"::", '\0', Header::none}},
      {"ratings.csv", {",", '"', Header::by_content}, {}, "movies.csv", {",", '"', Header::by_content}},
  };
  return files;
}

std::string first_line(const std::string& path) {
  const std::optional<std::string> head = text_head(path);
  return head ? head->substr(0, head->find('\n')) : "";
}

bool is_movielens_ratings(const std::string& path, const MovieLensFiles& files) {
  // A file of that name may be another program's, in its own form.
  const std::string line = first_line(path);
  if (files.form.separator == ",") return line.find("movieId") != std::string::npos && line.find("userId") != std::string::npos;
  return line.find(files.form.separator) != std::string::npos;
}

/// Whether a text has MovieLens's four columns with two colons between, and no header.
bool has_movielens_columns(const std::string& path) {
  const std::string line = first_line(path);
  std::size_t columns = 1;
  for (std::size_t at = 0; (at = line.find("::", at)) != std::string::npos; at += 2) ++columns;
  return columns == 4 && is_number(line.substr(line.rfind("::") + 2, line.find('\r') - line.rfind("::") - 2));
}

std::string lower_case_name(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name;
}

/// The file of a folder that is called by one of `stems` with one of `endings`, whatever the case; empty: there is none.
std::string find_part(const std::string& folder, std::span<const char* const> stems, const std::vector<std::string>& endings) {
  std::string found;
  for (const std::string& name : names_in(folder)) {
    std::error_code ignored;
    const std::string plain = lower_case_name(std::string(without_packed_ending(name)));
    const bool is_part = std::any_of(stems.begin(), stems.end(), [&](const char* stem) {
      return std::any_of(endings.begin(), endings.end(), [&](const std::string& ending) { return plain == stem + ending; });
    });
    const std::string file = (fs::path(folder) / name).string();
    if (!is_part || !fs::is_regular_file(file, ignored)) continue;
    require(found.empty(), ErrorKind::bad_data, folder, " has both ", fs::path(found).filename().string(), " and ", name,
            ", which are the same part of the data");
    found = file;
  }
  return found;
}

constexpr const char* train_names[] = {"train"};
constexpr const char* test_names[] = {"test"};

}  // namespace

std::string train_file(const std::string& folder, const std::vector<std::string>& endings) {
  return find_part(folder, train_names, endings);
}

bool is_recbole(const std::string& path) {
  if (is_folder(path)) return !inter_files(path).files.empty();
  const std::optional<std::string> head = text_head(path);
  if (!head) return false;
  return plain_file_name(path).ends_with(".inter") || head->substr(0, head->find('\n')).find(":token") != std::string::npos;
}

InteractionLog read_recbole(const std::string& path, const InteractionReading& how, Reading& reading) {
  const InterFiles inter_set = inter_files(path);
  require(!inter_set.files.empty(), ErrorKind::bad_data, path, " has no .inter file");
  const std::string inter = inter_set.files.front().first;
  std::vector<InteractionText> texts;
  for (const auto& [file, part] : inter_set.files) texts.push_back({TextSource(file, how.options), part});
  const char* const why = texts.size() > 1 ? "is named NAME.PART.inter" : "has a header of name:type";
  InteractionLog log = parse_delimited(std::move(texts), recbole_form(first_line(inter)), how, "recbole", why, reading);
  log.name = inter_set.name;
  const std::string plain = plain_file_name(inter);
  std::string stem = plain.ends_with(".inter") ? plain.substr(0, plain.size() - 6) : plain;
  benchmark_part(plain, stem);
  const std::string items = find_file(fs::path(inter).parent_path().string(), stem + ".item");
  if (items.empty()) return log;
  std::size_t id = 0, title = 0;
  if (find_title_columns(TextSource(items, how.options), how.options, id, title)) {
    parse_titles(log, TextSource(items, how.options), {"\t", '\0', TableForm::Header::typed}, id, title, how.options, reading);
  }
  return log;
}

bool is_movielens(const std::string& path) {
  const bool folder = is_folder(path);
  for (const MovieLensFiles& files : movielens_files()) {
    const std::string ratings = folder ? find_file(path, files.ratings) : plain_file_name(path) == files.ratings ? path : "";
    if (!ratings.empty() && is_movielens_ratings(ratings, files)) return true;
  }
  return !folder && has_movielens_columns(path);
}

InteractionLog read_movielens(const std::string& path, const InteractionReading& asked, Reading& reading) {
  refuse_columns(asked.columns, "movielens", path);
  InteractionReading how = asked;
  const bool folder = is_folder(path);
  const std::string parent = folder ? path : fs::path(path).parent_path().string();
  for (const MovieLensFiles& files : movielens_files()) {
    const std::string ratings = folder ? find_file(path, files.ratings) : plain_file_name(path) == files.ratings ? path : "";
    if (ratings.empty()) continue;
    how.columns = files.columns;
    InteractionLog log = read_one(ratings, files.form, how, "movielens", "is named as MovieLens names it", reading);
    log.name = data_name(path);
    const std::string titles = find_file(parent, files.titles);
    if (titles.empty()) return log;
    parse_titles(log, TextSource(titles, how.options), files.title_form, 0, 1, how.options, reading);
    return log;
  }
  require(!folder, ErrorKind::bad_data, path, " has none of u.data, ratings.dat, ratings.csv");
  how.columns = movielens_files()[1].columns;
  InteractionLog log = read_one(path, movielens_files()[1].form, how, "movielens", "has two colons between columns", reading);
  log.name = data_name(path);
  return log;
}

bool is_interaction_matrix(const std::string& path) { return !is_folder(path) && is_matrix_market(first_line(path)); }

InteractionLog read_interaction_matrix(const std::string& path, const InteractionReading& asked, Reading& reading) {
  refuse_columns(asked.columns, "matrix_market", path);
  std::string banner = first_line(path);
  for (char& c : banner) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const bool general = banner.find("coordinate") != std::string::npos && banner.find("general") != std::string::npos;
  require(general && banner.find("complex") == std::string::npos, ErrorKind::bad_data, path, ":1: the matrix is ",
          in_quotes(banner), ", and users x items are a general coordinate matrix of numbers");
  InteractionReading how = asked;
  const bool pattern = banner.find("pattern") != std::string::npos;
  how.columns = {.user = "1", .item = "2", .rating = pattern ? "" : "3"};
  if (pattern) how.rating = Wanted::no;
  TableForm form{" ", '\0', TableForm::Header::none};
  form.skip_records = 1;
  InteractionLog log = read_one(path, form, how, "matrix_market", "begins with Matrix Market's banner", reading);
  log.name = data_name(path);
  return log;
}

std::vector<InteractionText> part_texts(const std::string& folder, const std::vector<std::string>& endings,
                                        const ReadOptions& options) {
  using Part = InteractionLog::Part;
  std::vector<InteractionText> texts;
  const std::string train = train_file(folder, endings);
  if (train.empty()) return texts;
  const std::string val = find_part(folder, validation_names, endings), test = find_part(folder, test_names, endings);
  texts.push_back({TextSource(train, options), Part::train});
  if (!val.empty()) texts.push_back({TextSource(val, options), Part::val});
  if (!test.empty()) texts.push_back({TextSource(test, options), Part::test});
  return texts;
}

void list_unread(const std::string& path, Reading& reading) {
  if (!is_folder(path)) return;
  for (const std::string& name : names_in(path)) {
    const std::string file = (fs::path(path) / name).string();
    const bool read = std::any_of(reading.files.begin(), reading.files.end(), [&](const FileReading& known) {
      return known.path == file || known.path.starts_with(file + "/");
    });
    if (read || name.starts_with('.')) continue;
    reading.files_not_read.push_back(is_folder(file) ? name + "/" : name);
    const std::string stem = lower_case_name(name.substr(0, name.find('.')));
    const bool part = stem == "train" || stem == "test" ||
                      std::find(std::begin(validation_names), std::end(validation_names), stem) != std::end(validation_names);
    if (part && !is_folder(file)) {
      reading.note(NoteKind::files, file, 0, "is named like a part of the data, and was not read");
    }
  }
}

bool is_csv(const std::string& path) {
  if (!is_folder(path)) return text_head(path).has_value();
  return !train_file(path, column_endings).empty();
}

InteractionLog read_columns(std::vector<InteractionText> texts, const InteractionReading& how, bool one_shape, Reading& reading) {
  TableForm form;
  const std::string_view head = texts.front().source.head();
  const bool by_blanks = how.format == InteractionFormat::automatic && head.find_first_of(",;|") == std::string_view::npos &&
                         head.substr(0, head.find('\n')).find('\t') == std::string_view::npos &&
                         line_shape(head) == LineShape::table;
  if (by_blanks && how.options.separator.empty()) form.separator = " ";
  const std::string name = texts.front().source.name();
  InteractionLog log = parse_delimited(std::move(texts), form, how, "csv", "", reading, one_shape);
  if (by_blanks && !reading.files.front().header) {
    reading.note(
        NoteKind::format, name, 0,
        "each line has as many fields, and those behind the second look like ratings or times: it is read as user, item and "
        "these; --format lightgcn reads a line as a user and its items");
  }
  return log;
}

InteractionLog read_csv(const std::string& path, const InteractionReading& how, Reading& reading) {
  std::vector<InteractionText> texts;
  if (is_folder(path)) {
    texts = part_texts(path, column_endings, how.options);
    require(!texts.empty(), ErrorKind::bad_data, path, " has no train.csv");
    require(texts.size() > 1, ErrorKind::bad_data, path, " has ", fs::path(texts.front().source.name()).filename().string(),
            " and none of val, valid, validation, dev and test beside it; name the file itself to have it split");
  } else {
    texts.push_back({TextSource(path, how.options)});
  }
  InteractionLog log = read_columns(std::move(texts), how, false, reading);
  log.name = data_name(path);
  return log;
}

TableForm recbole_form_of(const std::string& path) { return recbole_form(first_line(path)); }

}  // namespace heddle::io::detail
