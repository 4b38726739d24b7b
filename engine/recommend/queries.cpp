#include "engine/recommend/queries.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "heddle/error.h"

namespace heddle::recommending {

void check_csr(const HostCsr& matrix, const char* name) {
  const int64_t nnz = matrix.nnz();
  require(matrix.rows >= 0 && matrix.cols >= 0 && static_cast<int64_t>(matrix.row_offsets.size()) == matrix.rows + 1,
          ErrorKind::bad_data, name, ": ", counted(matrix.row_offsets.size(), "row offset"), " for ",
          counted(matrix.rows, "row"));
  require(matrix.row_offsets.front() == 0 && matrix.row_offsets.back() == nnz, ErrorKind::bad_data, name,
          ": row offsets go from ", matrix.row_offsets.front(), " to ", matrix.row_offsets.back(), ", ",
          there_are(nnz, "entry", "entries"));
  require(matrix.values.empty() || static_cast<int64_t>(matrix.values.size()) == nnz, ErrorKind::bad_data, name, ": ",
          counted(matrix.values.size(), "value"), " for ", counted(nnz, "entry", "entries"));
  for (int64_t row = 0; row < matrix.rows; ++row) {
    const int64_t begin = matrix.row_offsets[static_cast<std::size_t>(row)];
    const int64_t end = matrix.row_offsets[static_cast<std::size_t>(row) + 1];
    require(begin <= end, ErrorKind::bad_data, name, ": row ", row, " goes from entry ", begin, " to ", end, " of ", nnz);
  }
  // Offsets that ascend to nnz keep every row within the entries.
  for (int64_t row = 0; row < matrix.rows; ++row) {
    const int64_t begin = matrix.row_offsets[static_cast<std::size_t>(row)];
    const int64_t end = matrix.row_offsets[static_cast<std::size_t>(row) + 1];
    for (int64_t entry = begin; entry < end; ++entry) {
      const auto at = static_cast<std::size_t>(entry);
      const int32_t column = matrix.col_indices[at];
      require(column >= 0 && column < matrix.cols, ErrorKind::bad_data, name, ": row ", row, " has column ", column, ", ",
              there_are(matrix.cols));
      require(entry == begin || matrix.col_indices[at - 1] < column, ErrorKind::bad_data, name, ": row ", row, " has column ",
              column, " after column ", entry == begin ? 0 : matrix.col_indices[at - 1]);
      require(matrix.values.empty() || (std::isfinite(matrix.values[at]) && matrix.values[at] > 0), ErrorKind::bad_data, name,
              ": row ", row, " has the value ", matrix.values.empty() ? 0 : matrix.values[at], " in column ", column,
              ", values are positive");
    }
  }
}

bool same_interactions(const HostCsr& a, const HostCsr& b) {
  if (a.rows != b.rows || a.cols != b.cols || a.row_offsets != b.row_offsets || a.col_indices != b.col_indices) return false;
  if (a.values.empty() == b.values.empty()) return a.values == b.values;
  const std::vector<float>& weights = a.values.empty() ? b.values : a.values;
  return std::all_of(weights.begin(), weights.end(), [](float weight) { return weight == 1; });
}

std::vector<float> counts_of_items(const HostCsr& train) {
  std::vector<float> counts(static_cast<std::size_t>(std::max<int64_t>(train.cols, 0)));
  for (const int32_t item : train.col_indices) {
    require(item >= 0 && item < train.cols, ErrorKind::bad_data, "train: an entry has column ", item, ", ",
            there_are(train.cols));
    ++counts[static_cast<std::size_t>(item)];
  }
  return counts;
}

std::vector<int32_t> by_count(const std::vector<float>& counts) {
  std::vector<int32_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return counts[static_cast<std::size_t>(a)] > counts[static_cast<std::size_t>(b)];
  });
  return order;
}

void check_k(int64_t k) {
  require(k >= 1 && k <= top_k_limit, ErrorKind::usage, "k is ", k, ", it must be in [1, ", top_k_limit, "]");
}

