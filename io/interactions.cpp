#include "io/interactions.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/file.h"
#include "io/interaction_files.h"
#include "io/lightgcn_text.h"

namespace fs = std::filesystem;

namespace heddle::io {

namespace detail {

namespace {

constexpr InteractionFormatEntry interaction_format_table[] = {
    {InteractionFormat::lightgcn, "lightgcn",
     "a folder with train.txt and test.txt, or a file with lines 'user item item ...', separated by blanks", is_lightgcn,
     read_lightgcn},
    {InteractionFormat::recbole, "recbole", "NAME.inter or a folder with it", is_recbole, read_recbole},
    {InteractionFormat::movielens, "movielens", "u.data, ratings.dat, ratings.csv or a folder with one of them", is_movielens,
     read_movielens},
    {InteractionFormat::csv, "csv",
     "a text file with columns for user and item, or a folder with train.csv and dev.csv, val.csv or test.csv", is_csv, read_csv},
};

}  // namespace

std::span<const InteractionFormatEntry> interaction_formats() { return interaction_format_table; }

std::string find_file(const std::string& folder, std::string_view name) {
  const std::string plain = (fs::path(folder) / name).string();
  const std::string packed = plain + ".gz";
  std::error_code ignored;
  const bool has_plain = fs::is_regular_file(plain, ignored);
  const bool has_packed = fs::is_regular_file(packed, ignored);
  require(!has_plain || !has_packed, ErrorKind::bad_data, folder, " has both ", name, " and ", name, ".gz");
  return has_plain ? plain : has_packed ? packed : "";
}

std::string data_name(const std::string& path) {
  const fs::path normal = fs::path(path).lexically_normal();  // "data/x/" names the same as "data/x"
  const fs::path named = normal.has_filename() ? normal : normal.parent_path();
  std::error_code ignored;
  const std::string last = named.filename().string();
  return fs::is_directory(path, ignored) ? last : last.substr(0, last.find('.', 1));
}

std::optional<std::string> text_head(const std::string& path) {
  constexpr int64_t head_bytes = 16384;
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  const InputFile file(path);
  std::string head(static_cast<std::size_t>(std::min(file.size(), head_bytes)), '\0');
  file.read(0, head.data(), static_cast<int64_t>(head.size()));
  if (is_gzip(head)) head = gunzip_head(head, head_bytes);
  if (head.find('\0') != std::string::npos) return std::nullopt;
  return head;
}

void refuse_columns(const InteractionColumns& columns, std::string_view format, const std::string& path) {
  for (const std::string* column : {&columns.user, &columns.item, &columns.rating, &columns.behaviour, &columns.time}) {
    require(column->empty(), ErrorKind::usage, path, " is read as ", format, ", whose columns are fixed; column ",
            in_quotes(*column), " can be named for the format csv");
  }
}

}  // namespace detail

namespace {

SettingOf<InteractionReading> column_setting(const char* name, std::string InteractionColumns::*column, const char* what) {
  return custom_setting<InteractionReading>(
      name, "COLUMN", text("csv: the column with the ", what, ", by name or number from 1 [by usual names]"),
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

}  // namespace

const SettingTable<InteractionReading>& reading_settings() try {
  static const SettingTable<InteractionReading> table(
      "reading", {format_setting(), column_setting("user_column", &InteractionColumns::user, "user"),
                  column_setting("item_column", &InteractionColumns::item, "item"),
                  column_setting("rating_column", &InteractionColumns::rating, "rating"),
                  column_setting("behaviour_column", &InteractionColumns::behaviour, "behaviour (view, buy, ...)"),
                  column_setting("time_column", &InteractionColumns::time, "time")});
  return table;
} catch (...) {
  rethrow_as_error();
}

InteractionLog load_interactions(const std::string& path, InteractionFormat format, const InteractionColumns& columns,
                                 const ProgressCallback& progress) try {
  std::error_code ignored;
  std::string looked_for;
  const bool exists = std::filesystem::exists(path, ignored);
  for (const detail::InteractionFormatEntry& entry : detail::interaction_formats()) {
    const bool tried = format == entry.format || format == InteractionFormat::automatic;
    if (tried && exists && (format == entry.format || entry.recognise(path))) {
      InteractionLog log = entry.read(path, columns, progress);
      log.read_with = reading_settings().write({format, columns});
      return log;
    }
    if (tried) looked_for += text(looked_for.empty() ? "" : "; ", entry.looks_like);
  }
  fail(exists ? ErrorKind::bad_data : ErrorKind::io, path, exists ? " holds no interactions" : " does not exist",
       "; looked for: ", looked_for);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
