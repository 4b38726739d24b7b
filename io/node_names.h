#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/id_table.h"
#include "heddle/reading.h"

/// What files call nodes and classes: whole numbers, or any words.
namespace heddle::io::detail {

struct Table;

/// Ids, or classes, in the order in which a file lists them: numbers while all of them are whole numbers, and words from the
/// first other one on, those before it included.
class NumbersOrWords {
 public:
  bool empty() const { return values_.empty(); }
  int64_t size() const { return static_cast<int64_t>(values_.size()); }
  bool are_words() const { return words_; }
  /// A number from 0, or -1: nothing.
  void add_number(int32_t number) { values_.push_back(words_ && number >= 0 ? names_.insert(std::to_string(number)) : number); }
  void add_word(std::string_view word) {
    make_words();
    values_.push_back(names_.insert(word));
  }
  /// Makes a word of each number: its digits.
  void make_words();
  /// The numbers, or the places of the words in `names`; -1: nothing.
  const std::vector<int32_t>& values() const { return values_; }
  std::vector<int32_t> take_values() { return std::move(values_); }
  const IdTable& names() const { return names_; }
  /// What is listed at a place, as text; empty: nothing.
  std::string text_at(int64_t place) const;

 private:
  std::vector<int32_t> values_;
  IdTable names_;
  bool words_ = false;
};

/// Adds the field as a node id: a whole number from 0 to max_id (5.0 is 5), or a word of at most 4096 bytes without control
/// characters. Among numbers, one that is negative or a fraction is an error, and the first word a note. Throws Error{bad_data}
/// "name:line: ...".
void add_node_id(NumbersOrWords& ids, const Table& table, int64_t line, std::string_view field, Reading& reading);

/// Whether the cell says that a node has no class: it is empty, NA, null, nan, none, -1, ...
bool says_no_label(std::string_view cell);

/// Adds the field as a class: a whole number from 0 (5.0 is 5), nothing where it says that there is none, else a word. Among
/// numbers, others than whole ones are an error, about `file` and, unless it is 0, `line`.
void add_label(NumbersOrWords& labels, std::string_view field, std::string_view file, int64_t line);

/// What the nodes of a data set are called, and their number.
struct NodeNames {
  int64_t nodes = 0;
  int32_t first = 0;   ///< the least number that a file may call a node by: that of node 0
  IdTable names = {};  ///< where nodes are called by words; else empty
};

/// The nodes of a list of ids. Names and ids must outlive the object.
class NodeLookup {
 public:
  NodeLookup(const NodeNames& names, const NumbersOrWords& ids);
  /// The node whose id stands at the place; -1: there is no such node.
  int32_t operator()(int64_t place) const {
    const int32_t value = ids_.values()[static_cast<std::size_t>(place)];
    if (value < 0) return -1;
    if (ids_.are_words()) return of_name_[static_cast<std::size_t>(value)];
    if (names_.names.size() > 0) return names_.names.find(std::to_string(value));
    return value >= names_.first && value - names_.first < names_.nodes ? value - names_.first : -1;
  }

 private:
  const NodeNames& names_;
  const NumbersOrWords& ids_;
  std::vector<int32_t> of_name_;  // each name of the list is looked up once
};

}  // namespace heddle::io::detail
