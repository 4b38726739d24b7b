#pragma once

#include <string>
#include <string_view>

namespace heddle::io::detail {

/// Whether the bytes are well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes);

/// A text as UTF-8: the bytes themselves where they are that, and else what they say as Latin-1 (MovieLens's older files; the
/// exports of many shops). `bytes` must outlive the object.
class Utf8Text {
 public:
  explicit Utf8Text(std::string_view bytes);
  Utf8Text(const Utf8Text&) = delete;
  Utf8Text& operator=(const Utf8Text&) = delete;
  std::string_view view() const { return view_; }

 private:
  std::string converted_;
  std::string_view view_;
};

}  // namespace heddle::io::detail
