#include "io/table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "io/blocks.h"
#include "io/column_values.h"
#include "io/reading_progress.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

/// Enough rows to tell how a text is written, few enough to be read in no time.
constexpr std::size_t sample_rows = 2000;

/// Separators that are tried, the likelier first where two fit equally well.
constexpr std::array<const char*, 7> usual_separators = {"\t", ";", "::", ",", "|", " ", "~"};
/// Those that are tried where none of these separates anything: Hive's, and a caret.
constexpr std::array<const char*, 2> rare_separators = {"\x01", "^"};

/// How well a separator fits: fields a record, and how many records have as many.
struct Fit {
  int64_t columns = 0;
  double share = 0;  ///< of the records that have as many
  bool in_first = false;
};

Fit fit_of(std::string_view text, const Dialect& dialect) {
  Records records(text, dialect);
  std::map<int64_t, int64_t> counts;
  int64_t total = 0, first = 0;
  while (total < static_cast<int64_t>(sample_rows) && records.next()) {
    auto count = static_cast<int64_t>(records.fields().size());
    if (count > 1 && records.fields().back().empty()) --count;  // a separator at the end of each line
    if (total++ == 0) first = count;
    ++counts[count];
  }
  Fit fit;
  for (const auto& [columns, records_of] : counts) {
    const double share = static_cast<double>(records_of) / static_cast<double>(total);
    if (columns >= 2 && (share > fit.share || (share == fit.share && columns == first))) fit = {columns, share, first >= 2};
  }
  return fit;
}

/// Whether blanks stand inside of fields that tabs separate, and only between numbers: columns that are aligned with both.
bool aligned_by_blanks(std::string_view text, Dialect dialect) {
  dialect.separator = "\t";
  Records records(text, dialect);
  bool any = false;
  for (std::size_t i = 0; i < sample_rows && records.next(); ++i) {
    for (std::string_view field : records.fields()) {
      if (field.find(' ') == std::string_view::npos) continue;
      any = true;
      while (!field.empty()) {
        const std::size_t blank = std::min(field.find(' '), field.size());
        if (blank > 0 && !is_number(field.substr(0, blank))) return false;
        field.remove_prefix(std::min(blank + 1, field.size()));
      }
    }
  }
  return any;
}

std::string find_separator(std::string_view text, Dialect dialect) {
  std::string best = ",";
  Fit best_fit;
  for (const char* separator : usual_separators) {
    dialect.separator = separator;
    const Fit fit = fit_of(text, dialect);
    if (fit.columns == 0) continue;
    const bool blanks = dialect.separator == " ";
    // Blanks stand in the fields of other texts, too: they separate only where nothing else does.
    if (blanks && best_fit.share >= 0.5 && best_fit.in_first) continue;
    const auto rank = [](const Fit& of) { return std::pair(of.in_first && of.share >= 0.5, of.share); };
    if (best_fit.columns == 0 || rank(fit) > rank(best_fit)) {
      best_fit = fit;
      best = separator;
    }
  }
  for (const char* separator : rare_separators) {
    if (best_fit.columns > 0) break;
    dialect.separator = separator;
    best_fit = fit_of(text, dialect);
    if (best_fit.columns > 0) best = separator;
  }
  if (best == "\t" && aligned_by_blanks(text, dialect)) {
    dialect.separator = " ";
    const Fit blanks = fit_of(text, dialect);
    if (blanks.share == 1 && blanks.columns > best_fit.columns) return " ";
  }
  return best;
}

/// Records that do not fit their neighbours, and quotes that are none.
int64_t oddities(std::string_view text, const Dialect& dialect) {
  Records records(text, dialect);
  std::map<std::size_t, int64_t> counts;
  int64_t total = 0;
  for (; total < static_cast<int64_t>(sample_rows) && records.next(); ++total) ++counts[records.fields().size()];
  int64_t most = 0;
  for (const auto& [columns, records_of] : counts) most = std::max(most, records_of);
  return total - most + records.odd_quotes();
}

