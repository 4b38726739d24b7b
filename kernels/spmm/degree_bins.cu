#include "heddle/kernel/variant.h"
#include "kernels/device/backend.h"
#include "kernels/spmm/gather.h"

// Idea: each row by the mapping that suits its degree, told apart as it is met, so that nothing is prepared per graph. Up to
// `short_row` non-zeros a group of 2^k <= 32 lanes takes a row, several rows to a warp. Up to `long_row` the groups of the warp
// share the row in contiguous parts and add up by shuffles. A longer row is listed by a pass over the offsets, in segments that
// groups anywhere on the GPU add up apart, and a last pass adds the segments in their order. Whose segment stands where in the
// list depends on the schedule, what is added to what does not.
// Bytes: nnz * (4 + 4 per stored value) per tile, 4 nnz d gathered, 4 n d written, 8 n offsets per tile and 8 n once more where
// a row could be long; 4 d per segment of a long row written and read back.
// Source: J. Greathouse, M. Daga: "Efficient sparse matrix-vector multiplication on GPUs using the CSR storage format"
// (CSR-Adaptive), SC 2014; A. Ashari et al.: "Fast sparse matrix-vector multiplication on GPUs for graph applications", SC 2014.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;
constexpr int64_t short_row = 32;
constexpr int64_t long_row = 1024;
constexpr int64_t segment_length = 512;

/// Rows above `long_row` have at most this many segments together.
int64_t most_segments(const CsrView& a) {
  if (a.nnz <= long_row) return 0;
  return a.nnz / segment_length + a.nnz / long_row;  // whole ones, and a remainder each
}

/// Where a long row's segments stand: the list of the rows, and of the place of each row's first segment.
struct Segments {
  float* sums;       // segments x d
  int32_t* row;      // segments
  int32_t* first;    // segments
  unsigned* listed;  // one
};

Segments segments_in(void* workspace, const SpmmArgs& args) {
  const int64_t most = most_segments(args.a);
  auto* const sums = static_cast<float*>(workspace);
  auto* const row = reinterpret_cast<int32_t*>(sums + most * args.x.cols);
  return {sums, row, row + most, reinterpret_cast<unsigned*>(row + 2 * most)};
}

/// A thread owns a row and, where it is long, reserves and fills its part of the list.
__global__ void __launch_bounds__(block_threads)
    spmm_degree_bins_list_kernel(int64_t rows, const int64_t* __restrict__ row_offsets, int32_t* __restrict__ segment_row,
                                 int32_t* __restrict__ segment_first, unsigned* __restrict__ listed) {
  for (int64_t row = global_thread(); row < rows; row += global_threads()) {
    const int64_t degree = row_offsets[row + 1] - row_offsets[row];
    if (degree <= long_row) continue;
    const auto count = static_cast<unsigned>((degree + segment_length - 1) / segment_length);
    const unsigned first = atomicAdd(listed, count);
    for (unsigned s = first; s < first + count; ++s) {
      segment_row[s] = static_cast<int32_t>(row);
      segment_first[s] = static_cast<int32_t>(first);
    }
  }
}

