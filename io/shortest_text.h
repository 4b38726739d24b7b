#pragma once

#include <string>

namespace heddle::io::detail {

/// The shortest text that reads back as the same number, written out from 0.0001 to below 1e16 ("0.0001", "123456790") and with
/// an exponent beyond ("1e-05", "1e+16"), as people and other programs expect it of a table.
std::string shortest_text(float value);
std::string shortest_text(double value);

}  // namespace heddle::io::detail
