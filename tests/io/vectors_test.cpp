#include <doctest/doctest.h>

#include <sys/stat.h>

#include <string>
#include <vector>

#include "heddle/error.h"
#include "heddle/io.h"
#include "io/file.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

std::string content(const std::string& path) { return std::string(io::detail::read_file(path).view()); }

const HostMatrix vectors{2, 3, {1, -0.5f, 1e-5f, 0, 123456792.0f, 0.1f}};

}  // namespace

TEST_SUITE_BEGIN("io");

TEST_CASE("vectors / word2vec's text holds the ids, without blanks, beside the numbers") {
  const TempDir folder;
  io::write_vectors(folder.file("v"), io::VectorFormat::word2vec, vectors, IdTable({"a b\tc\r\n", "d"}));
  CHECK(content(folder.file("v")) == "2 3\na_b_c__ 1 -0.5 1e-05\nd 0 123456790 0.1\n");
}

TEST_CASE("vectors / word2vec's keys are each once, and those that need no change have none") {
  const TempDir folder;
  const HostMatrix five{5, 1, {1, 2, 3, 4, 5}};
  const IdTable ids({"a b", "a_b", "a\tb", "a_b_2", "c d"});
  CHECK(io::write_vectors(folder.file("v"), io::VectorFormat::word2vec, five, ids) == 2);
  CHECK(content(folder.file("v")) == "5 1\na_b_3 1\na_b 2\na_b_4 3\na_b_2 4\nc_d 5\n");
}

TEST_CASE("vectors / the projector's tables are the vectors and what they are") {
  const TempDir folder;
  const IdTable ids({"a b\tc", "d"});
  io::write_vectors(folder.file("v"), io::VectorFormat::projector, vectors, ids);
  CHECK(content(folder.file("v")) == "1\t-0.5\t1e-05\n0\t123456790\t0.1\n");
  io::write_vector_labels(folder.file("ids"), io::VectorFormat::projector, ids);
  CHECK(content(folder.file("ids")) == "a b c\nd\n");  // one column has no header
  io::write_vector_labels(folder.file("names"), io::VectorFormat::projector, ids, {"one\ttwo", ""});
  CHECK(content(folder.file("names")) == "id\tname\na b c\tone two\nd\t\n");
}

TEST_CASE("vectors / an array has its ids beside it, without names") {
  const TempDir folder;
  const IdTable ids({"a", "d"});
  io::write_vectors(folder.file("v.npy"), io::VectorFormat::npy, vectors, ids);
  const io::Array array = io::read_npy(folder.file("v.npy"));
  CHECK(array.shape == std::vector<int64_t>{2, 3});
  CHECK(std::get<std::vector<float>>(array.values) == vectors.values);
  io::write_vector_labels(folder.file("ids"), io::VectorFormat::npy, ids, {"one", "two"});
  CHECK(content(folder.file("ids")) == "a\nd\n");
}

TEST_CASE("vectors / formats go by a name or by a path's ending") {
  using io::VectorFormat;
  CHECK(io::vector_format_named("npy") == VectorFormat::npy);
  CHECK(io::vector_format_named("word2vec") == VectorFormat::word2vec);
  CHECK(io::vector_format_named("projector") == VectorFormat::projector);
  CHECK(error_mismatch(ErrorKind::usage, "--as is 'csv', it must be one of npy, word2vec, projector",
                       [] { io::vector_format_named("csv", "--as"); }) == "");
  CHECK(io::vector_format_of("a.npy") == VectorFormat::npy);
  CHECK(io::vector_format_of("a.tsv") == VectorFormat::projector);
  for (const char* path : {"a.txt", "b.c.vec", "d/a.w2v"}) CHECK(io::vector_format_of(path) == VectorFormat::word2vec);
  CHECK(error_mismatch(ErrorKind::usage, "a.csv ends in none of .npy, .tsv (projector), .txt, .vec, .w2v (word2vec)",
                       [] { io::vector_format_of("a.csv"); }) == "");
}

TEST_CASE("vectors / the second file lies beside the first, where there can be one") {
  using io::VectorFormat;
  CHECK(io::vector_labels_path("d/v.tsv", VectorFormat::projector) == "d/v.metadata.tsv");
  CHECK(io::vector_labels_path("d/v.npy", VectorFormat::npy) == "d/v.ids.txt");
  CHECK(io::vector_labels_path("d/v", VectorFormat::npy) == "d/v.ids.txt");
  CHECK(io::vector_labels_path("d/v.txt", VectorFormat::word2vec).empty());
  CHECK(io::vector_labels_path("/dev/null", VectorFormat::npy).empty());
  const TempDir folder;
  REQUIRE(mkfifo(folder.file("pipe.tsv").c_str(), 0600) == 0);
  CHECK(io::vector_labels_path(folder.file("pipe.tsv"), VectorFormat::projector).empty());
}

TEST_CASE("vectors / sizes that do not fit are refused, and leave what stood there") {
  const TempDir folder;
  const std::string path = folder.write("v", "before");
  for (const io::VectorFormat format : {io::VectorFormat::npy, io::VectorFormat::word2vec, io::VectorFormat::projector}) {
    CHECK(error_mismatch(ErrorKind::usage, "there are 2 vectors and 1 id",
                         [&] { io::write_vectors(path, format, vectors, IdTable({"a"})); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "there are 2 ids and 1 name", [&] {
            io::write_vector_labels(path, format, IdTable({"a", "b"}), {"one"});
          }) == "");
  }
  CHECK(content(path) == "before");
}

TEST_SUITE_END();

}  // namespace heddle::test
