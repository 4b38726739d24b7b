#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/support/source_dir.h"

namespace heddle::test {

/// A file or folder of the public data sets, which are not part of the project: `relative` to $HEDDLE_DATA, or else to
/// ../shared/data beside the project. `must_exist` names a file there when `relative` is only a prefix. Where the set is absent,
/// says so once and returns nothing; the test then returns.
inline std::optional<std::filesystem::path> shared_data(const char* relative, const char* must_exist = nullptr) {
  const char* folder = std::getenv("HEDDLE_DATA");
  const std::filesystem::path root = folder && *folder ? std::filesystem::path(folder) : source_dir() / "../shared/data";
  std::error_code ignored;
  if (std::filesystem::exists(root / (must_exist ? must_exist : relative), ignored)) return root / relative;
  MESSAGE("skipped: " << (root / relative).lexically_normal().string() << " not present");
  return std::nullopt;
}

}  // namespace heddle::test
