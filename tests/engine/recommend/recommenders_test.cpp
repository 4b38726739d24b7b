// Each recommender's scores against its formula in dense double precision.
#include <doctest/doctest.h>

#include "bench/references.h"
#include "engine/fit/saved_plan.h"
#include "heddle/lightgcn.h"
#include "tests/engine/interactions.h"
#include "tests/support/compare.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/data.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

constexpr double unit_roundoff = 0x1p-24;

/// Columns of norm 1; a column of zeros stays.
Dense cosines(const Dense& r) {
  Dense result = product(transposed(r), r);
  std::vector<double> norms;
  for (int64_t i = 0; i < r.cols; ++i) norms.push_back(std::sqrt(result.at(i, i)));
  for (int64_t i = 0; i < r.cols; ++i) {
    for (int64_t j = 0; j < r.cols; ++j) {
      const double both = norms[static_cast<std::size_t>(i)] * norms[static_cast<std::size_t>(j)];
      result.at(i, j) = both > 0 ? result.at(i, j) / both : 0;
    }
  }
  return result;
}

/// Of each row's entries off the diagonal the `kept` largest, the others zero.
Dense neighbours_only(Dense c, int64_t kept) {
  for (int64_t i = 0; i < c.rows; ++i) {
    std::vector<int64_t> others;
    for (int64_t j = 0; j < c.cols; ++j) {
      if (j != i) others.push_back(j);
    }
    std::stable_sort(others.begin(), others.end(), [&](int64_t a, int64_t b) { return c.at(i, a) > c.at(i, b); });
    c.at(i, i) = 0;
    for (std::size_t place = static_cast<std::size_t>(kept); place < others.size(); ++place) c.at(i, others[place]) = 0;
  }
  return c;
}

/// A value that is a sum of products of few rounded factors: `roundings` of them, on terms that are all positive.
bench::Reference with_bounds(const Dense& expected, int64_t roundings) {
  bench::Reference reference{expected.values, {}};
  for (const double value : expected.values) reference.bounds.push_back(bench::gamma(roundings) * std::abs(value));
  return reference;
}

struct FilterReference {
  Dense scores{0, 0};
  double gap = 0;  ///< between the last eigenvalue of N^T N that is kept and the first that is not
};

FilterReference graph_filter_reference(const Dense& r, int64_t rank, double alpha) {
  Dense n = r;
  std::vector<double> user(static_cast<std::size_t>(r.rows)), item(static_cast<std::size_t>(r.cols));
  for (int64_t u = 0; u < r.rows; ++u) {
    for (int64_t i = 0; i < r.cols; ++i) {
      user[static_cast<std::size_t>(u)] += r.at(u, i);
      item[static_cast<std::size_t>(i)] += r.at(u, i);
    }
  }
  const auto degree = [](const std::vector<double>& degrees, int64_t at) {
    const double value = degrees[static_cast<std::size_t>(at)];
    return value > 0 ? value : 1;
  };
  for (int64_t u = 0; u < r.rows; ++u) {
    for (int64_t i = 0; i < r.cols; ++i) n.at(u, i) /= std::sqrt(degree(user, u) * degree(item, i));
  }
  const Dense gram = product(transposed(n), n);
  FilterReference result{product(r, gram), 0};
  const Eigen eigen = eigen_of(gram);
  int64_t kept = 0;
  while (kept < std::min(rank, r.cols) && eigen.values[static_cast<std::size_t>(kept)] > 1e-6) ++kept;
  const auto value = [&](int64_t k) { return k < r.cols ? eigen.values[static_cast<std::size_t>(k)] : 0.0; };
  result.gap = kept == 0 ? 1 : value(kept - 1) - value(kept);
  Dense left(r.cols, kept), right(kept, r.cols);
  for (int64_t i = 0; i < r.cols; ++i) {
    for (int64_t k = 0; k < kept; ++k) {
      left.at(i, k) = eigen.vectors.at(i, k) / std::sqrt(degree(item, i));
      right.at(k, i) = eigen.vectors.at(i, k) * std::sqrt(degree(item, i));
    }
  }
  const Dense low_pass = product(product(r, left), right);
  for (std::size_t i = 0; i < result.scores.values.size(); ++i) result.scores.values[i] += alpha * low_pass.values[i];
  return result;
}

