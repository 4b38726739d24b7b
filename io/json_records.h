#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// JSON with an object a record: one a line, one behind the other, or the elements of one array.
namespace heddle::io::detail {

/// What a text that begins so is, if it is JSON at all.
enum class JsonShape {
  none,     ///< no JSON
  records,  ///< objects that are records
  graph,    ///< an object with a list of nodes, or of links
  python,   ///< Python dicts: strings stand in single quotes
  other,    ///< other JSON
};
/// `content` begins without blanks; its end may be missing.
JsonShape json_shape(std::string_view content);

/// Walks over the records of a text, one after the other. Both arguments must outlive the object.
class JsonRecords {
 public:
  JsonRecords(std::string_view content, std::string_view name);

  /// Moves to the next record; false at the end. Throws Error{bad_data} "name:line: ..." where something else than an object
  /// stands there, or the object does not end.
  bool next();
  /// The line that the record begins in, from 1.
  int64_t line() const { return line_; }

  /// Bytes behind the current record.
  std::size_t left() const { return content_.size() - at_; }

  /// A value of the record: its keys joined by points, so that {"business": {"id": 7}} has the value 7 under business.id; a
  /// number as it is written, nothing for null.
  struct Value {
    std::string_view key;
    std::string_view text;
    enum Kind { scalar, null, list } kind = scalar;  ///< list: an array, which has no text
  };
  /// Calls `take` for each value of the record. Throws Error{bad_data} "name:line: ..." where it is not JSON.
  void values(const std::function<void(const Value&)>& take) const;

 private:
  std::string_view content_;
  std::string_view name_;
  std::size_t at_ = 0;
  bool in_array_ = false;
  bool ended_ = false;
  bool first_ = true;
  int64_t next_line_ = 1;
  int64_t line_ = 0;
  std::string_view record_;
};

}  // namespace heddle::io::detail
