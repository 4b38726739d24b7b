// The product's kernels with the executor's eyes at every memory access: right, without races, and counted by hand.

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "bench/graphs.h"
#include "bench/references.h"
#include "heddle/arena.h"
#include "kernels/instrumented_variants.h"
#include "kernels/simt/counter.h"
#include "kernels/simt/race_detector.h"
#include "kernels/spmm/spmm.h"
#include "tests/simt/schedules.h"
#include "tests/support/compare.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using bench::CsrValues;

const Variant<SpmmArgs>& variant_called(const std::string& name) {
  return find_variant("spmm", simt_instrumented::spmm_variants(), DeviceKind::simt, name);
}

std::vector<float> product(const Variant<SpmmArgs>& variant, const HostCsr& a, CsrValues kind, const HostMatrix& x,
                           const std::vector<int64_t>& value_index, const SimtOptions& options, simt::Observer* observer) {
  test::Workbench workbench(Device::simt(options));
  tests::executor_of(workbench.stream()).set_observer(observer);
  const test::DeviceCsr csr(workbench.stream(), a, value_index);
  const test::DeviceMatrix input(workbench.stream(), x);
  const test::Guarded<float> y = workbench.output(a.rows * x.cols);
  const SpmmArgs args{csr.view(kind), input.view(), y.view(a.rows, x.cols)};
  if (args.y.size() > 0) run_variant("spmm", variant, args, workbench.execution());
  return y.values();
}

/// n = 256, degree 8: row r's columns are r + 1 ... r + 8, around the end.
HostCsr circulant() {
  std::vector<std::vector<int32_t>> rows(256);
  for (int32_t r = 0; r < 256; ++r) {
    for (int32_t k = 1; k <= 8; ++k) rows[static_cast<std::size_t>(r)].push_back((r + k) % 256);
  }
  return bench::csr_from_rows(rows, 256, 1);
}

/// Counts of a product of width 64, with values in order; each array at a multiple of 32 bytes.
struct Counted {
  simt::Counts counts;
  std::map<std::string, simt::Counter::Array> arrays;
};
Counted counted(const std::string& name, const HostCsr& a, int64_t d) {
  Stream stream = tests::stream_of({});
  Arena arena(stream);
  simt::Counter counter;
  tests::executor_of(stream).set_observer(&counter);
  const Buffer offsets = Buffer::upload(stream, a.row_offsets), columns = Buffer::upload(stream, a.col_indices),
               values = Buffer::upload(stream, a.values), x = Buffer::upload(stream, bench::random_matrix(a.cols, d, 2).values),
               y(stream, static_cast<std::size_t>(a.rows * d) * sizeof(float));
  const SpmmArgs args{{a.rows, a.cols, a.nnz(), offsets.as<int64_t>(), columns.as<int32_t>(), values.as<float>(), nullptr},
                      {x.as<float>(), a.cols, d},
                      {y.as<float>(), a.rows, d}};
  const Variant<SpmmArgs>& variant = variant_called(name);
  const Buffer workspace(stream, variant.workspace(args) + 4);
  counter.name_array("row_offsets", offsets.data(), offsets.bytes());
  counter.name_array("col_indices", columns.data(), columns.bytes());
  counter.name_array("values", values.data(), values.bytes());
  counter.name_array("x", x.data(), x.bytes());
  counter.name_array("y", y.data(), y.bytes());
  counter.name_array("workspace", workspace.data(), workspace.bytes());
  variant.run(args, workspace.data(), stream);
  Counted result{counter.counts(), {}};
  for (const simt::Counter::Array& array : counter.arrays()) result.arrays[array.name] = array;
  return result;
}

}  // namespace

TEST_CASE("instrumented spmm / the table is simt's") {
  const auto plain = spmm_variants(DeviceKind::simt), watched = simt_instrumented::spmm_variants();
  REQUIRE(plain.size() == watched.size());
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(std::string(plain[i].name) == watched[i].name);
}

TEST_CASE("instrumented spmm / no variant races, in any order, and every result is right") {
  std::vector<std::vector<int32_t>> rows;
  bench::Draws draws(41);
  for (int64_t degree : {0, 33, 1, 1025, 2, 0, 40, 300}) {
    std::vector<int32_t>& row = rows.emplace_back();
    for (int64_t k = 0; k < degree; ++k) row.push_back(static_cast<int32_t>(draws.below(20)));
  }
  const HostCsr a = bench::csr_from_rows(rows, 20, 42);
  for (int64_t d : {1, 16, 33}) {
    const HostMatrix x = bench::random_matrix(20, d, 43);
    const std::vector<int64_t> value_index = bench::random_permutation(a.nnz(), 44);
    const bench::Reference expected = bench::spmm(a, CsrValues::indexed, value_index, x);
    for (const Variant<SpmmArgs>& variant : simt_instrumented::spmm_variants()) {
      for (const SimtOptions& options : tests::schedules(2)) {
        INFO(text(variant.name, " / d=", d, " / order ", static_cast<int>(options.schedule)));
        simt::RaceDetector detector;
        CHECK(test::mismatch(product(variant, a, CsrValues::indexed, x, value_index, options, &detector), expected) == "");
      }
    }
  }
}

