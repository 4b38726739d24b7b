#include <doctest/doctest.h>

#include <filesystem>

#include "heddle/error.h"
#include "heddle/io.h"
#include "tests/io/samples.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

using Edges = std::vector<std::pair<int32_t, int32_t>>;

NodeDataset load_text(const char* name, const std::string& content, const io::LoadOptions& options = {}) {
  const TempDir folder;
  return io::load(folder.write(name, content), options);
}

/// The features of the samples, whether they are held sparse or dense.
std::vector<float> dense_values(const NodeDataset& data) {
  if (!data.features_are_sparse) return data.dense_features.values;
  std::vector<float> values(static_cast<std::size_t>(data.sparse_features.rows * data.sparse_features.cols));
  for (int64_t row = 0; row < data.sparse_features.rows; ++row) {
    for (std::size_t i = 0; i < data.sparse_features.row(row).size(); ++i)
      values[static_cast<std::size_t>(row * data.sparse_features.cols + data.sparse_features.row(row)[i])] =
          data.sparse_features.row_values(row)[i];
  }
  return values;
}

std::string notes_of(const Reading& reading) {
  std::string notes;
  for (const ReadingNote& note : reading.notes) notes += std::string(to_string(note.kind)) + ": " + note.sentence + "\n";
  return notes;
}

/// Writes `before` and `after` of a sample that holds two files.
std::string write_two(const TempDir& folder, const std::string& sample, const char* before, const char* after) {
  const std::size_t at = sample.find("----\n");
  folder.write(before, sample.substr(0, at));
  folder.write(after, sample.substr(at + 5));
  return folder.path().string();
}

std::string replaced(std::string content, const std::string& from, const std::string& to) {
  const std::size_t at = content.find(from);
  REQUIRE(at != std::string::npos);
  return content.replace(at, from.size(), to);
}

std::vector<std::string> pairs_of(const InteractionLog& log) {
  std::vector<std::string> pairs;
  for (std::size_t i = 0; i < log.user.size(); ++i) pairs.push_back(log.users[log.user[i]] + ">" + log.items[log.item[i]]);
  return pairs;
}

}  // namespace

TEST_SUITE_BEGIN("io");

TEST_CASE("layouts / one graph is the same in every format that tells nodes, classes and features") {
  const TempDir folder;
  const std::pair<const char*, std::string> files[] = {{"g.graphml", tiny_graphml()},
                                                       {"g.gexf", tiny_gexf()},
                                                       {"g.json", tiny_node_link()},
                                                       {"amazon.npz", tiny_amazon_npz()},
                                                       {"masked.npz", tiny_masked_npz()}};
  std::vector<NodeDataset> graphs;
  for (const auto& [name, content] : files) graphs.push_back(io::load(folder.write(name, content)));
  const TempDir dgl;
  graphs.push_back(io::load(write_two(dgl, tiny_dgl(), "nodes.csv", "edges.csv")));
  for (const NodeDataset& data : graphs) {
    CAPTURE(data.reading.files.front().path);
    CHECK(data.nodes == 4);
    CHECK(data.edges == Edges{{0, 1}, {0, 3}, {1, 2}});
    CHECK(data.edge_weights.empty());
    CHECK(data.labels == std::vector<int32_t>{0, 1, 1, -1});
    CHECK(data.classes == 2);
    CHECK(data.class_names.empty());
    CHECK(data.node_ids.size() == 0);
    CHECK(data.feature_count() == 2);
    CHECK(dense_values(data) == std::vector<float>{1.5f, 2, 0, 3, -1, 4, 1, 5});
    CHECK(data.reading.files.front().rows > 0);
  }
  for (const std::size_t parted : {std::size_t{4}, std::size_t{5}}) {
    CHECK(graphs[parted].train == std::vector<int32_t>{0});
    CHECK(graphs[parted].val == std::vector<int32_t>{1});
    CHECK(graphs[parted].test == std::vector<int32_t>{2});
  }
  CHECK(graphs[4].reading.notes.size() == 1);
  CHECK(notes_of(graphs[4].reading).find("'train_masks' holds 2 splits: the first is taken") != std::string::npos);
  CHECK(graphs[0].reading.notes.empty());
}