/// The rows that are not long. A warp owns as many neighbouring rows as it has groups. Grid: rows along x, column tiles along y,
/// both with the grid's stride. Three blocks a multiprocessor: with the registers of four the widest instance spills.
template <class Piece, int pieces, Values kind>
__global__ void __launch_bounds__(block_threads, 3)
    spmm_degree_bins_rows_kernel(int lanes, int64_t rows, int64_t d, const int64_t* __restrict__ row_offsets, NonZeros a,
                                 const float* __restrict__ x, float* __restrict__ y) {
  constexpr int piece_floats = sizeof(Piece) / sizeof(float);
  constexpr unsigned whole_warp = 0xFFFFFFFFu;
  const int lane = static_cast<int>(lane_id()) & (lanes - 1);
  const int groups = 32 / lanes;
  const int group = static_cast<int>(lane_id()) / lanes;
  const int distance = lanes * piece_floats;
  const int tile = distance * pieces;
  const int64_t warps = int64_t{gridDim.x} * (block_threads / 32);
  for (int64_t first = int64_t{blockIdx.y} * tile; first < d; first += int64_t{gridDim.y} * tile) {
    const int64_t column = first + lane * piece_floats;
    const int owned = owned_pieces<pieces>(column, distance, d);
    for (int64_t warp = int64_t{blockIdx.x} * (block_threads / 32) + warp_id(); warp * groups < rows; warp += warps) {
      const int64_t row = warp * groups + group;
      int64_t begin = 0, end = 0;
      if (row < rows) {
        begin = row_offsets[row];
        end = row_offsets[row + 1];
        if (end - begin <= short_row) {
          Piece sum[pieces] = {};
          add_range<Piece, pieces, kind>(begin, end, a, d, x + column, distance, owned, sum);
          store_pieces(y + row * d + column, distance, owned, sum);
        }
      }
      const bool middle = lane == 0 && end - begin > short_row && end - begin <= long_row;
      for (unsigned left = __ballot_sync(whole_warp, middle); left != 0; left &= left - 1) {
        const int owner = __ffs(static_cast<int>(left)) - 1;
        const int64_t start = __shfl_sync(whole_warp, begin, owner);
        const int64_t degree = __shfl_sync(whole_warp, end, owner) - start;
        Piece sum[pieces] = {};
        add_range<Piece, pieces, kind>(start + degree * group / groups, start + degree * (group + 1) / groups, a, d, x + column,
                                       distance, owned, sum);
        auto& elements = reinterpret_cast<float(&)[pieces * piece_floats]>(sum);
        for (int apart = lanes; apart < 32; apart *= 2) {
          HEDDLE_UNROLL
          for (float& element : elements) element += __shfl_xor_sync(whole_warp, element, apart);
        }
        if (group == 0) store_pieces(y + (warp * groups + owner / lanes) * d + column, distance, owned, sum);
      }
    }
  }
}

/// A group owns a segment. Grid: segments along x, column tiles along y, both with the grid's stride.
template <class Piece, int pieces, Values kind>
__global__ void __launch_bounds__(block_threads, 3)
    spmm_degree_bins_segments_kernel(int lanes, int64_t d, const int64_t* __restrict__ row_offsets, NonZeros a,
                                     const float* __restrict__ x, const int32_t* __restrict__ segment_row,
                                     const int32_t* __restrict__ segment_first, const unsigned* __restrict__ listed,
                                     float* __restrict__ sums) {
  constexpr int piece_floats = sizeof(Piece) / sizeof(float);
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const int groups = block_threads / lanes;
  const int distance = lanes * piece_floats;
  const int tile = distance * pieces;
  const int64_t segments = *listed;
  for (int64_t first = int64_t{blockIdx.y} * tile; first < d; first += int64_t{gridDim.y} * tile) {
    const int64_t column = first + lane * piece_floats;
    const int owned = owned_pieces<pieces>(column, distance, d);
    for (int64_t s = int64_t{blockIdx.x} * groups + threadIdx.x / lanes; s < segments; s += int64_t{gridDim.x} * groups) {
      const int32_t row = segment_row[s];
      const int64_t begin = row_offsets[row] + (s - segment_first[s]) * segment_length;
      const int64_t stop = row_offsets[row + 1];
      Piece sum[pieces] = {};
      add_range<Piece, pieces, kind>(begin, begin + segment_length < stop ? begin + segment_length : stop, a, d, x + column,
                                     distance, owned, sum);
      store_pieces(sums + s * d + column, distance, owned, sum);
    }
  }
}