/// Which quotes the text has, its separator known; false: it has some that quote no field.
bool find_quotes(std::string_view text, Dialect& dialect) {
  if (text.find('"') == std::string_view::npos) {
    if (text.find('\'') == std::string_view::npos) return true;
    // An apostrophe begins words, too: it quotes where each record has a field in such quotes, and hardly one is odd.
    Dialect single = dialect;
    single.quote = '\'';
    Records quoted(text, single);
    int64_t count = 0;
    while (count < static_cast<int64_t>(sample_rows) && quoted.next()) ++count;
    if (quoted.quoted() >= count && 20 * quoted.odd_quotes() <= quoted.quoted()) dialect = single;
    return true;
  }
  Records records(text, dialect);
  for (std::size_t i = 0; i < sample_rows && records.next(); ++i) {
  }
  if (text.find("\\\"") != std::string_view::npos) {
    Dialect escaped = dialect;
    escaped.backslash = true;
    if (oddities(text, escaped) < oddities(text, dialect)) {
      dialect = escaped;
      return true;
    }
  }
  if (records.odd_quotes() <= records.quoted()) return true;
  dialect.quote = '\0';
  return false;
}

std::string_view line_at(std::string_view text, std::size_t at, char line_end) {
  std::string_view line = text.substr(at, std::min(text.find(line_end, at), text.size()) - at);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  return line;
}

/// Where the text's lines are counted and passed over.
struct Cursor {
  std::string_view text;
  char line_end;
  std::size_t at = 0;
  int64_t lines = 0;

  bool at_end() const { return at >= text.size(); }
  std::string_view line() const { return line_at(text, at, line_end); }
  void pass() {
    const std::size_t end = text.find(line_end, at);
    at = end == std::string_view::npos ? text.size() : end + 1;
    ++lines;
  }
};

bool is_comment_line(std::string_view line) { return line.starts_with('#') || line.starts_with('%'); }

/// Passes over comments and empty lines.
void pass_comments(Cursor& cursor, int64_t& comments) {
  while (!cursor.at_end() && (cursor.line().empty() || is_comment_line(cursor.line()))) {
    comments += !cursor.line().empty();
    cursor.pass();
  }
}

/// Whether a comment's mark stands right before a word, as it does in an order's number: "#1001".
bool marks_word(std::string_view line) { return line.size() > 1 && line.front() == '#' && !is_blank(line[1]) && line[1] != '#'; }

/// Where a comment line begins, and which line of the text it is, from 0.
struct CommentLine {
  std::size_t at;
  int64_t line;
};

/// The lines right above `cursor`, from `from` on and without one of another kind between, last first, that are comments.
std::vector<CommentLine> comments_above(std::string_view text, std::size_t from, const Cursor& cursor) {
  std::vector<CommentLine> comments;
  std::size_t end = cursor.at;
  for (int64_t line = cursor.lines; end > from && line > 0; --line) {
    const std::size_t before = end >= 2 ? text.rfind(cursor.line_end, end - 2) : std::string_view::npos;
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    if (!is_comment_line(line_at(text, begin, cursor.line_end))) break;
    comments.push_back({begin, line - 1});
    end = begin;
  }
  return comments;
}

/// The first record of `text`, and how many records behind it have how many fields.
struct Shape {
  std::vector<std::size_t> counts;   // by record
  std::vector<std::size_t> offsets;  // where each begins
  std::vector<int64_t> lines;        // its line, from 1
};

Shape shape_of(std::string_view text, const Dialect& dialect) {
  Shape shape;
  Records records(text, dialect);
  std::size_t begin = 0;
  while (shape.counts.size() < sample_rows && records.next()) {
    shape.counts.push_back(records.fields().size());
    shape.offsets.push_back(begin);
    shape.lines.push_back(records.line());
    begin = records.offset();
  }
  return shape;
}

