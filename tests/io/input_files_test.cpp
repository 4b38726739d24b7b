#include "io/input_files.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "heddle/io.h"
#include "io/interactions.h"
#include "io/load.h"
#include "tests/io/samples.h"
#include "tests/support/temp_dir.h"

using namespace heddle;
using namespace heddle::test;
namespace fs = std::filesystem;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

/// Data sets of one format: every file that its reader may open is in one of them. A new format needs its own here.
std::vector<Files> data_sets(std::string_view format) {
  if (format == "planetoid") {
    Files files;
    const std::array<std::string, 8> contents = tiny_planetoid();
    for (std::size_t i = 0; i < contents.size(); ++i)
      files.emplace_back("ind.tiny." + std::string(io::detail::planetoid_part_names[i]), contents[i]);
    return {files};
  }
  const Files splits = {{"train.txt", "0\n"}, {"val.txt", "1\n"}, {"test.txt", "2\n"}};
  if (format == "folder") {
    std::vector<Files> sets;
    for (const char* val : {"valid.txt", "validation.txt", "dev.txt"}) {
      sets.push_back({{"edges.txt", "0 1\n1 2\n"}, {"labels.txt", "0\n1\n1\n"}, {"train.txt", "0\n"}, {val, "1\n"}});
    }
    for (const char* edges : {"edges.txt", "edges.csv", "edges.tsv", "my.edges"}) {
      sets.push_back(splits);
      sets.back().insert(sets.back().end(), {{edges, "0 1\n1 2\n"}, {"labels.txt", "0\n1\n1\n"}});
    }
    sets.push_back({{"edges.txt", "0 1\n1 2\n"}, {"features.csv", "1,2\n3,4\n5,6\n"}, {"labels.csv", "0\n1\n1\n"}});
    sets.push_back({{"edges.txt", "0 1\n"},
                    {"features.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", raw<float>({1, 2}))},
                    {"labels.npy", npy("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", raw<int64_t>({1, 0}))}});
    const std::string mask = npy("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", raw<uint8_t>({1, 0, 0}));
    sets.push_back({{"edges.txt", "0 1\n1 2\n"},
                    {"features.svm", "1:2\n2:1\n1:1\n"},
                    {"labels.tsv", "node\tlabel\n0\ta\n1\ta\n2\tb\n"},
                    {"train_mask.npy", mask},
                    {"idx_val.txt", "1\n"}});
    return sets;
  }
  if (format == "content") return {{{"my.content", "a\t1\tx\nb\t0\ty\n"}, {"my.cites", "a\tb\n"}}};
  if (format == "ogb") {
    return {{{"raw/edge.csv", "0,1\n1,2\n"},
             {"raw/num-node-list.csv", "3\n"},
             {"raw/node-feat.csv", "1,2\n3,4\n5,6\n"},
             {"raw/node-label.csv", "0\n1\n1\n"},
             {"split/time/train.csv", "0\n"},
             {"split/time/valid.csv", "1\n"},
             {"split/time/test.csv", "2\n"}}};
  }
  if (format == "dgl") {
    return {{{"nodes.csv", "node_id,label\n0,0\n1,1\n"}, {"edges.csv", "src_id,dst_id\n0,1\n"}},
            {{"meta.yaml", "edge_data:\n- file_name: links.csv\nnode_data:\n- file_name: things.csv\n"},
             {"things.csv", "node_id,label\n0,0\n1,1\n"},
             {"links.csv", "src_id,dst_id\n0,1\n"}}};
  }
  if (format == "npz") return {{{"graph.npz", tiny_amazon_npz()}}};
  if (format == "graphml") return {{{"graph.graphml", tiny_graphml()}}};
  if (format == "gexf") return {{{"graph.gexf", tiny_gexf()}}};
  if (format == "node_link") return {{{"graph.json", tiny_node_link()}}};
  if (format == "json_lines") return {{{"log.jsonl", "{\"user\": 1, \"item\": 2}\n"}}};
  if (format == "edge_list") return {{{"links", "0 1\n1 2\n"}}};
  if (format == "lightgcn") return {{{"train.txt", "0 1 2\n1 2\n"}, {"val.txt", "0 3\n"}, {"test.txt", "1 3\n"}}};
  if (format == "matrix_market") return {{{"shop.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n"}}};
  if (format == "recbole") {
    return {
        {{"shop.inter", "user_id:token\titem_id:token\na\tx\nb\ty\n"}, {"shop.item", "item_id:token\ttitle:token\nx\tCup\n"}}};
  }
  if (format == "movielens") {
    return {{{"u.data", "1\t2\t3\t4\n"}, {"u.item", "2|Cup\n"}},
            {{"ratings.dat", "1::2::3::4\n"}, {"movies.dat", "2::Cup::x\n"}},
            {{"ratings.csv", "userId,movieId,rating,timestamp\n1,2,3,4\n"}, {"movies.csv", "movieId,title\n2,Cup\n"}}};
  }
  if (format == "csv") {
    std::vector<Files> sets;
    for (const std::string ending : {".csv", ".tsv", ".txt"}) {
      for (const std::string val : {"val", "valid", "validation", "dev"}) {
        sets.push_back(
            {{"train" + ending, "user,item\na,x\n"}, {val + ending, "user,item\na,y\n"}, {"test" + ending, "user,item\na,z\n"}});
      }
    }
    return sets;
  }
  FAIL("there is no data set of the format ", format, " here: which files does its reader open?");
  return {};
}

