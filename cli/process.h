#pragma once

#include <cstdint>

namespace heddle::cli {

/// To be called first in main.
void note_start();
/// Since the process started, the loading of its libraries included.
double seconds_since_start();
/// The most memory that the process has held at once.
int64_t peak_rss_bytes();

}  // namespace heddle::cli
