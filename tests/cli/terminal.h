#pragma once

#include <string>
#include <vector>

namespace heddle::test {

/// A terminal that a run of the program sits at.
struct Terminal {
  int columns = 80;
  int then_columns = 0;                 ///< the window is changed to this when something was drawn; 0: it stays
  std::string type = "xterm";           ///< TERM
  std::string delay = "0";              ///< HEDDLE_PROGRESS_DELAY: draw at once
  bool results_there_too = false;       ///< standard output goes to the terminal; otherwise only standard error does
  std::string press_interrupt_at = "";  ///< Ctrl-C is pressed when this was seen; empty: never
  bool interrupt_waiting = false;       ///< Ctrl-C is pressed when the program waits for what is typed
  std::string close_at = "";            ///< the terminal is closed when this was seen; empty: never
  /// When a drawing with this came to its end the program is stopped for 5 s, as by Ctrl-Z, goes on for a moment and is then
  /// interrupted; empty: never.
  std::string stop_at = "";
};

/// What a run on a terminal left behind.
struct TerminalRun {
  int status = -1;
  std::string out;          ///< standard output, where it did not go to the terminal
  std::string seen;         ///< every byte that came to the terminal
  std::size_t changed = 0;  ///< bytes that had come when the window was changed or the program stopped; all where neither was
};

/// Runs `heddle ARGUMENTS` as the foreground of a pseudo-terminal.
TerminalRun run_on_terminal(const std::string& arguments, const Terminal& terminal = {});

/// What is drawn over and over: the pieces between carriage returns, without control sequences and empty ones.
std::vector<std::string> drawings(std::string_view seen);

/// The lines that a terminal of this width shows in the end, without trailing blanks: lines that are too long wrap, a carriage
/// return goes back, ESC [ K clears to the end, and characters take the columns that cli/text_columns.h says. Throws for any
/// other control sequence.
std::vector<std::string> screen(std::string_view seen, int columns);

}  // namespace heddle::test
