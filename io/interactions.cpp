#include "io/interactions.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/content_kind.h"
#include "io/decompress.h"
#include "io/delimited.h"
#include "io/file_series.h"
#include "io/interaction_files.h"
#include "io/lightgcn_text.h"
#include "io/listing.h"
#include "io/read_options.h"
#include "io/readable_path.h"

namespace fs = std::filesystem;

namespace heddle::io {

namespace detail {

namespace {

constexpr InteractionFormatEntry interaction_format_table[] = {
    {InteractionFormat::npz, "npz", "a sparse matrix of users x items as SciPy's save_npz writes it (.npz)", is_npz_interactions,
     read_npz_interactions},
    {InteractionFormat::json_lines, "json_lines", "JSON with an object a record, one a line or in one array", is_json_records,
     read_json_records},
    {InteractionFormat::lightgcn, "lightgcn",
     "a folder with train.txt and test.txt, or a file with lines 'user item item ...', separated by blanks", is_lightgcn,
     read_lightgcn},
    {InteractionFormat::recbole, "recbole", "NAME.inter or a folder with it", is_recbole, read_recbole},
    {InteractionFormat::movielens, "movielens", "u.data, ratings.dat, ratings.csv or a folder with one of them", is_movielens,
     read_movielens},
    {InteractionFormat::matrix_market, "matrix_market", "a Matrix Market file (.mtx) of users x items", is_interaction_matrix,
     read_interaction_matrix},
    {InteractionFormat::csv, "csv",
     "a text file with columns for user and item, or a folder with train.csv and val.csv or test.csv (.tsv, .txt)", is_csv,
     read_csv},
};

}  // namespace

std::span<const InteractionFormatEntry> interaction_formats() { return interaction_format_table; }

std::string_view format_name(InteractionFormat format) {
  for (const InteractionFormatEntry& entry : interaction_format_table) {
    if (entry.format == format) return entry.name;
  }
  return "auto";
}

std::string find_file(const std::string& folder, std::string_view name) {
  const std::string plain = (fs::path(folder) / name).string();
  std::error_code ignored;
  std::string found = fs::is_regular_file(plain, ignored) ? plain : "";
  for (const std::string_view ending : packed_endings) {
    const std::string packed = plain + std::string(ending);
    if (!fs::is_regular_file(packed, ignored)) continue;
    require(found.empty(), ErrorKind::bad_data, folder, " has both ", fs::path(found).filename().string(), " and ", name, ending);
    found = packed;
  }
  return found;
}

std::string data_name(const std::string& path) {
  const fs::path normal = fs::path(path).lexically_normal();  // "data/x/" names the same as "data/x"
  const fs::path named = normal.has_filename() ? normal : normal.parent_path();
  std::error_code ignored;
  const std::string last = named.filename().string();
  return fs::is_directory(path, ignored) ? last : last.substr(0, last.find('.', 1));
}

std::optional<std::string> text_head(const std::string& path) try {
  constexpr std::size_t head_bytes = 16384;
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  if (fs::file_size(path, ignored) == 0) return "";
  std::string head(TextSource(path, {}).head().substr(0, head_bytes));
  if (head.find('\0') != std::string::npos) return std::nullopt;
  return head;
} catch (const Error& error) {
  if (error.kind() != ErrorKind::bad_data) throw;
  return "";  // whoever reads it tells what is wrong
}

void refuse_columns(const InteractionColumns& columns, std::string_view format, const std::string& path) {
  for (const std::string* column :
       {&columns.user, &columns.item, &columns.rating, &columns.behaviour, &columns.time, &columns.name}) {
    require(column->empty(), ErrorKind::usage, path, " is read as ", format, ", whose columns are fixed; column ",
            in_quotes(*column), " can be named for the format csv");
  }
}

}  // namespace detail

namespace {

SettingOf<InteractionReading> column_setting(const char* name, std::string InteractionColumns::*column, const char* what) {
  return custom_setting<InteractionReading>(
      name, "COLUMN", text("the column with the ", what, ", by name or number from 1 [by usual names]"),
      [column](InteractionReading& reading, const std::string&, const std::string& written) {
        reading.columns.*column = written;
      },
      [column](const InteractionReading& reading) { return reading.columns.*column; });
}

/// "auto (by its content), lightgcn, recbole, movielens or csv"
SettingOf<InteractionReading> format_setting() {
  std::vector<std::pair<std::string, InteractionFormat>> names{{"auto", InteractionFormat::automatic}};
  std::string meaning = "format of the data: auto (by its content)";
  const std::span<const detail::InteractionFormatEntry> formats = detail::interaction_formats();
  for (const detail::InteractionFormatEntry& entry : formats) {
    names.emplace_back(entry.name, entry.format);
    meaning += text(&entry == &formats.back() ? " or " : ", ", entry.name);
  }
  return setting("format", &InteractionReading::format, std::move(names), meaning);
}

std::vector<SettingOf<InteractionReading>> interaction_reading_rows() {
  std::vector<SettingOf<InteractionReading>> rows = {
      format_setting(),
      column_setting("user_column", &InteractionColumns::user, "user"),
      column_setting("item_column", &InteractionColumns::item, "item"),
      column_setting("rating_column", &InteractionColumns::rating, "rating"),
      column_setting("behaviour_column", &InteractionColumns::behaviour, "behaviour (view, buy, ...)"),
      column_setting("time_column", &InteractionColumns::time, "time"),
      custom_setting<InteractionReading>(
          "name_column", "COLUMN", "the column with the items' names, by name or number from 1, to be told with them [none]",
          [](InteractionReading& reading, const std::string&, const std::string& written) { reading.columns.name = written; },
          [](const InteractionReading& reading) { return reading.columns.name; })};
  for (SettingOf<ReadOptions>& row : detail::read_option_rows())
    rows.push_back(detail::setting_within(&InteractionReading::options, std::move(row)));
  return rows;
}

}  // namespace

const SettingTable<InteractionReading>& reading_settings() try {
  static const SettingTable<InteractionReading> table("reading", interaction_reading_rows());
  return table;
} catch (...) {
  rethrow_as_error();
}

void set_wanted(InteractionReading& reading, const PrepareOptions& options) {
  reading.rating = options.has_min_rating ? Wanted::yes : Wanted::no;
  reading.behaviour = options.behaviour_weights.empty() ? Wanted::if_there : Wanted::yes;
  reading.time = options.by_time ? Wanted::yes : Wanted::no;
}

namespace detail {

namespace {

/// Tells of parts for test or validation whose users, or items, training hardly knows: ids may be written in another way.
void tell_strangers(const InteractionLog& log, Reading& reading) {
  const auto tell = [&](const char* what, const std::vector<int32_t>& numbers, const IdTable& ids) {
    std::vector<bool> trained(static_cast<std::size_t>(ids.size()), false);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (log.part[i] == InteractionLog::Part::train) trained[static_cast<std::size_t>(numbers[i])] = true;
    }
    std::size_t all = 0, strangers = 0, first = numbers.size();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (log.part[i] == InteractionLog::Part::train) continue;
      ++all;
      if (trained[static_cast<std::size_t>(numbers[i])]) continue;
      if (strangers++ == 0) first = i;
    }
    if (all < 10 || 10 * strangers < 9 * all) return;
    const auto known = std::find(trained.begin(), trained.end(), true) - trained.begin();
    if (known == ids.size()) return;
    reading.note(NoteKind::ids, "", 0,
                 text(strangers, " of ", counted(all, "interaction"), " to test or validate by have ", what,
                      " that training does not know, such as ", in_quotes(ids[numbers[first]]), "; training has ids such as ",
                      in_quotes(ids[known])));
  };
  if (log.part.empty()) return;
  tell("a user", log.user, log.users);
  tell("an item", log.item, log.items);
}

InteractionLog read_files(const std::vector<std::string>& files, const InteractionReading& how, bool one_shape,
                          Reading& reading) {
  InteractionFormat format = how.format;
  const std::string* of_format = nullptr;
  for (const std::string& file : files) {
    const ContentKind kind = kind_at(file);
    const std::string refused = refusal(file, kind, "interactions", {"json_lines", "npz", "matrix_market"});
    require(refused.empty() || how.format != InteractionFormat::automatic, ErrorKind::bad_data, refused);
    if (how.format != InteractionFormat::automatic) continue;
    const auto found = std::find_if(interaction_formats().begin(), interaction_formats().end(),
                                    [&](const InteractionFormatEntry& entry) { return entry.recognise(file); });
    require(found != interaction_formats().end(), ErrorKind::bad_data, file, " holds no interactions");
    // A file of MovieLens's that is one of several has no titles beside it.
    const InteractionFormat here = found->format == InteractionFormat::movielens ? InteractionFormat::csv : found->format;
    require(of_format == nullptr || here == format, ErrorKind::bad_data, of_format == nullptr ? file : *of_format, " and ", file,
            " are of different formats (", format_name(format), " and ", format_name(here), "), and are not read together");
    format = here;
    if (of_format == nullptr) of_format = &file;
  }
  std::vector<InteractionText> texts;
  const auto open = [&] {
    for (const std::string& file : files) texts.push_back({TextSource(file, how.options)});
  };
  switch (format) {
    case InteractionFormat::lightgcn:
      refuse_columns(how.columns, "lightgcn", files.front());
      open();
      return read_lists(std::move(texts), how, reading);
    case InteractionFormat::json_lines: open(); return parse_json_records(std::move(texts), how, reading);
    case InteractionFormat::recbole:
      open();
      return parse_delimited(std::move(texts), recbole_form_of(files.front()), how, "recbole", "has a header of name:type",
                             reading, one_shape);
    case InteractionFormat::csv: open(); return read_columns(std::move(texts), how, one_shape, reading);
    case InteractionFormat::movielens:
    case InteractionFormat::npz:
    case InteractionFormat::matrix_market:
    case InteractionFormat::automatic: break;
  }
  fail(ErrorKind::bad_data, files.front(), " is read alone: ", format_name(format), " holds a whole data set");
}

InteractionLog read_interactions(const std::string& path, const InteractionReading& how, Reading& reading) {
  std::error_code ignored;
  std::string looked_for;
  const bool exists = std::filesystem::exists(path, ignored);
  const std::string refused = refusal(path, kind_at(path), "interactions", {"npz", "matrix_market", "json_lines", "zip"});
  require(refused.empty() || how.format != InteractionFormat::automatic, ErrorKind::bad_data, refused);
  for (const InteractionFormatEntry& entry : interaction_formats()) {
    const bool tried = how.format == entry.format || how.format == InteractionFormat::automatic;
    if (tried && exists && (how.format == entry.format || entry.recognise(path))) {
      InteractionLog log = entry.read(path, how, reading);
      list_unread(path, reading);
      return log;
    }
    if (tried) looked_for += text(looked_for.empty() ? "" : "; ", entry.looks_like);
  }
  if (fs::is_directory(path, ignored)) {
    if (const std::vector<std::string> files = series_in(path); !files.empty()) {
      InteractionLog log = read_files(files, how, true, reading);
      list_unread(path, reading);
      log.name = data_name(path);
      return log;
    }
    looked_for += "; data files of one shape";
  }
  const ContentKind kind = kind_at(path);
  require(kind.kind != ContentKind::unknown || kind.name.empty(), ErrorKind::bad_data, path, " is ", kind.name,
          ", not interactions that can be read; looked for: ", looked_for);
  require(exists, ErrorKind::io, path, " does not exist", what_is_there(path));
  fail(ErrorKind::bad_data, path, " holds no interactions; looked for: ", looked_for);
}

}  // namespace

}  // namespace detail