TEST_CASE("layouts / node ids and classes that are words are kept, classes in the order of the words") {
  std::string content = replaced(tiny_graphml(), "<node id=\"0\"><data key=\"c\">0", "<node id=\"ann\"><data key=\"c\">red");
  content = replaced(replaced(content, "key=\"c\">1", "key=\"c\">blue"), "key=\"c\">1", "key=\"c\">blue");
  content = replaced(replaced(content, "source=\"0\" target=\"1\"", "source=\"ann\" target=\"1\""), "source=\"0\" target=\"3\"",
                     "source=\"ann\" target=\"3\"");
  const NodeDataset data = load_text("g.graphml", content);
  CHECK(data.node_ids.ids() == std::vector<std::string>{"ann", "1", "2", "3"});
  CHECK(data.class_names == std::vector<std::string>{"blue", "red"});
  CHECK(data.labels == std::vector<int32_t>{1, 0, 0, -1});
}

TEST_CASE("layouts / directed edges, two weights of one edge and edges without declared nodes are told") {
  const NodeDataset gexf =
      load_text("g.gexf",
                "<gexf><graph defaultedgetype=\"directed\"><edges><edge source=\"0\" target=\"2\" weight=\"1\"/>"
                "<edge source=\"2\" target=\"0\" weight=\"3\"/><edge source=\"0\" target=\"4\"/></edges></graph></gexf>");
  CHECK(gexf.nodes == 5);  // as an edge list: ids are numbers, and those between have no edge
  CHECK(gexf.edges == Edges{{0, 2}, {0, 4}});
  CHECK(gexf.edge_weights == std::vector<float>{2, 1});
  CHECK(notes_of(gexf.reading).find("edges are directed") != std::string::npos);
  CHECK(notes_of(gexf.reading).find("the mean is taken") != std::string::npos);
  io::LoadOptions strict;
  strict.options.strict = true;
  CHECK(error_mismatch(ErrorKind::bad_data, "directed",
                       [&] { load_text("g.graphml", replaced(tiny_graphml(), "undirected", "directed"), strict); }) == "");
  const NodeDataset by_place = load_text(
      "g.json", R"({"nodes": [{"id": "a"}, {"id": "b"}, {"id": "c"}], "links": [{"source": 0, "target": 2, "weight": 0.5}]})");
  CHECK(by_place.edges == Edges{{0, 2}});
  CHECK(by_place.edge_weights == std::vector<float>{0.5f});
  CHECK(notes_of(by_place.reading).find("places in the list of nodes") != std::string::npos);
}

TEST_CASE("layouts / a GEXF that heddle wrote is read") {
  const TempDir folder;
  const EdgeTable table{3, {0, 1, 1, 2, 0}, {1, 0, 2, 1, 0}, {"head 0"}, {5, 1, {0.5f, 0.25f, 1, 1, 1}}};
  io::write_edge_table(folder.file("a.gexf"), table, {.classes = {1, 0, -1}, .predicted = {1, 0, 0}});
  const NodeDataset data = io::load(folder.file("a.gexf"));
  CHECK(data.nodes == 3);
  CHECK(data.edges == Edges{{0, 1}, {1, 2}});
  CHECK(data.edge_weights == std::vector<float>{0.375f, 1});
  CHECK(data.labels == std::vector<int32_t>{1, 0, -1});
  CHECK(data.cleaning.self_loops == 1);
}

TEST_CASE("layouts / papers and citations: ids are kept, what cites a paper that is not there is left out and counted") {
  const TempDir folder;
  const std::string path = write_two(folder, tiny_citations(), "my.content", "my.cites");
  for (const std::string& given : {path, folder.file("my.content"), folder.file("my.cites")}) {
    const NodeDataset data = io::load(given);
    CHECK(data.name == "my");
    CHECK(data.node_ids.ids() == std::vector<std::string>{"31", "12", "7", "99"});
    CHECK(data.class_names == std::vector<std::string>{"Nets", "Theory"});
    CHECK(data.labels == std::vector<int32_t>{1, 0, 0, 1});
    CHECK(data.edges == Edges{{0, 1}, {0, 3}, {1, 2}});
    CHECK(dense_values(data) == std::vector<float>{1, 0, 0, 1, 1, 1, 0, 0});
    REQUIRE(data.reading.left_out.size() == 1);
    CHECK(data.reading.left_out[0].count == 1);
    CHECK(data.reading.left_out[0].first_line == 4);
  }
}

