#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "io/decompress.h"
#include "io/delimited.h"
#include "io/edges.h"
#include "io/graph_files.h"
#include "io/graph_folders.h"
#include "io/interaction_files.h"
#include "io/item_tables.h"
#include "io/lightgcn_text.h"
#include "io/npy.h"
#include "io/number_columns.h"
#include "io/pickle.h"
#include "io/planetoid.h"
#include "io/readable_path.h"
#include "io/safetensors.h"
#include "io/sparse_rows.h"

/// Every reader as a function of bytes, under the name "f" in its sentences, for tests that only ask whether and how it fails.
namespace heddle::test {

using Reader = void (*)(std::string_view content);

inline io::detail::TextSource text_of(std::string_view content) { return {content, "f", {}}; }

inline void edge_list(std::string_view content) {
  Reading reading;
  io::detail::parse_edge_list(text_of(content), {}, reading);
}
inline void matrix(std::string_view content) {
  Reading reading;
  io::detail::parse_features(text_of(content), {}, reading, true);
}
inline void labels(std::string_view content) {
  Reading reading;
  io::detail::parse_labels(text_of(content), {}, reading);
}
inline void ids(std::string_view content) {
  Reading reading;
  io::detail::NodeNames names;
  names.nodes = 10;
  io::detail::parse_part(text_of(content), {}, reading, names, "train");
}
inline void sparse_rows(std::string_view content) {
  Reading reading;
  HostCsr features;
  io::detail::parse_sparse_rows(text_of(content), {}, reading, true, features);
}
inline void npy_file(std::string_view content) { io::detail::parse_npy(io::detail::MemorySource(content), "f"); }
inline void npz_file(std::string_view content) { io::detail::parse_npz(content, "f"); }
inline void safetensors_file(std::string_view content) { io::detail::parse_safetensors(content, "f"); }
inline void csr_pickle(std::string_view content) { io::detail::unpickle_csr(content, "f"); }
inline void matrix_pickle(std::string_view content) { io::detail::unpickle_matrix(content, "f"); }
inline void graph_pickle(std::string_view content) { io::detail::unpickle_adjacency(content, "f"); }
inline void zip_member(std::string_view content) {
  io::detail::ZipArchive archive(content, "f", "a zip archive");
  std::vector<std::string> passed_over;
  archive.read(io::detail::only_data_member(archive, "f", passed_over));
}
/// xz, bzip2 or zstd; what is none of them is not decompressed. Nothing is done where the library is not there.
inline void compressed_file(std::string_view content) {
  const io::detail::Compression compression = io::detail::compression_of(content);
  if (compression == io::detail::Compression::none || compression == io::detail::Compression::gzip) return;
  try {
    io::detail::decompress(content, "f", 1 << 20);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io) throw;
  }
}
inline void graphml(std::string_view content) {
  Reading reading;
  io::detail::parse_graphml(content, "f", {}, reading);
}
inline void gexf(std::string_view content) {
  Reading reading;
  io::detail::parse_gexf(content, "f", {}, reading);
}
inline void node_link(std::string_view content) {
  Reading reading;
  io::detail::parse_node_link(content, "f", {}, reading);
}
inline void matrix_market(std::string_view content) {
  Reading reading;
  io::detail::parse_matrix_graph(content, "f", {}, reading);
}
inline void npz_graph(std::string_view content) {
  Reading reading;
  io::detail::parse_npz_graph(content, "f", {}, reading);
}
inline void npz_interactions(std::string_view content) {
  Reading reading;
  io::detail::parse_npz_interactions(content, "f", {}, reading);
}
inline std::vector<io::detail::InteractionText> one_text(std::string_view content,
                                                         std::optional<InteractionLog::Part> part = {}) {
  std::vector<io::detail::InteractionText> texts;
  texts.push_back({text_of(content), part});
  return texts;
}

inline void json_records(std::string_view content) {
  Reading reading;
  io::detail::parse_json_records(one_text(content), {}, reading);
}
/// Two files one behind the other, a line of dashes between.
inline std::pair<std::string_view, std::string_view> two_files(std::string_view content) {
  constexpr std::string_view between = "----\n";
  const std::size_t at = content.find(between);
  if (at == std::string_view::npos) return {content, {}};
  return {content.substr(0, at), content.substr(at + between.size())};
}
inline void citations(std::string_view content) {
  Reading reading;
  const auto [papers, cites] = two_files(content);
  io::detail::parse_citations(papers, "f", cites, "f", {}, reading);
}
inline void dgl(std::string_view content) {
  Reading reading;
  const auto [nodes, edges] = two_files(content);
  io::detail::parse_dgl(text_of(nodes), text_of(edges), {}, reading);
}
inline void gzip_file(std::string_view content) { io::detail::gunzip(content, "f", 1 << 20); }

inline void lightgcn_text(std::string_view content) {
  Reading reading;
  io::detail::parse_lightgcn(one_text(content, InteractionLog::Part::train), reading);
}

inline void delimited(std::string_view content, const io::detail::TableForm& form, const io::InteractionReading& how) {
  Reading reading;
  io::detail::parse_delimited(one_text(content), form, how, "csv", "", reading);
}
inline void csv_text(std::string_view content) { delimited(content, {}, {}); }
/// Ratings and times are asked for, and nothing may be missing.
inline void exact_csv_text(std::string_view content) {
  delimited(content, {}, {.options = {.missing = io::MissingFields::error}, .rating = io::Wanted::yes, .time = io::Wanted::yes});
}
inline void item_table(std::string_view content) {
  Reading reading;
  io::detail::parse_item_table(text_of(content), {}, reading);
}
inline void recbole_text(std::string_view content) {
  delimited(content, {.separator = "\t", .quote = '\0', .header = io::detail::TableForm::Header::typed}, {});
}
inline void movielens_text(std::string_view content) {
  delimited(content, {.separator = "::", .quote = '\0', .header = io::detail::TableForm::Header::none},
            {.columns = {"1", "2", "3", "", "4"}, .rating = io::Wanted::yes});
}

/// The eight files of a Planetoid data set end to end, each after its length in two bytes.
inline void planetoid_parts(std::string_view content) {
  io::detail::PlanetoidParts parts;
  for (io::detail::NamedBytes& part : parts) {
    std::size_t length = 0;
    if (content.size() >= 2) length = static_cast<unsigned char>(content[0]) + 256 * static_cast<unsigned char>(content[1]);
    content.remove_prefix(std::min<std::size_t>(2, content.size()));
    part = {content.substr(0, length), "f"};
    content.remove_prefix(part.bytes.size());
  }
  io::detail::parse_planetoid(parts, "");
}

}  // namespace heddle::test
