#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heddle/data.h"

/// The matrices on which kernel variants are compared.
namespace heddle::bench {

struct LabGraph {
  std::string name;
  HostCsr matrix;         ///< values: 1 / the row's degree, or a Matrix Market file's own
  std::string form = {};  ///< of what is read: how a matrix was made of it, "as the file has it", "undirected, with self-loops"
};

/// How uneven a matrix's rows are.
struct DegreeSpread {
  double mean = 0;
  int64_t most = 0;
  double variation = 0;  ///< standard deviation / mean
};
DegreeSpread degree_spread(const HostCsr& matrix);

/// What `heddle bench --graph` takes:
///   uniform:N,DEGREE         N rows of DEGREE columns each, anywhere
///   rmat:SCALE,EDGEFACTOR    2^SCALE rows, EDGEFACTOR * 2^SCALE entries drawn by R-MAT (.57, .19, .19, .05), repeats merged
///                            (D. Chakrabarti, Y. Zhan, C. Faloutsos, SDM 2004; the Graph 500's parameters)
///   star:N                   node 0 joined with all others
///   gowalla                  users and items of HEDDLE_DATA/gowalla, joined by the training interactions
///   cora, epinions, enron, condmat   nodes of HEDDLE_DATA/planetoid and HEDDLE_DATA/snap, with self-loops, undirected
///   a path                   a Matrix Market file, as it is, directed and maybe rectangular, entries of one place added, those
///   of
///                            value zero left out; a node data set (io::load), with self-loops, undirected; or interactions
///                            (io::load_interactions)
/// `symmetric`: a Matrix Market file too with self-loops and undirected, its values left out, as models of graphs multiply by it.
/// Deterministic. Throws Error{usage} for a name that is none of these, and what the readers throw.
LabGraph lab_graph(const std::string& name, bool symmetric = false);

/// Throws Error{usage} where HEDDLE_DATA is set to what is no folder.
void check_data_folder();

/// Throws what lab_graph would for a name that cannot be meant or a file that is not there, without reading or making the graph:
/// of several, before the first is measured.
void check_lab_graph(const std::string& name);

/// What lab_graph reads for this name: a path, there or not; empty for a graph that is made.
std::string lab_graph_path(const std::string& name);

/// The names of the standard set: the public data sets that HEDDLE_DATA has, rmat:16,16, uniform:65536,16, star:65536. `absent`
/// gets the others.
std::vector<std::string> standard_graphs(std::vector<std::string>& absent);

}  // namespace heddle::bench