/// How many records at the beginning stand above the table: titles of a report, which have fewer fields than all that follow.
std::size_t records_above(const Shape& shape) {
  constexpr std::size_t most = 50, least_rows = 3;
  if (shape.counts.size() < least_rows + 1) return 0;
  std::map<std::size_t, std::size_t> by_count;
  for (const std::size_t count : shape.counts) ++by_count[count];
  const auto usual =
      std::max_element(by_count.begin(), by_count.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const std::size_t columns = usual->first;
  if (columns < 2 || 10 * usual->second < 8 * (shape.counts.size() - std::min(most, shape.counts.size() / 2))) return 0;
  std::size_t above = 0;
  while (above < std::min(most, shape.counts.size()) && shape.counts[above] + 1 < columns) ++above;
  return above < shape.counts.size() && shape.counts[above] == columns ? above : 0;
}

std::vector<std::string> strings_of(const std::vector<std::string_view>& fields) {
  std::vector<std::string> strings;
  strings.reserve(fields.size());
  for (const std::string_view field : fields) strings.push_back(to_utf8(field));
  return strings;
}

}  // namespace

std::string separator_named(const std::string& name) {
  constexpr std::pair<const char*, const char*> names[] = {{"tab", "\t"},  {"\\t", "\t"}, {"comma", ","}, {"semicolon", ";"},
                                                           {"pipe", "|"},  {"bar", "|"},  {"blank", " "}, {"blanks", " "},
                                                           {"space", " "}, {"colon", ":"}};
  for (const auto& [known, separator] : names) {
    if (name == known) return separator;
  }
  const bool sound = name.size() <= 8 && name.find_first_of("\r\n\"") == std::string::npos;
  require(sound, ErrorKind::usage, "the separator ", in_quotes(name), " cannot separate the fields of a line");
  // \x01, as a shell hardly writes it otherwise
  int code = 0;
  if (name.size() == 4 && name.starts_with("\\x") &&
      std::from_chars(name.data() + 2, name.data() + 4, code, 16).ptr == name.data() + 4) {
    require(code > 0 && code < 0x80 && code != '\n' && code != '\r' && code != '"', ErrorKind::usage, "the separator ",
            in_quotes(name), " cannot separate the fields of a line");
    return std::string(1, static_cast<char>(code));
  }
  return name;
}

bool is_ruled_line(const std::vector<std::string_view>& fields) {
  bool any = false;
  for (const std::string_view field : fields) {
    if (field.empty()) continue;
    const bool drawn = field.size() >= 3 && field.find_first_not_of("-=+:") == std::string_view::npos &&
                       field.find_first_of("-=") != std::string_view::npos;
    if (!drawn) return false;
    any = true;
  }
  return any;
}

std::string Table::column_text(int64_t column) const {
  const auto at = static_cast<std::size_t>(column);
  if (at < header.size() && !header[at].empty()) return text("column ", in_quotes(header[at]), " (", column + 1, ")");
  return text("column ", column + 1);
}

namespace {

/// How many records stand above one, among the first, whose names are surely a header's; 0 where there is none, or the first is.
std::size_t header_below(std::string_view rest, const Dialect& dialect, const Shape& shape, std::size_t above,
                         bool (*is_header)(const std::vector<std::string>&, bool, const void*), const void* asked) {
  constexpr std::size_t most = 50;
  for (std::size_t i = above; i < std::min(above + most, shape.counts.size()); ++i) {
    Records record(rest.substr(shape.offsets[i]), dialect);
    if (record.next() && is_header(strings_of(record.fields()), true, asked)) return i;
  }
  return 0;
}

/// The fields of a comment without its marks.
std::vector<std::string> commented_names(std::string_view head, const CommentLine& comment, const Dialect& dialect) {
  std::string_view line = line_at(head, comment.at, dialect.line_end);
  line.remove_prefix(std::min(line.find_first_not_of("#% "), line.size()));
  Records record(line, dialect);
  return record.next() ? strings_of(record.fields()) : std::vector<std::string>();
}

/// Lines above the first row that are written like rows, of which others begin with a mark too: order numbers.
void take_marked_rows(Table& table, std::string_view head, const std::vector<CommentLine>& comments) {
  const auto is_row = [&](std::string_view text) {
    Records record(text, table.dialect);
    return record.next() && record.offset() > 0 && record.line() == 1 && record.comments() == 0 &&
           static_cast<int64_t>(record.fields().size()) == table.dialect.columns;
  };
  bool others = false;
  Records below(head.substr(table.body), table.dialect);
  for (std::size_t i = 0; i < sample_rows && !others && below.next(); ++i) others = below.fields().front().starts_with('#');
  if (!others) return;
  for (const CommentLine& comment : comments) {
    const std::string_view text = head.substr(comment.at);
    if (!marks_word(line_at(head, comment.at, table.dialect.line_end)) || !is_row(text)) return;
    table.body = comment.at;
    table.body_line = comment.line;
    --table.file.comments;
  }
}

}  // namespace

