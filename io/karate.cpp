#include <iterator>
#include <numeric>

#include "heddle/io.h"
#include "heddle/rethrow.h"

namespace heddle::io {

namespace {

/// Who met whom outside the club. The paper also counts the contexts in which two members met; those weights are left out, as the
/// benchmarks on this graph do.
constexpr std::pair<int32_t, int32_t> friendships[] = {
    {0, 1},   {0, 2},   {0, 3},   {0, 4},   {0, 5},   {0, 6},   {0, 7},   {0, 8},   {0, 10},  {0, 11},  {0, 12},  {0, 13},
    {0, 17},  {0, 19},  {0, 21},  {0, 31},  {1, 2},   {1, 3},   {1, 7},   {1, 13},  {1, 17},  {1, 19},  {1, 21},  {1, 30},
    {2, 3},   {2, 7},   {2, 8},   {2, 9},   {2, 13},  {2, 27},  {2, 28},  {2, 32},  {3, 7},   {3, 12},  {3, 13},  {4, 6},
    {4, 10},  {5, 6},   {5, 10},  {5, 16},  {6, 16},  {8, 30},  {8, 32},  {8, 33},  {9, 33},  {13, 33}, {14, 32}, {14, 33},
    {15, 32}, {15, 33}, {18, 32}, {18, 33}, {19, 33}, {20, 32}, {20, 33}, {22, 32}, {22, 33}, {23, 25}, {23, 27}, {23, 29},
    {23, 32}, {23, 33}, {24, 25}, {24, 27}, {24, 31}, {25, 31}, {26, 29}, {26, 33}, {27, 33}, {28, 31}, {28, 33}, {29, 32},
    {29, 33}, {30, 32}, {30, 33}, {31, 32}, {31, 33}, {32, 33},
};

/// The faction that each member joined when the club split: 0 = Mr. Hi, the instructor (member 0); 1 = the officer (member 33).
constexpr int32_t faction[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0,
                               0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

}  // namespace

NodeDataset karate_club() try {
  constexpr int32_t member_count = std::size(faction);
  NodeDataset data;
  data.name = "karate";
  data.nodes = member_count;
  data.edges.assign(std::begin(friendships), std::end(friendships));
  data.features_are_sparse = true;
  HostCsr& identity = data.sparse_features;
  identity.rows = identity.cols = member_count;
  identity.row_offsets.resize(member_count + 1);
  std::iota(identity.row_offsets.begin(), identity.row_offsets.end(), int64_t{0});
  identity.col_indices.resize(member_count);
  std::iota(identity.col_indices.begin(), identity.col_indices.end(), 0);
  identity.values.assign(member_count, 1.0f);
  data.labels.assign(std::begin(faction), std::end(faction));
  data.classes = 2;
  data.train = {0, member_count - 1};  // the two leaders
  for (int32_t member = 1; member < member_count - 1; ++member) data.test.push_back(member);
  return data;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
