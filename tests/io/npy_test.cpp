#include <doctest/doctest.h>

#include <cmath>

#include "heddle/error.h"
#include "heddle/io.h"
#include "io/npy.h"
#include "samples.h"
#include "tests/support/data.h"
#include "tests/support/temp_dir.h"

using namespace heddle;
using namespace heddle::test;

namespace {

io::Array parse(const std::string& header, const std::string& data) {
  const std::string file = npy(header, data);
  return io::detail::parse_npy(io::detail::MemorySource(file), "a.npy");
}

io::Array parse_vector(const std::string& descr, const std::string& data, std::size_t size) {
  return parse("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + std::to_string(size) + ",), }", data);
}

using Floats = std::vector<float>;
using Doubles = std::vector<double>;
using Integers = std::vector<int64_t>;
using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("io / npy: every element type becomes the promised one") {
  CHECK(std::get<Floats>(parse_vector("<f4", raw<float>({1.5f, -2}), 2).values) == Floats{1.5f, -2});
  CHECK(std::get<Doubles>(parse_vector("<f8", raw<double>({1.5, -2}), 2).values) == Doubles{1.5, -2});
  CHECK(std::get<Integers>(parse_vector("<i8", raw<int64_t>({1, -2}), 2).values) == Integers{1, -2});
  CHECK(std::get<Integers>(parse_vector("<i4", raw<int32_t>({1, -2}), 2).values) == Integers{1, -2});
  CHECK(std::get<Integers>(parse_vector("<i2", raw<int16_t>({1, -2}), 2).values) == Integers{1, -2});
  CHECK(std::get<Integers>(parse_vector("|i1", raw<int8_t>({1, -2}), 2).values) == Integers{1, -2});
  CHECK(std::get<Integers>(parse_vector("|u1", raw<uint8_t>({1, 255}), 2).values) == Integers{1, 255});
  CHECK(std::get<Integers>(parse_vector("<u2", raw<uint16_t>({1, 65535}), 2).values) == Integers{1, 65535});
  CHECK(std::get<Integers>(parse_vector("<u4", raw<uint32_t>({1, 4294967295}), 2).values) == Integers{1, 4294967295});
  CHECK(std::get<Integers>(parse_vector("<u8", raw<uint64_t>({1, 7}), 2).values) == Integers{1, 7});
  CHECK(std::get<Integers>(parse_vector("|b1", bytes("\1\0"), 2).values) == Integers{1, 0});
  CHECK(std::get<Strings>(parse_vector("|S3", bytes("ab\0\0\0\0xyz"), 3).values) == Strings{"ab", "", "xyz"});
  CHECK(std::get<Strings>(parse_vector("<U2", raw<char32_t>({U'a', 0, 0, 0, U'\u56FE', U'\U0001F600'}), 3).values) ==
        Strings{"a", "", "\u56FE\U0001F600"});
}

TEST_CASE("io / npy: float16 converts exactly, with its infinities, NaN and subnormals") {
  const auto array =
      parse_vector("<f2", raw<uint16_t>({0x3c00, 0xc000, 0x0001, 0x8001, 0x03ff, 0x7bff, 0x7c00, 0x7e00, 0x8000}), 9);
  const Floats values = std::get<Floats>(array.values);
  CHECK(Floats(values.begin(), values.begin() + 7) == Floats{1, -2, 0x1p-24f, -0x1p-24f, 1023 * 0x1p-24f, 65504, HUGE_VALF});
  CHECK(std::isnan(values[7]));
  CHECK(std::signbit(values[8]));
}

TEST_CASE("io / npy: Fortran order is transposed, in any number of dimensions") {
  const auto array = parse("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3, 2)}",
                           raw<int32_t>({0, 100, 10, 110, 20, 120, 1, 101, 11, 111, 21, 121}));
  CHECK(array.shape == Integers{2, 3, 2});
  CHECK(std::get<Integers>(array.values) == Integers{0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121});
}