void Table::take_header_for_row() {
  rows.insert(rows.begin(), std::move(header));
  header.clear();
  file.header = false;
  body -= std::exchange(header_bytes, 0);
  body_line -= std::exchange(header_lines, 0);
}

Table open_table(TextSource opened, const TableForm& form, const ReadOptions& options, Reading& reading,
                 bool (*is_header)(const std::vector<std::string>&, bool, const void*), const void* asked) {
  Table table{std::move(opened)};
  TextSource& source = table.source;
  Dialect& dialect = table.dialect;
  const auto has_line = [&] {
    const std::string_view head = source.head();
    const std::size_t end = head.find_first_of("\r\n");
    return source.head_is_all() || (end != std::string_view::npos && end < head.size() / 4);
  };
  while (!has_line()) source.extend_head();
  std::string_view head = source.head();
  if (head.find('\n') == std::string_view::npos && head.find('\r') != std::string_view::npos) dialect.line_end = '\r';
  if (!source.head_is_all()) head = head.substr(0, head.rfind(dialect.line_end) + 1);
  FileReading& file = table.file;
  file.path = source.name();
  file.encoding = to_string(source.encoding());
  file.compression = to_string(source.compression());
  const std::size_t first_end = head.find('\n');
  file.line_end = dialect.line_end == '\r'                                                              ? "CR"
                  : first_end != std::string_view::npos && first_end > 0 && head[first_end - 1] == '\r' ? "CRLF"
                                                                                                        : "LF";

  Cursor cursor{head, dialect.line_end};
  for (int64_t i = 0; i < options.skip_lines && !cursor.at_end(); ++i) {
    cursor.pass();
    ++file.lines_before;
  }
  std::string stated;  // Excel writes the separator into the first line
  if (cursor.line().starts_with("sep=") && cursor.line().size() == 5) {
    stated = cursor.line().substr(4);
    cursor.pass();
    ++file.lines_before;
  }
  const Cursor first_line = cursor;
  pass_comments(cursor, file.comments);
  if (cursor.at_end() && file.comments > 1 && marks_word(first_line.line())) {
    // All lines begin with a mark: ids do.
    cursor = first_line;
    file.comments = 0;
    dialect.comments = false;
  }
  require(!cursor.at_end(), ErrorKind::bad_data, source.name(), " has no rows");

  if (!options.quote.empty()) {
    require(options.quote == "none" || options.quote.size() == 1, ErrorKind::usage, "the quote ", in_quotes(options.quote),
            " is neither one character nor 'none'");
    dialect.quote = options.quote == "none" ? '\0' : options.quote.front();
  } else if (form.quote) {
    dialect.quote = *form.quote;
  }
  const std::string_view rest = head.substr(cursor.at);
  if (!options.separator.empty()) {
    dialect.separator = separator_named(options.separator);
  } else if (!stated.empty()) {
    dialect.separator = stated;
  } else {
    dialect.separator = form.separator.empty() ? find_separator(rest, dialect) : form.separator;
  }
  if (options.quote.empty() && !form.quote && !find_quotes(rest, dialect)) {
    reading.note(NoteKind::dialect, source.name(), 0,
                 "fields begin with quotes that do not end them: a quote is taken as a character like others; --quote says what "
                 "quotes fields");
  }

  const Shape shape = shape_of(rest, dialect);
  const auto all_alike = [&] {
    return std::all_of(shape.counts.begin(), shape.counts.end(),
                       [&](std::size_t count) { return count > 1 && count == shape.counts.front(); });
  };
  require(!shape.counts.empty() && (dialect.comments || (all_alike() && dialect.separator != " ")), ErrorKind::bad_data,
          source.name(), " has no rows");
  const bool look_above = options.skip_lines < 0 && form.header != TableForm::Header::typed && form.skip_records == 0;
  std::size_t above = look_above ? records_above(shape) : static_cast<std::size_t>(form.skip_records);
  const bool by_option = form.header == TableForm::Header::by_content && options.header != HeaderLine::automatic;
  const bool search = form.search_header && look_above && !by_option;
  if (search) above = std::max(above, header_below(rest, dialect, shape, above, is_header, asked));
  require(above < shape.counts.size(), ErrorKind::bad_data, source.name(), " has no rows");
  if (above > 0 && look_above) {
    reading.note(NoteKind::dialect, source.name(), cursor.lines + 1,
                 text(counted(above, "line"), " above the table not read as rows; --skip-lines says how many there are"));
    file.lines_before += static_cast<int64_t>(above);
  }
  table.body = cursor.at + shape.offsets[above];
  table.body_line = cursor.lines + shape.lines[above] - 1;

  Records records(head.substr(table.body), dialect);
  records.next();
  std::vector<std::string> first = strings_of(records.fields());
  const bool any_number = std::any_of(first.begin(), first.end(),
                                      [](const std::string& field) { return is_number(field) || looks_like_date(field); });
  file.header = form.header == TableForm::Header::typed  ? true
                : form.header == TableForm::Header::none ? false
                : by_option                              ? options.header == HeaderLine::present
                                                         : is_header(first, any_number, asked);
  dialect.columns = static_cast<int64_t>(first.size());
  bool comment_is_header = false;
  if (!file.header && first.size() > 2 && first.back().empty()) {
    // A separator at the end of each line makes no column.
    Records rows(head.substr(table.body), dialect);
    bool trailing = true;
    for (std::size_t i = 0; i < sample_rows && trailing && rows.next(); ++i) trailing = rows.fields().back().empty();
    if (trailing) {
      first.pop_back();
      --dialect.columns;
    }
  }
  const std::vector<CommentLine> comments = above == 0 ? comments_above(head, first_line.at, cursor) : std::vector<CommentLine>();
  if (search && !comments.empty() && !is_header(first, true, asked)) {
    // "#user<tab>item" is a header that other programs are to pass over.
    std::vector<std::string> names = commented_names(head, comments.front(), dialect);
    if (names.size() == first.size() && is_header(names, true, asked)) {
      table.header = std::move(names);
      file.header = true;
      --file.comments;
      comment_is_header = true;
    }
  }
  if (file.header && !comment_is_header) {
    const std::size_t body = records.offset();
    const int64_t lines = records.lines();
    // R's write.table leaves the name of the row names out: each row has a field more than the header.
    const auto longer =
        std::count(shape.counts.begin() + static_cast<std::ptrdiff_t>(above) + 1, shape.counts.end(), first.size() + 1);
    const auto others = static_cast<std::ptrdiff_t>(shape.counts.size() - above) - 1;
    Records next(head.substr(table.body + body), dialect);
    std::vector<std::string> names;
    bool trailing = others > 0 && longer == others;
    while (trailing && names.size() < sample_rows && next.next()) {
      trailing = !next.fields().back().empty();
      names.emplace_back(next.fields().front());
    }
    std::sort(names.begin(), names.end());
    if (trailing && names.size() > 1 && std::adjacent_find(names.begin(), names.end()) == names.end()) {
      first.insert(first.begin(), "");
      ++dialect.columns;
      reading.note(NoteKind::header, source.name(), table.body_line + 1,
                   "the header names one column less than the rows have, and the first never repeats: it is taken for row names");
    }
    if (first.size() > 1 && first.back().empty() && others > 0 &&
        std::count(shape.counts.begin() + static_cast<std::ptrdiff_t>(above) + 1, shape.counts.end(), first.size() - 1) ==
            others) {
      first.pop_back();  // a separator at the header's end alone
      --dialect.columns;
    }
    table.header = std::move(first);
    table.header_bytes = body;
    table.header_lines = lines;
    table.body += body;
    table.body_line += lines;
  }
  if (!file.header && dialect.separator != " ") take_marked_rows(table, head, comments);
  Records sample(head.substr(table.body), dialect);
  while (table.rows.size() < sample_rows && sample.next()) table.rows.push_back(strings_of(sample.fields()));
  const bool one_column = dialect.columns == 1;
  file.separator = one_column ? "" : dialect.separator;
  file.quote = one_column ? "" : dialect.quote == '\0' ? "" : std::string(1, dialect.quote);
  file.backslash_escapes = dialect.backslash;
  return table;
}