void check_rank_request(const Recommender& model, std::span<const Query> queries, const RankOptions& options) {
  check_k(options.k);
  const HostCsr* const also = options.also_exclude;
  require(also == nullptr || (also->rows == model.users() && also->cols == model.items()), ErrorKind::usage,
          "rank: what is left out besides is of another size than the model, which has ", counted(model.users(), "user"), " and ",
          counted(model.items(), "item"));
  const auto check_list = [&](std::span<const int32_t> list, const char* name) {
    for (const int32_t item : list) {
      require(item >= 0 && item < model.items(), ErrorKind::usage, "rank: item ", item, " in ", name, ": ",
              there_are(model.items(), "item"));
    }
  };
  check_list(options.leave_out, "leave_out");
  if (options.only) check_list(*options.only, "only");
  check_queries(model, queries);
}

void check_queries(const Recommender& model, std::span<const Query> queries) {
  std::vector<int32_t> sorted;
  for (const Query& query : queries) {
    require(query.user >= -1 && query.user < model.users(), ErrorKind::usage, "user ", query.user, " is asked about, there are ",
            model.users());
    if (query.user >= 0) continue;
    sorted = query.items;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      require(sorted[i] >= 0 && sorted[i] < model.items(), ErrorKind::usage, "a visitor's item ", sorted[i], ": ",
              there_are(model.items(), "item"));
      require(i == 0 || sorted[i] != sorted[i - 1], ErrorKind::usage, "a visitor's item ", sorted[i], " comes twice");
    }
  }
}

HostCsr query_rows(const HostCsr& train, std::span<const Query> queries) {
  HostCsr rows;
  rows.cols = train.cols;
  for (const Query& query : queries) {
    if (query.user >= 0) {
      rows.append_row(train.row(query.user), train.row_values(query.user));
    } else {
      const int64_t before = rows.nnz();
      rows.append_row(query.items);
      std::sort(rows.col_indices.begin() + before, rows.col_indices.end());
      if (!train.values.empty()) rows.values.resize(rows.col_indices.size(), 1.0f);
    }
  }
  return rows;
}

CsrView upload_step_csr(Context& context, const HostCsr& matrix) {
  return {matrix.rows,
          matrix.cols,
          matrix.nnz(),
          to_step(context, matrix.row_offsets),
          to_step(context, matrix.col_indices),
          matrix.values.empty() ? nullptr : to_step(context, matrix.values)};
}

std::vector<int32_t> left_out_of_all(const RankOptions& options, int64_t items) {
  if (options.leave_out.empty() && !options.only) return {};
  std::vector<bool> out(static_cast<std::size_t>(items), options.only.has_value());
  if (options.only) {
    for (const int32_t item : *options.only) out[static_cast<std::size_t>(item)] = false;
  }
  for (const int32_t item : options.leave_out) out[static_cast<std::size_t>(item)] = true;
  std::vector<int32_t> columns;
  columns.reserve(static_cast<std::size_t>(std::count(out.begin(), out.end(), true)));
  for (int32_t item = 0; item < items; ++item) {
    if (out[static_cast<std::size_t>(item)]) columns.push_back(item);
  }
  return columns;
}

ExcludedOfQueries excluded_columns(Context& context, const HostCsr& train, std::span<const Query> queries,
                                   const RankOptions& options, const std::vector<int32_t>& of_all) {
  ExcludedOfQueries excluded;
  if (!of_all.empty()) {
    const std::vector<int32_t> first_row(queries.size());
    excluded.shared = {to_step(context, std::vector<int64_t>{0, static_cast<int64_t>(of_all.size())}), to_step(context, of_all),
                       to_step(context, first_row)};
  }
  if (!options.exclude_taken && options.also_exclude == nullptr) return excluded;
  std::vector<int64_t> offsets{0};
  std::vector<int32_t> columns, own;
  for (const Query& query : queries) {
    own.clear();
    if (options.exclude_taken && query.user < 0) {
      own = query.items;
      std::sort(own.begin(), own.end());
    } else if (options.exclude_taken) {
      const std::span<const int32_t> items = train.row(query.user);
      own.assign(items.begin(), items.end());
    }
    const std::span<const int32_t> others =
        options.also_exclude == nullptr ? std::span<const int32_t>() : options.also_exclude->row(query.user);
    std::set_union(own.begin(), own.end(), others.begin(), others.end(), std::back_inserter(columns));
    offsets.push_back(static_cast<int64_t>(columns.size()));
  }
  excluded.own = {to_step(context, offsets), to_step(context, columns), nullptr};
  return excluded;
}