TEST_CASE("io / npy: scalars, empty arrays, other key orders, Python 2's long sizes and versions 2 and 3") {
  CHECK(std::get<Doubles>(parse("{'descr':'<f8','fortran_order':False,'shape':()}", raw<double>({0.01})).values) ==
        Doubles{0.01});
  CHECK(std::get<Doubles>(parse("{'shape': (0, 9999999999), 'fortran_order': False, 'descr': '<f8'}  \n", "").values).empty());
  CHECK(parse("{'shape': (1L, 2L), \"fortran_order\": False, 'descr': '<f4'}", raw<float>({1, 2})).shape == Integers{1, 2});
  for (const char version : {2, 3}) {
    const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
    const std::string file = bytes("\x93NUMPY") + version + bytes("\0") + raw<uint32_t>({static_cast<uint32_t>(header.size())}) +
                             header + raw<float>({3});
    CHECK(std::get<Floats>(io::detail::parse_npy(io::detail::MemorySource(file), "v").values) == Floats{3});
  }
}

TEST_CASE("io / npy: what is written is read back, the data begin at a multiple of 64 bytes") {
  const TempDir folder;
  const Floats values{1, 2, 3, 4, 5, NAN};
  io::write_npy(folder.file("m.npy"), values.data(), 2, 3);
  const io::Array array = io::read_npy(folder.file("m.npy"));
  CHECK(array.shape == Integers{2, 3});
  CHECK(raw(std::get<Floats>(array.values)) == raw(values));
  CHECK(std::filesystem::file_size(folder.file("m.npy")) % 64 == 6 * sizeof(float));
  io::write_npy(folder.file("empty.npy"), nullptr, 0, 3);
  CHECK(io::read_npy(folder.file("empty.npy")).shape == Integers{0, 3});
  CHECK_THROWS_AS(io::write_npy(folder.file("bad.npy"), nullptr, -1, 3), Error);
}

TEST_CASE("io / npz: entries by name, kept apart by type") {
  const TempDir folder;
  const std::string archive =
      zip({{"weights.a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", raw<float>({1, 2}))},
           {"names.npy", npy("{'descr': '|S2', 'fortran_order': False, 'shape': (1,), }", "ab")}});
  const auto arrays = io::read_npz(folder.write("a.npz", archive));
  CHECK(arrays.size() == 2);
  CHECK(std::get<Floats>(arrays.at("weights.a").values) == Floats{1, 2});
  CHECK(std::get<Strings>(arrays.at("names").values) == Strings{"ab"});
}

TEST_CASE("io / npz: the reference trajectories are read whole") {
  const auto folder = shared_data("parity");
  if (!folder) return;
  const auto gcn = io::read_npz((*folder / "gcn_karate.npz").string());
  CHECK(gcn.size() == 20);
  CHECK(gcn.at("initial.weight1").shape == Integers{12, 16});
  CHECK(gcn.at("learning_rate").shape.empty());
  CHECK(std::get<Doubles>(gcn.at("learning_rate").values) == Doubles{0.01});
  CHECK(std::get<Strings>(gcn.at("l2_on").values) == Strings{"weight1"});
  CHECK(std::get<Integers>(gcn.at("train").values) == Integers{0, 5, 8, 11, 20, 24, 31, 33});
  CHECK(gcn.at("edges").shape == Integers{2, 156});
  const Integers& edges = std::get<Integers>(gcn.at("edges").values);
  CHECK(Integers(edges.begin(), edges.begin() + 16) == Integers(16, 0));  // sorted sources; stored in Fortran order
  const std::pair<const char*, std::size_t> others[] = {
      {"gat_karate.npz", 32}, {"gatv2_karate.npz", 44}, {"lightgcn_toy.npz", 9}};
  for (const auto& [file, arrays] : others) CHECK(io::read_npz((*folder / file).string()).size() == arrays);
}
