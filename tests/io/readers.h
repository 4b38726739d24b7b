#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "io/delimited.h"
#include "io/edges.h"
#include "io/lightgcn_text.h"
#include "io/npy.h"
#include "io/number_columns.h"
#include "io/pickle.h"
#include "io/planetoid.h"
#include "io/safetensors.h"

/// Every reader as a function of bytes, under the name "f" in its sentences, for tests that only ask whether and how it fails.
namespace heddle::test {

using Reader = void (*)(std::string_view content);

inline void edge_list(std::string_view content) { io::detail::parse_edge_list(content, "f"); }
inline void matrix(std::string_view content) { io::detail::parse_matrix(content, "f"); }
inline void labels(std::string_view content) { io::detail::parse_labels(content, "f"); }
inline void ids(std::string_view content) { io::detail::parse_ids(content, "f", 10); }
inline void npy_file(std::string_view content) { io::detail::parse_npy(io::detail::MemorySource(content), "f"); }
inline void npz_file(std::string_view content) { io::detail::parse_npz(content, "f"); }
inline void safetensors_file(std::string_view content) { io::detail::parse_safetensors(content, "f"); }
inline void csr_pickle(std::string_view content) { io::detail::unpickle_csr(content, "f"); }
inline void matrix_pickle(std::string_view content) { io::detail::unpickle_matrix(content, "f"); }
inline void graph_pickle(std::string_view content) { io::detail::unpickle_adjacency(content, "f"); }
inline void gzip_file(std::string_view content) { io::detail::gunzip(content, "f", 1 << 20); }

inline void lightgcn_text(std::string_view content) {
  const io::detail::InteractionText text{content, "f", InteractionLog::Part::train};
  io::detail::parse_lightgcn({&text, 1});
}

inline void delimited(std::string_view content, const io::detail::DelimitedForm& form, const io::InteractionColumns& columns) {
  const io::detail::InteractionText text{content, "f", std::nullopt};
  io::detail::parse_delimited({&text, 1}, form, columns);
}
inline void csv_text(std::string_view content) { delimited(content, {}, {}); }
inline void item_table(std::string_view content) { io::detail::parse_item_table(content, "f"); }
inline void recbole_text(std::string_view content) {
  delimited(content, {"\t", false, io::detail::DelimitedForm::Header::typed}, {});
}
inline void movielens_text(std::string_view content) {
  delimited(content, {"::", false, io::detail::DelimitedForm::Header::none}, {"1", "2", "3", "", "4"});
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
