#include "io/json_text.h"

#include "io/utf8.h"

namespace heddle::io::detail {

std::string json_string(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : to_utf8(value)) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr const char* digits = "0123456789abcdef";
      quoted += "\\u00";
      quoted += digits[static_cast<unsigned char>(c) >> 4];
      quoted += digits[c & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

JsonObject& JsonObject::add_raw(std::string_view name, std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  text_ += json_string(name);
  text_ += ':';
  text_ += json;
  return *this;
}

}  // namespace heddle::io::detail
