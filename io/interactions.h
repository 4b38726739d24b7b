#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "heddle/io.h"
#include "heddle/progress.h"
#include "io/text.h"

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
  InteractionLog (*read)(const std::string& path, const InteractionColumns& columns, const ProgressCallback& progress);
};

/// All formats, in the order in which `load_interactions` tries them.
std::span<const InteractionFormatEntry> interaction_formats();

/// A file's text (UTF-8, or Latin-1), its name for sentences, and the part of the data that it holds, if it says so.
struct InteractionText {
  std::string_view content;
  std::string_view name;
  std::optional<InteractionLog::Part> part;
};

/// Longer ids are a sign of a wrong column or separator.
inline constexpr std::size_t max_id_bytes = 256;

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

/// FOLDER/NAME or FOLDER/NAME.gz, whichever is a file; empty if neither is. Throws Error{bad_data} if both are.
std::string find_file(const std::string& folder, std::string_view name);

/// The last part of the path without its extensions (.gz, .csv, ...), for InteractionLog::name.
std::string data_name(const std::string& path);

/// The first bytes of a text file, decompressed if they are gzip, or nothing where the path is not a text file: archives and
/// pickles hold zero bytes.
std::optional<std::string> text_head(const std::string& path);

/// Throws Error{usage} if any column is named, for formats whose columns are fixed.
void refuse_columns(const InteractionColumns& columns, std::string_view format, const std::string& path);

}  // namespace heddle::io::detail
