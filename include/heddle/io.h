#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "heddle/data.h"
#include "heddle/error.h"
#include "heddle/export.h"
#include "heddle/interactions.h"
#include "heddle/reading.h"
#include "heddle/settings.h"
#include "heddle/tuned.h"

HEDDLE_API_BEGIN
/// Bytes <-> plain host data. Every function throws Error{bad_data} with file and position for content that is not what the
/// format promises, Error{io} where the operating system refuses, in memory bounded by the size of the file.
namespace heddle::io {

/// Who may read a file that is new.
enum class FileAccess {
  umask,  ///< whom the process's umask lets
  owner,  ///< its owner alone: a file that tells who bought what
};

/// The formats that `load` knows; `automatic` recognises one by content.
enum class NodeFormat {
  automatic,      ///< whichever it is
  planetoid,      ///< see `load`, as the others
  content,        ///< papers and citations
  ogb,            ///< OGB's folders
  dgl,            ///< DGL's CSV
  folder,         ///< an edge list, features, labels and splits by name
  npz,            ///< arrays in an archive
  matrix_market,  ///< a square matrix
  graphml,        ///< XML
  gexf,           ///< XML, as Gephi writes it
  node_link,      ///< JSON, as networkx writes it
  edge_list,      ///< one text
};

/// Which columns of the texts of a node data set hold what: a name of the header, or a number from 1. Empty: found by the usual
/// names, else by the place (docs/formats.md).
struct NodeColumns {
  std::string source = {};  ///< of edges: where it begins
  std::string target = {};  ///< of edges: where it ends
  std::string weight = {};  ///< of edges
  std::string node = {};    ///< of features, labels and splits: which node the row is about
  std::string label = {};   ///< of labels
};

/// How a node classification data set is read.
struct LoadOptions {
  NodeFormat format = NodeFormat::automatic;  ///< what the files are
  NodeColumns columns = {};                   ///< where in a line what stands
  /// What becomes of an edge that is listed with several weights, in both directions or repeatedly; without weights it is one.
  /// The mean is taken under a note of kind graph, what else is asked for without.
  RepeatedEdges merge_edges = RepeatedEdges::mean;
  /// Edges keep the direction in which they are listed; where a format says of an edge that it has none, it goes both ways. Of an
  /// adjacency matrix row i, column j is the edge from i to j. Without, all edges are undirected.
  bool directed = false;
  ReadOptions options = {};  ///< how texts are taken apart, and what becomes of rows that say too little
};

/// The same as settings, by the names of the commands' options: "format", "source_column", ..., those of ReadOptions among them
/// (not `threads` and `progress`, which decide nothing).
const SettingTable<LoadOptions>& load_settings();

/// Reads a node classification data set:
/// - planetoid: "DIR/cora" standing for Planetoid's DIR/ind.cora.{x,tx,allx,y,ty,ally,graph,test.index}, or a folder with them;
/// - content: NAME.content (id, words, class) and NAME.cites, as Cora and Citeseer were first published;
/// - ogb: an Open Graph Benchmark folder: raw/edge.csv, node-feat.csv, node-label.csv, num-node-list.csv, split/NAME/;
/// - dgl: a folder with nodes.csv and edges.csv, as DGL's CSVDataset has them;
/// - npz: a .npz with edges or an adjacency matrix and, optionally, features, labels and masks (docs/formats.md);
/// - matrix_market: a square Matrix Market file;
/// - graphml, gexf, node_link: GraphML, GEXF, networkx's node-link JSON;
/// - folder: an edge list and, optionally, features, labels and split files (docs/formats.md names them all);
/// - edge_list: one file (features: none, labels: none).
/// What the files call nodes and classes may be any strings: whole numbers from 0 with few gaps are the numbers themselves,
/// others are numbered, nodes in the order of the table of nodes or of their first appearance, classes in the order of their
/// names, and stand in NodeDataset::node_ids and class_names. Throws Error{io} if there is nothing at the path, and
/// Error{bad_data} that lists what was looked for if it is none of these. NodeDataset::reading tells what was read, and `told`,
/// if given, the same even where an Error ends it.
NodeDataset load(const std::string& path, const LoadOptions& options = {}, Reading* told = nullptr);

/// Zachary's karate club, bundled: 34 nodes, 78 edges, the two factions as labels, one-hot features, one labelled node a faction.
/// W. W. Zachary, "An information flow model for conflict and fission in small groups", J. Anthropol. Res. 33 (1977).
NodeDataset karate_club();

/// The formats of interaction data that `load_interactions` knows; `automatic` recognises one by content.
enum class InteractionFormat { automatic, npz, json_lines, lightgcn, recbole, movielens, matrix_market, csv };

/// Which columns of a text hold what: a name of the header, or a number from 1. Empty: found by the usual names
/// (docs/formats.md).
struct InteractionColumns {
  std::string user = {};       ///< who took it
  std::string item = {};       ///< what was taken
  std::string rating = {};     ///< how much it was liked
  std::string behaviour = {};  ///< how it was taken: seen, put in the basket, bought
  std::string time = {};       ///< when
  std::string name = {};       ///< what the item is called, for InteractionLog::item_names; only where it is given here
};

/// How interactions are read.
struct InteractionReading {
  InteractionFormat format = InteractionFormat::automatic;  ///< what the files are
  InteractionColumns columns = {};                          ///< where in a line what stands
  ReadOptions options = {};                                 ///< how texts are taken apart
  Wanted rating = Wanted::if_there;                         ///< whether InteractionLog::rating is filled
  Wanted behaviour = Wanted::if_there;                      ///< whether InteractionLog::behaviour is
  Wanted time = Wanted::if_there;                           ///< whether InteractionLog::time is
};
/// Lets `reading` want of ratings, behaviours and times what `prepare` will ask for, and nothing else: cells that nobody asks for
/// need not be such as can be read.
void set_wanted(InteractionReading& reading, const PrepareOptions& options);
/// The same as settings, by the names of `heddle data`'s options: "format", "user_column", ..., those of ReadOptions among them
/// (not `threads` and `progress`, which decide nothing). InteractionLog::read_with has them.
const SettingTable<InteractionReading>& reading_settings();

/// Reads interaction data (docs/formats.md):
/// - lightgcn: a folder with train.txt and test.txt (val.txt, valid.txt, ... too), lines `user item item ...`; or one such file;
/// - npz: a sparse matrix of users x items, as SciPy's save_npz writes it;
/// - json_lines: JSON objects, a record each, one a line or in one array;
/// - recbole: a folder with NAME.inter (.item gives titles), or with NAME.train.inter, NAME.valid.inter and NAME.test.inter, or
///   an .inter file;
/// - movielens: u.data, ratings.dat or ratings.csv, or the folder that holds one (u.item, movies.dat, movies.csv give titles);
/// - matrix_market: a coordinate matrix of users x items, whose numbers from 1 are the ids;
/// - csv: any text with columns for user and item, whatever separates them, with or without a header; a folder with train.csv
/// (and
///   val.csv, valid.csv, validation.csv or dev.csv, test.csv), .tsv or .txt, keeps the parts.
/// A folder that is none of these is read too where all data files in it are of one shape, as a log with a file a day is. Each
/// file may be gzip-compressed. InteractionLog::reading tells what was read, and `told`, if given, the same even where an Error
/// ends it. Throws as `load` does.
InteractionLog load_interactions(const std::string& path, const InteractionReading& reading = {}, Reading* told = nullptr);

/// Reads several files as one log, in their order: texts with columns, lists of items or JSON, all in one format. A path may be a
/// pattern with * ? or [ in its last part ("logs/2024-*.csv"), which stands for the files that match it, by name, or a folder of
/// files of one shape. Columns are those of the first file with a header; the files must agree in what they hold. A single path
/// is read as `load_interactions` reads it. Throws as that does, and Error{usage} where there is no path.
InteractionLog load_interaction_files(const std::vector<std::string>& paths, const InteractionReading& reading = {},
                                      Reading* told = nullptr);

/// What is known of items besides their ids: columns with a value for each of them.
struct ItemTable {
  std::vector<std::string> ids;                                           ///< one a row, each once
  std::vector<std::pair<std::string, std::vector<std::string>>> columns;  ///< name, and a value for each row
  Reading reading = {};                                                   ///< what was read, and how
};
/// Reads a table of items: any text with columns and a header line, RecBole's .item too, written and compressed as interactions
/// may be. The ids are in the column that is called so (item, item_id, product, sku, ...), else in the first one. `told`, if
/// given, gets ItemTable::reading even where an Error ends it. Throws Error{bad_data} for a row of another length than the
/// header, an id that is empty or comes twice, and columns of one name.
ItemTable read_item_table(const std::string& path, const ReadOptions& options = {}, Reading* told = nullptr);

/// One array of a .npy or .npz file: `values` row-major (a Fortran-order file is transposed), one of the element types. float16
/// becomes float, every integer and bool int64, byte strings and text std::string, without trailing zeros and in UTF-8. Unsigned
/// 64-bit values past int64, big-endian, complex, object, unicode and structured arrays are refused.
struct Array {
  std::vector<int64_t> shape;  ///< of each dimension
  /// The elements, as many as the product of `shape`.
  std::variant<std::vector<float>, std::vector<double>, std::vector<int64_t>, std::vector<std::string>> values;
};

/// Reads versions 1 to 3. NaN and infinities are values like others here.
Array read_npy(const std::string& path);
/// Every array of an .npz archive by name (without ".npy").
std::map<std::string, Array> read_npz(const std::string& path);
/// Writes rows x cols float32, row-major, atomically as write_file does.
void write_npy(const std::string& path, const float* values, int64_t rows, int64_t cols);

/// Files that other programs read vectors from.
enum class VectorFormat {
  npy,        ///< rows x cols; beside it a file with the id of each row, one a line
  word2vec,   ///< text: "COUNT WIDTH", then "KEY v v v" a line; an id's key has underscores for blanks, and a number behind it
              ///< where another id has that key
  projector,  ///< the embedding projector's two tables: the vectors as TSV, and beside it a file that says what each line is
};
/// By its name: `npy`, `word2vec` or `projector`. Throws Error{usage} for others; `called` is what its sentence calls the format.
VectorFormat vector_format_named(const std::string& name, const std::string& called = "the format of vectors");
/// By the path's ending: .npy, .tsv (projector), .txt, .vec or .w2v (word2vec). Throws Error{usage} for others.
VectorFormat vector_format_of(const std::string& path);
/// Where the second file lies: vectors.tsv has vectors.metadata.tsv, vectors.npy vectors.ids.txt. Empty for word2vec, which has
/// the ids inside, and for a device or a pipe, beside which nothing can lie.
std::string vector_labels_path(const std::string& path, VectorFormat format);
/// Writes one vector a row, each number as the shortest text that reads back as the same float (npy: as it is). Atomically as
/// write_file does. Returns how many keys of word2vec got a number to be distinct. Throws Error{usage} unless there is an id for
/// each row.
int64_t write_vectors(const std::string& path, VectorFormat format, const HostMatrix& vectors, const IdTable& ids);
/// Writes what each row is: its id, and for the projector, where there are names, these in a second column under a header line.
/// Atomically as write_file does. Throws Error{usage} unless there are no names or one for each id.
void write_vector_labels(const std::string& path, VectorFormat format, const IdTable& ids,
                         const std::vector<std::string>& names = {});

/// How a table of predictions is written.
enum class TableFormat {
  tsv,         ///< a header line, then a line a node, tabs between
  csv,         ///< the same with commas
  json_lines,  ///< an object a line; null where there is nothing to tell
};
/// What a file of predictions is.
struct TableFileForm {
  TableFormat format = TableFormat::tsv;  ///< of its text
  bool gzip = false;                      ///< whether that is compressed
};
/// The form that a file of this name has, by the name's ending: .csv, .jsonl, and for .tsv or any other name tabs; .gz may stand
/// behind it.
TableFileForm table_file_form(const std::string& path);
/// One line a node: node, predicted class, label, probability of the predicted class (six decimals), split (train, val or test);
/// empty where a node has no label or no split. Nodes and classes are called as NodeDataset::node_ids and class_names have them.
/// Throws Error{usage} unless there is a prediction for each node.
std::string predictions_text(const NodePredictions& predictions, const NodeDataset& data, TableFormat format = TableFormat::tsv);
/// Writes it atomically as write_file does, in the form that the path's ending says (table_file_form).
void write_predictions(const std::string& path, const NodePredictions& predictions, const NodeDataset& data);

/// What an edge table tells besides the edges.
struct EdgeTableOptions {
  std::vector<int32_t> classes;       ///< [nodes] or empty: the nodes' attribute "class" in GEXF; -1: none
  std::vector<int32_t> predicted;     ///< the same for the attribute "predicted"
  bool self_loops = true;             ///< false: edges from a node to itself are left out, as layouts of graphs want it
  const IdTable* node_ids = nullptr;  ///< what the nodes are called; null or empty: by their numbers
  const std::vector<std::string>* class_names = nullptr;  ///< the same of the classes
};

/// A table of edges as text that a spreadsheet (.csv: `source,target` and the columns, a header line) or a graph program (.gexf:
/// GEXF 1.3, the numbers as attributes of the edges, their mean as the weight) reads; numbers as they read back, nodes from 0.
/// Written atomically as write_file does. Throws Error{usage} as check_edge_table_path, or where sizes do not fit.
void write_edge_table(const std::string& path, const EdgeTable& table, const EdgeTableOptions& options = {});
/// Throws Error{usage} unless the name ends in .csv or .gexf.
void check_edge_table_path(const std::string& path);

/// A matrix of a safetensors file.
struct NamedTensor {
  std::string name;           ///< once in a file
  int64_t rows = 0;           ///< how many rows
  int64_t cols = 0;           ///< how many columns
  std::vector<float> values;  ///< rows * cols, row-major
};

/// An array of whole numbers or bytes of a safetensors file: I32, I64 or U8.
struct NamedIntegers {
  std::string name;            ///< once in a file
  std::vector<int64_t> shape;  ///< at most two dimensions
  /// The elements, as many as the product of `shape`.
  std::variant<std::vector<int32_t>, std::vector<int64_t>, std::vector<uint8_t>> values;
};

/// A safetensors file: named matrices, named integers and string metadata.
struct TensorFile {
  std::vector<NamedTensor> tensors;             ///< the matrices
  std::vector<NamedIntegers> integers;          ///< the arrays of whole numbers
  std::map<std::string, std::string> metadata;  ///< whatever else is to be kept
};

/// A safetensors file whose arrays are read one at a time, or in pieces, into the caller's memory: who keeps them elsewhere than
/// in a TensorFile need not hold them twice. Making one checks the header and, where the metadata hold a checksum, all contents
/// against it. Any number of threads may read from one.
class TensorReader {
 public:
  /// Element types, named as the format names them.
  enum class Type { f32, i32, i64, u8 };
  /// An array of the file.
  struct Array {
    std::string name;            ///< once in a file
    Type type = Type::f32;       ///< of each element
    std::vector<int64_t> shape;  ///< at most two dimensions
    int64_t size = 0;            ///< elements
    int64_t begin = 0;           ///< its first byte in the file
  };

