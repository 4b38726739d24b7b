#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "heddle/error.h"
#include "heddle/io.h"
#include "tests/io/samples.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

using NodeFiles = std::vector<std::pair<const char*, std::string>>;

NodeDataset load_files(const NodeFiles& files, const io::LoadOptions& options = {}) {
  const TempDir folder;
  for (const auto& [name, content] : files) folder.write(name, content);
  return io::load(folder.path().string(), options);
}

std::string load_error(const NodeFiles& files, const char* sentence, const io::LoadOptions& options = {}) {
  return error_mismatch(ErrorKind::bad_data, sentence, [&] { load_files(files, options); });
}

std::string told(const NodeDataset& data, NoteKind kind) {
  std::string sentences;
  for (const ReadingNote& note : data.reading.notes) {
    if (note.kind == kind) sentences += note.sentence + "\n";
  }
  return sentences;
}

/// The same graph whatever the nodes are called: its labels, parts and features by id.
struct ById {
  std::vector<std::string> nodes;
  std::vector<std::string> labels, train;
  std::vector<std::pair<std::string, std::string>> edges;
  std::vector<float> first_feature;
  bool operator==(const ById&) const = default;
};

ById by_id(const NodeDataset& data) {
  const auto name = [&](int32_t node) { return data.node_ids.size() > 0 ? data.node_ids[node] : std::to_string(node); };
  ById result;
  std::vector<int32_t> order(static_cast<std::size_t>(data.nodes));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return name(a) < name(b); });
  for (const int32_t node : order) {
    const int32_t label = data.labels[static_cast<std::size_t>(node)];
    result.nodes.push_back(name(node));
    result.labels.push_back(label < 0                  ? ""
                            : data.class_names.empty() ? std::to_string(label)
                                                       : data.class_names[static_cast<std::size_t>(label)]);
    if (data.dense_features.cols > 0)
      result.first_feature.push_back(data.dense_features.values[static_cast<std::size_t>(node * data.dense_features.cols)]);
  }
  for (const int32_t node : data.train) result.train.push_back(name(node));
  for (const auto& [a, b] : data.edges) result.edges.push_back(std::minmax(name(a), name(b)));
  std::sort(result.train.begin(), result.train.end());
  std::sort(result.edges.begin(), result.edges.end());
  return result;
}

}  // namespace

TEST_SUITE_BEGIN("io");

TEST_CASE("nodes / names / one graph by its ids, whichever file has them and whatever they are") {
  const ById right{
      {"ann", "bo", "cy", "di"}, {"cat", "dog", "cat", ""}, {"bo"}, {{"ann", "bo"}, {"ann", "di"}, {"bo", "cy"}}, {1, 2, 3, 4}};
  const std::string edges = "source,target\nbo,ann\nbo,cy\ndi,ann\n", labels = "node,label\ncy,cat\nann,cat\nbo,dog\n";
  const std::string features = "id,f0,f1\ndi,4,0\ncy,3,0\nbo,2,0\nann,1,0\n";
  for (const NodeFiles& files :
       {NodeFiles{{"edges.csv", edges}, {"features.csv", features}, {"labels.csv", labels}, {"train.txt", "bo\n"}},
        // without headers, with other separators, ids in other places
        NodeFiles{{"edges.txt", "bo ann\nbo cy\ndi ann\n"},
                  {"features.csv", "di,4,0\ncy,3,0\nbo,2,0\nann,1,0\n"},
                  {"labels.txt", "cy\tcat\nann\tcat\nbo\tdog\n"},
                  {"train.csv", "node_id\nbo\n"}},
        // a label and a part beside the features
        NodeFiles{{"edges.tsv", "from\tto\nbo\tann\nbo\tcy\ndi\tann\n"},
                  {"features.csv", "name_id,f0,f1,label,split\ndi,4,0,,\ncy,3,0,cat,\nbo,2,0,dog,train\nann,1,0,cat,other\n"}},
        // nodes.csv beside edges.csv, as DGL has them
        NodeFiles{{"edges.csv", edges},
                  {"nodes.csv", "id,f0,f1,label,split\ndi,4,0,,\ncy,3,0,cat,\nbo,2,0,dog,train\nann,1,0,cat,\n"}},
        // the rows of features in the order of the labels
        NodeFiles{{"edges.csv", edges},
                  {"features.csv", "3,0\n1,0\n2,0\n4,0\n"},
                  {"labels.csv", "node,label\ncy,cat\nann,cat\nbo,dog\ndi,\n"},
                  {"train.txt", "bo\n"}}}) {
    CAPTURE(files[1].second);
    const NodeDataset data = load_files(files);
    CHECK(by_id(data) == right);
    CHECK(data.class_names == std::vector<std::string>{"cat", "dog"});
  }
}

