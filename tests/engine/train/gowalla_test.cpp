// Published and independently computed figures on Gowalla, where the data set is there.
#include <doctest/doctest.h>

#include <cmath>

#include "heddle/recommender.h"
#include "tests/support/data.h"

namespace heddle::test {

TEST_SUITE_BEGIN("engine");

#ifndef __SANITIZE_ADDRESS__  // half a minute with it
TEST_CASE("gowalla / popularity and the graph filter reach the figures of other programs") {
  const auto path = shared_data("gowalla", "gowalla/train.txt");
  if (!path) return;
  const InteractionDataset data = prepare(io::load_interactions(path->string()));
  REQUIRE(data.train.nnz() == 810128);
  REQUIRE(data.test.nnz() == 217242);
  const Device device = Device::cpu();
  // A NumPy program of the same definitions gives .0416 / .0317.
  const RankingMetrics popularity = evaluate(*make_popularity(data, device), data, data.test);
  CHECK(popularity.users == 29858);
  CHECK(std::abs(popularity.values.at("recall@20") - 0.0416) < 0.00005);
  CHECK(std::abs(popularity.values.at("ndcg@20") - 0.0317) < 0.00005);
  // And .1863 / .1531 for GF-CF over all users; here every eighth, whose mean errs by .25 / sqrt(3732) = .004.
  HostCsr eighth{.rows = data.test.rows, .cols = data.test.cols, .row_offsets = {0}, .col_indices = {}, .values = {}};
  for (int64_t user = 0; user < data.test.rows; ++user) {
    const auto offset = [&](int64_t row) { return data.test.row_offsets[static_cast<std::size_t>(row)]; };
    const auto begin = data.test.col_indices.begin();
    if (user % 8 == 0) eighth.col_indices.insert(eighth.col_indices.end(), begin + offset(user), begin + offset(user + 1));
    eighth.row_offsets.push_back(eighth.nnz());
  }
  const RankingMetrics filter = evaluate(*make_graph_filter(data, {}, device), data, eighth);
  CHECK(std::abs(filter.values.at("recall@20") - 0.1863) < 0.008);
  CHECK(std::abs(filter.values.at("ndcg@20") - 0.1531) < 0.008);
}
#endif

TEST_SUITE_END();

}  // namespace heddle::test
