#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "heddle/data.h"
#include "heddle/io.h"
#include "io/text_source.h"

/// The texts of a node data set: edges, features, labels and the ids of a split, each a table as io/table.h opens it. All throw
/// Error{bad_data} "name:line: ...".
namespace heddle::io::detail {

/// `options` for one of several files that are told of as a whole: its share runs from `begin` to `end` of that. They must
/// outlive what is returned.
LoadOptions part_options(const LoadOptions& options, double begin, double end);

/// Which share of the bytes of two files is the first one's; files that are not there have none.
double first_share(const std::string& first, const std::string& second);

/// Node ids beside the rows of a file, in its order; empty: the rows are the nodes 0, 1, ...
using RowIds = std::vector<int32_t>;

/// Features: a row a node, in each column a number but in one that holds node ids (by its name, or because it counts the rows).
/// At least one row.
HostMatrix parse_matrix(TextSource source, const LoadOptions& options, Reading& reading, RowIds& ids);

/// Labels: whole numbers from 0, -1 for a node without; of several columns the one that is named so.
std::vector<int32_t> parse_labels(TextSource source, const LoadOptions& options, Reading& reading, RowIds& ids);

/// A node id and the line where it stands.
struct ListedId {
  int32_t id;
  int64_t line;
};

/// One node id in [0, nodes) a line, under a header or not, ascending in the result. An id that comes twice is an error.
std::vector<ListedId> parse_ids(TextSource source, const LoadOptions& options, Reading& reading, int64_t nodes,
                                std::string_view part = {});

/// The columns of a text of edges, from 0.
struct EdgeColumns {
  int64_t source = 0;
  int64_t target = 1;
  int64_t weight = -1;  ///< -1: none
};
struct Table;
/// By what options and header name, else by place; a column that counts the rows is none of them.
EdgeColumns find_edge_columns(Table& table, const LoadOptions& options, Reading& reading);
/// A table of a node data set: its first line is a header where no field of it is a number.
Table open_node_table(TextSource source, const LoadOptions& options, Reading& reading, std::string_view role);

/// The field as a node id; 5.0 is 5.
int32_t parse_node_id(const Table& table, int64_t line, std::string_view field, int64_t most);
/// The field as a finite float32; `what` names it in the sentence.
float parse_number(const Table& table, int64_t line, std::string_view field, const char* what);

}  // namespace heddle::io::detail