InteractionLog load_interaction_files(const std::vector<std::string>& paths, const InteractionReading& reading,
                                      Reading* told) try {
  require(!paths.empty(), ErrorKind::usage, "no file is named to read interactions from");
  if (paths.size() == 1 && !detail::is_pattern(paths.front())) return load_interactions(paths.front(), reading, told);
  std::vector<std::string> files;
  try {
    files = detail::named_files(paths);
  } catch (const Error& error) {
    if (told != nullptr) told->refused = error.what();
    throw;
  }
  return detail::read_all_and_tell(files, reading.options, told,
                                   [&](const std::deque<detail::ReadablePath>& readable, Reading& report) {
                                     std::vector<std::string> opened;
                                     opened.reserve(readable.size());
                                     for (const detail::ReadablePath& path : readable) opened.push_back(path.path());
                                     InteractionLog log = detail::read_files(opened, reading, false, report);
                                     log.read_with = reading_settings().write(reading);
                                     log.name = detail::data_name(files.front());
                                     if (files.size() > 1) log.name += text(" and ", counted(files.size() - 1, "more file"));
                                     return log;
                                   });
} catch (...) {
  rethrow_as_error();
}

InteractionLog load_interactions(const std::string& path, const InteractionReading& reading, Reading* told) try {
  if (detail::is_pattern(path)) return load_interaction_files({path}, reading, told);
  return detail::read_and_tell(path, reading.options, told, [&](const detail::ReadablePath& readable, Reading& met) {
    InteractionLog log = detail::read_interactions(readable.path(), reading, met);
    detail::tell_strangers(log, met);
    log.read_with = reading_settings().write(reading);
    if (readable.is_copy()) log.name = detail::data_name(readable.name());
    return log;
  });
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
