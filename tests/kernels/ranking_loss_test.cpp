#include "kernels/ranking_loss/ranking_loss.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
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

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Values in [-range, range).
HostMatrix drawn(int64_t rows, int64_t d, uint64_t seed, double range = 1) {
  bench::Draws draws(seed);
  HostMatrix matrix{rows, d, std::vector<float>(static_cast<std::size_t>(rows * d))};
  for (float& value : matrix.values) value = static_cast<float>((2 * draws.uniform() - 1) * range);
  return matrix;
}

void fill_row(HostMatrix& matrix, int64_t row, float value) {
  std::fill_n(matrix.values.begin() + static_cast<std::ptrdiff_t>(row * matrix.cols), matrix.cols, value);
}

void copy_row(HostMatrix& matrix, int64_t from, int64_t to, float factor = 1) {
  for (int64_t c = 0; c < matrix.cols; ++c) {
    matrix.values[static_cast<std::size_t>(to * matrix.cols + c)] =
        factor * matrix.values[static_cast<std::size_t>(from * matrix.cols + c)];
  }
}

struct Results {
  std::vector<float> loss, gradient;
};

Results run_bpr(Workbench& workbench, const HostMatrix& host, float dloss, int64_t offset = 0) {
  const DeviceMatrix rows(workbench.stream(), host, offset);
  const Guarded<float> loss = workbench.output(1), upstream = workbench.array(std::vector<float>{dloss});
  const Guarded<float> gradient = workbench.output(host.rows * host.cols, offset);
  bpr_loss({rows.view(), loss.data()}, workbench.execution());
  bpr_loss_backward(rows.view(), upstream.data(), gradient.view(host.rows, host.cols), workbench.execution());
  CHECK(bit_difference(rows.values(), host.values) == "");
  return {loss.values(), gradient.values()};
}

void check_bpr(const HostMatrix& rows, float dloss, const std::string& what) {
  const bench::Reference loss = bench::bpr_loss(rows), gradient = bench::bpr_loss_backward(rows, dloss);
  for (const auto& [name, device] : devices()) {
    INFO(text("bpr_loss / ", name, " / ", what, " matches double precision"));
    Workbench workbench(device);
    for (int64_t offset : {0, 1}) {
      const Results results = run_bpr(workbench, rows, dloss, offset);
      CHECK(mismatch(results.loss, loss) == "");
      CHECK(mismatch(results.gradient, gradient) == "");
    }
  }
}

struct SoftmaxCase {
  HostMatrix rows;
  int64_t batch;
  float temperature;
};

SoftmaxCase softmax_case(int64_t batch, int64_t m, int64_t d, float temperature) {
  return {drawn(2 * batch + m, d, 81 + static_cast<uint64_t>(batch + m + d)), batch, temperature};
}

Results run_softmax(Workbench& workbench, const SoftmaxCase& c, int64_t offset = 0) {
  const DeviceMatrix rows(workbench.stream(), c.rows, offset);
  const Guarded<float> loss = workbench.output(1), loss_alone = workbench.output(1);
  const Guarded<float> gradient = workbench.output(c.rows.rows * c.rows.cols, offset);
  sampled_softmax_loss({rows.view(), c.batch, c.temperature, loss.data(), gradient.view(c.rows.rows, c.rows.cols)},
                       workbench.execution());
  sampled_softmax_loss({rows.view(), c.batch, c.temperature, loss_alone.data()}, workbench.execution());
  CHECK(bit_difference(loss_alone.values(), loss.values()) == "");
  CHECK(bit_difference(rows.values(), c.rows.values) == "");
  return {loss.values(), gradient.values()};
}

void check_softmax(const SoftmaxCase& c, const std::string& what, const std::vector<NamedDevice>& on = devices()) {
  const bench::SampledSoftmaxReference expected = bench::sampled_softmax_loss(c.rows, c.batch, c.temperature);
  for (const auto& [name, device] : on) {
    INFO(text("sampled_softmax_loss / ", name, " / ", what, " matches double precision"));
    Workbench workbench(device);
    const Results results = run_softmax(workbench, c);
    CHECK(mismatch(results.loss, expected.loss) == "");
    CHECK(mismatch(results.gradient, expected.gradient) == "");
  }
}