/// What reading `path` tells, or why it cannot be read.
std::string outcome(const std::function<std::string()>& read) {
  try {
    return read();
  } catch (const Error& error) {
    return error.what();
  }
}

/// Every file of each data set that matters to its reader is listed, gzip-compressed or not, and what does not is not.
void check_format(std::string_view format, const std::function<std::string(const std::string&)>& read) {
  CAPTURE(format);
  for (const Files& files : data_sets(format)) {
    const TempDir folder;
    for (const auto& [name, content] : files) {
      fs::create_directories(fs::path(folder.file(name)).parent_path());
      folder.write(name, content);
    }
    folder.write("model.safetensors", "not read");
    const std::string path = files.size() == 1 ? folder.file(files.front().first) : folder.path().string();
    const std::string whole = outcome([&] { return read(path); });
    std::vector<std::string> listed = io::detail::input_files(path);
    CHECK(std::none_of(listed.begin(), listed.end(), [](const std::string& file) { return file.ends_with(".safetensors"); }));
    for (const auto& [name, content] : files) {
      CAPTURE(name);
      const std::string file = folder.file(name);
      CHECK(std::count(listed.begin(), listed.end(), file) == 1);
      fs::rename(file, folder.file("elsewhere"));
      CHECK(outcome([&] { return read(path); }) != whole);  // so that the file did matter
      folder.write(name + ".gz", gzip(content));
      if (files.size() > 1) CHECK(io::detail::input_files(path).size() == listed.size());
      fs::remove(folder.file(name + ".gz"));
      fs::rename(folder.file("elsewhere"), file);
    }
  }
}

}  // namespace

TEST_CASE("io / input files: all that a reader of nodes opens, whatever the format") {
  for (const io::detail::NodeFormatEntry& entry : io::detail::node_formats())
    check_format(entry.name, [&](const std::string& path) {
      Reading reading;
      return entry.read(path, {}, reading).content_hash();
    });
}

