#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "heddle/io.h"
#include "io/text.h"
#include "io/text_source.h"

/// What the readers of interaction data share, and the table of them.
namespace heddle::io::detail {

/// A format of interaction data that `load_interactions` knows. Adding one is a reader and a row in interactions.cpp.
struct InteractionFormatEntry {
  InteractionFormat format;
  std::string_view name;
  /// What `path` has to be, for help texts and for the error that lists what was looked for.
  std::string_view looks_like;
  /// Whether something of this format is at the path, by content; throws only if the path is ambiguous.
  bool (*recognise)(const std::string& path);
  /// `reading` tells what was read, also where an Error ends it.
  InteractionLog (*read)(const std::string& path, const InteractionReading& how, Reading& reading);
};

/// All formats, in the order in which `load_interactions` tries them.
std::span<const InteractionFormatEntry> interaction_formats();
std::string_view format_name(InteractionFormat format);

/// A text with interactions, and the part of the data that it holds, if it says so.
struct InteractionText {
  TextSource source;
  std::optional<InteractionLog::Part> part = {};
};

/// Longer ids are a sign of a wrong column or separator; URLs are long.
inline constexpr std::size_t max_id_bytes = 4096;

/// Throws Error{bad_data} "name:line: ..." unless `id` has 1 to max_id_bytes bytes without control characters; `what` names it.
/// `at` is anything with a `fail` like that of Lines.
template <class Position>
void check_id(const Position& at, std::string_view id, const char* what) {
  if (id.empty()) at.fail("the ", what, " id is empty");
  if (id.size() > max_id_bytes)
    at.fail(what, " id ", in_quotes(id), " has ", counted(id.size(), "byte"), ", more than ", max_id_bytes);
  for (const char c : id) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) at.fail(what, " id ", in_quotes(id), " holds a control character");
  }
}

/// FOLDER/NAME, FOLDER/NAME.gz or one of the other packed endings, whichever is a file; empty if none is. Throws Error{bad_data}
/// if several are.
std::string find_file(const std::string& folder, std::string_view name);

/// The last part of the path without its extensions (.gz, .csv, ...), for InteractionLog::name.
std::string data_name(const std::string& path);

/// The first bytes of a text file as UTF-8, decompressed if they are gzip, or nothing where the path is not a text file: archives
/// and pickles hold zero bytes.
std::optional<std::string> text_head(const std::string& path);

/// Throws Error{usage} if any column is named, for formats whose columns are fixed.
void refuse_columns(const InteractionColumns& columns, std::string_view format, const std::string& path);

}  // namespace heddle::io::detail
