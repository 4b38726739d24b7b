#include "kernels/topk/topk.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/graphs.h"
#include "bench/references.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Columns to leave out, on the host.
struct Exclusion {
  HostCsr matrix;
  std::vector<int32_t> rows;  ///< empty: row r itself
};

struct Answer {
  std::vector<int32_t> columns;
  std::vector<float> scores;
};

/// What ranking by definition gives: all columns sorted.
Answer expected_answer(const HostMatrix& scores, const std::vector<Exclusion>& exclusions, int64_t k) {
  Answer answer;
  for (int64_t r = 0; r < scores.rows; ++r) {
    const float* row = scores.values.data() + r * scores.cols;
    std::vector<int32_t> columns;
    for (int64_t c = 0; c < scores.cols; ++c) {
      if (!std::isnan(row[c])) columns.push_back(static_cast<int32_t>(c));
    }
    for (const Exclusion& exclusion : exclusions) {
      const int64_t source = exclusion.rows.empty() ? r : exclusion.rows[static_cast<std::size_t>(r)];
      if (source < 0) continue;
      const auto* first = exclusion.matrix.col_indices.data() + exclusion.matrix.row_offsets[static_cast<std::size_t>(source)];
      const auto* last = exclusion.matrix.col_indices.data() + exclusion.matrix.row_offsets[static_cast<std::size_t>(source) + 1];
      std::erase_if(columns, [&](int32_t column) { return std::find(first, last, column) != last; });
    }
    std::stable_sort(columns.begin(), columns.end(), [&](int32_t a, int32_t b) { return row[a] > row[b]; });
    columns.resize(std::min(columns.size(), static_cast<std::size_t>(k)));
    for (int32_t column : columns) {
      answer.columns.push_back(column);
      answer.scores.push_back(row[column]);
    }
    answer.columns.resize(static_cast<std::size_t>((r + 1) * k), -1);
    answer.scores.resize(static_cast<std::size_t>((r + 1) * k), -infinity);
  }
  return answer;
}

/// The exclusions in a device's memory.
class DeviceExclusions {
 public:
  DeviceExclusions(Workbench& workbench, const std::vector<Exclusion>& exclusions) {
    for (const Exclusion& exclusion : exclusions) {
      lists_.push_back({workbench.array(exclusion.matrix.row_offsets), workbench.array(exclusion.matrix.col_indices),
                        exclusion.rows.empty() ? std::optional<Guarded<int32_t>>() : workbench.array(exclusion.rows)});
    }
  }
  ExcludedColumns operator[](std::size_t i) const {
    if (i >= lists_.size()) return {};
    return {lists_[i].row_offsets.data(), lists_[i].col_indices.data(), lists_[i].rows ? lists_[i].rows->data() : nullptr};
  }

 private:
  struct List {
    Guarded<int64_t> row_offsets;
    Guarded<int32_t> col_indices;
    std::optional<Guarded<int32_t>> rows;
  };
  std::vector<List> lists_;
};

Answer run_top_k(Workbench& workbench, const HostMatrix& scores, const std::vector<Exclusion>& exclusions, int64_t k,
                 int64_t offset = 0) {
  const DeviceMatrix matrix(workbench.stream(), scores, offset);
  const DeviceExclusions exclude(workbench, exclusions);
  const Guarded<int32_t> columns = workbench.output<int32_t>(scores.rows * k);
  const Guarded<float> best = workbench.output(scores.rows * k);
  top_k({matrix.view(), {exclude[0], exclude[1]}, {k, columns.data(), best.data()}}, workbench.execution());
  return {columns.values(), best.values()};
}

Answer run_score_top_k(Workbench& workbench, const HostMatrix& left, const HostMatrix& right,
                       const std::vector<Exclusion>& exclusions, int64_t k, int64_t offset = 0) {
  const DeviceMatrix left_matrix(workbench.stream(), left, offset), right_matrix(workbench.stream(), right, offset);
  const DeviceExclusions exclude(workbench, exclusions);
  const Guarded<int32_t> columns = workbench.output<int32_t>(left.rows * k);
  const Guarded<float> best = workbench.output(left.rows * k);
  score_top_k({left_matrix.view(), right_matrix.view(), {exclude[0], exclude[1]}, {k, columns.data(), best.data()}},
              workbench.execution());
  return {columns.values(), best.values()};
}

