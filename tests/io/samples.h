#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/planetoid.h"
#include "tests/io/readers.h"

/// Small valid files in memory, for tests to read, cut and damage.
namespace heddle::test {

/// Bytes of a string literal, zero bytes included.
template <std::size_t n>
std::string bytes(const char (&literal)[n]) {
  return std::string(literal, n - 1);
}

/// Native (little-endian) bytes of numbers.
template <class T>
std::string raw(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

/// A .npy file, version 1, with this header dict and these data.
std::string npy(const std::string& header, const std::string& data);

/// A zip archive of stored (uncompressed) entries.
std::string zip(const std::vector<std::pair<std::string, std::string>>& entries);

/// `content` as one gzip member, stored.
std::string gzip(const std::string& content);

/// "user,item\na,x\na,y\nb,x\nb,z\n" as xz, bzip2 and zstd write it.
std::string packed_xz();
std::string packed_bzip2();
std::string packed_zstd();
inline constexpr std::string_view packed_table = "user,item\na,x\na,y\nb,x\nb,z\n";

/// A safetensors file with this JSON header.
std::string safetensors(const std::string& header, const std::string& data);

/// Pickles of protocol 2 as Python 2, NumPy and SciPy write them.
std::string pickle_matrix(int rows, int cols, const std::string& dtype, const std::string& data);
std::string pickle_csr(int rows, int cols, const std::vector<int32_t>& indptr, const std::vector<int32_t>& indices,
                       const std::vector<float>& data);
std::string pickle_graph(const std::vector<std::pair<int, std::vector<int>>>& lists);

/// The contents of Planetoid's eight files for 7 nodes, 4 features, 2 classes: 3 rows of allx, the test ids 6, 3, 4 (5 is a gap).
/// In the order of io::detail::planetoid_part_names.
std::array<std::string, 8> tiny_planetoid();

/// The same as Python 3 writes it, in a protocol from 2 to 5.
std::array<std::string, 8> tiny_planetoid_3(int protocol);

/// A .npy of numbers, "<i8", "<f4" or "|b1", and a shape "(3, 2)".
template <class T>
std::string npy_of(const std::vector<T>& values, const std::string& shape) {
  const char* const type = sizeof(T) == 8 ? "<i8" : sizeof(T) == 4 ? "<f4" : "|b1";
  return npy("{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': " + shape + ", }", raw(values));
}

/// The same graph of four nodes, edges 0-1, 1-2 and 0-3, two features, the classes 0, 1, 1 and none, as other programs write it.
std::string tiny_graphml();
std::string tiny_gexf();
std::string tiny_node_link();
std::string tiny_matrix_market();
std::string tiny_amazon_npz();
std::string tiny_masked_npz();
std::string tiny_scipy_npz();  ///< as users x items: 2 x 3
std::string tiny_citations();  ///< NAME.content, "----" in a line, NAME.cites
std::string tiny_dgl();        ///< nodes.csv, "----" in a line, edges.csv

/// The parts under the names "x", "tx", ...
io::detail::PlanetoidParts parts_of(const std::array<std::string, 8>& contents);

/// A small valid file and its reader.
struct Sample {
  const char* name;
  Reader read;
  std::string content;
  const char* fuzz_target;
  const char* fuzz_prefix = "";  ///< what the fuzz target wants before the content
};

/// One or more for every reader.
std::vector<Sample> samples();

}  // namespace heddle::test
