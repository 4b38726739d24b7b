#pragma once

#include <cstdint>

namespace heddle::cli {

/// To be called first in main.
void note_start();
/// Since the process started, the loading of its libraries included.
double seconds_since_start();
/// The most memory that the process has held at once.
int64_t peak_rss_bytes();
/// The same since `forget_peak_rss`, which gives back freed memory first; -1 where the system cannot tell.
void forget_peak_rss();
int64_t recent_peak_rss_bytes();

}  // namespace heddle::cli
