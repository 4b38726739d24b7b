#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "heddle/context.h"
#include "heddle/data.h"
#include "heddle/kernel/views.h"
#include "heddle/recommender.h"
#include "kernels/topk/topk.h"

// Blocks of queries on their way to the kernels and back, for every recommender.
namespace heddle::recommending {

/// Throws Error{bad_data} unless the matrix is what HostCsr promises, with values (where it has any) that are finite and
/// positive.
void check_csr(const HostCsr& matrix, const char* name);

/// Whether two matrices hold the same interactions with the same weights; no weights are weights of 1.
bool same_interactions(const HostCsr& a, const HostCsr& b);

/// How many rows of the interactions have each column. Throws Error{bad_data} for a column that there is not.
std::vector<float> counts_of_items(const HostCsr& train);
/// Items by how many users have them, most first, equal ones by number.
std::vector<int32_t> by_count(const std::vector<float>& counts);

/// Throws Error{usage} for k outside [1, top_k_limit].
void check_k(int64_t k);
/// Throws Error{usage} for a user or an item out of range, and for a visitor's item that comes twice.
void check_queries(const Recommender& model, std::span<const Query> queries);
/// Both, and for an `also_exclude` of another size or items in the lists that the model does not have.
void check_rank_request(const Recommender& model, std::span<const Query> queries, const RankOptions& options);

/// The items of each query, as a CSR matrix on the host: a known user's training row with its weights, a visitor's items
/// (ascending, each of weight 1). `values` is empty where every weight is 1.
HostCsr query_rows(const HostCsr& train, std::span<const Query> queries);

/// Copies values to memory of the step.
template <class T>
T* to_step(Context& context, const std::vector<T>& values) {
  T* memory = context.arena().allocate_array<T>(static_cast<int64_t>(values.size()));
  upload(context.stream(), memory, values.data(), values.size() * sizeof(T));
  return memory;
}
/// The same of a matrix.
CsrView upload_step_csr(Context& context, const HostCsr& matrix);

/// What nobody is to be given, ascending and each once: the items of `leave_out`, and all that `only` does not name.
std::vector<int32_t> left_out_of_all(const RankOptions& options, int64_t items);

/// What these queries must not be answered with, in memory of the step: first, a row a query, their items where
/// options.exclude_taken and the columns of also_exclude where they are known users; then, in one row that they share,
/// `of_all`, as left_out_of_all gives it.
struct ExcludedOfQueries {
  kernels::ExcludedColumns own, shared;
};
ExcludedOfQueries excluded_columns(Context& context, const HostCsr& train, std::span<const Query> queries,
                                   const RankOptions& options, const std::vector<int32_t>& of_all);

/// Room for the best k of each of `rows` rows, in memory of the step.
kernels::TopKOutput make_top_k_output(Context& context, int64_t rows, int64_t k);
/// Copies them to the host and appends one ranking a row.
void append_rankings(Context& context, const kernels::TopKOutput& best, int64_t rows, std::vector<Ranking>& rankings);

/// What a block of queries may take of memory besides the model.
inline constexpr int64_t block_bytes = int64_t{64} << 20;
/// 64 queries fill the vector registers of the sparse products.
inline constexpr std::size_t most_ranked_at_once = 64;
/// Where a caller asks for the scores of more, they are computed side by side up to here.
inline constexpr std::size_t most_scored_at_once = 256;

/// How many queries, from 1 to most_ranked_at_once, stay within block_bytes where each takes `floats`.
int64_t queries_per_block(int64_t floats);

/// The first of `queries` that stay within block_bytes, at least one and at most `most`, where each takes `floats` and the lists
/// of its items and of what is left out besides.
std::span<const Query> next_block(const HostCsr& train, std::span<const Query> queries, int64_t floats,
                                  const HostCsr* also_exclude = nullptr, std::size_t most = most_ranked_at_once);

/// Tells a callback (or none) that `done` of `users` users are through; whether to go on.
bool users_told(const ProgressCallback& progress, const char* phase, std::size_t done, std::size_t users);

/// Tells the options' callback (or none) that `done` of `queries` queries are answered. Throws Error{interrupted} where it says
/// so.
void ranking_told(const RankOptions& options, std::size_t done, std::size_t queries);

/// Tells a callback (or none) that this share of a model is computed. Throws Error{interrupted} where it says so.
void fitting_told(const ProgressCallback& progress, const char* model, double share);

/// Keeps a CSR matrix in a device's memory.
class DeviceCsr {
 public:
  DeviceCsr() = default;
  DeviceCsr(Stream& stream, const HostCsr& matrix)
      : rows_(matrix.rows),
        cols_(matrix.cols),
        nnz_(matrix.nnz()),
        row_offsets_(Buffer::upload(stream, matrix.row_offsets)),
        col_indices_(Buffer::upload(stream, matrix.col_indices)),
        values_(Buffer::upload(stream, matrix.values)),
        has_values_(!matrix.values.empty()) {}
  /// With values, of arrays that are in the device's memory already.
  DeviceCsr(int64_t rows, int64_t cols, int64_t nnz, Buffer row_offsets, Buffer col_indices, Buffer values)
      : rows_(rows),
        cols_(cols),
        nnz_(nnz),
        row_offsets_(std::move(row_offsets)),
        col_indices_(std::move(col_indices)),
        values_(std::move(values)),
        has_values_(true) {}
  CsrView view() const {
    return {
        rows_, cols_, nnz_, row_offsets_.as<int64_t>(), col_indices_.as<int32_t>(), has_values_ ? values_.as<float>() : nullptr};
  }

 private:
  int64_t rows_ = 0, cols_ = 0, nnz_ = 0;
  Buffer row_offsets_, col_indices_, values_;
  bool has_values_ = false;
};

}  // namespace heddle::recommending
