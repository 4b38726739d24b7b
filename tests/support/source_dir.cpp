#include "tests/support/source_dir.h"

namespace heddle::test {

std::filesystem::path source_dir() { return HEDDLE_SOURCE_DIR; }

}  // namespace heddle::test
