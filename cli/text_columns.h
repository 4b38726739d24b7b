#pragma once

#include <string>
#include <string_view>

/// Text in the columns of a terminal. What people call their items is in any writing: a Chinese character or an emoji takes two
/// columns, a mark that stands over another character none.
namespace heddle::cli {

/// Columns of text in UTF-8, as wcwidth(3) counts characters in a UTF-8 locale, whichever locale the program has: two for what
/// Unicode calls wide or fullwidth, emoji included, none for combining marks, joiners and control characters, one for all else
/// and for a byte that begins no character. What terminals draw as one emoji takes two columns as a whole: a flag, an emoji with
/// a skin's colour, several that are joined, and a sign that a variation selector (U+FE0F) makes one.
int columns_of(std::string_view text);

/// `text` where it has at most `most` columns; otherwise as much of its beginning as leaves room for the "…" behind it: whole
/// characters, with their marks.
std::string cut_to_columns(std::string_view text, int most);

/// `text`, and blanks behind it up to `columns`; wider text as it is.
std::string padded_to_columns(std::string_view text, int columns);

}  // namespace heddle::cli
