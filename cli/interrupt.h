#pragma once

#include <string_view>

namespace heddle::cli {

/// From here on a write that nobody reads any more fails, instead of ending the program by SIGPIPE, and makes `interrupted` true.
void catch_closed_pipes();
/// From here on SIGINT (Ctrl-C), SIGTERM and SIGHUP (the terminal is closed) only make `interrupted` true, so that a training
/// ends after its step and is saved. The first SIGINT or SIGTERM is answered by a line on standard error, unless `quiet`; a
/// second one, half a second later or more, ends the program at once. Later calls change nothing.
void catch_interrupts(bool quiet);
bool interrupted();

/// What is being done ("reading the data"), for work that no signal can end on the way: until `catch_interrupts` is called,
/// SIGINT and SIGTERM end the program at once, with the line "heddle: interrupted while reading the data; nothing was saved", or
/// what `left` says is there. Both are kept for the program's life, so that they are to be few. Does nothing afterwards.
void note_doing(std::string_view doing, std::string_view left = "nothing was saved");

/// As if the signal had come: for a write to a closed pipe while SIGPIPE is ignored.
void note_interrupt(int signal);
/// The first signal that came, SIGINT where none did: what an interrupted run's exit status tells.
int interrupting_signal();

}  // namespace heddle::cli
