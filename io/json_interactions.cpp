#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "io/column_values.h"
#include "io/content_kind.h"
#include "io/delimited.h"
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
  const std::string* const asked[role_count] = {&how.columns.user, &how.columns.item, &how.columns.rating, &how.columns.behaviour,
                                                &how.columns.time};
  const Wanted wanted[role_count] = {Wanted::yes, Wanted::yes, how.rating, how.behaviour, how.time};
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

InteractionLog parse_json_records(TextSource source, const InteractionReading& how, Reading& reading) {
  const std::string name = source.name();
  const std::string compression = to_string(source.compression());
  const std::string encoding = to_string(source.encoding());
  const std::string text = whole_text(source);
  const std::vector<std::string> sampled = sample_keys(text, name);
  const std::array<std::string, role_count> key = keys_of_roles(sampled, how, name);

  // The columns that are asked for as a CSV, of which a record stands in the line where it stands in the JSON: what a CSV's
  // reader makes of cells that say nothing, of times and ratings, holds here too.
  std::vector<std::size_t> roles;
  std::string csv;
  for (std::size_t role = 0; role < role_count; ++role) {
    if (!key[role].empty()) roles.push_back(role);
  }
  std::vector<std::string> keys = sampled;
  std::array<bool, role_count> seen{};
  std::array<std::string, role_count> cells;
  int64_t line = 0, rows = 0;  // lines of the CSV so far
  bool by_line = true;
  JsonRecords records(text, name);
  RecordsProgress progress(how.options.progress, text.size(), 0, 0.5);
  while (records.next()) {
    progress.record(records.left());
    ++rows;
    by_line = by_line && records.line() > line;
    if (by_line) {
      csv.append(static_cast<std::size_t>(records.line() - line - 1), '\n');
      line = records.line();
    }
    for (std::string& cell : cells) cell.clear();
    std::array<bool, role_count> has{};
    records.values([&](const JsonRecords::Value& value) {
      for (const std::size_t role : roles) {
        if (value.key != key[role]) continue;
        require(value.kind != JsonRecords::Value::list, ErrorKind::bad_data, name, ":", records.line(), ": ",
                in_quotes(value.key), " is a list, not one value");
        require(!has[role], ErrorKind::bad_data, name, ":", records.line(), ": the key ", in_quotes(value.key),
                " comes twice in a record");
        has[role] = seen[role] = true;
        cells[role] = value.text;
      }
      if (rows > json_sample && rows < 10 * json_sample && std::find(keys.begin(), keys.end(), value.key) == keys.end())
        keys.emplace_back(value.key);
    });
    for (std::size_t i = 0; i < roles.size(); ++i) {
      if (i > 0) csv += ',';
      append_cell(csv, cells[roles[i]]);
    }
    csv += '\n';
  }
  require(rows > 0, ErrorKind::bad_data, name, " has no interactions");
  for (const std::size_t role : roles) {
    require(seen[role], ErrorKind::bad_data, name, ":1: no record has a key ", in_quotes(key[role]), " for the ",
            role_names[role], "; there are ", listed_keys(keys));
  }

  InteractionReading as_csv = how;
  as_csv.columns = {};
  std::string* const columns[role_count] = {&as_csv.columns.user, &as_csv.columns.item, &as_csv.columns.rating,
                                            &as_csv.columns.behaviour, &as_csv.columns.time};
  for (std::size_t i = 0; i < roles.size(); ++i) *columns[roles[i]] = std::to_string(i + 1);
  as_csv.options.separator = as_csv.options.quote = as_csv.options.encoding = "";
  as_csv.options.header = HeaderLine::absent;
  as_csv.options.progress = part_of(how.options.progress, 0.5, 1);
  as_csv.options.skip_lines = 0;
  // Records of one line have no lines of their own: they are counted.
  const std::string called = by_line ? name : name + " record";
  std::vector<InteractionText> texts;
  texts.push_back({TextSource(csv, called, as_csv.options)});
  Reading told;
  InteractionLog log;
  const auto hand_on = [&] {
    for (FileReading& file : told.files) {
      FileReading json{.path = name,
                       .role = file.role,
                       .format = "json_lines",
                       .why = "holds JSON objects",
                       .encoding = encoding,
                       .compression = compression};
      json.rows = rows;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto role = std::find_if(roles.begin(), roles.end(), [&](std::size_t r) { return key[r] == keys[i]; });
        const bool used = role != roles.end();
        json.columns.push_back(
            {keys[i], static_cast<int64_t>(i) + 1, 1, used ? role_names[*role] : "", used ? "usual name" : ""});
      }
      file = std::move(json);
    }
    for (RowsLeftOut& left : told.left_out) left.file = name;
    for (ReadingNote& note : told.notes) note.file = name;
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

bool is_json_records(const std::string& path) { return kind_at(path).format == "json_lines"; }

InteractionLog read_json_records(const std::string& path, const InteractionReading& how, Reading& reading) {
  InteractionLog log = parse_json_records(TextSource(path, how.options), how, reading);
  log.name = data_name(path);
  return log;
}

}  // namespace heddle::io::detail