TEST_CASE("layouts / OGB's folder, compressed, with its split") {
  const TempDir folder;
  std::filesystem::create_directories(folder.path() / "raw");
  std::filesystem::create_directories(folder.path() / "split" / "time");
  folder.write("raw/edge.csv.gz", gzip("0,1\n1,2\n2,1\n"));
  folder.write("raw/num-node-list.csv.gz", gzip("4\n"));
  folder.write("raw/node-feat.csv.gz", gzip("1.5,2\n0,3\n-1,4\n1,5\n"));
  folder.write("raw/node-label.csv.gz", gzip("0\n1\n1\nnan\n"));
  folder.write("raw/node_year.csv.gz", gzip("2019\n"));
  folder.write("split/time/train.csv.gz", gzip("2\n0\n"));
  folder.write("split/time/valid.csv.gz", gzip("1\n"));
  folder.write("split/time/test.csv.gz", gzip("3\n"));
  const NodeDataset data = io::load(folder.path().string());
  CHECK(data.nodes == 4);
  CHECK(data.edges == Edges{{0, 1}, {1, 2}});
  CHECK(data.labels == std::vector<int32_t>{0, 1, 1, -1});
  CHECK(data.train == std::vector<int32_t>{0, 2});
  CHECK(data.val == std::vector<int32_t>{1});
  CHECK(data.test.empty());  // node 3 has no label
  CHECK(notes_of(data.reading).find("1 node of the parts without a label") != std::string::npos);
  CHECK(data.reading.files_not_read == std::vector<std::string>{"raw/node_year.csv.gz"});
  folder.write("raw/num-node-list.csv.gz", gzip("4\n7\n"));
  CHECK(error_mismatch(ErrorKind::bad_data, "tells of 2 graphs", [&] { io::load(folder.path().string()); }) == "");
}

TEST_CASE("layouts / a Matrix Market file is a graph, alone and beside features and labels") {
  for (const char* banner :
       {"%%MatrixMarket matrix coordinate pattern symmetric", "%MatrixMarket matrix coordinate pattern symmetric",
        "%%MATRIXMARKET MATRIX COORDINATE PATTERN SYMMETRIC"}) {
    const NodeDataset data =
        load_text("g.mtx", replaced(tiny_matrix_market(), "%%MatrixMarket matrix coordinate pattern symmetric", banner));
    CHECK(data.nodes == 4);
    CHECK(data.edges == Edges{{0, 1}, {0, 3}, {1, 2}});
    CHECK(data.reading.notes.empty());
  }
  const TempDir folder;
  folder.write("graph.mtx", tiny_matrix_market());
  folder.write("labels.txt", "0\n1\n1\n-1\n");
  folder.write("features.csv", "1,2\n3,4\n5,6\n7,8.5\n");
  const NodeDataset data = io::load(folder.path().string());
  CHECK(data.edges == Edges{{0, 1}, {0, 3}, {1, 2}});
  CHECK(data.classes == 2);
  CHECK(data.feature_count() == 2);
  const NodeDataset one_way = load_text("g.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 2 0.5\n");
  CHECK(one_way.edge_weights == std::vector<float>{0.5f});
  CHECK(notes_of(one_way.reading).find("not symmetric") != std::string::npos);
}

TEST_CASE("layouts / a sparse matrix of SciPy's holds interactions") {
  const TempDir folder;
  const InteractionLog log = io::load_interactions(folder.write("m.npz", tiny_scipy_npz()));
  CHECK(pairs_of(log) == std::vector<std::string>{"0>2", "0>0", "1>1"});
  CHECK(log.rating == std::vector<float>{4, 5, 1});
  const std::string zero = zip({{"row.npy", npy_of<int64_t>({4, 4, 9}, "(3,)")},
                                {"col.npy", npy_of<int64_t>({1, 7, 1}, "(3,)")},
                                {"format.npy", npy("{'descr': '|S3', 'fortran_order': False, 'shape': (), }", "coo")},
                                {"shape.npy", npy_of<int64_t>({10, 8}, "(2,)")},
                                {"data.npy", npy_of<float>({1, 0, 1}, "(3,)")}});
  const InteractionLog coo = io::load_interactions(folder.write("z.npz", zero));
  CHECK(pairs_of(coo) == std::vector<std::string>{"4>1", "9>1"});
  CHECK(coo.rating.empty());
  CHECK(coo.reading.rows_left_out() == 1);
  CHECK(error_mismatch(ErrorKind::bad_data, "holds no sparse matrix",
                       [&] { io::load_interactions(folder.write("g.npz", tiny_masked_npz())); }) == "");
}