/// Users of a few kinds, each kind with its own items and some in common: the matrix has as many independent rows as kinds.
InteractionDataset kinds_of_users() {
  const std::vector<std::vector<int32_t>> kinds{{0, 1, 2, 3}, {2, 3, 4, 5, 6}, {6, 7, 8}, {0, 8, 9, 10, 11}};
  std::vector<std::vector<int32_t>> rows;
  for (const int kind : {0, 1, 0, 2, 0, 1, 3, 0, 1, 2, 3, 0, 0, 1}) rows.push_back(kinds[static_cast<std::size_t>(kind)]);
  rows.push_back({});
  return interactions_of(rows, 13);
}

void check_graph_filter(const InteractionDataset& data, const GraphFilterOptions& options, const std::string& what) {
  const Dense r = dense_of(data.train);
  const FilterReference expected = graph_filter_reference(r, options.rank, options.alpha);
  REQUIRE(expected.gap > 0.01);
  // A Gram matrix in float32 errs by less than (users + items) u, an invariant subspace by that over the gap (Davis & Kahan
  // 1970), V V^T by twice that, and its products with a row of R and the square roots of degrees by at most
  // sqrt(row's sum * items). The other sums have at most users + items terms, all positive.
  double most = 0;
  for (const double score : expected.scores.values) most = std::max(most, std::abs(score));
  const auto terms = static_cast<double>(r.rows + r.cols);
  const double subspace = 2 * terms * unit_roundoff / expected.gap * std::sqrt(static_cast<double>(r.cols) * terms);
  bench::Reference reference{expected.scores.values, {}};
  reference.bounds.assign(reference.values.size(), options.alpha * subspace + terms * unit_roundoff * most);
  for (const NamedDevice& device : devices()) {
    INFO(text("graph filter / ", device.name, " / ", what, " matches the exact eigenvectors"));
    const auto model = make_graph_filter(data, options, device.device);
    CHECK(mismatch(scores_of(*model, all_users(*model)), reference) == "");
  }
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("popularity / ranks by how many users have an item, ties by number") {
  // Users per item: 0: 1, 1: 3, 2: 2, 3: 0, 4: 2.
  const InteractionDataset data = interactions_of({{1, 2, 4}, {0, 1, 2}, {1, 4}, {}}, 5);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    const auto model = make_popularity(data, device.device);
    CHECK(scores_of(*model, {{3, {}}, {-1, {2}}}) == std::vector<float>{1, 3, 2, 0, 2, 1, 3, 2, 0, 2});
    const std::vector<Ranking> rankings = ranked(*model, {{3, {}}, {0, {}}, {-1, {1, 4}}}, {.k = 4});
    CHECK(flat(rankings) == std::vector<float>{4, 1, 3, 2, 2, 4, 2, 0, 1,  // nothing to leave out
                                               2, 0, 1, 3, 0,              // without 1, 2 and 4
                                               3, 2, 2, 0, 1, 3, 0});      // without 1 and 4
    CHECK(flat(ranked(*model, all_users(*model), {.k = 10, .exclude_taken = false, .also_exclude = &data.train})) ==
          flat(ranked(*model, all_users(*model), {.k = 10})));
    // Its own walk gives what the base class makes of its scores.
    const GivenScores by_base(data.train, scores_of(*model, all_users(*model)), device.device);
    CHECK(flat(ranked(*model, all_users(*model), {.k = 3})) == flat(ranked(by_base, all_users(*model), {.k = 3})));
  }
}

TEST_CASE("item cosine / scores match double precision, with few neighbours and with all") {
  for (const bool weighted : {false, true}) {
    const InteractionDataset data = random_interactions(30, 24, 0.4, 3, weighted);
    const Dense r = dense_of(data.train);
    // Cosines of a 0-1 matrix tie; where only some neighbours are kept, drawn weights keep them apart.
    for (const int64_t kept : weighted ? std::vector<int64_t>{1, 5, 1000} : std::vector<int64_t>{1000}) {
      const Dense expected = product(r, transposed(neighbours_only(cosines(r), kept)));
      for (const NamedDevice& device : devices()) {
        INFO(device.name, weighted ? ", weighted, " : ", ", kept, " neighbours");
        const auto model = make_item_cosine(data, {.neighbours = kept}, device.device);
        // A cosine: two roundings of factors and at most `users` of products and sums; a score: at most `items` more.
        CHECK(mismatch(scores_of(*model, all_users(*model)), with_bounds(expected, 30 + 24 + 4)) == "");
      }
    }
  }
}