TEST_CASE("nodes / names / a single edge list: words, large numbers and leading zeros are numbered as they come") {
  const TempDir folder;
  const NodeDataset words = io::load(folder.write("w.txt", "bo ann\nann cy\nbo bo\n"));
  CHECK(words.node_ids.ids() == std::vector<std::string>{"bo", "ann", "cy"});
  CHECK(words.edges == std::vector<std::pair<int32_t, int32_t>>{{0, 1}, {1, 2}});
  CHECK(words.cleaning.self_loops == 1);
  const NodeDataset large = io::load(folder.write("l.txt", "9999999999 5\n5 12345678901\n"));
  CHECK(large.node_ids.ids() == std::vector<std::string>{"9999999999", "5", "12345678901"});
  const NodeDataset gaps = io::load(folder.write("g.txt", "7 2000000000\n"));
  CHECK(gaps.node_ids.ids() == std::vector<std::string>{"7", "2000000000"});
  const NodeDataset zeros = io::load(folder.write("z.txt", "01 1\n1 2\n"));
  CHECK(zeros.node_ids.ids() == std::vector<std::string>{"01", "1", "2"});
  const NodeDataset mixed = io::load(folder.write("m.txt", "3 1\n1 x2\n"));
  CHECK(mixed.node_ids.ids() == std::vector<std::string>{"3", "1", "x2"});
  CHECK(told(mixed, NoteKind::ids).find("node id 'x2' is not a number") != std::string::npos);
  const NodeDataset numbers = io::load(folder.write("n.txt", "0 2\n2 1\n"));
  CHECK(numbers.node_ids.size() == 0);
  CHECK(numbers.nodes == 3);
}

TEST_CASE("nodes / names / a first line of words is a header by its names, and else where its words do not come again") {
  const TempDir folder;
  CHECK(io::load(folder.write("a.csv", "citing,cited\na,b\n")).edges.size() == 1);
  CHECK(io::load(folder.write("b.csv", "a,b\nb,c\n")).edges.size() == 2);
  const NodeDataset header = io::load(folder.write("c.csv", "x,z\na,b\nb,c\n"));
  CHECK(header.edges.size() == 2);
  CHECK(told(header, NoteKind::header).find("--header no") != std::string::npos);
  const NodeDataset row = io::load(folder.write("d.txt", "x z\na b\nb c\n"));
  CHECK(row.edges.size() == 3);
  CHECK(told(row, NoteKind::header).find("--header yes") != std::string::npos);
  io::LoadOptions no_header;
  no_header.options.header = io::HeaderLine::absent;
  CHECK(io::load(folder.file("c.csv"), no_header).edges.size() == 3);
}

TEST_CASE("nodes / names / edges of nodes that the table does not have are left out and counted") {
  const NodeDataset data = load_files({{"edges.csv", "source,target\na,b\nb,zz\nyy,a\n"}, {"features.csv", "id,x1\na,1\nb,2\n"}});
  CHECK(data.nodes == 2);
  CHECK(data.edges.size() == 1);
  CHECK(data.reading.rows_left_out() == 2);
  REQUIRE(data.reading.left_out.size() == 1);
  CHECK(data.reading.left_out[0].reason == "a node that features.csv does not have");
  CHECK(data.reading.left_out[0].first_line == 3);
  CHECK(load_error({{"edges.csv", "source,target\nx,y\n"}, {"features.csv", "id,x1\na,1\nb,2\n"}},
                   "none of its edges is between nodes that the data have; the first names 'x'") == "");
  CHECK(load_error({{"edges.csv", "source,target\na,b\n"}, {"features.csv", "1,2\n3,4\n"}},
                   "which row is which node is not told") == "");
  CHECK(load_error({{"edges.csv", "source,target\na,b\n"}, {"labels.csv", "node,label\na,x\nb,y\na,z\n"}},
                   "labels.csv: node 'a' stands in an earlier row already") == "");
  CHECK(load_error({{"edges.csv", "source,target\na,b\n"}, {"labels.csv", "node,label\na,x\nb,y\n"}, {"train.txt", "a\nq\n"}},
                   "train.txt:2: node 'q' is not among the nodes") == "");
}

