#include "kernels/graph_build/graph_build.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/graphs.h"
#include "heddle/data.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

/// Entries on the host.
struct Entries {
  std::string name;
  int64_t rows, cols;
  std::vector<int32_t> row, col;
  std::vector<float> value;
};

Entries random_entries(std::string name, int64_t rows, int64_t cols, int64_t count, uint64_t seed) {
  bench::Draws draws(seed);
  Entries entries{std::move(name), rows, cols, {}, {}, {}};
  for (int64_t e = 0; e < count; ++e) {
    entries.row.push_back(static_cast<int32_t>(draws.below(rows)));
    entries.col.push_back(static_cast<int32_t>(draws.below(cols)));
    entries.value.push_back(draws.mixed());
  }
  return entries;
}

std::vector<Entries> hostile_entries() {
  std::vector<Entries> all{{"nothing", 0, 0, {}, {}, {}},
                           {"no columns", 3, 0, {}, {}, {}},
                           {"no entries", 4, 5, {}, {}, {}},
                           {"one entry in the last corner", 3, 4, {2}, {3}, {0.5f}},
                           {"one place only", 2, 2, {1, 1, 1, 1}, {0, 0, 0, 0}, {1e8f, 1, -1e8f, 0.25f}},
                           {"empty rows first, between and last", 9, 6, {7, 3, 3, 7}, {5, 1, 0, 5}, {-1, -2, -3, -0.5f}}};
  all.push_back(random_entries("repeats", 7, 5, 200, 81));
  all.push_back(random_entries("sparse", 50, 80, 120, 82));
  Entries hub = random_entries("one hub row and one hub column", 40, 30, 150, 83);
  for (std::size_t e = 0; e < 60; ++e) hub.row[e] = 11;
  for (std::size_t e = 60; e < 120; ++e) hub.col[e] = 29;
  all.push_back(hub);
  return all;
}

/// The matrix by a map; sums in the order of the entries.
HostCsr expected_csr(const Entries& entries, Merge merge) {
  std::map<std::pair<int32_t, int32_t>, float> places;
  for (std::size_t e = 0; e < entries.row.size(); ++e) {
    const auto [place, fresh] = places.try_emplace({entries.row[e], entries.col[e]}, entries.value[e]);
    if (!fresh)
      place->second = merge == Merge::sum ? place->second + entries.value[e] : std::max(place->second, entries.value[e]);
  }
  HostCsr csr{entries.rows, entries.cols, std::vector<int64_t>(static_cast<std::size_t>(entries.rows) + 1), {}, {}};
  for (const auto& [place, value] : places) {
    ++csr.row_offsets[static_cast<std::size_t>(place.first) + 1];
    csr.col_indices.push_back(place.second);
    csr.values.push_back(value);
  }
  for (std::size_t r = 0; r + 1 < csr.row_offsets.size(); ++r) csr.row_offsets[r + 1] += csr.row_offsets[r];
  return csr;
}

HostCsr expected_transpose(const HostCsr& a) {
  Entries entries{"", a.cols, a.rows, {}, {}, {}};
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t k = a.row_offsets[static_cast<std::size_t>(r)]; k < a.row_offsets[static_cast<std::size_t>(r) + 1]; ++k) {
      entries.row.push_back(a.col_indices[static_cast<std::size_t>(k)]);
      entries.col.push_back(static_cast<int32_t>(r));
      entries.value.push_back(a.values[static_cast<std::size_t>(k)]);
    }
  }
  return expected_csr(entries, Merge::sum);
}

HostCsr on_host(Workbench& workbench, const BuiltCsr& csr) {
  const auto nnz = static_cast<std::size_t>(csr.nnz);
  HostCsr host{csr.rows,
               csr.cols,
               download(workbench.stream(), csr.row_offsets.as<int64_t>(), static_cast<std::size_t>(csr.rows) + 1),
               download(workbench.stream(), csr.col_indices.as<int32_t>(), nnz),
               {}};
  if (csr.values.bytes() > 0) host.values = download(workbench.stream(), csr.values.as<float>(), nnz);
  return host;
}

void check_csr(const HostCsr& actual, const HostCsr& expected, bool has_values = true) {
  CHECK(actual.rows == expected.rows);
  CHECK(actual.cols == expected.cols);
  CHECK(bit_difference(actual.row_offsets, expected.row_offsets) == "");
  CHECK(bit_difference(actual.col_indices, expected.col_indices) == "");
  CHECK(bit_difference(actual.values, has_values ? expected.values : std::vector<float>()) == "");
}