TEST_CASE("io / directed edges: with their directions forgotten they are the undirected ones, of every format") {
  int with_direction = 0;
  for (const io::detail::NodeFormatEntry& entry : io::detail::node_formats()) {
    CAPTURE(entry.name);
    for (const Files& files : data_sets(entry.name)) {
      const TempDir folder;
      for (const auto& [name, content] : files) {
        fs::create_directories(fs::path(folder.file(name)).parent_path());
        folder.write(name, content);
      }
      const std::string path = files.size() == 1 ? folder.file(files.front().first) : folder.path().string();
      const NodeDataset without = io::load(path, {.format = entry.format});
      const NodeDataset with = io::load(path, {.format = entry.format, .directed = true});
      CHECK_FALSE(without.directed);
      CHECK(with.directed);
      CHECK(with.options.at("directed") == "true");
      CHECK(with.content_hash() != without.content_hash());
      CHECK(with.graph_hash() != without.graph_hash());
      CHECK(std::is_sorted(with.edges.begin(), with.edges.end()));
      std::vector<std::pair<int32_t, int32_t>> forgotten;
      for (const auto& [from, to] : with.edges) {
        CHECK(from != to);
        forgotten.push_back(std::minmax(from, to));
      }
      std::sort(forgotten.begin(), forgotten.end());
      forgotten.erase(std::unique(forgotten.begin(), forgotten.end()), forgotten.end());
      CHECK(forgotten == without.edges);
      with_direction += with.edges.size() < 2 * without.edges.size();
    }
  }
  CHECK(with_direction > 5);
}