TEST_CASE("layouts / JSON with a record an object: nested keys, missing values, arrays of records, lines of its own") {
  const TempDir folder;
  const std::string lines =
      "{\"review_id\": \"r\", \"user_id\": \"ann\", \"business\": {\"id\": 7, \"tags\": [1]}, \"stars\": 4.5, \"date\": "
      "\"2024-05-31 12:00:00\"}\n"
      "\n{\"user_id\": null, \"business\": {\"id\": 8}, \"stars\": 1, \"date\": \"2024-06-01\"}\n"
      "{\"user_id\": \"bo \\\"x\\\"\", \"business\": {\"id\": 7}, \"stars\": 2, \"date\": \"2024-06-01\"}\n";
  io::InteractionReading reading;
  reading.columns.item = "business.id";
  const InteractionLog log = io::load_interactions(folder.write("log.jsonl", lines), reading);
  CHECK(pairs_of(log) == std::vector<std::string>{"ann>7", "bo \"x\">7"});
  CHECK(log.rating == std::vector<float>{4.5f, 2});
  CHECK(log.time == std::vector<double>{1717156800, 1717200000});
  REQUIRE(log.reading.left_out.size() == 1);
  CHECK(log.reading.left_out[0].first_line == 3);
  REQUIRE(log.reading.files.size() == 1);
  CHECK(log.reading.files[0].format == "json_lines");
  CHECK(log.reading.files[0].rows == 3);
  CHECK(log.reading.files[0].columns.size() == 6);
  // Read from a program that wrote it in one line, or in many.
  CHECK(pairs_of(io::load_interactions(folder.write("a.json", "[{\"user\": 1, \"item\": 2}, {\"user\": 3, \"item\": 4}]"))) ==
        std::vector<std::string>{"1>2", "3>4"});
  CHECK(pairs_of(io::load_interactions(folder.write(
            "b.json",
            "[\n  {\n    \"user\": 1,\n    \"item\": \"x\"\n  },\n  {\n    \"user\": 3,\n    \"item\": \"y\"\n  }\n]\n"))) ==
        std::vector<std::string>{"1>x", "3>y"});
  CHECK(io::load_interactions(folder.file("log.jsonl")).items.ids() ==
        std::vector<std::string>{"7"});  // business.id is a usual name
  CHECK(error_mismatch(ErrorKind::bad_data, "d.json:1: no key is known for the item among 'user', 'thing.code'", [&] {
          io::load_interactions(folder.write("d.json", "{\"user\": 1, \"thing\": {\"code\": 2}}\n"));
        }) == "");
  reading.columns.item = "business.name";
  CHECK(error_mismatch(ErrorKind::bad_data, "no record has a key 'business.name' for the item",
                       [&] { io::load_interactions(folder.file("log.jsonl"), reading); }) == "");
  reading.columns.item = "business.tags";
  CHECK(error_mismatch(ErrorKind::bad_data, "log.jsonl:1: 'business.tags' is a list",
                       [&] { io::load_interactions(folder.file("log.jsonl"), reading); }) == "");
  CHECK(error_mismatch(ErrorKind::bad_data, "c.json:2: a record does not end", [&] {
          io::load_interactions(folder.write("c.json", "{\"user\": 1, \"item\": 2}\n{\"user\": 1, \"it"));
        }) == "");
}

TEST_CASE("layouts / RecBole's benchmark files are the parts of one data set") {
  const TempDir folder;
  const std::string header = "user_id:token\titem_id:token\n";
  folder.write("shop.train.inter", header + "a\tx\nb\ty\n");
  folder.write("shop.valid.inter.gz", gzip(header + "a\tz\n"));
  folder.write("shop.test.inter", header + "b\tx\n");
  folder.write("shop.item", "item_id:token\ttitle:token_seq\nx\tCup\n");
  const InteractionLog log = io::load_interactions(folder.path().string());
  using Part = InteractionLog::Part;
  CHECK(log.name == "shop");
  CHECK(pairs_of(log) == std::vector<std::string>{"a>x", "b>y", "a>z", "b>x"});
  CHECK(log.part == std::vector<Part>{Part::train, Part::train, Part::val, Part::test});
  CHECK(log.item_names == std::vector<std::string>{"Cup", "", ""});
  CHECK(io::load_interactions(folder.file("shop.train.inter")).size() == 2);
  folder.write("shop.val.inter", header + "a\tz\n");
  CHECK(error_mismatch(ErrorKind::bad_data, "which are the same part of the data",
                       [&] { io::load_interactions(folder.path().string()); }) == "");
}