/// Whole numbers of -3 to 3: their products add exactly, and many are equal.
HostMatrix whole_numbers(int64_t rows, int64_t cols, uint64_t seed) {
  bench::Draws draws(seed);
  HostMatrix matrix{rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols))};
  for (float& value : matrix.values) value = static_cast<float>(draws.below(7) - 3);
  return matrix;
}

HostMatrix product(const HostMatrix& left, const HostMatrix& right) {
  HostMatrix scores{left.rows, right.rows, std::vector<float>(static_cast<std::size_t>(left.rows * right.rows))};
  for (int64_t r = 0; r < left.rows; ++r) {
    for (int64_t c = 0; c < right.rows; ++c) {
      double sum = 0;
      for (int64_t f = 0; f < left.cols; ++f) {
        sum += static_cast<double>(left.values[static_cast<std::size_t>(r * left.cols + f)]) *
               right.values[static_cast<std::size_t>(c * right.cols + f)];
      }
      scores.values[static_cast<std::size_t>(r * right.rows + c)] = static_cast<float>(sum);
    }
  }
  return scores;
}

/// About a `share` of the columns of each row.
Exclusion random_exclusion(int64_t rows, int64_t cols, double share, uint64_t seed) {
  bench::Draws draws(seed);
  std::vector<std::vector<int32_t>> columns(static_cast<std::size_t>(rows));
  for (auto& row : columns) {
    for (int32_t c = 0; c < cols; ++c) {
      if (draws.uniform() < share) row.push_back(c);
    }
  }
  return {bench::csr_from_rows(columns, cols, seed), {}};
}

void check_answer(const Answer& actual, const Answer& expected) {
  CHECK(bit_difference(actual.columns, expected.columns) == "");
  // Equal, not the same bits: -0 may come back as 0.
  CHECK(actual.scores == expected.scores);
}

void check_top_k(const HostMatrix& scores, const std::vector<Exclusion>& exclusions, int64_t k, const std::string& what,
                 int64_t offset = 0) {
  const Answer expected = expected_answer(scores, exclusions, k);
  for (const auto& [name, device] : devices()) {
    INFO(text("top_k / ", name, " / ", what, " / k=", k));
    Workbench workbench(device);
    check_answer(run_top_k(workbench, scores, exclusions, k, offset), expected);
  }
}

