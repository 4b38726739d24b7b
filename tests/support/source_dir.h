#pragma once

#include <filesystem>

namespace heddle::test {

/// The project's own folder. One source file knows its name, so that a compiler cache serves several checkouts.
std::filesystem::path source_dir();

}  // namespace heddle::test