TEST_CASE("layouts / damaged graphs are refused by name and place") {
  const std::tuple<const char*, std::string, const char*> cases[] = {
      {"g.graphml", tiny_graphml().substr(0, 400), "g.graphml:"},
      {"g.graphml", replaced(tiny_graphml(), "target=\"3\"", "target=\"9\""),
       "edge 3 names node '9', which is not among the nodes"},
      {"g.graphml", replaced(tiny_graphml(), "node id=\"1\"", "node id=\"0\""), "node '0' comes twice"},
      {"g.graphml", replaced(tiny_graphml(), "<data key=\"d1\">3</data>", ""), "'f1' of node 1 is missing, and it is a feature"},
      {"g.graphml", replaced(tiny_graphml(), "key=\"d1\">3", "key=\"d1\">x"),
       "'f1' of node 1 is 'x', not a finite float32 number"},
      {"g.graphml", "<graphml><graph/></graphml>", "g.graphml has no nodes"},
      {"g.gexf", "<gexf><graph><edges><edge source=\"a\" target=\"b\" weight=\"x\"/></edges></graph></gexf>",
       "the weight 'x' is not a finite"},
      {"g.json", tiny_node_link().substr(0, 300), "it is not whole JSON"},
      {"g.json", R"({"nodes": [{"id": 0}], "links": [{"source": 0}]})", "edge 1 has no target"},
      {"g.json", R"({"nodes": [{"id": 0}], "links": [{"source": 0, "target": 7}]})", "edge 1 names node '7'"},
      {"g.json", R"({"nodes": [{"id": 0}]})", "has a list of nodes, and a list of links"},
      {"g.mtx", "%%MatrixMarket matrix array real general\n2 2\n", "is not the coordinate form"},
      {"g.mtx", "%%MatrixMarket matrix coordinate complex general\n2 2 0\n", "values other than pattern, real and integer"},
      {"g.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 3 1\n1 1\n", "the matrix is 2 x 3, and a graph's is square"},
      {"g.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n3 1\n", "g.mtx:3: row '3' is not between 1 and 2"},
      {"g.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n", "lists 1 entry, its line of sizes says 2"},
      {"g.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2 3\n", "an entry has two numbers"},
      {"g.mtx", "%%MatrixMarket matrix coordinate pattern general\n2147483646 2147483646 1\n1 2\n", "has only 1 entry"},
      {"g.npz", zip({{"x.npy", npy_of<float>({1, 2}, "(2, 1)")}}), "has neither an adjacency matrix"},
      {"g.npz", zip({{"x.npy", npy_of<float>({1, 2}, "(2, 1)")}, {"edge_index.npy", npy_of<int64_t>({0, 2}, "(2, 1)")}}),
       "names node 2, and there are 2 nodes"},
      {"g.npz", zip({{"y.npy", npy_of<int64_t>({0}, "(1,)")}, {"x.npy", npy_of<float>({1, 2}, "(2, 1)")}}),
       "2 rows of features and 1 label"},
  };
  for (const auto& [name, content, sentence] : cases) {
    CAPTURE(std::string(sentence));
    CHECK(error_mismatch(ErrorKind::bad_data, sentence, [&, &n = name, &c = content] { load_text(n, c); }) == "");
  }
  const TempDir folder;
  const std::string path = write_two(folder, tiny_dgl(), "nodes.csv", "edges.csv");
  folder.write("edges.csv", "src_id,dst_id\n0,7\n");
  CHECK(error_mismatch(ErrorKind::bad_data, "edges.csv:2: node '7' is not among the nodes of", [&] { io::load(path); }) == "");
  folder.write("edges.csv", "k,from_node,l,m\n0,1,2,3\n");
  CHECK(error_mismatch(ErrorKind::bad_data, "edges.csv:1: an edge has two node ids and maybe a weight, found '0 1 2 3'",
                       [&] { io::load(path); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
