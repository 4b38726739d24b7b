#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/rethrow.h"
#include "io/file.h"
#include "io/text.h"
#include "io/tuned.h"

// A header line, then one choice a line: its six fields between tabs.
namespace heddle::io {

namespace {

constexpr std::string_view header = "heddle-tuned 1";
/// One is kept for each matrix, width and device; each takes several times its line in memory.
constexpr std::size_t most_choices = 100'000;

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

StructureHash parse_structure(const detail::Lines& lines, std::string_view field) {
  StructureHash hash;
  const auto half = [&](std::string_view digits, uint64_t& value) {
    const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return status == std::errc() && end == digits.data() + digits.size();
  };
  if (field.size() != 32 || !half(field.substr(0, 16), hash.high) || !half(field.substr(16), hash.low)) {
    lines.fail("the structure is ", detail::in_quotes(field), ", it must be 32 hexadecimal digits");
  }
  return hash;
}

/// Without what would end a field or a line; "-" for nothing, which a reader of lines would not see at their ends.
std::string one_field(std::string written) {
  if (written.empty()) return "-";
  for (char& c : written) {
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  }
  return written;
}

}  // namespace

TunedVariants detail::parse_tuned(std::string_view content, std::string_view name) {
  Lines lines(content, name);
  require(lines.next() && lines.line() == header, ErrorKind::bad_data, name, ": its first line is not '", header,
          "': it is no file of heddle tune, or of another version");
  TunedVariants tuned;
  while (lines.next()) {
    // Counted first: a line of tabs alone would make many times its bytes of fields.
    const auto count = std::count(lines.line().begin(), lines.line().end(), '\t') + 1;
    if (count != 6) {
      lines.fail(there_are(count, "field"),
                 ", there must be 6: structure, width, device, variant, graph, what decided, tabs between them");
    }
    if (tuned.choices().size() == most_choices) lines.fail("there are more than ", counted(most_choices, "choice"));
    const std::vector<std::string_view> fields = fields_of(lines.line());
    TunedChoice choice;
    choice.structure = parse_structure(lines, fields[0]);
    choice.width = detail::parse_integer(lines, fields[1], "width", 1, INT64_MAX);
    choice.device = fields[2];
    choice.variant = fields[3];
    choice.graph = fields[4];
    choice.decided_by = fields[5];
    tuned.add(std::move(choice));
  }
  return tuned;
}

TunedVariants read_tuned(const std::string& path) try {
  // Read as it is: write_tuned compresses nothing, and what a compressed file unfolds to is not bounded by its size.
  const detail::ByteBuffer file = detail::read_file(path);
  return detail::parse_tuned(file.view(), path);
} catch (...) {
  rethrow_as_error();
}

void write_tuned(const std::string& path, const TunedVariants& tuned) try {
  require(tuned.choices().size() <= most_choices, ErrorKind::usage, "cannot write ", path, ": ",
          there_are(tuned.choices().size(), "choice"), ", a file of them holds at most ", most_choices);
  std::string content(header);
  content += '\n';
  for (const TunedChoice& choice : tuned.choices()) {
    content += text(choice.structure.hex(), '\t', choice.width, '\t', one_field(choice.device), '\t', one_field(choice.variant),
                    '\t', one_field(choice.graph), '\t', one_field(choice.decided_by), '\n');
  }
  write_file(path, content);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
