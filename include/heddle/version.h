#pragma once

namespace heddle {

/// "MAJOR.MINOR.PATCH" of the library that is linked.
const char* version();

}  // namespace heddle