TEST_CASE("similar items / are those of the largest cosine of columns, not the item itself, and only such as share a user") {
  const InteractionDataset data = random_interactions(30, 24, 0.3, 4, true);
  const Dense c = cosines(dense_of(data.train));
  const auto model = make_popularity(data, devices().front().device);
  Session session(model->device());
  for (int32_t item = 0; item < 24; ++item) {
    std::vector<int32_t> order;
    for (int32_t other = 0; other < 24; ++other) {
      if (other != item && c.at(item, other) > 0) order.push_back(other);
    }
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return c.at(item, a) > c.at(item, b); });
    const Ranking all = model->similar(session, item, 1000), few = model->similar(session, item, 3);
    REQUIRE(all.size() == order.size());
    CHECK(few.size() == std::min<std::size_t>(3, order.size()));
    for (std::size_t place = 0; place < order.size(); ++place) {
      CHECK(all[place].item == order[place]);
      CHECK(std::abs(all[place].score - c.at(item, order[place])) <= 2 * unit_roundoff);
      if (place < 3) CHECK(few[place].item == order[place]);
    }
  }
  CHECK(model->similar(session, 23, 5).empty());  // nobody has it
}

TEST_CASE("score pairs / are the scores of all items, for users in any order and repeated, across blocks") {
  const InteractionDataset data = random_interactions(150, 24, 0.2, 6);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    const auto model = make_item_cosine(data, {}, device.device);
    const std::vector<float> all = scores_of(*model, all_users(*model));
    std::vector<int32_t> users, items;
    for (int32_t i = 0; i < 700; ++i) {  // every user, several times, more of them than a block has
      users.push_back(i * 67 % 150);
      items.push_back(i * 5 % 24);
    }
    Session session(device.device);
    std::vector<float> scores(users.size());
    model->score_pairs(session, users, items, scores);
    std::vector<float> expected;
    for (std::size_t i = 0; i < users.size(); ++i) expected.push_back(all[static_cast<std::size_t>(users[i] * 24 + items[i])]);
    CHECK(bit_difference(scores, expected) == "");
    model->score_pairs(session, {}, {}, {});
    const std::vector<int32_t> one{0}, no_user{-1}, no_item{24};
    CHECK(error_mismatch(ErrorKind::usage, "score_pairs: 1 user, 700 items and room for 1 score",
                         [&] { model->score_pairs(session, one, items, std::span(scores).first(1)); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "user -1 is asked about, there are 150",
                         [&] { model->score_pairs(session, no_user, one, std::span(scores).first(1)); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "item 24 is asked about, there are 24",
                         [&] { model->score_pairs(session, one, no_item, std::span(scores).first(1)); }) == "");
  }
}

TEST_CASE("graph filter / few kinds of users: every kept vector, fewer than there are, and none match") {
  const InteractionDataset data = kinds_of_users();
  check_graph_filter(data, {.rank = 256}, "all four of rank 256");
  check_graph_filter(data, {.rank = 4, .alpha = 1, .oversample = 0}, "all four");
  check_graph_filter(data, {.rank = 2, .alpha = 0.7f}, "two of four");
  check_graph_filter(data, {.rank = 0}, "the linear filter alone");
  check_graph_filter(data, {.rank = 3, .alpha = 0}, "alpha 0");
}

TEST_CASE("graph filter / random interactions, weighted too, match") {
  check_graph_filter(random_interactions(40, 25, 0.3, 6), {.rank = 3, .iterations = 30}, "random");
  check_graph_filter(random_interactions(20, 33, 0.3, 8, true), {.rank = 2, .iterations = 30}, "weighted");
}

TEST_CASE("graph filter / nothing at all to train on scores nothing") {
  const InteractionDataset data = interactions_of({{}, {}}, 3);
  for (const NamedDevice& device : devices()) {
    const auto model = make_graph_filter(data, {}, device.device);
    CHECK(scores_of(*model, all_users(*model)) == std::vector<float>(6, 0.0f));
    CHECK(flat(ranked(*model, {{1, {}}}, {.k = 5})) == std::vector<float>{3, 0, 0, 1, 0, 2, 0});
  }
}

TEST_CASE("recommenders / a visitor with a known user's items gets that user's scores, bit for bit") {
  const InteractionDataset data = random_interactions(20, 30, 0.3, 10);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    std::vector<std::unique_ptr<Recommender>> models;
    models.push_back(make_popularity(data, device.device));
    models.push_back(make_item_cosine(data, {}, device.device));
    models.push_back(make_graph_filter(data, {.rank = 5}, device.device));
    models.push_back(
        make_blend(make_item_cosine(data, {}, device.device), make_graph_filter(data, {.rank = 5}, device.device), 0.5f));
    for (const auto& model : models) {
      for (const int32_t user : {0, 7, 19}) {
        const std::span<const int32_t> row = data.train.row(user);
        Query visitor{-1, {row.begin(), row.end()}};
        std::reverse(visitor.items.begin(), visitor.items.end());
        INFO(model->name(), ", user ", user);
        CHECK(bit_difference(scores_of(*model, {{user, {}}}), scores_of(*model, {visitor})) == "");
        Session session(model->device());
        CHECK(flat({model->recommend(session, visitor.items, {.k = 7})}) == flat(ranked(*model, {{user, {}}}, {.k = 7})));
      }
    }
  }
}

