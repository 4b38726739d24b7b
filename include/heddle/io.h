#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "heddle/data.h"

/// Bytes <-> plain host data. Every function throws Error{bad_data} with file and position for content that is not what the
/// format promises, Error{io} where the operating system refuses, in memory bounded by the size of the file.
namespace heddle::io {

/// Which format `load` found, or is told to expect.
enum class NodeFormat { automatic, planetoid, edge_list };

struct LoadOptions {
  NodeFormat format = NodeFormat::automatic;
};

/// Reads a node classification data set, its format recognised by content:
/// - "DIR/cora" standing for Planetoid's DIR/ind.cora.{x,tx,allx,y,ty,ally,graph,test.index};
/// - a folder with an edge list and, optionally, features, labels and split files (docs/formats.md names them all);
/// - one edge list file (features: none, labels: none).
NodeDataset load(const std::string& path, const LoadOptions& options = {});

/// Zachary's karate club, bundled: 34 nodes, 78 edges, the two factions as labels, one-hot features, one labelled node a faction.
/// W. W. Zachary, "An information flow model for conflict and fission in small groups", J. Anthropol. Res. 33 (1977).
NodeDataset karate_club();

/// One array of a .npy or .npz file: `values` row-major, one of the element types; every other numeric type is converted to the
/// nearest of them when that is lossless (float16 -> float, int8..int32 and bool -> int64, byte strings -> std::string).
struct Array {
  std::vector<int64_t> shape;
  std::variant<std::vector<float>, std::vector<double>, std::vector<int64_t>, std::vector<std::string>> values;
};

Array read_npy(const std::string& path);
/// Every array of an .npz archive by name (without ".npy").
std::map<std::string, Array> read_npz(const std::string& path);
/// Writes rows x cols float32, row-major, atomically (a temporary file beside it, then rename).
void write_npy(const std::string& path, const float* values, int64_t rows, int64_t cols);

/// A tensor of a safetensors file. Only F32 is written.
struct NamedTensor {
  std::string name;
  int64_t rows = 0;
  int64_t cols = 0;
  std::vector<float> values;
};

/// A safetensors file: named matrices and string metadata.
struct TensorFile {
  std::vector<NamedTensor> tensors;
  std::map<std::string, std::string> metadata;
};

TensorFile read_safetensors(const std::string& path);
/// Atomic: either the whole file stands at `path`, or what stood there before.
void write_safetensors(const std::string& path, const TensorFile& file);

/// Writes `content` to `path` atomically (temporary file in the same folder, fsync, rename).
void write_file(const std::string& path, const std::string& content);

}  // namespace heddle::io
