#include <algorithm>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>

#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"
#include "kernels/rows/launchers.h"

// Idea: CUB sorts (id, place) by id, stable; a scan numbers the first of each run of equal ids; a thread a place writes its
// group. For the GPU alone: CUB does not run on the executor, where rows.cu groups by a kernel of its own, to equal results.
// Source: D. Merrill, A. Grimshaw: "High performance and scalable radix sorting", Parallel Processing Letters 21, 2011.
namespace heddle::kernels::cuda {

namespace {

constexpr int block_threads = 256;
constexpr std::size_t alignment = 256;

void check(cudaError_t status, const char* what) {
  require(status == cudaSuccess, ErrorKind::internal, "group_rows: ", what, ": ", cudaGetErrorString(status));
}

/// The parts of the workspace; `temporary` is CUB's.
struct Workspace {
  int32_t* places;
  int32_t* sorted;
  int32_t* numbers;  ///< 1 where a group starts, then the number of groups up to there
  void* temporary;
  std::size_t temporary_bytes;
};

std::size_t list_bytes(int64_t count) {
  return (static_cast<std::size_t>(count) * sizeof(int32_t) + alignment - 1) / alignment * alignment;
}

std::size_t temporary_bytes(int64_t count, int64_t n) {
  std::size_t sort = 0;
  std::size_t scan = 0;
  const int32_t* from = nullptr;
  int32_t* to = nullptr;
  check(cub::DeviceRadixSort::SortPairs(nullptr, sort, from, to, from, to, static_cast<int>(count), 0, id_bits(n)), "CUB's sort");
  check(cub::DeviceScan::InclusiveSum(nullptr, scan, to, to, static_cast<int>(count)), "CUB's scan");
  return std::max(sort, scan);
}

Workspace workspace_at(void* memory, int64_t count, int64_t n) {
  auto* const bytes = static_cast<unsigned char*>(memory);
  const std::size_t list = list_bytes(count);
  return {reinterpret_cast<int32_t*>(bytes), reinterpret_cast<int32_t*>(bytes + list),
          reinterpret_cast<int32_t*>(bytes + 2 * list), bytes + 3 * list, temporary_bytes(count, n)};
}

__global__ void __launch_bounds__(block_threads) number_places_kernel(int32_t* __restrict__ places, int64_t count) {
  for (int64_t i = global_thread(); i < count; i += global_threads()) places[i] = static_cast<int32_t>(i);
}

__global__ void __launch_bounds__(block_threads)
    mark_groups_kernel(const int32_t* __restrict__ sorted, int32_t* __restrict__ numbers, int64_t count) {
  for (int64_t i = global_thread(); i < count; i += global_threads()) numbers[i] = i == 0 || sorted[i] != sorted[i - 1];
}

/// Writes nothing but the end of an empty list where count is 0.
__global__ void __launch_bounds__(block_threads)
    write_groups_kernel(const int32_t* __restrict__ sorted, const int32_t* __restrict__ numbers, int64_t count,
                        const int32_t* __restrict__ order, int32_t* __restrict__ distinct, int32_t* __restrict__ offsets,
                        int32_t* __restrict__ group_of, int32_t* __restrict__ group_count) {
  for (int64_t i = global_thread(); i < count; i += global_threads()) {
    const int32_t group = numbers[i] - 1;
    if (i == 0 || numbers[i - 1] <= group) {
      distinct[group] = sorted[i];
      offsets[group] = static_cast<int32_t>(i);
    }
    group_of[order[i]] = group;
  }
  if (global_thread() == 0) {
    const int32_t groups = count > 0 ? numbers[count - 1] : 0;
    offsets[groups] = static_cast<int32_t>(count);
    *group_count = groups;
  }
}

}  // namespace

std::size_t group_rows_cub_workspace(int64_t count, int64_t n) {
  return count == 0 ? 0 : 3 * list_bytes(count) + temporary_bytes(count, n);
}

void group_rows_cub(const RowGroups& groups, int64_t n, void* workspace, Stream& stream) {
  const int64_t count = groups.count;
  const auto native = static_cast<cudaStream_t>(stream.native());
  Workspace at{};
  if (count > 0) {
    check(cudaSetDevice(stream.device_index()), "cudaSetDevice");
    at = workspace_at(workspace, count, n);
    const int64_t blocks = blocks_for(count, block_threads);
    launch(number_places_kernel, blocks, block_threads, 0, stream, at.places, count);
    check(cub::DeviceRadixSort::SortPairs(at.temporary, at.temporary_bytes, groups.ids, at.sorted, at.places, groups.order,
                                          static_cast<int>(count), 0, id_bits(n), native),
          "CUB's sort");
    launch(mark_groups_kernel, blocks, block_threads, 0, stream, at.sorted, at.numbers, count);
    check(
        cub::DeviceScan::InclusiveSum(at.temporary, at.temporary_bytes, at.numbers, at.numbers, static_cast<int>(count), native),
        "CUB's scan");
  }
  launch(write_groups_kernel, std::max<int64_t>(blocks_for(count, block_threads), 1), block_threads, 0, stream, at.sorted,
         at.numbers, count, groups.order, groups.distinct, groups.offsets, groups.group_of, groups.group_count);
}

}  // namespace heddle::kernels::cuda
