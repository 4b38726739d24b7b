#include "tests/cli/program.h"

namespace heddle::test {

std::string program_path() { return HEDDLE_PROGRAM; }

}  // namespace heddle::test
