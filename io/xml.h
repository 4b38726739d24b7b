#pragma once

#include <string>
#include <string_view>

namespace heddle::io {

/// Text that XML takes between tags and in an attribute's double quotes.
inline std::string xml_escaped(std::string_view text) {
  std::string safe;
  for (char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '"': safe += "&quot;"; break;
      default: safe += c;
    }
  }
  return safe;
}

}  // namespace heddle::io
