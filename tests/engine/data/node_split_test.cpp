#include "heddle/node_split.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "heddle/error.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

/// `counts[c]` nodes of class c, the classes in turn, and after each ten nodes one without a label.
NodeDataset labelled(const std::vector<int64_t>& counts) {
  NodeDataset data;
  data.name = "made";
  data.classes = static_cast<int32_t>(counts.size());
  std::vector<int64_t> left = counts;
  while (std::accumulate(left.begin(), left.end(), int64_t{0}) > 0) {
    for (std::size_t c = 0; c < left.size(); ++c) {
      if (left[c] == 0) continue;
      --left[c];
      if (data.labels.size() % 11 == 10) data.labels.push_back(-1);
      data.labels.push_back(static_cast<int32_t>(c));
    }
  }
  data.nodes = static_cast<int64_t>(data.labels.size());
  return data;
}

std::vector<int64_t> by_class(const NodeDataset& data, const std::vector<int32_t>& nodes) {
  std::vector<int64_t> counts(static_cast<std::size_t>(data.classes), 0);
  for (const int32_t node : nodes) ++counts[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(node)])];
  return counts;
}

/// Each part ascending, no node in two, each with a label.
void check_sound(const NodeDataset& data) {
  std::vector<int32_t> all;
  for (const auto* const part : {&data.train, &data.val, &data.test}) {
    CHECK(std::is_sorted(part->begin(), part->end()));
    all.insert(all.end(), part->begin(), part->end());
  }
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  CHECK(std::all_of(all.begin(), all.end(), [&](int32_t node) { return data.labels[static_cast<std::size_t>(node)] >= 0; }));
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("node split / random: shares of the labelled nodes, the same for the same seed") {
  NodeDataset data = labelled({40, 30, 30});
  split_nodes(data, {.split = NodeSplit::random, .val_share = 0.1, .test_share = 0.3});
  check_sound(data);
  CHECK(data.train.size() == 60);
  CHECK(data.val.size() == 10);
  CHECK(data.test.size() == 30);
  NodeDataset again = labelled({40, 30, 30}), other = again;
  split_nodes(again, {.split = NodeSplit::random, .val_share = 0.1, .test_share = 0.3});
  split_nodes(other, {.split = NodeSplit::random, .val_share = 0.1, .test_share = 0.3, .seed = 1});
  CHECK(again.test == data.test);
  CHECK(other.test != data.test);
}

TEST_CASE("node split / stratified: the shares are those of each class") {
  NodeDataset data = labelled({60, 30, 10});
  split_nodes(data, {.split = NodeSplit::random, .val_share = 0.2, .test_share = 0.3, .stratified = true});
  check_sound(data);
  CHECK(by_class(data, data.train) == std::vector<int64_t>{30, 15, 5});
  CHECK(by_class(data, data.val) == std::vector<int64_t>{12, 6, 2});
  CHECK(by_class(data, data.test) == std::vector<int64_t>{18, 9, 3});
}

TEST_CASE("node split / per class: as many of each class, then validation and test of the rest") {
  NodeDataset data = labelled({700, 0, 600, 500});  // a number that no node has for its label is no class
  split_nodes(data, {.split = NodeSplit::per_class});
  check_sound(data);
  CHECK(by_class(data, data.train) == std::vector<int64_t>{20, 0, 20, 20});
  CHECK(data.val.size() == 500);
  CHECK(data.test.size() == 1000);
  split_nodes(data, {.split = NodeSplit::per_class, .per_class = 500, .val_nodes = 0, .test_nodes = 300});
  check_sound(data);
  CHECK(by_class(data, data.train) == std::vector<int64_t>{500, 0, 500, 500});
  CHECK(data.val.empty());
  CHECK(data.test.size() == 300);
}

TEST_CASE("node split / sizes that do not fit are refused in one sentence, and the parts stay") {
  NodeDataset data = labelled({40, 7});
  data.class_names = {"cat", "dog"};
  data.train = {0};
  const auto refused = [&](ErrorKind kind, const char* sentence, const NodeSplitOptions& options) {
    return error_mismatch(kind, sentence, [&] { split_nodes(data, options); });
  };
  CHECK(refused(ErrorKind::bad_data, "class 'dog' has 7 nodes, fewer than the 20 of each class",
                {.split = NodeSplit::per_class}) == "");
  CHECK(refused(ErrorKind::bad_data, "too few for the 500 of --val-nodes and the 1000 of --test-nodes",
                {.split = NodeSplit::per_class, .per_class = 5}) == "");
  CHECK(refused(ErrorKind::usage, "their sum must be below 1",
                {.split = NodeSplit::random, .val_share = 0.5, .test_share = 0.5}) == "");
  CHECK(refused(ErrorKind::usage, "per_class is 0", {.per_class = 0}) == "");
  CHECK(data.train == std::vector<int32_t>{0});
  NodeDataset none = labelled({});
  none.labels = {-1, -1};
  none.nodes = 2;
  CHECK(error_mismatch(ErrorKind::bad_data, "no node has a label", [&] { split_nodes(none, {.split = NodeSplit::random}); }) ==
        "");
  split_nodes(none, {});  // as the files have it
  CHECK(none.train.empty());
}

TEST_SUITE_END();

}  // namespace heddle::test
