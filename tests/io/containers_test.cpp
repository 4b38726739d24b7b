#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "heddle/error.h"
#include "heddle/io.h"
#include "io/decompress.h"
#include "tests/io/samples.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

struct PackedSample {
  const char* ending;
  std::string content;
};

/// Those whose library is there.
std::vector<PackedSample> packed_samples() {
  std::vector<PackedSample> samples;
  for (const PackedSample& sample : {PackedSample{".xz", packed_xz()}, {".bz2", packed_bzip2()}, {".zst", packed_zstd()}}) {
    try {
      io::detail::decompress(sample.content, "f", 1000);
      samples.push_back(sample);
    } catch (const Error& error) {
      REQUIRE(error.kind() == ErrorKind::io);
      MESSAGE(sample.ending << " is not tested: " << error.what());
    }
  }
  return samples;
}

/// A pipe that a thread of its own writes `content` into.
class FilledPipe {
 public:
  FilledPipe(const std::string& content) {
    REQUIRE(::pipe(ends_) == 0);
    writer_ = std::jthread([this, content] {
      for (std::size_t at = 0; at < content.size();) {
        const ssize_t put = ::write(ends_[1], content.data() + at, content.size() - at);
        if (put <= 0) break;
        at += static_cast<std::size_t>(put);
      }
      ::close(ends_[1]);
    });
  }
  ~FilledPipe() {
    writer_.join();
    ::close(ends_[0]);
  }
  std::string path() const { return text("/dev/fd/", ends_[0]); }

 private:
  int ends_[2] = {-1, -1};
  std::jthread writer_;
};

}  // namespace

TEST_SUITE_BEGIN("io");

