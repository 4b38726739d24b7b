#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "io/column_values.h"
#include "io/content_kind.h"
#include "io/delimited.h"
#include "io/interaction_columns.h"
#include "io/interaction_files.h"
#include "io/json_records.h"
#include "io/reading_progress.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

/// How many records are looked at to tell which keys there are.
constexpr int64_t json_sample = 1000;

std::string whole_text(TextSource& source) {
  constexpr int64_t piece = int64_t{1} << 20;
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + piece);
    const int64_t count = source.read(text.data() + before, piece);
    text.resize(before + static_cast<std::size_t>(count));
    if (count == 0) return text;
  }
}

/// The keys of the first records, in the order in which they come.
std::vector<std::string> sample_keys(std::string_view text, const std::string& name) {
  std::vector<std::string> keys;
  JsonRecords records(text, name);
  for (int64_t i = 0; i < json_sample && records.next(); ++i) {
    records.values([&](const JsonRecords::Value& value) {
      if (std::find(keys.begin(), keys.end(), value.key) == keys.end()) keys.emplace_back(value.key);
    });
  }
  return keys;
}

std::string listed_keys(const std::vector<std::string>& keys) {
  std::string result;
  for (std::size_t i = 0; i < std::min<std::size_t>(keys.size(), 8); ++i) result += (i ? ", " : "") + in_quotes(keys[i]);
  return result + (keys.size() > 8 ? ", …" : "");
}

/// The key of each role; none: an empty one. A usual name counts for a whole key, or for what stands behind its last point.
std::array<std::string, role_count> keys_of_roles(const std::vector<std::string>& keys, const InteractionReading& how,
                                                  const std::string& name) {
  const std::string* const asked[role_count] = {&how.columns.user,      &how.columns.item, &how.columns.rating,
                                                &how.columns.behaviour, &how.columns.time, &how.columns.name};
  const Wanted wanted[role_count] = {Wanted::yes, Wanted::yes, how.rating, how.behaviour, how.time, Wanted::no};
  std::array<std::string, role_count> found;
  for (std::size_t role = 0; role < role_count; ++role) {
    if (!asked[role]->empty()) {
      found[role] = *asked[role];
      continue;
    }
    if (wanted[role] == Wanted::no) continue;
    for (const bool whole : {true, false}) {
      for (const std::string_view usual : usual_names(static_cast<Role>(role))) {
        for (const std::string& key : keys) {
          const std::string_view compared = whole ? key : std::string_view(key).substr(key.rfind('.') + 1);
          if (found[role].empty() && plain_name(compared) == usual) found[role] = key;
        }
      }
    }
    require(!found[role].empty() || role > role_item, ErrorKind::bad_data, name, ":1: no key is known for the ", role_names[role],
            " among ", listed_keys(keys), "; name it (--", role_names[role], "-column)");
  }
  require(found[role_user] != found[role_item], ErrorKind::bad_data, name, ":1: users and items cannot both be under ",
          in_quotes(found[role_user]));
  return found;
}

void append_cell(std::string& csv, std::string_view cell) {
  csv += '"';
  for (const char c : cell) {
    if (c == '"') csv += '"';
    // A line feed would begin another line, and the sentences count lines; an id with one is refused for it either way.
    csv += c == '\n' || c == '\r' ? '\x1f' : c;
  }
  csv += '"';
}

}  // namespace

namespace {

/// A text of records as a CSV of the columns that are asked for, of which a record stands in the line where it stands in the
/// JSON: what a CSV's reader makes of cells that say nothing, of times and ratings, holds here too.
struct JsonAsCsv {
  std::string csv;
  std::vector<std::string> keys;  ///< all that were seen, in their order
  std::string name, compression, encoding;
  int64_t rows = 0;
  bool by_line = true;  ///< whether each record begins a line of its own
  std::optional<InteractionLog::Part> part;
};

/// `key`: of each role; `roles`: those that have one.
JsonAsCsv csv_of_records(std::string_view text, std::string name, const std::array<std::string, role_count>& key,
                         const std::vector<std::size_t>& roles, const ProgressCallback& told) {
  JsonAsCsv result;
  result.name = std::move(name);
  result.keys = sample_keys(text, result.name);
  std::vector<std::string>& keys = result.keys;
  std::array<bool, role_count> seen{};
  std::array<std::string, role_count> cells;
  int64_t line = 0;  // lines of the CSV so far
  JsonRecords records(text, result.name);
  RecordsProgress progress(told, text.size(), 0, 1);
  while (records.next()) {
    progress.record(records.left());
    ++result.rows;
    result.by_line = result.by_line && records.line() > line;
    if (result.by_line) {
      result.csv.append(static_cast<std::size_t>(records.line() - line - 1), '\n');
      line = records.line();
    }
    for (std::string& cell : cells) cell.clear();
    std::array<bool, role_count> has{};
    records.values([&](const JsonRecords::Value& value) {
      for (const std::size_t role : roles) {
        if (value.key != key[role]) continue;
        require(value.kind != JsonRecords::Value::list, ErrorKind::bad_data, result.name, ":", records.line(), ": ",
                in_quotes(value.key), " is a list, not one value");
        require(!has[role], ErrorKind::bad_data, result.name, ":", records.line(), ": the key ", in_quotes(value.key),
                " comes twice in a record");
        has[role] = seen[role] = true;
        cells[role] = value.text;
      }
      if (result.rows > json_sample && result.rows < 10 * json_sample &&
          std::find(keys.begin(), keys.end(), value.key) == keys.end())
        keys.emplace_back(value.key);
    });
    for (std::size_t i = 0; i < roles.size(); ++i) {
      if (i > 0) result.csv += ',';
      append_cell(result.csv, cells[roles[i]]);
    }
    result.csv += '\n';
  }
  require(result.rows > 0, ErrorKind::bad_data, result.name, " has no interactions");
  for (const std::size_t role : roles) {
    require(seen[role], ErrorKind::bad_data, result.name, ":1: no record has a key ", in_quotes(key[role]), " for the ",
            role_names[role], "; there are ", listed_keys(keys));
  }
  return result;
}

}  // namespace