/// The group of a row's first segment adds them all up in their order. Grid as above.
template <class Piece, int pieces>
__global__ void __launch_bounds__(block_threads)
    spmm_degree_bins_combine_kernel(int lanes, int64_t d, const float* __restrict__ sums, const int32_t* __restrict__ segment_row,
                                    const int32_t* __restrict__ segment_first, const unsigned* __restrict__ listed,
                                    float* __restrict__ y) {
  constexpr int piece_floats = sizeof(Piece) / sizeof(float);
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const int groups = block_threads / lanes;
  const int distance = lanes * piece_floats;
  const int tile = distance * pieces;
  const int64_t segments = *listed;
  for (int64_t first = int64_t{blockIdx.y} * tile; first < d; first += int64_t{gridDim.y} * tile) {
    const int64_t column = first + lane * piece_floats;
    const int owned = owned_pieces<pieces>(column, distance, d);
    for (int64_t s = int64_t{blockIdx.x} * groups + threadIdx.x / lanes; s < segments; s += int64_t{gridDim.x} * groups) {
      if (segment_first[s] != s) continue;
      Piece sum[pieces] = {};
      for (int64_t t = s; t < segments && segment_first[t] == s; ++t) {
        HEDDLE_UNROLL
        for (int p = 0; p < pieces; ++p) {
          if (p < owned) sum[p] = add_piece(sum[p], *reinterpret_cast<const Piece*>(sums + t * d + column + p * distance));
        }
      }
      store_pieces(y + segment_row[s] * d + column, distance, owned, sum);
    }
  }
}

std::size_t spmm_degree_bins_workspace(const SpmmArgs& args) {
  const int64_t most = most_segments(args.a);
  return most == 0 ? 0 : static_cast<std::size_t>(most * (args.x.cols + 2) + 1) * sizeof(float);
}

void spmm_degree_bins(const SpmmArgs& args, void* workspace, Stream& stream) {
  const CsrView& a = args.a;
  const int64_t d = args.x.cols;
  if (args.y.size() == 0) return;
  const int64_t most = most_segments(a);
  const Segments segments = segments_in(workspace, args);
  if (most > 0) {
    stream.backend().fill_zero(segments.listed, sizeof(unsigned), stream);
    launch(spmm_degree_bins_list_kernel, blocks_for(a.rows, block_threads), block_threads, 0, stream, a.rows, a.row_offsets,
           segments.row, segments.first, segments.listed);
  }
  with_pieces(args, [&]<class Piece, int pieces>() {
    const auto [lanes, tiles] = column_layout<Piece, pieces>(d);
    const int groups = block_threads / lanes;
    const dim3 row_grid(static_cast<unsigned>(blocks_for(a.rows, groups)), tiles);
    const dim3 segment_grid(static_cast<unsigned>(blocks_for(most, groups)), tiles);
    with_values(a, [&, lanes = lanes]<Values kind>() {
      launch(spmm_degree_bins_rows_kernel<Piece, pieces, kind>, row_grid, block_threads, 0, stream, lanes, a.rows, d,
             a.row_offsets, non_zeros_of(a), args.x.data, args.y.data);
      launch(spmm_degree_bins_segments_kernel<Piece, pieces, kind>, segment_grid, block_threads, 0, stream, lanes, d,
             a.row_offsets, non_zeros_of(a), args.x.data, segments.row, segments.first, segments.listed, segments.sums);
    });
    launch(spmm_degree_bins_combine_kernel<Piece, pieces>, segment_grid, block_threads, 0, stream, lanes, d, segments.sums,
           segments.row, segments.first, segments.listed, args.y.data);
  });
}

}  // namespace

Variant<SpmmArgs> spmm_degree_bins_variant() {
  return {.name = "degree_bins",
          .summary = "short rows packed, middle rows a warp, long rows split, segments added in order",
          .source = "Greathouse and Daga 2014 (CSR-Adaptive), Ashari et al. 2014",
          .deterministic = true,
          .supports = takes_anything<SpmmArgs>,
          .workspace = spmm_degree_bins_workspace,
          .run = spmm_degree_bins};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