TEST_CASE("containers / a file of another kind is named, with what to do, before it is read as a table") {
  const TempDir folder;
  const std::vector<std::tuple<const char*, std::string, const char*, const char*>> files = {
      {"a.parquet", bytes("PAR1\0\1\2"), "is a Parquet file", "read_parquet('"},
      {"a.feather", bytes("ARROW1\0\0"), "is an Arrow (Feather) file", "read_feather('"},
      {"a.xlsx", zip({{"[Content_Types].xml", "<x/>"}, {"xl/workbook.xml", "<x/>"}}), "is an Office document", "as CSV"},
      {"a.ods", zip({{"mimetype", "x"}, {"content.xml", "<x/>"}}), "is an OpenDocument file", "as CSV"},
      {"a.xls", bytes("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0"), "is an Office document of the old form", "as CSV"},
      {"a.pt", zip({{"archive/data.pkl", "x"}, {"archive/version", "3"}}), "is a PyTorch file", "numpy.savez"},
      {"a.db", bytes("SQLite format 3\0\1"), "is an SQLite database", "sqlite3 -header -csv"},
      {"a.h5", bytes("\x89HDF\r\n\x1a\n\0"), "is an HDF5 file", "read_hdf"},
      {"a.pkl", bytes("\x80\4\x95\0\0."), "is a Python pickle", "read_pickle"},
      {"a.mat", bytes("MATLAB 5.0 MAT-file, x\0"), "is a MATLAB file", "loadmat"},
      {"a.png", bytes("\x89PNG\r\n\x1a\n\0"), "is an image (PNG)", "no table"},
      {"a.html", "\n<!DOCTYPE html>\n<html><body>x</body></html>", "is a web page (HTML)", "download"},
      {"a.xml", "<?xml version=\"1.0\"?>\n<orders><order/></orders>", "is an XML file", "CSV"},
      {"a.lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "is a pointer of Git LFS", "git lfs pull"},
      {"a.sql", "INSERT INTO ratings VALUES (1,2);\n", "is an SQL dump", "CSV"},
      {"a.gml", "graph [\n  node [ id 0 ]\n]\n", "is a GML file", "write_graphml"},
      {"a.net", "*Vertices 2\n1 \"a\"\n", "is a Pajek file", "write_graphml"},
      {"a.dot", "digraph g {\n a -> b\n}\n", "is a DOT file", "write_graphml"},
      {"a.edgelist", "# networkx\n0 5 {'weight': 3}\n0 6 {}\n", "is an edge list of networkx's with dicts", "data=False"},
      {"a.json", "[1, 2]", "is a JSON file", "one object a record"},
      {"a.dicts", "{'user': 'a', 'item': 'b'}\n", "is a file of Python dicts", "ast.literal_eval"},
      {"a.tar", std::string(257, '\0') + "ustar", "is a tar archive", "unpack it"},
      {"a.tar.gz", gzip(std::string(257, '\0') + "ustar"), "is gzip-compressed, a tar archive", "unpack it"},
      {"a.csv.gz.gz", gzip(gzip("a,b\n")), "is gzip-compressed, gzip-compressed", "decompress it once more"},
      {"a.7z", bytes("7z\xbc\xaf\x27\x1c\0"), "is a 7z archive", "unpack it"},
      {"a.safetensors", safetensors("{}", ""), "is a safetensors file", "heddle info"},
  };
  for (const auto& [name, content, kind, remedy] : files) {
    CAPTURE(std::string(name));
    const std::string path = folder.write(name, content);
    for (const char* part : {kind, remedy}) {
      CHECK(error_mismatch(ErrorKind::bad_data, part, [&] { io::load_interactions(path); }) == "");
      CHECK(error_mismatch(ErrorKind::bad_data, part, [&] { io::load(path); }) == "");
    }
    Reading told;
    CHECK(error_mismatch(ErrorKind::bad_data, path + " is ", [&] { io::load_interactions(path, {}, &told); }) == "");
    CHECK(told.refused.find(kind) != std::string::npos);
  }
}

TEST_CASE("containers / a table whose first word is the mark of another format is a table") {
  const TempDir folder;
  for (const char* header : {"ORC", "PAR1", "BZh", "GGUF", "MZ", "FEA1", "ftyp"}) {
    CAPTURE(std::string(header));
    const std::string path = folder.write("a.csv", std::string(header) + ",user,item\n1,a,x\n2,a,y\n3,b,x\n");
    CHECK(io::load_interactions(path).size() == 3);
  }
}

TEST_CASE("containers / the one table in a zip archive is read, and of several each is named") {
  const TempDir folder;
  const std::string path = folder.write("ratings.zip", zip({{"data/", ""},
                                                            {"data/ratings.csv", "user,item\na,x\nb,y\n"},
                                                            {"README.txt", "read me"},
                                                            {"__MACOSX/._ratings.csv", "x"}}));
  const InteractionLog log = io::load_interactions(path);
  CHECK(log.size() == 2);
  CHECK(log.name == "ratings");
  CHECK(log.users.ids() == std::vector<std::string>{"a", "b"});
  CHECK(log.reading.files_not_read == std::vector<std::string>{path + "/README.txt", path + "/__MACOSX/._ratings.csv"});
  CHECK(error_mismatch(ErrorKind::bad_data, "is a zip archive of 2 files ('a.csv', 'b.csv'); unpack it", [&] {
          io::load_interactions(folder.write("two.zip", zip({{"a.csv", "x"}, {"b.csv", "x"}})));
        }) == "");
  CHECK(error_mismatch(ErrorKind::bad_data, "without a file that could be data", [&] {
          io::load_interactions(folder.write("no.zip", zip({{"README.md", "x"}})));
        }) == "");
  // What is said of the member names the archive and the member.
  CHECK(error_mismatch(ErrorKind::bad_data, "bad.zip [a.csv]", [&] {
          io::load_interactions(folder.write("bad.zip", zip({{"a.csv", "user,item\n,\n"}})));
        }) == "");
  const NodeDataset graph = io::load(folder.write("graph.zip", zip({{"edges.txt", "0 1\n1 2\n"}})));
  CHECK(graph.nodes == 3);
  CHECK(graph.name == "graph");
}

TEST_CASE("containers / xz, bzip2 and zstd are read as gzip is, one stream after the other") {
  const TempDir folder;
  for (const PackedSample& sample : packed_samples()) {
    CAPTURE(std::string(sample.ending));
    CHECK(io::detail::decompress(sample.content, "f", 1000).view() == packed_table);
    CHECK(io::detail::decompress(sample.content + sample.content, "f", 1000).view() ==
          std::string(packed_table) + std::string(packed_table));
    CHECK(io::load_interactions(folder.write("a.csv" + std::string(sample.ending), sample.content)).size() == 4);
    CHECK(io::content_kind_of(folder.file("a.csv" + std::string(sample.ending))).name.ends_with("-compressed, a text file"));
    CHECK(error_mismatch(ErrorKind::bad_data, "holds more than 10 bytes",
                         [&] { io::detail::decompress(sample.content, "f", 10); }) == "");
    for (std::size_t length = 10; length < sample.content.size(); ++length) {
      CAPTURE(length);
      CHECK(error_mismatch(ErrorKind::bad_data, "truncated",
                           [&] { io::detail::decompress(sample.content.substr(0, length), "f", 1000); }) == "");
    }
    CHECK(error_mismatch(ErrorKind::bad_data, "is damaged",
                         [&] { io::detail::decompress(sample.content + "and something else", "f", 1000); }) == "");
    const std::unique_ptr<io::detail::Decompressor> stream =
        io::detail::make_decompressor(io::detail::compression_of(sample.content), "f", 1000);
    std::string made;  // a byte at a time, in and out
    for (std::size_t at = 0; at <= sample.content.size() && !stream->ended();) {
      char byte = 0;
      std::string_view piece = std::string_view(sample.content).substr(at, at < sample.content.size() ? 1 : 0);
      const std::size_t before = piece.size();
      const int64_t count = stream->read(piece, at == sample.content.size(), &byte, 1);
      if (count == 1) made += byte;
      at += before - piece.size();
    }
    CHECK(made == packed_table);
  }
}

TEST_CASE("containers / a pipe is read once and to its end, whatever is in it") {
  std::string table = "user,item\n";
  for (int i = 0; i < 20000; ++i) table += text("u", i % 500, ",i", i % 317, "\n");  // more than a pipe holds
  for (const std::string& content : {table, gzip("user,item\na,x\n"), zip({{"r.csv", "user,item\na,x\n"}})}) {
    const FilledPipe pipe(content);
    const InteractionLog log = io::load_interactions(pipe.path());
    CHECK(log.size() == (content == table ? 20000 : 1));
  }
  {
    const FilledPipe pipe("0 1\n1 2\n");
    CHECK(io::load(pipe.path()).edges.size() == 2);
  }
  {
    const FilledPipe pipe("");
    CHECK(error_mismatch(ErrorKind::bad_data, pipe.path() + " is empty", [&] { io::load_interactions(pipe.path()); }) == "");
  }
  {
    const FilledPipe pipe(bytes("PAR1\0\1\2"));
    CHECK(error_mismatch(ErrorKind::bad_data, pipe.path() + " is a Parquet file", [&] { io::load_interactions(pipe.path()); }) ==
          "");
  }
}

TEST_CASE("containers / a named pipe is waited for until somebody writes, or the caller has enough") {
  const TempDir folder;
  const std::string pipe = folder.file("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  io::InteractionReading reading;
  int asked = 0;
  reading.options.progress = [&](const Progress&) { return ++asked < 3; };
  CHECK(error_mismatch(ErrorKind::interrupted, "interrupted while the data were read",
                       [&] { io::load_interactions(pipe, reading); }) == "");
  CHECK(asked == 3);
  std::jthread writer([&] {
    const int descriptor = ::open(pipe.c_str(), O_WRONLY | O_CLOEXEC);
    CHECK(::write(descriptor, "user,item\na,x\n", 14) == 14);
    ::close(descriptor);
  });
  CHECK(io::load_interactions(pipe).size() == 1);
}

TEST_CASE("containers / a device that never ends is refused") {
  CHECK(error_mismatch(ErrorKind::bad_data, "/dev/zero", [] { io::load_interactions("/dev/zero"); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
