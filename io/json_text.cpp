#include "io/json_text.h"

namespace heddle::io::detail {

JsonObject& JsonObject::add_raw(std::string_view name, std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  text_ += json_string(name);
  text_ += ':';
  text_ += json;
  return *this;
}

}  // namespace heddle::io::detail
