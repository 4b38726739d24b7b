#pragma once

#include <string_view>

/// The terminal: the one place that writes to standard error, and that knows what is drawn there. All of this may be called by
/// several threads, and none of it throws.
namespace heddle::cli {

/// Gives descriptors 0, 1 and 2 to the null device where the program was started without them, so that no file that is opened
/// later becomes what messages are written to. Writing to a standard output that was closed stays an error. To be called first in
/// main.
void open_missing_streams() noexcept;

/// Whether standard error is a terminal on which a line can be drawn again and again (TERM is set, and not "dumb").
bool can_draw() noexcept;

/// Columns of that terminal now (its window may change at any time); 80 where it does not say.
int terminal_width() noexcept;

/// Columns of the terminal that standard output is; 0 where it is none (a file, a pipe), which takes lines of any width.
int output_width() noexcept;

/// Columns behind what is drawn: a ^C that the terminal echoes there stays on the line, and so does the cursor, which a terminal
/// that has filled its last column may take to the next.
inline constexpr int columns_left_free = 3;

/// Shows `line` (control characters in it as \xNN) in place of what was drawn before; of one that is wider than the terminal the
/// beginning and "…". Not while the terminal is stopped (Ctrl-S): drawing never waits.
void draw_line(std::string_view line) noexcept;

/// Takes away what was drawn.
void erase_line() noexcept;

/// Writes a line that stays, in place of what was drawn; its control characters, but line feeds and tabs, as \xNN.
void say(std::string_view line) noexcept;

/// Writes to standard output, in place of what was drawn; false, with errno, where that fails.
bool write_standard_output(std::string_view bytes) noexcept;

}  // namespace heddle::cli
