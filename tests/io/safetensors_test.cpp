#include <doctest/doctest.h>

#include <limits>
#include <span>

#include "heddle/error.h"
#include "heddle/io.h"
#include "io/file.h"
#include "io/safetensors.h"
#include "samples.h"
#include "tests/support/temp_dir.h"

using namespace heddle;
using namespace heddle::test;

TEST_CASE("io / safetensors: what is written is read back, and equal contents make equal bytes") {
  const TempDir folder;
  const io::TensorFile file{{{"weight2", 2, 2, {1, 2, 3, 4}}, {"bias", 1, 3, {5, 6, 7}}, {"empty", 0, 4, {}}},
                            {{"ids", {2, 2}, std::vector<int32_t>{1, -2, 3, 4}},
                             {"offsets", {3}, std::vector<int64_t>{0, 1, int64_t{1} << 40}},
                             {"names", {5}, std::vector<uint8_t>{'a', 0, 255, 'b', 'c'}},
                             {"none", {0}, std::vector<int64_t>{}}},
                            {{"model", "gcn"}, {"note", "quotes \" and \xc3\xa9"}}};
  io::write_safetensors(folder.file("a"), file);
  io::write_safetensors(folder.file("b"), file);
  const io::TensorFile back = io::read_safetensors(folder.file("a"));
  CHECK(back.metadata == file.metadata);
  REQUIRE(back.tensors.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(back.tensors[i].name == file.tensors[i].name);
    CHECK(back.tensors[i].rows == file.tensors[i].rows);
    CHECK(back.tensors[i].cols == file.tensors[i].cols);
    CHECK(back.tensors[i].values == file.tensors[i].values);
  }
  REQUIRE(back.integers.size() == file.integers.size());
  for (size_t i = 0; i < file.integers.size(); ++i) {
    CHECK(back.integers[i].name == file.integers[i].name);
    CHECK(back.integers[i].shape == file.integers[i].shape);
    CHECK(back.integers[i].values == file.integers[i].values);
  }
  CHECK(io::detail::read_file(folder.file("a")).view() == io::detail::read_file(folder.file("b")).view());
}

TEST_CASE("io / safetensors: vectors and scalars of other writers become one row; tensors come in the order of their data") {
  const std::string file = safetensors(
      R"({"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})",
      raw<float>({9, 1, 2}));
  const io::TensorFile parsed = io::detail::parse_safetensors(file, "t");
  REQUIRE(parsed.tensors.size() == 2);
  CHECK(parsed.tensors[0].name == "a");
  CHECK(parsed.tensors[0].rows == 1);
  CHECK(parsed.tensors[0].cols == 1);
  CHECK(parsed.tensors[1].cols == 2);
  CHECK(parsed.tensors[1].values == std::vector<float>{1, 2});
}

TEST_CASE("io / safetensors: arrays are read one at a time and in pieces, of a file and of its content alike") {
  const TempDir folder;
  const io::TensorFile file{{{"weights", 2, 3, {1, 2, 3, 4, 5, 6}}},
                            {{"ids", {4}, std::vector<int32_t>{1, -2, 3, 4}},
                             {"offsets", {3}, std::vector<int64_t>{0, 1, int64_t{1} << 40}},
                             {"names", {3}, std::vector<uint8_t>{'a', 0, 255}}},
                            {{"model", "gcn"}}};
  const std::string path = folder.file("a");
  io::write_safetensors(path, file);
  const io::TensorReader readers[] = {io::TensorReader(path),
                                      io::TensorReader::of_content(std::string(io::detail::read_file(path).view()), "content")};
  CHECK(readers[0].name() == path);
  CHECK(readers[1].name() == "content");
  for (const io::TensorReader& reader : readers) {
    CHECK(reader.metadata() == file.metadata);
    REQUIRE(reader.arrays().size() == 4);
    CHECK(reader.find("absent") == nullptr);
    const io::TensorReader::Array *const weights = reader.find("weights"), *const ids = reader.find("ids");
    REQUIRE(weights != nullptr);
    REQUIRE(ids != nullptr);
    CHECK(weights->shape == std::vector<int64_t>{2, 3});
    CHECK(weights->size == 6);
    std::vector<float> middle(3);
    reader.read(*weights, 2, std::span<float>(middle));
    CHECK(middle == std::vector<float>{3, 4, 5});
    std::vector<int32_t> last(1);
    reader.read(*ids, 3, std::span<int32_t>(last));
    CHECK(last == std::vector<int32_t>{4});
    std::vector<int64_t> offsets(3);
    reader.read(*reader.find("offsets"), 0, std::span<int64_t>(offsets));
    CHECK(offsets.back() == int64_t{1} << 40);
    std::vector<uint8_t> names(2);
    reader.read(*reader.find("names"), 1, std::span<uint8_t>(names));
    CHECK(names == std::vector<uint8_t>{0, 255});
    reader.read(*weights, 6, std::span<float>());
    CHECK_THROWS_WITH_AS(reader.read(*weights, 4, std::span<float>(middle)),
                         doctest::Contains("'weights' has 6 elements, not 3 from number 4 on"), Error);
    CHECK_THROWS_WITH_AS(reader.read(*weights, -1, std::span<float>(middle)), doctest::Contains("from number -1 on"), Error);
    CHECK_THROWS_WITH_AS(reader.read(*ids, 0, std::span<float>(middle)), doctest::Contains("has elements of type I32, not F32"),
                         Error);
  }
  const std::string bad = safetensors(R"({"b":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}})",
                                      raw<float>({1, 2, std::numeric_limits<float>::infinity()}));
  const io::TensorReader reader = io::TensorReader::of_content(bad, "t");
  std::vector<float> values(2);
  reader.read(reader.arrays().front(), 0, std::span<float>(values));
  CHECK_THROWS_WITH_AS(reader.read(reader.arrays().front(), 1, std::span<float>(values)),
                       doctest::Contains("t: tensor 'b', element 2 is inf"), Error);
}