void check_score_top_k(const HostMatrix& left, const HostMatrix& right, const std::vector<Exclusion>& exclusions, int64_t k,
                       const std::string& what, int64_t offset = 0) {
  const Answer expected = expected_answer(product(left, right), exclusions, k);
  for (const auto& [name, device] : devices()) {
    INFO(text("score_top_k / ", name, " / ", what, " / k=", k));
    Workbench workbench(device);
    check_answer(run_score_top_k(workbench, left, right, exclusions, k, offset), expected);
  }
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("top_k / many equal scores, few and many columns, give the order of sorting") {
    for (int64_t n : {1, 2, 15, 63, 64, 65, 200, 700}) {
      for (int64_t k : {1, 3, 20}) check_top_k(whole_numbers(3, n, 61), {}, k, text(n, " columns"));
    }
    check_top_k(whole_numbers(2, 1300, 62), {}, 600, "1300 columns");
    check_top_k(whole_numbers(1, 1200, 62), {}, 1000, "1200 columns");
  }

  TEST_CASE("top_k / ascending and descending scores give the order of sorting") {
    HostMatrix scores{2, 1100, std::vector<float>(2200)};
    for (std::size_t i = 0; i < 1100; ++i) {
      scores.values[i] = static_cast<float>(i) - 500;
      scores.values[1100 + i] = -static_cast<float>(i);
    }
    for (int64_t k : {1, 7, 64, 513}) check_top_k(scores, {}, k, "sorted");
  }

  TEST_CASE("top_k / NaN is never chosen, infinities rank, -0 equals 0") {
    const HostMatrix scores{5, 6, {not_a_number, -infinity,    infinity,      0.0f,
                                   -0.0f,        infinity,  //
                                   not_a_number, not_a_number, not_a_number,  not_a_number,
                                   not_a_number, not_a_number,  //
                                   -0.0f,        0.0f,         -0.0f,         0.0f,
                                   -1e-45f,      1e-45f,  //
                                   -infinity,    -infinity,    not_a_number,  -infinity,
                                   -3e38f,       -infinity,  //
                                   3e38f,        infinity,     -not_a_number, 1,
                                   -1,           -infinity}};
    for (int64_t k : {1, 2, 4, 6, 9}) check_top_k(scores, {}, k, "extremes");
  }

  TEST_CASE("top_k / excluded columns do not appear, nor when all are excluded") {
    const HostMatrix scores = whole_numbers(4, 150, 63);
    const Exclusion some = random_exclusion(4, 150, 0.3, 64);
    const Exclusion all = random_exclusion(4, 150, 1.1, 65);
    const Exclusion chosen{random_exclusion(9, 150, 0.5, 66).matrix, {8, -1, 0, 8}};
    for (int64_t k : {1, 20, 200}) {
      check_top_k(scores, {some}, k, "a third excluded");
      check_top_k(scores, {some, chosen}, k, "two lists");
      check_top_k(scores, {all}, k, "everything excluded");
      check_top_k(scores, {chosen, all}, k, "everything excluded by the second list");
      check_top_k(scores, {{all.matrix, {-1, -1, 2, -1}}}, k, "one row excluded");
    }
  }

  TEST_CASE("top_k / without rows nothing happens, without columns nothing is chosen") {
    for (int64_t k : {1, 5}) {
      check_top_k({0, 7, {}}, {}, k, "no rows");
      check_top_k({3, 0, {}}, {}, k, "no columns");
      check_score_top_k({0, 4, {}}, whole_numbers(5, 4, 67), {}, k, "no rows");
      check_score_top_k(whole_numbers(3, 4, 67), {0, 4, {}}, {}, k, "no columns");
      check_score_top_k({3, 0, {}}, {5, 0, {}}, {}, k, "no factors: all scores are 0");
    }
  }

  TEST_CASE("score_top_k / one to many factors give the order of sorting the product") {
    for (int64_t d : {1, 3, 7, 16, 31, 64, 100}) {
      check_score_top_k(whole_numbers(11, d, 68), whole_numbers(300, d, 69), {}, 20, text(d, " factors"));
    }
    check_score_top_k(whole_numbers(3, 256, 68), whole_numbers(70, 256, 69), {}, 5, "256 factors");
    check_score_top_k(whole_numbers(9, 8, 68), whole_numbers(70, 8, 69), {}, 5, "off alignment", 1);
  }

  TEST_CASE("score_top_k / rows and columns around the sizes of tiles") {
    for (int64_t m : {1, 2, 8, 9, 17}) {
      for (int64_t n : {1, 23, 24, 25, 47, 48, 49, 257}) {
        check_score_top_k(whole_numbers(m, 5, 70), whole_numbers(n, 5, 71), {}, 4, text(m, " rows, ", n, " columns"));
      }
    }
  }

  TEST_CASE("score_top_k / k up to the limit, and beyond the number of columns") {
    for (int64_t k : {1, 255, 256, 257, 1000}) {
      check_score_top_k(whole_numbers(3, 4, 72), whole_numbers(1100, 4, 73), {}, k, "1100 columns");
      check_score_top_k(whole_numbers(3, 4, 72), whole_numbers(99, 4, 73), {}, k, "99 columns");
    }
  }

  TEST_CASE("score_top_k / excluded columns do not appear") {
    const HostMatrix left = whole_numbers(10, 6, 74), right = whole_numbers(400, 6, 75);
    Exclusion chosen = random_exclusion(4, 400, 0.7, 77);
    chosen.rows = {3, 2, -1, 0, 0, 1, -1, 3, 3, 2};
    for (int64_t k : {1, 20, 300}) {
      check_score_top_k(left, right, {random_exclusion(10, 400, 0.2, 76), chosen}, k, "two lists");
      check_score_top_k(left, right, {random_exclusion(10, 400, 1.1, 76)}, k, "everything excluded");
    }
  }

  TEST_CASE("score_top_k / NaN and infinity among the factors") {
    HostMatrix left = whole_numbers(3, 5, 78), right = whole_numbers(120, 5, 79);
    left.values[7] = not_a_number;  // all of row 1
    for (std::size_t c = 0; c < 120; c += 7) right.values[5 * c] = not_a_number;
    for (std::size_t c = 3; c < 120; c += 11) right.values[5 * c + 1] = c % 2 == 0 ? infinity : -infinity;
    for (int64_t k : {1, 10, 110}) check_score_top_k(left, right, {}, k, "not all finite");
  }

  TEST_CASE("score_top_k / random factors: scores match double precision, and no better column is missing") {
    const HostMatrix left = bench::random_matrix(5, 33, 80), right = bench::random_matrix(130, 33, 81);
    constexpr int64_t k = 17;
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const Answer answer = run_score_top_k(workbench, left, right, {}, k);
      for (int64_t r = 0; r < left.rows; ++r) {
        bench::Reference expected;
        std::vector<float> chosen;
        for (int64_t c = 0; c < right.rows; ++c) {
          double sum = 0, magnitude = 0;
          for (int64_t f = 0; f < left.cols; ++f) {
            const double term = static_cast<double>(left.values[static_cast<std::size_t>(r * left.cols + f)]) *
                                right.values[static_cast<std::size_t>(c * right.cols + f)];
            sum += term;
            magnitude += std::abs(term);
          }
          // Each term takes part in at most 33 roundings of the sum and one of the product.
          const double bound = 34 * 0x1p-24 * 1.001 * magnitude;
          const auto* const first = answer.columns.data() + r * k;
          const auto* const place = std::find(first, first + k, c);
          const std::size_t last = static_cast<std::size_t>(r * k + k - 1);
          if (place == first + k) {
            CHECK(sum - bound <= answer.scores[last]);
          } else {
            chosen.push_back(answer.scores[static_cast<std::size_t>(r * k + (place - first))]);
            expected.values.push_back(sum);
            expected.bounds.push_back(bound);
          }
        }
        CHECK(chosen.size() == k);
        CHECK(mismatch(chosen, expected) == "");
        CHECK(std::is_sorted(answer.scores.begin() + r * k, answer.scores.begin() + (r + 1) * k, std::greater<>()));
      }
    }
  }

  TEST_CASE("top_k, score_top_k / few rows whose columns are shared among threads give the order of sorting") {
    if (!tested(DeviceKind::cpu)) return;
    const HostMatrix left = whole_numbers(3, 2, 82), right = whole_numbers(9001, 2, 83);
    const HostMatrix scores = product(left, right);
    const std::vector<Exclusion> exclusions{random_exclusion(3, 9001, 0.4, 84)};
    for (int64_t k : {1, 20, 1000}) {
      const Answer expected = expected_answer(scores, exclusions, k);
      for (int threads : {1, 2, 3, 7}) {
        INFO(text("k=", k, " / ", threads, " threads"));
        Workbench workbench(Device::cpu({.threads = threads}));
        check_answer(run_top_k(workbench, scores, exclusions, k), expected);
        check_answer(run_score_top_k(workbench, left, right, exclusions, k), expected);
      }
    }
  }

  TEST_CASE("score_top_k / many threads and a large k take no more memory than a bound, and give the order of one thread") {
    if (!tested(DeviceKind::cpu)) return;
    // 1,024 rows of k = 1000 are 8 MB of candidates for each range of columns; 64 threads would ask for 40 ranges.
    const int64_t m = 1024, n = 40 * 2048, k = 1000;
    const HostMatrix left = bench::random_matrix(m, 1, 93), right = bench::random_matrix(n, 1, 94);
    Workbench one(Device::cpu({.threads = 1})), many(Device::cpu({.threads = 64}));
    const Answer expected = run_score_top_k(one, left, right, {}, k);
    const Answer answer = run_score_top_k(many, left, right, {}, k);
    CHECK(answer.columns == expected.columns);
    CHECK(bit_difference(answer.scores, expected.scores) == "");
    CHECK(many.execution().arena.held_bytes() <= std::size_t{257} << 20);
  }

  TEST_CASE("top_k, score_top_k / more rows than a block and than a batch holds") {
    if (!tested(DeviceKind::cpu)) return;
    for (const auto& [m, k] : {std::pair<int64_t, int64_t>{1100, 3}, {4700, 1000}}) {
      const HostMatrix left = whole_numbers(m, 1, 85), right = whole_numbers(5, 1, 86);
      const HostMatrix scores = product(left, right);
      Exclusion itself = random_exclusion(m, 5, 0.3, 87);
      Exclusion listed{random_exclusion(2, 5, 0.5, 88).matrix, std::vector<int32_t>(static_cast<std::size_t>(m), -1)};
      for (std::size_t r = 0; r < listed.rows.size(); r += 3) listed.rows[r] = static_cast<int32_t>(r % 2);
      const Answer expected = expected_answer(scores, {itself, listed}, k);
      Workbench workbench(Device::cpu({.threads = 2}));
      check_answer(run_top_k(workbench, scores, {itself, listed}, k), expected);
      check_answer(run_score_top_k(workbench, left, right, {itself, listed}, k), expected);
    }
  }

  TEST_CASE("score_top_k / the bits depend neither on threads, nor on schedules, nor on how many rows there are") {
    std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
    groups.push_back(fused_isas());
    groups.push_back(simt_orders());
    const HostMatrix left = bench::random_matrix(19, 21, 89), right = bench::random_matrix(600, 21, 90);
    for (const auto& group : groups) {
      check_same_bits(group, [&](Workbench& workbench) {
        Answer answer = run_score_top_k(workbench, left, right, {}, 30);
        const HostMatrix last{1, 21, {left.values.end() - 21, left.values.end()}};
        const Answer alone = run_score_top_k(workbench, last, right, {}, 30);
        CHECK(bit_difference(alone.scores, {answer.scores.end() - 30, answer.scores.end()}) == "");
        for (int32_t column : answer.columns) answer.scores.push_back(static_cast<float>(column));
        return answer.scores;
      });
    }
  }

  TEST_CASE("top_k / schedules do not matter") {
    const HostMatrix scores = whole_numbers(2, 1500, 91);
    for (int64_t k : {20, 600}) {
      const Answer expected = expected_answer(scores, {}, k);
      for (const auto& [name, device] : simt_orders()) {
        INFO(name);
        Workbench workbench(device);
        check_answer(run_top_k(workbench, scores, {}, k), expected);
      }
    }
  }

  TEST_CASE("normalise_rows / rows of all magnitudes match double precision, a zero row stays zero") {
    for (int64_t d : {1, 7, 33, 100}) {
      HostMatrix x = bench::random_matrix(7, d, 92);
      for (std::size_t i = 0; i < static_cast<std::size_t>(d); ++i) {
        x.values[i] = 0;
        x.values[static_cast<std::size_t>(d) + i] *= 1e30f;
        x.values[static_cast<std::size_t>(2 * d) + i] *= 1e-30f;
        x.values[static_cast<std::size_t>(3 * d) + i] *= 1e-40f;
      }
      bench::Reference expected;
      for (std::size_t r = 0; r < 7; ++r) {
        double squares = 0;
        for (std::size_t i = 0; i < static_cast<std::size_t>(d); ++i) {
          squares += std::pow(static_cast<double>(x.values[r * static_cast<std::size_t>(d) + i]), 2);
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(d); ++i) {
          const double value = squares > 0 ? x.values[r * static_cast<std::size_t>(d) + i] / std::sqrt(squares) : 0;
          expected.values.push_back(value);
          // One rounding to float, half a unit of the last place; those in double do not show beside it.
          expected.bounds.push_back(0x1.001p-24 * std::abs(value) + 0x1p-149);
        }
      }
      for (const auto& [name, device] : devices()) {
        INFO(text(name, " / d=", d));
        Workbench workbench(device);
        const DeviceMatrix in(workbench.stream(), x);
        const Guarded<float> out = workbench.output(7 * d);
        normalise_rows(in.view(), out.view(7, d), workbench.execution());
        CHECK(mismatch(out.values(), expected) == "");
        normalise_rows(in.view(), in.mutable_view(), workbench.execution());
        CHECK(bit_difference(in.values(), out.values()) == "");
      }
    }
  }

  TEST_CASE("top_k, score_top_k / refuse what has no meaning") {
    Workbench workbench(devices()[0].device);
    const Guarded<float> x = workbench.output(6), best = workbench.output(2);
    const Guarded<int32_t> columns = workbench.output<int32_t>(2);
    const auto refused = [&](int64_t k, const std::string& fragment) {
      return error_mismatch(ErrorKind::usage, fragment, [&] {
        top_k({x.view(2, 3), {}, {k, columns.data(), best.data()}}, workbench.execution());
      });
    };
    CHECK(refused(0, "k is 0") == "");
    CHECK(refused(1001, "k is 1001, it must be 1 to 1000") == "");
    CHECK(error_mismatch(ErrorKind::usage, "left has 3 columns, right has 2", [&] {
            score_top_k({x.view(2, 3), x.view(3, 2), {}, {1, columns.data(), best.data()}}, workbench.execution());
          }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "an output is null", [&] {
            top_k({x.view(2, 3), {}, {1, columns.data(), nullptr}}, workbench.execution());
          }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "without row_offsets", [&] {
            top_k({x.view(2, 3), {{nullptr, nullptr, columns.data()}, {}}, {1, columns.data(), best.data()}},
                  workbench.execution());
          }) == "");
  }
}