struct RowWalk::State {
  State(Table& table) : blocks(table.source, table.dialect, table.body) {}
  BlockReader blocks;
  ByteBuffer buffer;
  std::string converted;
  ForeignBytes foreign;
  int64_t odd_quotes = 0, odd_quotes_line = 0;
};

RowWalk::RowWalk(Table& table, const ReadOptions& options, Reading& reading)
    : table_(table),
      options_(options),
      reading_(reading),
      state_(std::make_unique<State>(table)),
      lines_before_(table.body_line) {}
RowWalk::~RowWalk() = default;

bool RowWalk::next_block() {
  State& state = *state_;
  if (records_) {
    table_.file.comments += records_->comments();
    if (state.odd_quotes == 0) state.odd_quotes_line = lines_before_ + records_->odd_quotes_line();
    state.odd_quotes += records_->odd_quotes();
    lines_before_ += records_->lines();
  }
  tell_reading(options_.progress, state.blocks.share());
  int64_t sequence = 0;
  const std::string_view block = state.blocks.next(state.buffer, sequence);
  if (block.empty()) {
    tell_foreign(table_.file, state.foreign, reading_);
    tell_odd_quotes(table_.file, state.odd_quotes, state.odd_quotes_line, reading_);
    return false;
  }
  ForeignBytes met;
  records_.emplace(as_utf8(block, table_.dialect.line_end, state.converted, met), table_.dialect);
  state.foreign.add(met, lines_before_);
  return true;
}