kernels::TopKOutput make_top_k_output(Context& context, int64_t rows, int64_t k) {
  return {k, context.arena().allocate_array<int32_t>(rows * k), context.arena().allocate_array<float>(rows * k)};
}

void append_rankings(Context& context, const kernels::TopKOutput& best, int64_t rows, std::vector<Ranking>& rankings) {
  const auto count = static_cast<std::size_t>(rows * best.k);
  const std::vector<int32_t> columns = download(context.stream(), best.columns, count);
  const std::vector<float> scores = download(context.stream(), best.scores, count);
  for (int64_t row = 0; row < rows; ++row) {
    Ranking& ranking = rankings.emplace_back();
    ranking.reserve(static_cast<std::size_t>(best.k));
    for (int64_t place = row * best.k; place < (row + 1) * best.k; ++place) {
      const auto at = static_cast<std::size_t>(place);
      if (columns[at] < 0) break;
      ranking.push_back({columns[at], scores[at]});
    }
  }
}

/// Offsets, and what the arena rounds up to.
static constexpr int64_t bytes_per_query = 256;

int64_t queries_per_block(int64_t floats) {
  const int64_t bytes = std::max<int64_t>(floats, 1) * static_cast<int64_t>(sizeof(float)) + bytes_per_query;
  return std::clamp<int64_t>(block_bytes / bytes, 1, most_ranked_at_once);
}

std::span<const Query> next_block(const HostCsr& train, std::span<const Query> queries, int64_t floats,
                                  const HostCsr* also_exclude, std::size_t most) {
  // An item of a query stands in at most three lists on the device and, while they are made, on the host.
  constexpr int64_t bytes_per_item = 32;
  int64_t left = block_bytes;
  std::size_t count = 0;
  for (; count < std::min(most, queries.size()); ++count) {
    const Query& query = queries[count];
    std::size_t listed = query.user >= 0 ? train.row(query.user).size() : query.items.size();
    if (also_exclude != nullptr) listed += also_exclude->row(query.user).size();
    left -= floats * static_cast<int64_t>(sizeof(float)) + bytes_per_item * static_cast<int64_t>(listed) + bytes_per_query;
    if (left < 0) break;
  }
  return queries.first(std::min(std::max<std::size_t>(count, 1), queries.size()));
}

bool users_told(const ProgressCallback& progress, const char* phase, std::size_t done, std::size_t users) {
  if (!progress) return true;
  const auto all = static_cast<double>(users);
  const ProgressFigure figure{.name = "user", .value = static_cast<double>(std::min(done + 1, users)), .total = all};
  return progress({.phase = phase, .share = static_cast<double>(done) / all, .figures = std::span(&figure, 1)});
}

void ranking_told(const RankOptions& options, std::size_t done, std::size_t queries) {
  require(users_told(options.progress, "ranking", done, queries), ErrorKind::interrupted, "ranking was interrupted after ", done,
          " of ", counted(queries, "query", "queries"));
}

void fitting_told(const ProgressCallback& progress, const char* model, double share) {
  const bool wanted = !progress || progress({.phase = "fitting", .share = share, .figures = {}});
  require(wanted, ErrorKind::interrupted, "interrupted while ", model, " was fitted");
}

}  // namespace heddle::recommending
