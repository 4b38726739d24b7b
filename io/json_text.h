#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/text.h"

/// JSON as text, for what is written where memory may run out: a tree of values would take memory even to be destroyed.
namespace heddle::io::detail {

/// An object, written member after member: {"name": "x", "rows": 3} without blanks.
class JsonObject {
 public:
  JsonObject& add(std::string_view name, std::string_view value) { return add_raw(name, json_string(value)); }
  JsonObject& add(std::string_view name, const char* value) { return add(name, std::string_view(value)); }
  JsonObject& add(std::string_view name, int64_t value) { return add_raw(name, std::to_string(value)); }
  JsonObject& add(std::string_view name, bool value) { return add_raw(name, value ? "true" : "false"); }
  /// A value that is JSON already.
  JsonObject& add_raw(std::string_view name, std::string_view json);
  std::string text() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

/// [a,b] of values that are JSON already.
template <class Range, class ToJson>
std::string json_array(const Range& range, const ToJson& to_json) {
  std::string text = "[";
  for (const auto& value : range) {
    if (text.size() > 1) text += ',';
    text += to_json(value);
  }
  return text + "]";
}

}  // namespace heddle::io::detail
