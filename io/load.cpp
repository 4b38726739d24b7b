#include "io/load.h"

#include <algorithm>
#include <filesystem>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/edges.h"
#include "io/file.h"
#include "io/folder.h"
#include "io/planetoid.h"

namespace heddle::io {

namespace detail {

namespace {

bool is_planetoid(const std::string& path) { return !planetoid_prefix(path).empty(); }

/// Any text may be meant as an edge list, and its reader says which line is not one; archives and pickles hold zero bytes.
bool is_text_file(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  const InputFile file(path);
  constexpr int64_t head_bytes = 4096;
  ByteBuffer head(std::min(file.size(), head_bytes));
  file.read(0, head.data(), static_cast<int64_t>(head.view().size()));
  return is_gzip(head.view()) || head.view().find('\0') == std::string_view::npos;
}

constexpr NodeFormatEntry node_format_table[] = {
    {NodeFormat::planetoid, "planetoid", "DIR/NAME where DIR holds Planetoid's ind.NAME.{x,tx,allx,y,ty,ally,graph,test.index}",
     is_planetoid, read_planetoid},
    {NodeFormat::folder, "folder", "a folder with edges.txt, edges.csv, edges.tsv or NAME.edges", is_dataset_folder,
     read_dataset_folder},
    {NodeFormat::edge_list, "edge_list", "a text file with two node ids a line", is_text_file, read_edge_list},
};

}  // namespace

std::span<const NodeFormatEntry> node_formats() { return node_format_table; }

}  // namespace detail

NodeDataset load(const std::string& path, const LoadOptions& options, const ProgressCallback& progress) try {
  std::string looked_for;
  for (const detail::NodeFormatEntry& entry : detail::node_formats()) {
    const bool asked_for = options.format == entry.format;
    if (asked_for || (options.format == NodeFormat::automatic && entry.recognise(path))) return entry.read(path, progress);
    looked_for += text(looked_for.empty() ? "" : "; ", entry.looks_like);
  }
  std::error_code ignored;
  const bool exists = std::filesystem::exists(path, ignored);
  fail(exists ? ErrorKind::bad_data : ErrorKind::io, path, exists ? " is not a data set" : " does not exist",
       "; looked for: ", looked_for);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
