#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/data.h"
#include "heddle/io.h"
#include "io/node_names.h"
#include "io/table.h"
#include "io/text_source.h"

/// The texts of a node data set: edges, features, labels and the ids of a split, each a table as io/table.h opens it. All throw
/// Error{bad_data} "name:line: ...".
namespace heddle::io::detail {

/// `options` for one of several files that are told of as a whole: its share runs from `begin` to `end` of that. They must
/// outlive what is returned.
LoadOptions part_options(const LoadOptions& options, double begin, double end);

/// Which share of the bytes of two files is the first one's; files that are not there have none.
double first_share(const std::string& first, const std::string& second);

/// What a table of a node data set holds.
enum class NodeTable { edges, nodes, features, labels, split };
/// Opens it. Its first line is a header where no field of it is a number; where the lines below hold words too, by its names, and
/// by whether its words come again.
Table open_node_table(TextSource source, const LoadOptions& options, Reading& reading, NodeTable kind);

/// The columns of a text of edges, from 0.
struct EdgeColumns {
  int64_t source = 0;
  int64_t target = 1;
  int64_t weight = -1;  ///< -1: none
};
/// By what options and header name, else by place; a column that counts the rows is none of them.
EdgeColumns find_edge_columns(Table& table, const LoadOptions& options, Reading& reading);
/// The column of node ids beside attributes: named, or usual, or one that counts the rows, or the first where it holds words of
/// which none comes twice; -1: none.
int64_t find_node_column(const Table& table, const LoadOptions& options, Reading& reading);

/// What a table says of nodes, a row a node.
struct NodeRows {
  int64_t rows = 0;
  NumbersOrWords ids = {};         ///< empty: the table has none
  HostMatrix features = {};        ///< in the order of the rows; without columns: none
  NumbersOrWords labels = {};      ///< empty: none
  std::vector<int8_t> parts = {};  ///< empty: none; else 0, or 1, 2, 3 for train, val, test
};
/// Features: in each column a number but in those that hold node ids, a part (`split`), or, with `labels` or by an option, the
/// label; columns of words are passed over. At least one row.
NodeRows parse_features(TextSource source, const LoadOptions& options, Reading& reading, bool labels);
/// Labels: one a row, in the column that is named so or the only one, beside ids and parts; or a column a class with a one in
/// that of the node's.
NodeRows parse_labels(TextSource source, const LoadOptions& options, Reading& reading);

/// A node and the line where it stands.
struct ListedId {
  int32_t id;
  int64_t line;
};
/// The nodes of a part, ascending: one id a line, or a mask: for each node a line with 1 or 0, true or false. An id that comes
/// twice is an error.
std::vector<ListedId> parse_part(TextSource source, const LoadOptions& options, Reading& reading, const NodeNames& names,
                                 std::string_view part);

/// The part by its name ("train", "valid", ...): 1, 2, 3 for train, val, test; 0: it is none.
int8_t part_number(std::string_view name);

/// The field as a finite float32; `what` names it in the sentence.
float parse_number(const Table& table, int64_t line, std::string_view field, const char* what);

}  // namespace heddle::io::detail