  /// Throws as read_safetensors, but for what it says of values.
  explicit TensorReader(const std::string& path);
  /// Of a file's content in memory; `name` stands for its path.
  static TensorReader of_content(std::string content, const std::string& name);
  /// The open file goes over.
  TensorReader(TensorReader&&) noexcept;
  TensorReader& operator=(TensorReader&&) noexcept;  ///< the same
  ~TensorReader();

  /// The file's path, or name.
  const std::string& name() const;
  /// What the file says besides its arrays.
  const std::map<std::string, std::string>& metadata() const&;
  std::map<std::string, std::string> metadata() &&;  ///< of a temporary: the map itself
  /// In the order of their data.
  const std::vector<Array>& arrays() const&;
  std::vector<Array> arrays() &&;  ///< of a temporary: the vector itself
  /// The array of this name, null where there is none.
  const Array* find(std::string_view name) const;

  /// Elements first ... first + target.size() - 1. Throws Error{usage} for elements that the array does not have or another type
  /// than the array's, Error{bad_data} for a float that is NaN or infinite, Error{io} where the file cannot be read.
  void read(const Array& array, int64_t first, std::span<float> target) const;
  void read(const Array& array, int64_t first, std::span<int32_t> target) const;  ///< the same of Type::i32
  void read(const Array& array, int64_t first, std::span<int64_t> target) const;  ///< the same of Type::i64
  void read(const Array& array, int64_t first, std::span<uint8_t> target) const;  ///< the same of Type::u8