TEST_CASE(
    "nodes / names / whole numbers that are no row numbers are names where a table has them, numbers where they are dense") {
  const NodeDataset papers = load_files({{"edges.txt", "31336 1061127\n1061127 13195\n"},
                                         {"features.csv", "node,a\n1061127,1\n13195,2\n31336,3\n"},
                                         {"labels.csv", "node,label\n13195,0\n31336,1\n"},
                                         {"test.txt", "31336\n"}});
  CHECK(papers.node_ids.ids() == std::vector<std::string>{"1061127", "13195", "31336"});
  CHECK(papers.labels == std::vector<int32_t>{-1, 0, 1});
  CHECK(papers.test == std::vector<int32_t>{2});
  // Labels of some nodes only.
  const NodeDataset some = load_files({{"edges.txt", "0 1\n1 2\n2 3\n"}, {"labels.csv", "node,label\n2,b\n0,a\n"}});
  CHECK(some.node_ids.size() == 0);
  CHECK(some.nodes == 4);
  CHECK(some.labels == std::vector<int32_t>{0, -1, 1, -1});
}

TEST_CASE("nodes / labels: words, fractions of zero, columns, one-hot rows and arrays are the same classes") {
  const std::string edges = "0,1\n1,2\n2,3\n";
  const std::vector<int32_t> right{0, 2, 1, 0};
  const std::string integers = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (4, 1), }", raw<int64_t>({0, 2, 1, 0}));
  const std::string floats = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", raw<float>({0, 2, 1, 0}));
  const std::string one_hot =
      npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4, 3), }", raw<uint8_t>({1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0}));
  const std::string words = npy("{'descr': '|S2', 'fortran_order': False, 'shape': (4,), }", std::string("aac\0b\0aa", 8));
  for (const auto& [name, content] : NodeFiles{{"labels.csv", "0\n2\n1\n0\n"},
                                               {"labels.csv", "label\n0.0\n2.0\n1.0\n0.0\n"},
                                               {"labels.txt", "a\nc\nb\na\n"},
                                               {"labels.csv", "label\na\nc\nb\na\n"},
                                               {"labels.csv", "a,b,c\n1,0,0\n0,0,1\n0,1,0\n1,0,0\n"},
                                               {"labels.csv", "1 0 0\n0 0 1\n0 1 0\n1 0 0\n"},
                                               {"labels.csv", "node,a,b,c\n3,1,0,0\n1,0,0,1\n2,0,1,0\n0,1,0,0\n"},
                                               {"labels.csv", "2 b\n1 c\n3 a\n0 a\n"},
                                               {"labels.npy", integers},
                                               {"labels.npy", floats},
                                               {"labels.npy", one_hot},
                                               {"labels.npy", words}}) {
    CAPTURE(content);
    const NodeDataset data = load_files({{"edges.csv", edges}, {name, content}});
    CHECK(data.labels == right);
    CHECK(data.classes == 3);
  }
  const NodeDataset none = load_files({{"edges.csv", edges}, {"labels.csv", "label\na\nNA\nnull\nb\n"}});
  CHECK(none.nodes == 4);
  CHECK(none.labels == std::vector<int32_t>{0, -1, -1, 1});
  CHECK(load_error({{"edges.csv", edges}, {"labels.csv", "1,0,0\n0,1,1\n0,0,1\n1,0,0\n"}},
                   "labels.csv:2: the row is not one-hot") == "");
}