TEST_CASE("instrumented spmm / counts of 256 rows of 8 non-zeros at width 64 are those by hand") {
  const HostCsr a = circulant();
  constexpr uint64_t n = 256, sectors_of_x = n * 8 * 8;

  // 16 lanes of a float4 own a row, a warp two: 128 warps. Columns and values come by fours, two fours a row; a request for one
  // meets two rows, 2 sectors.
  // The offsets of both rows lie in one sector, those of the two after them in one or, in every other warp, in two.
  const Counted subwarp = counted("row_per_subwarp", a, 64);
  CHECK(subwarp.arrays.at("x").loaded_sectors == sectors_of_x);
  CHECK(subwarp.arrays.at("col_indices").loaded_sectors == 128 * 2 * 2);
  CHECK(subwarp.arrays.at("values").loaded_sectors == 128 * 2 * 2);
  CHECK(subwarp.arrays.at("row_offsets").loaded_sectors == 128 + 128 + 64);
  CHECK(subwarp.arrays.at("y").stored_sectors == n * 8);
  CHECK(subwarp.counts.load_requests == 128 * (2 + 2 * 2 + 8));
  CHECK(subwarp.counts.lanes_per_request() == 32);
  // Whole sectors of x and y; 16 of 32 bytes of four indices or values for each of two rows, and 8 or 16 of an offset's.
  CHECK(subwarp.counts.least_sectors == sectors_of_x + n * 8 + 128 * 2 + 128 * 2 + 128 + 128);
  CHECK(subwarp.counts.shuffles == 0);
  CHECK(subwarp.counts.launches == 1);
  CHECK(subwarp.counts.blocks == 16);

  // A warp a row, 8 lanes stage its 8 columns and values, one sector each; two columns a lane, 4 sectors each.
  const Counted cache = counted("row_cache", a, 64);
  CHECK(cache.arrays.at("x").loaded_sectors == sectors_of_x);
  CHECK(cache.arrays.at("col_indices").loaded_sectors == n);
  CHECK(cache.arrays.at("values").loaded_sectors == n);
  CHECK(cache.arrays.at("row_offsets").loaded_sectors == 2 * n);
  CHECK(cache.counts.shared_requests == n * (2 + 2 * 8));
  CHECK(cache.counts.bank_conflicts == 0);
  CHECK(cache.counts.warp_barriers == 2 * n);

  // A non-zero each 32 lanes, two columns a lane; the search reads one offset in each of log2(256) steps.
  const Counted edge = counted("edge_atomic", a, 64);
  CHECK(edge.arrays.at("x").loaded_sectors == sectors_of_x);
  CHECK(edge.arrays.at("y").atomic_sectors == n * 8 * 8);
  CHECK(edge.counts.atomic_requests == n * 8 * 2);
  CHECK(edge.arrays.at("row_offsets").loaded_sectors == n * 8 * 8);

  // The mean degree's 8 lanes own a row, a warp four, 16 tiles of 4 columns: per warp and tile one request for the columns, one
  // for the values, and one for x, of 11 different rows: r + 1 ... r + 8 for four neighbouring r.
  const Counted reduction = counted("parallel_reduction", a, 64);
  CHECK(reduction.arrays.at("x").loaded_sectors == 16 * 64 * 11);
  CHECK(reduction.arrays.at("col_indices").loaded_sectors == 16 * 64 * 4);
  CHECK(reduction.counts.shuffles == 16 * 64 * 3 * 4 * 4);  // 3 halvings of 4 sums; each of the 4 groups meets apart
}

TEST_CASE("instrumented spmm / counts repeat exactly, and a hub row shows in the busiest warp") {
  std::vector<std::vector<int32_t>> rows(64, {1, 2});
  for (int32_t k = 0; k < 3000; ++k) rows[7].push_back(k % 64);
  const HostCsr a = bench::csr_from_rows(rows, 64, 5);
  for (const Variant<SpmmArgs>& variant : simt_instrumented::spmm_variants()) {
    INFO(variant.name);
    CHECK(counted(variant.name, a, 16).counts == counted(variant.name, a, 16).counts);
  }
  const uint64_t whole = counted("row_per_subwarp", a, 16).counts.busiest_warp;
  CHECK(counted("merge_path", a, 16).counts.busiest_warp * 4 < whole);
  CHECK(counted("degree_bins", a, 16).counts.busiest_warp * 4 < whole);
}