TEST_CASE(
    "io / directed edges: they go where the file says, both ways where it says that they have none, and weights with them") {
  using Edges = std::vector<std::pair<int32_t, int32_t>>;
  const Edges one_way = {{0, 2}, {1, 0}}, both_ways = {{0, 1}, {0, 2}, {1, 0}, {2, 0}};
  const std::string nodes = R"(<node id="a"/><node id="b"/><node id="c"/>)";
  const auto graphml = [&](const char* direction, const char* of_first) {
    return std::string(R"(<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault=")") + direction + "\">" +
           nodes + "<edge source=\"b\" target=\"a\"" + of_first + "/><edge source=\"a\" target=\"c\"/></graph></graphml>";
  };
  const auto gexf = [&](const char* direction) {
    return std::string(R"(<gexf xmlns="http://gexf.net/1.3"><graph defaultedgetype=")") + direction + "\"><nodes>" + nodes +
           R"(</nodes><edges><edge source="b" target="a"/><edge source="a" target="c"/></edges></graph></gexf>)";
  };
  const auto node_link = [](const char* directed) {
    return std::string(R"({"directed": )") + directed +
           R"(, "nodes": [{"id": 0}, {"id": 1}, {"id": 2}], "links": [{"source": 1, "target": 0}, {"source": 0, "target": 2}]})";
  };
  const std::string matrix = "3 3 2\n2 1\n1 3\n";
  struct Case {
    std::string name, content;
    Edges expected;
  };
  const Case cases[] = {{"e.csv", "source,target\n1,0\n0,2\n", one_way},
                        {"e.txt", "1 0\n0 2\n", one_way},
                        {"m.mtx", "%%MatrixMarket matrix coordinate pattern general\n" + matrix, one_way},
                        {"s.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 1\n", both_ways},
                        {"d.graphml", graphml("directed", ""), one_way},
                        {"u.graphml", graphml("undirected", ""), both_ways},
                        {"x.graphml", graphml("undirected", " directed=\"true\""), {{0, 2}, {1, 0}, {2, 0}}},
                        {"d.gexf", gexf("directed"), one_way},
                        {"u.gexf", gexf("undirected"), both_ways},
                        {"d.json", node_link("true"), one_way},
                        {"u.json", node_link("false"), both_ways}};
  for (const auto& [name, content, expected] : cases) {
    CAPTURE(name);
    const TempDir folder;
    const std::string path = folder.write(name, content);
    const NodeDataset with = io::load(path, {.directed = true});
    CHECK(with.edges == expected);
    CHECK(std::none_of(with.reading.notes.begin(), with.reading.notes.end(),
                       [](const ReadingNote& note) { return note.sentence.find("undirected") != std::string::npos; }));
    CHECK(io::load(path).edges == Edges{{0, 1}, {0, 2}});
  }
  const TempDir folder;
  const std::string weighted = folder.write("w.csv", "source,target,weight\n0,1,2\n1,0,3\n0,1,4\n");
  const NodeDataset with = io::load(weighted, {.merge_edges = RepeatedEdges::sum, .directed = true});
  CHECK(with.edges == Edges{{0, 1}, {1, 0}});
  CHECK(with.edge_weights == std::vector<float>{6, 3});
  CHECK(io::load(weighted, {.merge_edges = RepeatedEdges::sum}).edge_weights == std::vector<float>{9});
}

TEST_CASE("io / input files: all that a reader of interactions opens, whatever the format") {
  for (const io::detail::InteractionFormatEntry& entry : io::detail::interaction_formats()) {
    check_format(entry.name, [&](const std::string& path) {
      Reading reading;
      const InteractionLog log = entry.read(path, {}, reading);
      std::string told;
      for (std::size_t i = 0; i < log.user.size(); ++i)
        told +=
            text(log.users[log.user[i]], " ", log.items[log.item[i]], log.part.empty() ? 0 : static_cast<int>(log.part[i]), "\n");
      for (const std::string& name : log.item_names) told += name + "\n";
      return told;
    });
  }
}

TEST_CASE("io / input files: a name stands for Planetoid's parts, a file for its titles, and neither for its neighbours") {
  const TempDir folder;
  for (const char* name : {"ind.cora.x", "ind.cora.graph", "ind.corals.x", "shop.inter", "shop.item", "train.txt", "orders.csv"})
    folder.write(name, "x");
  const auto files = [&](const std::string& name) {
    std::vector<std::string> listed = io::detail::input_files(folder.file(name));
    std::sort(listed.begin(), listed.end());
    return listed;
  };
  CHECK(files("cora") == std::vector{folder.file("ind.cora.graph"), folder.file("ind.cora.x")});
  CHECK(files("orders.csv").front() == folder.file("ind.cora.graph"));  // beside a file, whatever is called like a part of it
  const std::vector<std::string> shop = files("shop.inter");
  CHECK(std::count(shop.begin(), shop.end(), folder.file("shop.item")) == 1);
  CHECK(std::count(shop.begin(), shop.end(), folder.file("train.txt")) == 0);
  CHECK(files("nothing").empty());
  CHECK(io::detail::input_files(folder.file("no/such/folder/x")).empty());
}

TEST_CASE("io / a path at which nothing is: what may be meant, or what is there, in one short sentence, of every reader") {
  const TempDir folder;
  for (const char* name : {"u.data", "u.item", "README", "grocery", "movies", ".hidden", "ind.cora.graph", "ind.cora.x"})
    folder.write(name, "1\n");
  const std::string base = folder.path().string() + "/";
  const std::pair<std::string, std::string> cases[] = {
      {"u.dat", "; did you mean " + base + "u.data?"},
      {"U.DATE/", "; did you mean " + base + "u.data?"},
      {"croa", "; did you mean " + base + "cora?"},
      {"zzzzzzzz", "; " + base + " holds README, cora, grocery, movies and 2 others"},
      {"no/such/u.data", ": there is no folder " + base + "no/"},
      {"grocry/log.csv", ": there is no folder " + base + "grocry/; did you mean " + base + "grocery?"}};
  const std::pair<const char*, std::function<void(const std::string&)>> readers[] = {
      {" does not exist", [](const std::string& path) { io::load(path); }},
      {" does not exist", [](const std::string& path) { io::load_interactions(path); }}};
  for (const auto& [name, hint] : cases) {
    for (const auto& [words, read] : readers) {
      CAPTURE(name);
      std::string told;
      try {
        read(base + name);
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::io);
        told = error.what();
      }
      CHECK(told == base + name + words + hint);
    }
  }
  // Of a file that is named by itself.
  CHECK_THROWS_WITH_AS(io::read_npy(base + "u.itm"),
                       ("cannot read " + base + "u.itm: No such file or directory; did you mean " + base + "u.item?").c_str(),
                       Error);
  CHECK_THROWS_WITH_AS(io::read_npy(base + "zzzzzzzz"), ("cannot read " + base + "zzzzzzzz: No such file or directory").c_str(),
                       Error);
}
