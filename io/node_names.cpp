#include "io/node_names.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "heddle/error.h"
#include "io/interactions.h"
#include "io/limits.h"
#include "io/table.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

/// The digits before a fraction of zeros, as pandas writes whole numbers where some are missing.
std::string_view without_zero_fraction(std::string_view field) {
  const std::size_t point = field.find('.');
  const bool whole = point != std::string_view::npos && point > 0 && point + 1 < field.size() &&
                     field.find_first_not_of('0', point + 1) == std::string_view::npos;
  return whole ? field.substr(0, point) : field;
}

/// The whole number from 0 that the field is, written in the only way; -1: it is none, or larger than `most`.
int64_t plain_number(std::string_view field, int64_t most) {
  const std::string_view digits = without_zero_fraction(field);
  if (digits.empty() || digits.size() > 10 || (digits.front() == '0' && digits.size() > 1)) return -1;
  int64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value <= most ? value : -1;
}

bool all_digits(std::string_view field) { return field.find_first_not_of("0123456789") == std::string_view::npos; }

}  // namespace

void NumbersOrWords::make_words() {
  if (words_) return;
  words_ = true;
  for (int32_t& value : values_) {
    if (value >= 0) value = names_.insert(std::to_string(value));
  }
}

std::string NumbersOrWords::text_at(int64_t place) const {
  const int32_t value = values_[static_cast<std::size_t>(place)];
  return value < 0 ? std::string() : words_ ? names_[value] : std::to_string(value);
}

void add_node_id(NumbersOrWords& ids, const Table& table, int64_t line, std::string_view field, Reading& reading) {
  const int64_t number = plain_number(field, max_id);
  if (number >= 0) return ids.add_number(static_cast<int32_t>(number));
  if (!ids.are_words() && is_number(field) && !all_digits(without_zero_fraction(field))) {
    double value = 0;
    std::from_chars(field.data(), field.data() + field.size(), value);
    if (value < 0) table.fail_at(line, "node id ", in_quotes(field), " is not between 0 and ", max_id);
    table.fail_at(line, "node id ", in_quotes(field), " is not an integer");
  }
  if (field.empty()) table.fail_at(line, "the node id is empty");
  if (field.size() > max_id_bytes) {
    table.fail_at(line, "node id ", in_quotes(field), " has ", counted(field.size(), "byte"), ", more than ", max_id_bytes);
  }
  for (const char c : field) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      table.fail_at(line, "node id ", in_quotes(field), " holds a control character");
  }
  if (!ids.are_words() && !ids.empty() && !all_digits(field)) {
    reading.note(
        NoteKind::ids, table.source.name(), line,
        text("node id ", in_quotes(field), " is not a number, and those before it are: all of them are taken for names"));
  }
  ids.add_word(field);
}

bool says_no_label(std::string_view cell) { return is_missing(cell) || cell == "-1" || cell == "-1.0" || cell == "\\n"; }

void add_label(NumbersOrWords& labels, std::string_view field, std::string_view file, int64_t line) {
  if (says_no_label(field)) return labels.add_number(-1);
  const int64_t number = plain_number(field, max_classes - 1);
  if (number >= 0) return labels.add_number(static_cast<int32_t>(number));
  if (!labels.are_words() && is_number(field)) {
    double value = std::numeric_limits<double>::quiet_NaN();  // which it stays where it is out of a double's range
    std::from_chars(field.data(), field.data() + field.size(), value);
    const std::string where = line > 0 ? text(file, ":", line) : std::string(file);
    require(value == std::floor(value), ErrorKind::bad_data, where, ": label ", in_quotes(field), " is not an integer");
    require(value >= 0 && value < static_cast<double>(max_classes), ErrorKind::bad_data, where, ": label ", in_quotes(field),
            " is not between -1 and ", max_classes - 1);
    return labels.add_number(static_cast<int32_t>(value));  // written 007 or 1e3
  }
  labels.add_word(field);
}

NodeLookup::NodeLookup(const NodeNames& names, const NumbersOrWords& ids) : names_(names), ids_(ids) {
  if (!ids.are_words()) return;
  of_name_.reserve(static_cast<std::size_t>(ids.names().size()));
  for (const std::string& name : ids.names().ids()) of_name_.push_back(names.names.find(name));
}

}  // namespace heddle::io::detail
