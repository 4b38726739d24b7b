#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Reading XML by libxml2, which is opened when the first such file comes (io/optional_library.h).
namespace heddle::io::detail {

/// Walks over the elements of an XML text, front to back.
class XmlDocument {
 public:
  /// `content` must outlive the object; `name` stands for it in sentences. Throws Error{io} where libxml2 is not installed, or
  /// was not when this was compiled.
  XmlDocument(std::string_view content, std::string name);
  ~XmlDocument();
  XmlDocument(const XmlDocument&) = delete;
  XmlDocument& operator=(const XmlDocument&) = delete;

  enum class Part { begin, end, text, nothing };
  /// Moves to the next begin or end of an element (an element without content has both), or text; `nothing` at the document's
  /// end. Throws Error{bad_data} "name:line: ..." where it is not well-formed.
  Part next();
  /// The element's name without a namespace.
  std::string_view element() const;
  /// The text, of Part::text.
  std::string_view text() const;
  /// The begun element's attribute of this name, whatever its namespace; empty where there is none.
  std::string attribute(std::string_view name) const;
  int64_t line() const;
  /// Throws Error{bad_data} "name:line: ...".
  [[noreturn]] void fail(const std::string& sentence) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heddle::io::detail