bool RowWalk::next() {
  while (records_->next()) {
    if (records_->unended_line() > 0) {
      table_.fail_at(lines_before_ + records_->unended_line(),
                     "a quoted field does not end; --quote none takes quotes as characters like others");
    }
    ++table_.file.rows;
    if (may_be_ruled_line(fields().front()) && is_ruled_line(fields())) {
      reading_.leave_out(table_.source.name(), ruled_line_reason, line());
      continue;
    }
    const auto count = static_cast<int64_t>(fields().size());
    if (count == table_.dialect.columns || (count == table_.dialect.columns + 1 && fields().back().empty())) return true;
    if (options_.ragged == RaggedRows::error) {
      table_.fail_at(line(), "found ", counted(count, "column"), ", ",
                     table_.file.header ? "the header has " : "the first row has ", table_.dialect.columns, table_.ragged_remedy);
    }
    reading_.leave_out(table_.source.name(), "more or fewer fields than the columns", line());
  }
  return false;
}

void tell_foreign(FileReading& file, const ForeignBytes& foreign, Reading& reading) {
  if (foreign.foreign == 0) return;
  const bool mixed = foreign.characters > 0;
  file.encoding = mixed ? "UTF-8 and Windows-1252" : foreign.controls > 0 ? "Windows-1252" : "Latin-1";
  reading.note(NoteKind::encoding, file.path, foreign.first_line,
               text(counted(foreign.foreign, "byte"), " not UTF-8, read as Windows-1252",
                    mixed ? text(" beside ", counted(foreign.characters, "character"), " of UTF-8") : "",
                    ", in every file of the data alike; --encoding says what it is"));
}

void tell_odd_quotes(const FileReading& file, int64_t count, int64_t line, Reading& reading) {
  if (count == 0) return;
  reading.note(NoteKind::dialect, file.path, line,
               text(counted(count, "field"),
                    " with a quote at the beginning and none at the end: it is a character there as others "
                    "are; --quote says what quotes fields"));
}

}  // namespace heddle::io::detail