InteractionLog parse_json_records(std::vector<InteractionText> sources, const InteractionReading& how, Reading& reading) {
  std::vector<JsonAsCsv> files;
  std::array<std::string, role_count> key;
  std::vector<std::size_t> roles;
  const auto count = static_cast<double>(sources.size());
  for (InteractionText& source : sources) {
    const std::string text = whole_text(source.source);
    if (files.empty()) {
      key = keys_of_roles(sample_keys(text, source.source.name()), how, source.source.name());
      for (std::size_t role = 0; role < role_count; ++role) {
        if (!key[role].empty()) roles.push_back(role);
      }
    }
    const auto at = static_cast<double>(files.size());
    files.push_back(csv_of_records(text, source.source.name(), key, roles,
                                   part_of(how.options.progress, at / count / 2, (at + 1) / count / 2)));
    files.back().part = source.part;
    files.back().compression = to_string(source.source.compression());
    files.back().encoding = to_string(source.source.encoding());
  }

  InteractionReading as_csv = how;
  as_csv.columns = {};
  std::string* const columns[role_count] = {&as_csv.columns.user,      &as_csv.columns.item, &as_csv.columns.rating,
                                            &as_csv.columns.behaviour, &as_csv.columns.time, &as_csv.columns.name};
  for (std::size_t i = 0; i < roles.size(); ++i) *columns[roles[i]] = std::to_string(i + 1);
  as_csv.options.separator = as_csv.options.quote = as_csv.options.encoding = "";
  as_csv.options.header = HeaderLine::absent;
  as_csv.options.progress = part_of(how.options.progress, 0.5, 1);
  as_csv.options.skip_lines = 0;
  std::vector<InteractionText> texts;
  texts.reserve(files.size());
  for (const JsonAsCsv& file : files) {
    // Records of one line have no lines of their own: they are counted.
    texts.push_back({TextSource(file.csv, file.by_line ? file.name : file.name + " record", as_csv.options), file.part});
  }
  Reading told;
  InteractionLog log;
  const auto hand_on = [&] {
    for (std::size_t f = 0; f < told.files.size(); ++f) {
      const JsonAsCsv& from = files[f];
      FileReading json{.path = from.name,
                       .role = told.files[f].role,
                       .part = told.files[f].part,
                       .format = "json_lines",
                       .why = "holds JSON objects",
                       .encoding = from.encoding,
                       .compression = from.compression};
      json.rows = from.rows;
      for (std::size_t i = 0; i < from.keys.size(); ++i) {
        const auto role = std::find_if(roles.begin(), roles.end(), [&](std::size_t r) { return key[r] == from.keys[i]; });
        const bool used = role != roles.end();
        json.columns.push_back(
            {from.keys[i], static_cast<int64_t>(i) + 1, 1, used ? role_names[*role] : "", used ? "usual name" : ""});
      }
      told.files[f] = std::move(json);
    }
    const auto named = [&](std::string& file) {
      for (const JsonAsCsv& from : files) {
        if (!from.by_line && file == from.name + " record") file = from.name;
      }
    };
    for (RowsLeftOut& left : told.left_out) named(left.file);
    for (ReadingNote& note : told.notes) named(note.file);
    reading.append(std::move(told));
  };
  try {
    log =
        parse_delimited(std::move(texts), {",", '"', TableForm::Header::none}, as_csv, "json_lines", "holds JSON objects", told);
  } catch (const Error&) {
    hand_on();
    throw;
  }
  hand_on();
  return log;
}

bool is_json_records(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return kind_at(path).format == "json_lines";
  const std::string train = train_file(path, json_endings);
  return !train.empty() && kind_at(train).format == "json_lines";
}

InteractionLog read_json_records(const std::string& path, const InteractionReading& how, Reading& reading) {
  std::error_code ignored;
  std::vector<InteractionText> texts;
  if (std::filesystem::is_directory(path, ignored)) {
    texts = part_texts(path, json_endings, how.options);
    require(!texts.empty(), ErrorKind::bad_data, path, " has no train.jsonl");
    require(texts.size() > 1, ErrorKind::bad_data, path, " has ",
            std::filesystem::path(texts.front().source.name()).filename().string(),
            " and none of val, valid, validation, dev and test beside it; name the file itself to have it split");
  } else {
    texts.push_back({TextSource(path, how.options)});
  }
  InteractionLog log = parse_json_records(std::move(texts), how, reading);
  log.name = data_name(path);
  return log;
}

}  // namespace heddle::io::detail