 private:
  struct Opened;
  explicit TensorReader(std::unique_ptr<Opened> opened);
  std::unique_ptr<Opened> opened_;
};

/// Reads F32 tensors and I32, I64 and U8 ones in the order of their data; a vector of n floats becomes 1 x n, a scalar 1 x 1.
/// Throws Error{bad_data} for other types, more than two dimensions, values that are NaN or infinite, and contents that are not
/// those which a checksum among the metadata was made of (docs/formats.md).
TensorFile read_safetensors(const std::string& path);
/// Writes every tensor as F32 [rows, cols], then the integers, with a checksum, atomically as write_file does. Throws
/// Error{usage} for a repeated or empty name, for values that are not rows x cols, and for names that the format has for itself:
/// the tensor `__metadata__`, the metadata entries `heddle.checksum` and `heddle.file_version`.
void write_safetensors(const std::string& path, const TensorFile& file, FileAccess access = FileAccess::umask);

/// Choices of variants, as `heddle tune` saves them (docs/formats.md).
TunedVariants read_tuned(const std::string& path);
/// Written atomically as write_file does. Throws Error{usage} for more choices than read_tuned takes, 100,000.
void write_tuned(const std::string& path, const TunedVariants& tuned);

/// What a file looks like.
struct ContentKind {
  /// gzip: compressed, and what is inside is not known.
  enum Kind { safetensors, text, gzip, zip, npy, other, unknown };
  Kind kind = unknown;      ///< of a gzip-compressed file: of what is inside
  bool compressed = false;  ///< by gzip
  std::string name = {};    ///< "a text file", "an image (PNG)"; of what nobody knows "a binary file of another kind"
  /// Of a text or an archive that a reader of data sets is for, and that is no table: "npz", "matrix_market", "graphml", "gexf",
  /// "node_link", "json_lines", "zip" (whatever is in it).
  std::string format = {};
  /// Of what is not read as data: how something is made of it that is; FILE stands for its path.
  std::string remedy = {};
};
/// Told by the file's first bytes, whether or not the rest is sound.
ContentKind content_kind_of(const std::string& path);

/// Writes `content` to `path` atomically: a temporary file in the same folder, flushed to the disk, then renamed. Whatever
/// happens, `path` holds either all of it or what stood there before. A file that is replaced keeps its mode, and its owner and
/// group where the system allows that; `access` is of a new one. A symbolic link stays, and what it points to is replaced. (A
/// device or a pipe, such as /dev/stdout, is written directly.)
void write_file(const std::string& path, const std::string& content, FileAccess access = FileAccess::umask);

}  // namespace heddle::io
HEDDLE_API_END
