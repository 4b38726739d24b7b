#pragma once

namespace heddle::simt {

/// A line of a source file: `const Place& place = Place::current()` as a parameter names the caller's.
/// (std::source_location, but known to clang 14 and to nvcc.)
struct Place {
  const char* file = "";  ///< as the compiler calls it
  unsigned line = 0;      ///< from 1

  /// The caller's.
  static constexpr Place current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) { return {file, line}; }
  friend constexpr bool operator==(const Place& a, const Place& b) {
    // Threads of a block mostly come from the same line, and then the names are one array.
    return a.line == b.line && (a.file == b.file || __builtin_strcmp(a.file, b.file) == 0);
  }
};

}  // namespace heddle::simt