TEST_CASE("rank / blocks of queries, exclusions and visitors among users match sorting all scores") {
  const InteractionDataset data = random_interactions(150, 20, 0.3, 12);
  std::vector<Query> queries;
  for (int32_t user = 0; user < 150; ++user) {
    queries.push_back({user, {}});
    if (user % 10 == 0) queries.push_back({-1, {user % 20, (user + 7) % 20}});
  }
  const Dense train = dense_of(data.train), val = dense_of(data.val);
  for (const NamedDevice& device : devices()) {
    const auto model = make_item_cosine(data, {}, device.device);
    for (const bool exclude : {true, false}) {
      for (const HostCsr* also : {static_cast<const HostCsr*>(nullptr), static_cast<const HostCsr*>(&data.val)}) {
        INFO(device.name, exclude ? ", without what they have" : "", also != nullptr ? ", without validation items" : "");
        const std::vector<Ranking> rankings = ranked(*model, queries, {.k = 6, .exclude_taken = exclude, .also_exclude = also});
        REQUIRE(rankings.size() == queries.size());
        for (std::size_t i = 0; i < queries.size(); ++i) {
          const std::vector<float> scores = scores_of(*model, {queries[i]});
          Ranking expected;
          for (int32_t item = 0; item < 20; ++item) {
            const Query& query = queries[i];
            const bool has = query.user >= 0 ? train.at(query.user, item) > 0
                                             : std::find(query.items.begin(), query.items.end(), item) != query.items.end();
            if (exclude && has) continue;
            if (also != nullptr && query.user >= 0 && val.at(query.user, item) > 0) continue;
            expected.push_back({item, scores[static_cast<std::size_t>(item)]});
          }
          std::stable_sort(expected.begin(), expected.end(),
                           [](const RankedItem& a, const RankedItem& b) { return a.score > b.score; });
          expected.resize(std::min<std::size_t>(expected.size(), 6));
          CHECK(flat({rankings[i]}) == flat({expected}));
        }
      }
    }
  }
}

TEST_CASE("recommenders / cpu / the same bits for every number of threads") {
  const InteractionDataset data = random_interactions(300, 1100, 0.02, 14);
  for (const std::vector<NamedDevice>& group : cpu_thread_counts()) {
    std::vector<float> cosine, filter, blend;
    for (const NamedDevice& device : group) {
      INFO(device.name);
      const auto first = make_item_cosine(data, {.neighbours = 20}, device.device);
      const std::vector<float> by_cosine = flat(ranked(*first, all_users(*first), {.k = 10}));
      const auto second = make_graph_filter(data, {.rank = 70, .iterations = 2}, device.device);
      const std::vector<float> by_filter = flat(ranked(*second, all_users(*second), {.k = 10}));
      const auto both = make_blend(make_item_cosine(data, {.neighbours = 20}, device.device),
                                   make_graph_filter(data, {.rank = 70, .iterations = 2}, device.device), 0.3f);
      const std::vector<float> by_both = flat(ranked(*both, all_users(*both), {.k = 10}));
      if (cosine.empty()) cosine = by_cosine, filter = by_filter, blend = by_both;
      CHECK(bit_difference(by_cosine, cosine) == "");
      CHECK(bit_difference(by_filter, filter) == "");
      CHECK(bit_difference(by_both, blend) == "");
    }
  }
}

