#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/id_builder.h"
#include "io/interaction_columns.h"
#include "io/table.h"
#include "io/utf8.h"

/// The rows of one block of a text with interactions, which any number of threads read side by side.
namespace heddle::io::detail {

/// Why a row is left out.
enum LeftOut { no_user, no_item, no_rating, no_time, no_fields, other_length, ruled, header_again, left_out_count };
inline constexpr const char* left_out_reasons[left_out_count] = {"no user id",
                                                                 "no item id",
                                                                 "no rating",
                                                                 "no time",
                                                                 "no field says anything",
                                                                 "more or fewer fields than the columns",
                                                                 ruled_line_reason,
                                                                 "the header once more"};

/// How often something was met, and where first.
struct Counted {
  int64_t count = 0;
  int64_t line = 0;  ///< the first one's, from 1
  void add(int64_t at, int64_t more = 1) {
    if (count == 0) line = at;
    count += more;
  }
  void add(const Counted& later, int64_t lines_before) {
    if (later.count > 0) add(lines_before + later.line, later.count);
  }
};

/// What a row cannot be read for.
struct RowError {
  int64_t line;
  std::string sentence;
};

/// What the rows of one block hold; numbers of users, items and behaviours are its worker's.
struct BlockRows {
  int worker = 0;
  std::vector<int32_t> user, item, behaviour;
  std::vector<float> rating;
  std::vector<double> time, month_first;
  int32_t users_before = 0, items_before = 0, behaviours_before = 0;  ///< ids that its worker had met
  int32_t users_after = 0, items_after = 0, behaviours_after = 0;
  int64_t rows = 0, lines = 0, comments = 0;
  std::array<Counted, left_out_count> left_out;
  Counted unread_ratings, unread_times, zeros, given_back, odd_quotes, other_names;
  int64_t day_first = 0, month_first_only = 0;
  Counted either;
  ForeignBytes foreign;
  std::optional<RowError> error;
};

/// What a worker keeps between blocks.
struct Worker {
  IdBuilder users, items, behaviours;
  std::vector<std::string> names;  ///< of the items, where there is a column of them
  std::size_t usual_rows = 0;      ///< of a block
};

/// How the rows of one text are read.
struct RowRules {
  Places places{};
  int64_t shown = -1;     ///< the column in which a zero may say "not taken"
  int64_t quantity = -1;  ///< the column in which a number below zero may say "given back"
  MissingFields missing = MissingFields::skip;
  RaggedRows ragged = RaggedRows::error;
  Wanted rating = Wanted::if_there, time = Wanted::if_there;
  bool decimal_comma = false;
  bool whole_users = false, whole_items = false;  ///< ids are whole numbers with ".0" behind them, which other files have not
  std::string user_name = {}, item_name = {};     ///< of the header: files that were joined have it in their midst
};

/// "7" of "7.0".
std::string_view without_zeros(std::string_view id);

/// Reads a block: its rows go to `rows`, an error that ends it included, for which block's error is the first is not known here.
void read_block(const Table& table, const RowRules& rules, Worker& worker, std::string_view block, BlockRows& rows);

}  // namespace heddle::io::detail