TEST_CASE("nodes / features: sparse pairs by row, by id and beside classes, SciPy's csr and arrays, are the same numbers") {
  const std::string edges = "0 1\n1 2\n";
  const auto values = [&](const NodeDataset& data) {
    std::vector<float> dense(static_cast<std::size_t>(data.nodes * data.feature_count()));
    for (int64_t row = 0; row < data.nodes; ++row) {
      for (std::size_t i = 0; i < data.sparse_features.row(row).size(); ++i)
        dense[static_cast<std::size_t>(row * data.feature_count() + data.sparse_features.row(row)[i])] =
            data.sparse_features.row_values(row)[i];
    }
    return data.features_are_sparse ? dense : data.dense_features.values;
  };
  const std::vector<float> right{0.5f, 0, 2, 0, 0, 0, 0, 1, 0};
  std::string long_rows;  // what is told by the first lines is not looked for behind them
  for (int row = 0; row < 30; ++row) long_rows += "1:1\n";
  for (const auto& [name, content] : NodeFiles{{"features.txt", "1:0.5 3:2\n\n2:1\n"},
                                               {"features.svm", "0:0.5 2:2 # first\n\n1:1\n"},
                                               {"features.csv", "2 2:1\n0 3:2 1:0.5\n1\n"},
                                               {"features.csv", "0.5,0,2\n0,0,0\n0,1,0\n"},
                                               {"features.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 3), }",
                                                                    raw<double>({0.5, 0, 2, 0, 0, 0, 0, 1, 0}))}}) {
    CAPTURE(content);
    CHECK(values(load_files({{"edges.txt", edges}, {name, content}})) == right);
  }
  const NodeDataset labelled = load_files({{"edges.txt", edges}, {"features.svm", "b 1:0.5 3:2\na\nb 2:1\n"}});
  CHECK(labelled.labels == std::vector<int32_t>{1, 0, 1});
  CHECK(labelled.class_names == std::vector<std::string>{"a", "b"});
  CHECK(values(labelled) == right);
  const NodeDataset scipy = load_files({{"edges.txt", "0 1\n"}, {"features.npz", tiny_scipy_npz()}});
  CHECK(scipy.features_are_sparse);
  CHECK(load_error({{"edges.txt", edges}, {"features.txt", "1:2 1:3\n"}}, "features.txt:1: column 1 comes twice") == "");
  CHECK(load_error({{"edges.txt", edges}, {"features.txt", "1:2\n2000000000:1\n3:1\n"}}, "column 1999999999 is too large") == "");
  CHECK(load_error({{"edges.txt", edges}, {"features.svm", "1:2\n2:1\n" + long_rows + "3:1 x\n"}}, "'x' is no column:value") ==
        "");
  const NodeDataset words = load_files({{"edges.txt", edges}, {"features.csv", "title,a\nx,1\ny,2\nx,3\n"}});
  CHECK(words.dense_features.values == std::vector<float>{1, 2, 3});
  CHECK(told(words, NoteKind::columns).find("holds words: it is no feature") != std::string::npos);
}

