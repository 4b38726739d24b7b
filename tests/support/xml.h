#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/error.h"

namespace heddle::test {

/// An element of an XML document.
struct XmlElement {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::vector<XmlElement> children;

  /// The children of this name.
  std::vector<const XmlElement*> all(const std::string& child) const {
    std::vector<const XmlElement*> found;
    for (const XmlElement& each : children) {
      if (each.name == child) found.push_back(&each);
    }
    return found;
  }
  /// The only child of this name.
  const XmlElement& one(const std::string& child) const {
    const std::vector<const XmlElement*> found = all(child);
    require(found.size() == 1, ErrorKind::bad_data, "<", name, "> has ", found.size(), " <", child, ">");
    return *found.front();
  }
};

/// Reads the part of XML that documents without text between their tags need: a declaration, elements, attributes in double
/// quotes, five entities. Throws Error{bad_data} for anything else: elements that are not closed in their order, an attribute
/// that comes twice, a bare & or <.
class XmlReader {
 public:
  explicit XmlReader(std::string_view text) : rest_(text) {}

  XmlElement document() {
    if (rest_.starts_with("<?xml ")) skip_past("?>");
    skip_blanks();
    XmlElement root = element();
    skip_blanks();
    require(rest_.empty(), ErrorKind::bad_data, "more than one root");
    return root;
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  void skip_past(std::string_view end) {
    const std::size_t at = rest_.find(end);
    require(at != std::string_view::npos, ErrorKind::bad_data, "no ", end);
    rest_.remove_prefix(at + end.size());
  }
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void need(std::string_view token) {
    require(take(token), ErrorKind::bad_data, "'", token, "' is missing before '", rest_.substr(0, 20), "'");
  }
  std::string word() {
    std::size_t end = 0;
    while (end < rest_.size() && !is_blank(rest_[end]) && std::string_view("=/><\"'&").find(rest_[end]) == std::string_view::npos)
      ++end;
    require(end > 0, ErrorKind::bad_data, "a name is missing before '", rest_.substr(0, 20), "'");
    std::string name(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return name;
  }
  std::string value() {
    std::string text;
    while (!take("\"")) {
      require(!rest_.empty() && rest_.front() != '<', ErrorKind::bad_data, "an attribute's value does not end");
      if (rest_.front() != '&') {
        text += rest_.front();
        rest_.remove_prefix(1);
      } else if (take("&amp;")) {
        text += '&';
      } else if (take("&lt;")) {
        text += '<';
      } else if (take("&gt;")) {
        text += '>';
      } else if (take("&quot;")) {
        text += '"';
      } else {
        need("&apos;");
        text += '\'';
      }
    }
    return text;
  }
  XmlElement element() {
    need("<");
    XmlElement element{.name = word(), .attributes = {}, .children = {}};
    for (skip_blanks(); !rest_.starts_with(">") && !rest_.starts_with("/>"); skip_blanks()) {
      const std::string name = word();
      need("=\"");
      require(element.attributes.emplace(name, value()).second, ErrorKind::bad_data, "attribute ", name, " comes twice");
    }
    if (take("/>")) return element;
    need(">");
    for (skip_blanks(); !rest_.starts_with("</"); skip_blanks()) element.children.push_back(this->element());
    need("</");
    const std::string closed = word();
    require(closed == element.name, ErrorKind::bad_data, "<", element.name, "> is closed by </", closed, ">");
    need(">");
    return element;
  }

  std::string_view rest_;
};

}  // namespace heddle::test