TEST_CASE("blend / is the weighted sum of both models' standardised scores") {
  const InteractionDataset data = random_interactions(9, 25, 0.4, 16);
  std::vector<float> a(9 * 25), b(9 * 25);
  bench::Draws draws(17);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<float>(draws.uniform());
    b[i] = static_cast<float>(100 * draws.uniform());
  }
  const auto standard = [](const std::vector<float>& scores, int64_t row, int64_t item) {
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < 25; ++i) mean += scores[row * 25 + i] / 25.0;
    for (int64_t i = 0; i < 25; ++i) variance += (scores[row * 25 + i] - mean) * (scores[row * 25 + i] - mean) / 25;
    return (scores[row * 25 + item] - mean) / std::sqrt(variance);
  };
  bench::Reference expected;
  for (int64_t row = 0; row < 9; ++row) {
    for (int64_t item = 0; item < 25; ++item) {
      const double x = standard(a, row, item), y = -0.75 * standard(b, row, item);
      expected.values.push_back(x + y);
      expected.bounds.push_back(4 * unit_roundoff * (std::abs(x) + std::abs(y)));
    }
  }
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    const auto blend = make_blend(std::make_unique<GivenScores>(data.train, a, device.device),
                                  std::make_unique<GivenScores>(data.train, b, device.device), -0.75f);
    CHECK(mismatch(scores_of(*blend, all_users(*blend)), expected) == "");
  }
}

TEST_CASE("blend / the chosen weight is the best of the candidates by ranking with each") {
  const InteractionDataset data = random_interactions(80, 40, 0.25, 18);
  const Device device = devices().front().device;
  const auto make = [&](int which) {
    return which == 0 ? make_item_cosine(data, {}, device) : make_graph_filter(data, {.rank = 4}, device);
  };
  const std::vector<float> candidates{0, -1, 0.5f, 2, 2};
  const auto first = make(0), second = make(1);
  for (const std::string metric : {"ndcg@5", "recall@20", "mrr@3"}) {
    float best = 0;
    double best_value = -1;
    for (const float weight : candidates) {
      const auto blend = make_blend(make(0), make(1), weight);
      const double value = evaluate(*blend, data, data.val, {.topk = {3, 5, 20}}).values.at(metric);
      if (value > best_value) best = weight, best_value = value;
    }
    CHECK(choose_blend_weight(*first, *second, data, candidates, metric) == best);
  }
  const auto refuses = [&](const std::string& fragment, const auto& call) {
    return error_mismatch(ErrorKind::usage, fragment, call);
  };
  CHECK(refuses("no candidates", [&] { choose_blend_weight(*first, *second, data, {}); }) == "");
  CHECK(refuses("'ndgc@5' is not a metric; there are recall@K",
                [&] { choose_blend_weight(*first, *second, data, candidates, "ndgc@5"); }) == "");
  CHECK(refuses("'ndcg' is not a metric", [&] { choose_blend_weight(*first, *second, data, candidates, "ndcg"); }) == "");
  CHECK(refuses("must be one by the standard definition",
                [&] { choose_blend_weight(*first, *second, data, candidates, "ndcg@5(retrieved)"); }) == "");
  InteractionDataset without = data;
  without.val = {};
  CHECK(refuses("no validation interactions", [&] { choose_blend_weight(*first, *second, without, candidates); }) == "");
  const auto other = make_popularity(random_interactions(80, 41, 0.2, 1), device);
  CHECK(refuses("one model has 80 users and 40 items, the other 80 and 41",
                [&] { choose_blend_weight(*first, *other, data, candidates); }) == "");
}

