#include "io/xml_document.h"

#include <limits>
#include <new>
#include <utility>

#include "heddle/error.h"
#include "io/optional_library.h"
#include "io/text.h"

#if __has_include(<libxml/xmlreader.h>)
#include <libxml/xmlreader.h>
#define HEDDLE_READS_XML
#endif

namespace heddle::io::detail {

#ifdef HEDDLE_READS_XML

namespace {

struct XmlLibrary {
  decltype(&xmlReaderForMemory) open;
  decltype(&xmlFreeTextReader) free;
  decltype(&xmlTextReaderRead) read;
  decltype(&xmlTextReaderNodeType) node_type;
  decltype(&xmlTextReaderIsEmptyElement) is_empty;
  decltype(&xmlTextReaderConstLocalName) local_name;
  decltype(&xmlTextReaderConstValue) value;
  decltype(&xmlTextReaderMoveToNextAttribute) next_attribute;
  decltype(&xmlTextReaderMoveToElement) to_element;
  decltype(&xmlTextReaderGetParserLineNumber) line;
  decltype(&xmlTextReaderSetErrorHandler) set_error_handler;
};

const XmlLibrary& xml_library() {
  static const XmlLibrary opened = [] {
    const OptionalLibrary file("GraphML and GEXF are read by libxml2", {"libxml2.so.2", "libxml2.so.16"});
    XmlLibrary found{};
    file.find("xmlReaderForMemory", found.open);
    file.find("xmlFreeTextReader", found.free);
    file.find("xmlTextReaderRead", found.read);
    file.find("xmlTextReaderNodeType", found.node_type);
    file.find("xmlTextReaderIsEmptyElement", found.is_empty);
    file.find("xmlTextReaderConstLocalName", found.local_name);
    file.find("xmlTextReaderConstValue", found.value);
    file.find("xmlTextReaderMoveToNextAttribute", found.next_attribute);
    file.find("xmlTextReaderMoveToElement", found.to_element);
    file.find("xmlTextReaderGetParserLineNumber", found.line);
    file.find("xmlTextReaderSetErrorHandler", found.set_error_handler);
    return found;
  }();
  return opened;
}

std::string_view view_of(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

/// The first thing that is wrong, without the line feed at its end.
void keep_reason(void* kept, const char* message, xmlParserSeverities severity, xmlTextReaderLocatorPtr) {
  auto& reason = *static_cast<std::string*>(kept);
  const bool only_a_warning = severity == XML_PARSER_SEVERITY_WARNING || severity == XML_PARSER_SEVERITY_VALIDITY_WARNING;
  if (only_a_warning || !reason.empty() || message == nullptr) return;
  try {
    reason = message;
    while (!reason.empty() && (reason.back() == '\n' || reason.back() == ' ')) reason.pop_back();
  } catch (const std::bad_alloc&) {
    reason.clear();  // no exception may pass through C
  }
}

}  // namespace

struct XmlDocument::State {
  std::string name;
  xmlTextReaderPtr reader = nullptr;
  std::string reason;
  bool end_follows = false;  // of an element without content

  ~State() {
    if (reader != nullptr) xml_library().free(reader);
  }
};

XmlDocument::XmlDocument(std::string_view content, std::string name) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  require(content.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()), ErrorKind::bad_data, state_->name, " has ",
          counted(content.size(), "byte"), "; XML is read up to 2 GiB");
  // Nothing is fetched from the net, no external definition is loaded, and entities are not expanded beyond libxml2's own limits.
  constexpr int options = XML_PARSE_NONET | XML_PARSE_COMPACT;
  state_->reader = xml_library().open(content.data(), static_cast<int>(content.size()), nullptr, nullptr, options);
  if (state_->reader == nullptr) throw std::bad_alloc();
  xml_library().set_error_handler(state_->reader, keep_reason, &state_->reason);
}

XmlDocument::~XmlDocument() = default;

void XmlDocument::fail(const std::string& sentence) const {
  heddle::fail(ErrorKind::bad_data, state_->name, ":", line(), ": ", sentence);
}

int64_t XmlDocument::line() const { return xml_library().line(state_->reader); }

XmlDocument::Part XmlDocument::next() {
  State& state = *state_;
  if (std::exchange(state.end_follows, false)) return Part::end;
  for (;;) {
    const int status = xml_library().read(state.reader);
    if (status < 0 || !state.reason.empty())
      fail("it is not well-formed XML" + (state.reason.empty() ? "" : ": " + printable(state.reason)));
    if (status == 0) return Part::nothing;
    switch (xml_library().node_type(state.reader)) {
      case XML_READER_TYPE_ELEMENT: state.end_follows = xml_library().is_empty(state.reader) == 1; return Part::begin;
      case XML_READER_TYPE_END_ELEMENT: return Part::end;
      case XML_READER_TYPE_TEXT:
      case XML_READER_TYPE_CDATA: return Part::text;
      default: break;
    }
  }
}

std::string_view XmlDocument::element() const { return view_of(xml_library().local_name(state_->reader)); }

std::string_view XmlDocument::text() const { return view_of(xml_library().value(state_->reader)); }

std::string XmlDocument::attribute(std::string_view name) const {
  std::string value;
  while (xml_library().next_attribute(state_->reader) == 1) {
    if (element() == name) value = text();
  }
  xml_library().to_element(state_->reader);
  return value;
}

#else

struct XmlDocument::State {};

XmlDocument::XmlDocument(std::string_view, std::string name) {
  heddle::fail(ErrorKind::io, name,
               " is XML, which this heddle was built without (libxml2); write it as CSV, or as node-link JSON");
}
XmlDocument::~XmlDocument() = default;
XmlDocument::Part XmlDocument::next() { return Part::nothing; }
std::string_view XmlDocument::element() const { return {}; }
std::string_view XmlDocument::text() const { return {}; }
std::string XmlDocument::attribute(std::string_view) const { return {}; }
int64_t XmlDocument::line() const { return 0; }
void XmlDocument::fail(const std::string& sentence) const { heddle::fail(ErrorKind::bad_data, sentence); }

#endif

}  // namespace heddle::io::detail