/// Loss and gradient in one.
std::vector<float> together(Results results) {
  results.gradient.push_back(results.loss[0]);
  return results.gradient;
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("bpr_loss / widths from 1 to 300 and batches around a chunk match double precision") {
    for (int64_t d : {1, 7, 31, 33, 64, 100, 300}) check_bpr(drawn(3 * 5, d, 61), 1, text("d=", d));
    for (int64_t batch : {int64_t{1}, bpr_chunk_rows - 1, bpr_chunk_rows, bpr_chunk_rows + 1, 3 * bpr_chunk_rows + 2}) {
      check_bpr(drawn(3 * batch, 3, 62), 1, text("batch ", batch));
    }
  }

  TEST_CASE("bpr_loss / equal, zero, tiny and huge rows match double precision") {
    HostMatrix rows = drawn(3 * 6, 9, 63);
    copy_row(rows, 6, 12);                                                                  // positive and negative alike
    for (int64_t row : {1, 7, 13}) fill_row(rows, row, 0);                                  // all zero
    for (int64_t row : {2, 8, 14}) copy_row(rows, row, row, 1e6f);                          // +-1e12
    for (int64_t row : {3, 9, 15}) copy_row(rows, row, row, 1e-12f);                        // next to nothing
    for (int64_t c = 0; c < 9; ++c) rows.values[static_cast<std::size_t>(4 * 9 + c)] = 30;  // a score difference of +-1e2
    check_bpr(rows, 1, "extreme rows");
    for (float dloss : {0.0f, -3.0f, 1e-20f, 1e10f}) check_bpr(rows, dloss, text("dloss ", dloss));
  }

  TEST_CASE("bpr_loss / a NaN in any of the three rows shows in the loss") {
    for (int64_t row : {1, 4, 7}) {
      HostMatrix rows = drawn(9, 5, 64);
      rows.values[static_cast<std::size_t>(5 * row + 4)] = not_a_number;
      for (const auto& [name, device] : devices()) {
        INFO(name);
        Workbench workbench(device);
        CHECK(std::isnan(run_bpr(workbench, rows, 1).loss[0]));
      }
    }
  }

  TEST_CASE("bpr_loss / the bits depend neither on threads nor on schedules nor on the fused instruction set") {
    std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
    groups.push_back(simt_orders());
    groups.push_back(fused_isas());
    const HostMatrix rows = drawn(3 * 1100, 7, 65);
    for (const auto& group : groups) {
      check_same_bits(group, [&](Workbench& workbench) { return together(run_bpr(workbench, rows, 0.5f)); });
    }
  }

  TEST_CASE("sampled_softmax_loss / one pair and one negative, odd widths and blocks' edges match double precision") {
    struct Sizes {
      int64_t batch, m, d;
    };
    // The cpu's blocks are 48 users, tiles 6 rows, panels 64 negatives, slices 96.
    for (const auto [batch, m, d] : {Sizes{1, 1, 1}, Sizes{1, 1, 7}, Sizes{1, 64, 64}, Sizes{2, 5, 31}, Sizes{5, 65, 33},
                                     Sizes{6, 96, 16}, Sizes{49, 7, 17}, Sizes{48, 97, 100}, Sizes{97, 13, 5}}) {
      check_softmax(softmax_case(batch, m, d, 0.2f), text(batch, " users, ", m, " negatives, d=", d));
    }
  }

  TEST_CASE("sampled_softmax_loss / temperatures from 0.01 to 100 match double precision") {
    for (float temperature : {0.01f, 0.05f, 0.1f, 1.0f, 100.0f}) {
      SoftmaxCase c = softmax_case(5, 9, 12, temperature);
      copy_row(c.rows, 0, 5);      // the positive is the user: the greatest cosine there is
      copy_row(c.rows, 1, 6, -1);  // its opposite: 2 / t below what a negative may have
      copy_row(c.rows, 1, 12);     // and a negative has that
      copy_row(c.rows, 2, 13);     // repeated rows
      copy_row(c.rows, 2, 14, 3);
      copy_row(c.rows, 3, 4);
      check_softmax(c, text("temperature ", temperature));
    }
  }

  TEST_CASE("sampled_softmax_loss / zero rows have cosine 0 and no gradient; tiny and huge ones are as good as others") {
    SoftmaxCase c = softmax_case(6, 10, 7, 0.1f);
    for (int64_t row : {0, 7, 12}) fill_row(c.rows, row, 0);
    for (int64_t row : {1, 8, 13}) copy_row(c.rows, row, row, 1e30f);
    for (int64_t row : {2, 9, 14}) copy_row(c.rows, row, row, 1e-30f);
    check_softmax(c, "zero, huge and tiny rows");
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const Results results = run_softmax(workbench, c);
      for (std::size_t row : {0, 7, 12}) {
        for (std::size_t i = 7 * row; i < 7 * row + 7; ++i) CHECK(results.gradient[i] == 0);
      }
    }
    SoftmaxCase nothing{{5, 3, std::vector<float>(15)}, 2, 0.1f};
    check_softmax(nothing, "nothing but zero rows");
  }

  TEST_CASE("sampled_softmax_loss / users of several chunks of the device's match double precision") {
    if (!tested(DeviceKind::simt)) return;  // too much for an interpreter
    check_softmax(softmax_case(65, 33'000, 1, 0.5f), "65 users, 33,000 negatives", {{"simt", Device::simt()}});
  }

  TEST_CASE("sampled_softmax_loss / unaligned rows give the same bits") {
    const SoftmaxCase c = softmax_case(7, 12, 8, 0.1f);
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      CHECK(bit_difference(together(run_softmax(workbench, c, 1)), together(run_softmax(workbench, c))) == "");
    }
  }

  TEST_CASE("sampled_softmax_loss / a NaN in any row shows in the loss, an infinity too") {
    for (float value : {not_a_number, std::numeric_limits<float>::infinity()}) {
      for (int64_t row : {1, 4, 7, 9}) {
        SoftmaxCase c = softmax_case(3, 4, 5, 0.1f);
        c.rows.values[static_cast<std::size_t>(5 * row + 2)] = value;
        for (const auto& [name, device] : devices()) {
          INFO(text(name, " / ", value, " in row ", row));
          Workbench workbench(device);
          CHECK(std::isnan(run_softmax(workbench, c).loss[0]) == true);
        }
      }
    }
  }

  TEST_CASE("sampled_softmax_loss / the bits depend neither on threads nor on schedules nor on the fused instruction set") {
    std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
    groups.push_back(fused_isas());
    // 1,000 users are 16 chunks, each of two blocks.
    const SoftmaxCase large = softmax_case(1000, 50, 36, 0.1f), small = softmax_case(13, 21, 6, 0.1f);
    for (const auto& group : groups) {
      check_same_bits(group, [&](Workbench& workbench) { return together(run_softmax(workbench, large)); });
    }
    check_same_bits(simt_orders(), [&](Workbench& workbench) { return together(run_softmax(workbench, small)); });
  }

  TEST_CASE("bpr_loss and sampled_softmax_loss / refuse what does not fit") {
    Workbench workbench(devices().front().device);
    const Guarded<float> memory = workbench.output(1000);
    float* const p = memory.data();
    Execution& execution = workbench.execution();
    const auto refused = [](const std::string& fragment, const auto& call) {
      return error_mismatch(ErrorKind::usage, fragment, call);
    };
    CHECK(refused("bpr_loss: rows is null", [&] { bpr_loss({{nullptr, 3, 2}, p}, execution); }) == "");
    CHECK(refused("bpr_loss: 4 rows, there must be as many users as positives", [&] {
            bpr_loss({{p, 4, 2}, p + 500}, execution);
          }) == "");
    CHECK(refused("bpr_loss: 0 rows, there must be", [&] { bpr_loss({{p, 0, 2}, p + 500}, execution); }) == "");
    const auto backward = [&](DenseView<float> drows) {
      return [=, &execution] { bpr_loss_backward({p, 3, 2}, p + 500, drows, execution); };
    };
    CHECK(refused("bpr_loss_backward: drows is 2 x 3, rows is 3 x 2", backward({p + 100, 2, 3})) == "");
    CHECK(refused("bpr_loss_backward: drows and rows share memory", backward({p + 5, 3, 2})) == "");
    CHECK(refused("bpr_loss_backward: drows is null", backward({nullptr, 3, 2})) == "");

    const auto softmax = [&](int64_t rows, int64_t batch, float temperature, DenseView<float> drows) {
      return [=, &execution] { sampled_softmax_loss({{p, rows, 2}, batch, temperature, p + 500, drows}, execution); };
    };
    const char* const op = "sampled_softmax_loss";
    CHECK(refused(text(op, ": a batch of 0"), softmax(5, 0, 1, {})) == "");
    CHECK(refused(text(op, ": 4 rows for 2 users, as many positives and no negative"), softmax(4, 2, 1, {})) == "");
    CHECK(refused(text(op, ": the temperature 0 is not above 0"), softmax(5, 2, 0, {})) == "");
    CHECK(refused(text(op, ": the temperature nan is not above 0"), softmax(5, 2, not_a_number, {})) == "");
    CHECK(refused(text(op, ": drows is 4 x 2, rows is 5 x 2"), softmax(5, 2, 1, {p + 100, 4, 2})) == "");
    CHECK(refused(text(op, ": drows and rows share memory"), softmax(5, 2, 1, {p + 9, 5, 2})) == "");
  }
}