TEST_CASE("io / safetensors: what cannot be written is a usage error and leaves no file") {
  const TempDir folder;
  const std::pair<io::TensorFile, const char*> cases[] = {
      {{{{"a", 2, 2, {1}}}, {}, {}}, "'a' has shape (2, 2) and 1 value"},
      {{{{"a", -1, -1, {1}}}, {}, {}}, "'a' has shape (-1, -1)"},
      {{{{"a", 1, 1, {1}}, {"a", 1, 1, {1}}}, {}, {}}, "repeated"},
      {{{{"", 1, 1, {1}}}, {}, {}}, "empty"},
      {{{{"__metadata__", 1, 1, {1}}}, {}, {}}, "reserved"},
      {{{}, {}, {{"key", "\xff"}}}, "UTF-8"},
      {{{}, {}, {{"heddle.checksum", "0"}}}, "the metadata have an entry heddle.checksum, which is the file's own"},
      {{{}, {}, {{"heddle.file_version", "2"}}}, "the metadata have an entry heddle.file_version"},
      {{{}, {{"b", {2}, std::vector<uint8_t>{1}}}, {}}, "'b' has shape (2) and 1 value"},
      {{{}, {{"b", {1, 1, 1}, std::vector<uint8_t>{1}}}, {}}, "'b' has shape (1, 1, 1), more than two dimensions"},
      {{{{"b", 1, 1, {1}}}, {{"b", {1}, std::vector<uint8_t>{1}}}, {}}, "repeated"},
  };
  for (const auto& [file, fragment] : cases) {
    CHECK_THROWS_WITH_AS(io::write_safetensors(folder.file("x"), file), doctest::Contains(fragment), Error);
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("io / safetensors: no byte of a written file is changed unnoticed, and files of others need no checksum") {
  const TempDir folder;
  const std::string path = folder.file("a");
  io::write_safetensors(path, {{{"w", 2, 2, {1, 2, 3, 4}}}, {{"ids", {2}, std::vector<int32_t>{7, 9}}}, {{"model", "gcn"}}});
  const std::string whole(io::detail::read_file(path).view());
  CHECK_NOTHROW(io::detail::parse_safetensors(whole, "f"));
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {1, 4, 32, 128}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      CAPTURE(at);
      CAPTURE(change);
      try {
        io::detail::parse_safetensors(damaged, "f");
        FAIL_CHECK("the change was not noticed");
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::bad_data);
        ++refused;
      }
    }
  }
  CHECK(refused == 4 * static_cast<int>(whole.size()));
  // Without the checksum that its other entry tells of; and without both, as files were written before there was either.
  std::string lacking = whole;
  lacking.replace(lacking.find("heddle.checksum"), 15, "heddle.checksun");
  CHECK_THROWS_WITH_AS(io::detail::parse_safetensors(lacking, "f"), doctest::Contains("f is damaged: it lacks the checksum"),
                       Error);
  lacking.replace(lacking.find("heddle.file_version"), 19, "heddle.file_versiom");
  CHECK(io::detail::parse_safetensors(lacking, "f").tensors.at(0).values == std::vector<float>{1, 2, 3, 4});
  // Longer than what the checksum is made of at a time, and damaged at its last byte: opening the file tells, before an array is
  // read.
  const std::string longer = folder.file("longer");
  const io::TensorFile many{{{"w", 300, 301, std::vector<float>(300 * 301, 1.5f)}}, {}, {}};
  io::write_safetensors(longer, many);
  CHECK(io::read_safetensors(longer).tensors.at(0).values == many.tensors[0].values);
  std::string bytes(io::detail::read_file(longer).view());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  io::write_file(longer, bytes);
  CHECK_THROWS_WITH_AS(io::TensorReader{longer}, doctest::Contains("longer is damaged: its contents are not those"), Error);
  // The same length and a header that is read: other contents.
  std::string other = whole;
  CHECK_THROWS_WITH_AS(io::detail::parse_safetensors(other.replace(other.find("gcn"), 3, "gat"), "f"),
                       doctest::Contains("f is damaged: its contents are not those that it was written with"), Error);
}