/// What a program writes with any recommender, whichever class it holds, and however many threads share it.
template <class Model>
concept AsksLikeAnyRecommender = requires(const Model& model, Session& session, const Query& query, DenseView<float> scores) {
  model.rank(session, {&query, 1});
  model.rank(session, {&query, 1}, {.k = 10, .exclude_taken = false});
  model.recommend(session, {}, {.k = 10});
  model.similar(session, 3, 10);
  model.score(session, {&query, 1}, scores);
  model.tensors();
  model.integers();
  model.item_embeddings();
  model.user_embeddings();
  model.model_bytes();
};
// A class cannot hide these: they are not virtual, and what it overrides is protected.
static_assert(AsksLikeAnyRecommender<Recommender> && AsksLikeAnyRecommender<GivenScores>);

/// A loaded model of every kind in the table, whose numbers mean nothing: each user has one item.
std::vector<std::unique_ptr<Recommender>> one_of_every_kind(int64_t users, int64_t items, const char* dim, const Device& device) {
  std::vector<std::unique_ptr<Recommender>> models;
  const TempDir folder;
  for (const Kind& kind : kinds()) {
    if (kind.task != Task::recommend) continue;
    const std::string& name = kind.name;
    Settings settings;
    if (name == "lightgcn") settings = {{"dim", dim}};
    if (name == "graph-filter") settings = {{"rank", "8"}};
    if (name == "blend")
      settings = {{"weight", "0.5"}, {"first", "item-cosine"}, {"second", "graph-filter"}, {"second.rank", "8"}};
    HostCsr train{.rows = users, .cols = items, .row_offsets = {0}, .col_indices = {}, .values = {}};
    for (int64_t user = 0; user < users; ++user) {
      train.col_indices.push_back(static_cast<int32_t>(user % items));
      train.row_offsets.push_back(user + 1);
    }
    const FitPlan plan = fitting::saved_plan(kind, settings, {});
    io::TensorFile file;
    for (const PartShape& shape : fitting::saved_parts(plan, users, items)) {
      const int64_t cols = shape.most_cols == INT64_MAX ? shape.least_cols : shape.most_cols;
      if (shape.integers && shape.name.ends_with("offsets")) {
        file.integers.push_back({shape.name, {cols}, std::vector<int64_t>(static_cast<std::size_t>(cols))});
      } else if (shape.integers) {
        file.integers.push_back({shape.name, {cols}, std::vector<int32_t>(static_cast<std::size_t>(cols))});
      } else {
        file.tensors.push_back(
            {shape.name, shape.rows, cols, std::vector<float>(static_cast<std::size_t>(shape.rows * cols), 0.5f)});
      }
    }
    io::write_safetensors(folder.file(name), file);
    RecommenderParts parts{.train = std::make_shared<const HostCsr>(std::move(train)),
                           .settings = settings,
                           .trained_with = {},
                           .arrays = std::make_shared<const io::TensorReader>(folder.file(name))};
    models.push_back(fitting::load_parts(plan, std::move(parts), device));
  }
  return models;
}

