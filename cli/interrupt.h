#pragma once

namespace heddle::cli {

/// From here on the first Ctrl-C (or SIGTERM) only makes `interrupted` true; the second ends the program at once.
void catch_interrupts();
bool interrupted();

}  // namespace heddle::cli