BuiltCsr build(Workbench& workbench, const Entries& entries, bool has_values, Merge merge) {
  const auto row = workbench.array(entries.row), col = workbench.array(entries.col);
  const auto value = workbench.array(entries.value);
  BuiltCsr csr = coo_to_csr(entries.rows, entries.cols, row.data(), col.data(), has_values ? value.data() : nullptr,
                            static_cast<int64_t>(entries.row.size()), merge, workbench.execution());
  CHECK(bit_difference(row.values(), entries.row) == "");
  CHECK(bit_difference(value.values(), entries.value) == "");
  return csr;
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("coo_to_csr / hostile entries in any order give the matrix that a map gives") {
    for (const Entries& entries : hostile_entries()) {
      for (Merge merge : {Merge::largest, Merge::sum}) {
        const HostCsr expected = expected_csr(entries, merge);
        for (const auto& [name, device] : devices()) {
          for (bool has_values : {true, false}) {
            INFO(text(name, " / ", entries.name, has_values ? " / values" : " / no values"));
            Workbench workbench(device);
            check_csr(on_host(workbench, build(workbench, entries, has_values, merge)), expected, has_values);
          }
        }
      }
    }
  }

  TEST_CASE("coo_to_csr / an entry outside the matrix is named, the first of several") {
    const std::vector<std::pair<int32_t, int32_t>> outside{{3, 0}, {0, 4}, {-1, 0}, {0, -1}, {2147483647, 2147483647}};
    for (const auto& [name, device] : devices()) {
      for (const auto& [row, col] : outside) {
        INFO(name);
        Workbench workbench(device);
        const auto rows = workbench.array(std::vector<int32_t>{2, 0, row, 99});
        const auto cols = workbench.array(std::vector<int32_t>{3, 0, col, 99});
        CHECK(error_mismatch(ErrorKind::usage, text("entry 2 is (", row, ", ", col, "), the matrix is 3 x 4"), [&] {
                coo_to_csr(3, 4, rows.data(), cols.data(), nullptr, 4, Merge::sum, workbench.execution());
              }) == "");
        CHECK(coo_to_csr(3, 4, rows.data(), cols.data(), nullptr, 2, Merge::sum, workbench.execution()).nnz == 2);
      }
    }
  }

  TEST_CASE("transpose_csr / hostile matrices, with and without values, give their transpose, and twice themselves") {
    for (const Entries& entries : hostile_entries()) {
      const HostCsr matrix = expected_csr(entries, Merge::sum);
      const HostCsr expected = expected_transpose(matrix);
      for (const auto& [name, device] : devices()) {
        for (bool has_values : {true, false}) {
          INFO(text(name, " / ", entries.name, has_values ? " / values" : " / no values"));
          Workbench workbench(device);
          const BuiltCsr built = build(workbench, entries, has_values, Merge::sum);
          const BuiltCsr transposed = transpose_csr(built.view(), workbench.execution());
          check_csr(on_host(workbench, transposed), expected, has_values);
          check_csr(on_host(workbench, transpose_csr(transposed.view(), workbench.execution())), matrix, has_values);
        }
      }
    }
  }

  TEST_CASE("transpose_csr, row_sums / values are found through value_index") {
    const HostCsr matrix = expected_csr(random_entries("", 20, 30, 90, 84), Merge::sum);
    const std::vector<int64_t> order = bench::random_permutation(matrix.nnz(), 85);
    HostCsr borrowed = matrix;  // its values stand where `order` says
    for (std::size_t k = 0; k < order.size(); ++k) borrowed.values[static_cast<std::size_t>(order[k])] = matrix.values[k];
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const DeviceCsr csr(workbench.stream(), borrowed, order);
      const CsrView view = csr.view(bench::CsrValues::indexed);
      check_csr(on_host(workbench, transpose_csr(view, workbench.execution())), expected_transpose(matrix));
      const DeviceCsr plain(workbench.stream(), matrix, order);
      const auto sums = workbench.output(20), expected = workbench.output(20);
      row_sums(view, sums.data(), workbench.execution());
      row_sums(plain.view(bench::CsrValues::direct), expected.data(), workbench.execution());
      CHECK(bit_difference(sums.values(), expected.values()) == "");
    }
  }

  TEST_CASE("row_sums / values are summed in double, non-zeros are counted where there are none") {
    for (const Entries& entries : hostile_entries()) {
      const HostCsr matrix = expected_csr(entries, Merge::sum);
      std::vector<float> sums, counts;
      for (std::size_t r = 0; r < static_cast<std::size_t>(matrix.rows); ++r) {
        double sum = 0;
        for (auto k = static_cast<std::size_t>(matrix.row_offsets[r]); k < static_cast<std::size_t>(matrix.row_offsets[r + 1]);
             ++k) {
          sum += matrix.values[k];
        }
        sums.push_back(static_cast<float>(sum));
        counts.push_back(static_cast<float>(matrix.row_offsets[r + 1] - matrix.row_offsets[r]));
      }
      for (const auto& [name, device] : devices()) {
        INFO(text(name, " / ", entries.name));
        Workbench workbench(device);
        const auto actual = workbench.output(matrix.rows);
        row_sums(build(workbench, entries, true, Merge::sum).view(), actual.data(), workbench.execution());
        CHECK(bit_difference(actual.values(), matrix.nnz() > 0 ? sums : counts) == "");
        row_sums(build(workbench, entries, false, Merge::sum).view(), actual.data(), workbench.execution());
        CHECK(bit_difference(actual.values(), counts) == "");
      }
    }
  }

  TEST_CASE("bipartite_adjacency / has the matrix above and its transpose below") {
    for (const Entries& entries : hostile_entries()) {
      Entries both{"", entries.rows + entries.cols, entries.rows + entries.cols, {}, {}, {}};
      const HostCsr matrix = expected_csr(entries, Merge::sum);
      for (int32_t r = 0; r < matrix.rows; ++r) {
        for (auto k = static_cast<std::size_t>(matrix.row_offsets[static_cast<std::size_t>(r)]);
             k < static_cast<std::size_t>(matrix.row_offsets[static_cast<std::size_t>(r) + 1]); ++k) {
          const auto item = static_cast<int32_t>(matrix.rows + matrix.col_indices[k]);
          both.row.insert(both.row.end(), {r, item});
          both.col.insert(both.col.end(), {item, r});
          both.value.insert(both.value.end(), 2, matrix.values[k]);
        }
      }
      const HostCsr expected = expected_csr(both, Merge::sum);
      for (const auto& [name, device] : devices()) {
        for (bool has_values : {true, false}) {
          INFO(text(name, " / ", entries.name, has_values ? " / values" : " / no values"));
          Workbench workbench(device);
          const BuiltCsr built = build(workbench, entries, has_values, Merge::sum);
          check_csr(on_host(workbench, bipartite_adjacency(built.view(), workbench.execution())), expected, has_values);
        }
      }
    }
  }

  TEST_CASE("coo_to_csr / the bits do not depend on the number of threads") {
    if (!tested(DeviceKind::cpu)) return;
    const Entries entries = random_entries("many repeats", 300, 200, 150'000, 86);
    const HostCsr expected = expected_csr(entries, Merge::sum);
    for (int threads : {1, 2, 3, 7}) {
      INFO(text(threads, " threads"));
      Workbench workbench(Device::cpu({.threads = threads}));
      check_csr(on_host(workbench, build(workbench, entries, true, Merge::sum)), expected);
    }
  }

  TEST_CASE("graph_build / refuses what no matrix is") {
    Workbench workbench(devices()[0].device);
    const auto offsets = workbench.array(std::vector<int64_t>(3));
    const int64_t half = int64_t{1} << 30;
    CHECK(error_mismatch(ErrorKind::usage, "2^31 - 1 rows", [&] {
            coo_to_csr(int64_t{1} << 31, 4, nullptr, nullptr, nullptr, 0, Merge::sum, workbench.execution());
          }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "row or col is null",
                         [&] { coo_to_csr(2, 4, nullptr, nullptr, nullptr, 1, Merge::sum, workbench.execution()); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "row_offsets is null",
                         [&] { transpose_csr({.rows = 2, .cols = 2}, workbench.execution()); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "2147483648 x 2147483648", [&] {
            bipartite_adjacency({.rows = half, .cols = half, .nnz = 0, .row_offsets = offsets.data()}, workbench.execution());
          }) == "");
  }
}