TEST_CASE("recommenders / ranking takes 64 MB at most besides the model, for many users and for many items") {
  struct Size {
    int64_t users, items;
    const char* dim;
  };
  const Device device = Device::cpu({.threads = 2});
  // Besides: the results, and the whole pages of 2 MB that the host gives for a large block.
  constexpr int64_t bound = int64_t{64} << 20, results = int64_t{16} << 20;
  for (const Size& size : {Size{1'000'000, 500, "4"}, Size{500, 300'000, "64"}}) {
    for (const std::size_t count : {64, 11}) {
      for (const auto& model : one_of_every_kind(size.users, size.items, size.dim, device)) {
        INFO(model->name(), ", ", size.users, " users, ", size.items, " items, ", count, " queries");
        std::vector<Query> queries;
        for (std::size_t i = 0; i < count; ++i) queries.push_back({static_cast<int32_t>(i % 2 == 0 ? i : -1), {}});
        for (Query& query : queries) {
          if (query.user < 0) query = {-1, {7, 400, 12}};
        }
        const PeakBytes peak;
        Session session(device);
        CHECK(model->rank(session, queries).size() == count);
        CHECK(peak.bytes() <= bound + results);
        CHECK(static_cast<int64_t>(session.context().arena().held_bytes()) <= bound);
        if (count == 64) {
          const PeakBytes similar_peak;
          Session fresh(device);
          model->similar(fresh, 3, 10);
          CHECK(similar_peak.bytes() <= bound + results + 8 * size.items);
          const std::vector<int32_t> few{7, 12};
          const PeakBytes list_peak;
          Session third(device);
          CHECK(model->rank(third, queries, {.leave_out = few, .only = few}).front().empty());
          CHECK(list_peak.bytes() <= bound + results + 8 * size.items);
        }
      }
    }
  }
}

TEST_CASE("recommenders / scores asked for many at once are those of a few, in bounded memory") {
  const InteractionDataset data = random_interactions(300, 12, 0.3, 21);
  const Device device = Device::cpu({.threads = 2});
  const auto model = make_item_cosine(data, {}, device);
  const std::vector<float> all = scores_of(*model, all_users(*model));
  for (const int32_t user : {0, 17, 255, 256, 299}) {
    const std::vector<float> one = scores_of(*model, {{user, {}}});
    CHECK(bit_difference(one, {all.begin() + user * 12, all.begin() + (user + 1) * 12}) == "");
  }
  Session session(device);
  Context& context = session.context();
  context.begin_step();
  const DenseView<float> small{context.arena().allocate_array<float>(12), 1, 12};
  CHECK(error_mismatch(ErrorKind::usage, "score: the scores are 1 x 12 for 2 queries", [&] {
          model->score(session, std::vector<Query>{{0, {}}, {1, {}}}, small);
        }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "user 300 is asked about", [&] {
          model->score(session, std::vector<Query>{{300, {}}}, small);
        }) == "");
}

TEST_CASE("recommenders / refuse options out of range and interactions that are none") {
  const InteractionDataset data = interactions_of({{0, 1}, {1}}, 3);
  const Device device = devices().front().device;
  const auto refuses = [&](ErrorKind kind, const std::string& fragment, const auto& call) {
    return error_mismatch(kind, fragment, call);
  };
  CHECK(refuses(ErrorKind::usage, "neighbours is 0", [&] { make_item_cosine(data, {.neighbours = 0}, device); }) == "");
  CHECK(refuses(ErrorKind::usage, "rank is -1", [&] { make_graph_filter(data, {.rank = -1}, device); }) == "");
  CHECK(refuses(ErrorKind::usage, "alpha is -1", [&] { make_graph_filter(data, {.alpha = -1}, device); }) == "");
  CHECK(refuses(ErrorKind::usage, "iterations is 0", [&] { make_graph_filter(data, {.iterations = 0}, device); }) == "");
  CHECK(refuses(ErrorKind::usage, "weight is nan", [&] {
          make_blend(make_popularity(data, device), make_popularity(data, device), std::numeric_limits<float>::quiet_NaN());
        }) == "");
  CHECK(refuses(ErrorKind::usage, "one model is on cpu (1 thread", [&] {
          make_blend(make_popularity(data, Device::cpu({.threads = 1})), make_popularity(data, Device::simt()), 1);
        }) == "");
  CHECK(refuses(ErrorKind::usage, "trained on different interactions", [&] {
          make_blend(make_popularity(data, device), make_popularity(interactions_of({{0, 2}, {1}}, 3), device), 1);
        }) == "");
  const auto with = [&](auto change) {
    InteractionDataset changed = data;
    change(changed.train);
    return [changed, device] { make_popularity(changed, device); };
  };
  CHECK(refuses(ErrorKind::bad_data, "row 0 has column 3, there are 3", with([](HostCsr& m) { m.col_indices[1] = 3; })) == "");
  CHECK(refuses(ErrorKind::bad_data, "row 0 has column 0 after column 0", with([](HostCsr& m) { m.col_indices[1] = 0; })) == "");
  CHECK(refuses(ErrorKind::bad_data, "go from 0 to 2, there are 3", with([](HostCsr& m) { m.row_offsets[2] = 2; })) == "");
  CHECK(refuses(ErrorKind::bad_data, "row 1 goes from entry 9 to 3 of 3", with([](HostCsr& m) { m.row_offsets[1] = 9; })) == "");
  CHECK(refuses(ErrorKind::bad_data, "the value -1", with([](HostCsr& m) { m.values = {1, -1, 1}; })) == "");
  CHECK(refuses(ErrorKind::bad_data, "2 values for 3 entries", with([](HostCsr& m) { m.values = {1, 1}; })) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