TEST_CASE("nodes / parts: ids, masks and numbers, as texts and arrays, are the same parts") {
  const NodeFiles base{{"edges.csv", "0,1\n1,2\n2,3\n3,4\n"}, {"labels.csv", "0\n1\n0\n1\n0\n"}};
  for (const NodeFiles& more :
       {NodeFiles{{"train.txt", "0\n3\n"}, {"val.txt", "1\n"}, {"test.txt", "4\n"}},
        NodeFiles{{"train.txt", "1\n0\n0\n1\n0\n"},
                  {"valid.csv", "valid\nFalse\nTrue\nFalse\nFalse\nFalse\n"},
                  {"test_idx.txt", "4\n"}},
        NodeFiles{
            {"train_mask.npy", npy("{'descr': '|b1', 'fortran_order': False, 'shape': (5,), }", raw<uint8_t>({1, 0, 0, 1, 0}))},
            {"val_idx.npy", npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", raw<int64_t>({1}))},
            {"test.npy", npy("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }", raw<int32_t>({4}))}},
        NodeFiles{{"train.csv", ",0\n0,0\n1,3\n"}, {"val.txt", "1\n"}, {"test.txt", "4\n"}}}) {
    CAPTURE(more[0].second);
    NodeFiles files = base;
    files.insert(files.end(), more.begin(), more.end());
    const NodeDataset data = load_files(files);
    CHECK(data.train == std::vector<int32_t>{0, 3});
    CHECK(data.val == std::vector<int32_t>{1});
    CHECK(data.test == std::vector<int32_t>{4});
  }
}

TEST_CASE("nodes / parts: a table of nodes each, whose test part needs no labels") {
  const NodeDataset data = load_files({{"edges.csv", "src,dst\n0,1\n1,2\n2,3\n"},
                                       {"train.csv", "node_id,f0,f1,label\n2,5,6,b\n0,1,2,a\n"},
                                       {"val.csv", "node_id,f0,f1,label\n3,7,8,a\n"},
                                       {"test.csv", "node_id,f0,f1\n1,3,4\n"}});
  CHECK(data.nodes == 4);
  CHECK(data.dense_features.values == std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(data.labels == std::vector<int32_t>{0, -1, 1, 0});
  CHECK(data.train == std::vector<int32_t>{0, 2});
  CHECK(data.val == std::vector<int32_t>{3});
  CHECK(data.test.empty());
  CHECK(data.cleaning.unlabelled_left_out == 1);
}

TEST_CASE("nodes / edges: several weights of one edge are merged by one rule in every format") {
  const TempDir folder;
  const std::string list = folder.write("e.txt", "0 1 2\n1 0 3\n0 1 7\n1 2 4\n");
  const std::string matrix =
      folder.write("m.mtx", "%%MatrixMarket matrix coordinate real general\n3 3 4\n1 2 2\n2 1 3\n1 2 7\n2 3 4\n");
  const TempDir dgl;
  dgl.write("nodes.csv", "node_id\n0\n1\n2\n");
  dgl.write("edges.csv", "src_id,dst_id,weight\n0,1,2\n1,0,3\n0,1,7\n1,2,4\n");
  for (const std::string& path : {list, matrix, dgl.path().string()}) {
    CAPTURE(path);
    const auto weights = [&](RepeatedEdges merge) { return io::load(path, {.merge_edges = merge}).edge_weights; };
    CHECK(weights(RepeatedEdges::mean) == std::vector<float>{4, 4});
    CHECK(weights(RepeatedEdges::sum) == std::vector<float>{12, 4});
    CHECK(weights(RepeatedEdges::largest) == std::vector<float>{7, 4});
    CHECK(told(io::load(path), NoteKind::graph).find("the mean is taken; --merge-edges") != std::string::npos);
    CHECK(told(io::load(path, {.merge_edges = RepeatedEdges::sum}), NoteKind::graph).find("the mean") == std::string::npos);
    CHECK(error_mismatch(ErrorKind::bad_data, "edge 0 - 1 has weight 3 here and 2 in an earlier place",
                         [&] { io::load(path, {.merge_edges = RepeatedEdges::same}); }) == "");
  }
  // Without weights a sum counts the listings.
  CHECK(io::load(folder.write("u.txt", "0 1\n1 0\n1 2\n"), {.merge_edges = RepeatedEdges::sum}).edge_weights ==
        std::vector<float>{2, 1});
}

TEST_CASE("nodes / edges: a list of which some edges go both ways is told to be read as undirected") {
  const TempDir folder;
  CHECK(told(io::load(folder.write("some.txt", "0 1\n1 0\n1 2\n2 3\n")), NoteKind::graph) ==
        "1 edge listed in both directions, 2 in one: all of them are read as undirected; --directed keeps their direction\n");
  for (const char* plain : {"0 1\n1 2\n2 0\n", "0 1\n1 0\n2 1\n1 2\n", "0 1\n0 1\n1 2\n"}) {
    CAPTURE(plain);
    CHECK(told(io::load(folder.write("plain.txt", plain)), NoteKind::graph).empty());
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
