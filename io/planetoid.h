#pragma once

#include <array>
#include <string>
#include <string_view>

#include "heddle/data.h"
#include "heddle/io.h"
#include "heddle/progress.h"

/// The data sets of Planetoid (Z. Yang, W. Cohen, R. Salakhutdinov, "Revisiting semi-supervised learning with graph embeddings",
/// ICML 2016): Cora, Citeseer, Pubmed, each as eight files ind.NAME.PART.
namespace heddle::io::detail {

/// PART by place in PlanetoidParts.
enum PlanetoidPart { part_x, part_tx, part_allx, part_y, part_ty, part_ally, part_graph, part_test_index };
inline constexpr std::array<std::string_view, 8> planetoid_part_names{"x",  "tx",   "allx",  "y",
                                                                      "ty", "ally", "graph", "test.index"};

/// One file: its bytes and the name for sentences.
struct NamedBytes {
  std::string_view bytes;
  std::string name;
};
using PlanetoidParts = std::array<NamedBytes, planetoid_part_names.size()>;

/// Puts the eight parts together.
/// - Nodes: the rows of allx, then one for each id from the smallest to the largest of test.index. Row i of tx and ty belongs to
/// the
///   i-th id of test.index; an id that test.index leaves out (Citeseer) gets zero features and no label.
/// - Features: raw, sparse. Labels: the largest of the row's entries, the first of equals; none if the row is all zeros.
/// - Splits: train = the rows of y, val = the 500 rows after them (fewer if allx ends), test = test.index; nodes without a label
/// are
///   left out and counted.
/// - Edges: `graph` made symmetric. A neighbour that a node lists again counts as a duplicate; each edge may stand in the lists
/// of
///   both its ends.
/// Throws Error{bad_data} naming file and byte or line. `progress` is told "reading the data" before each part; false throws
/// Error{interrupted}.
NodeDataset parse_planetoid(const PlanetoidParts& parts, std::string name, const ProgressCallback& progress = {},
                            bool directed = false);

/// "DIR/ind.NAME." for "DIR/NAME" and "DIR/ind.NAME.PART" (where DIR/ind.NAME.PART exists for some PART), and for a folder that
/// holds one Planetoid data set; empty for anything else. A folder with several is an Error{usage} that lists them.
std::string planetoid_prefix(const std::string& path);

/// Reads what planetoid_prefix found.
NodeDataset read_planetoid(const std::string& path, const LoadOptions& options, Reading& reading);

}  // namespace heddle::io::detail
