#include <algorithm>
#include <cmath>

#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/kinds.h"
#include "heddle/rethrow.h"
#include "kernels/scores/scores.h"

// The rows of C^T C are dense only while their best are chosen, C being the interactions with columns of norm 1. A row of it is a
// sum of some rows of C: those of the users who have the item. What is kept is the transpose of the lists of neighbours, so that
// a query's scores are a sum of rows too, those of its items.
namespace heddle {

namespace {

const SettingTable<ItemCosineOptions>& item_cosine_table() {
  static const SettingTable<ItemCosineOptions> table(
      "item-cosine", {setting("neighbours", &ItemCosineOptions::neighbours, 1, static_cast<double>(top_k_limit),
                              "neighbours kept for each item")});
  return table;
}

/// For each item those that have it among their best neighbours, with the cosine; the diagonal left out.
HostCsr cosine_neighbours(const HostCsr& train, int64_t neighbours, Context& context, const ProgressCallback& progress) {
  std::vector<double> squares(static_cast<std::size_t>(train.cols));
  for (std::size_t k = 0; k < train.col_indices.size(); ++k) {
    const double weight = train.values.empty() ? 1.0 : train.values[k];
    squares[static_cast<std::size_t>(train.col_indices[k])] += weight * weight;
  }
  HostCsr normed = train;
  normed.values.resize(normed.col_indices.size());
  for (std::size_t k = 0; k < normed.col_indices.size(); ++k) {
    const double weight = train.values.empty() ? 1.0 : train.values[k];
    normed.values[k] = static_cast<float>(weight / std::sqrt(squares[static_cast<std::size_t>(train.col_indices[k])]));
  }
  const HostCsr by_item = transpose(normed);
  const recommending::DeviceCsr users(context.stream(), normed), items(context.stream(), by_item);

  HostCsr result{.rows = train.cols, .cols = train.cols, .row_offsets = {0}, .col_indices = {}, .values = {}};
  const int64_t per_block = recommending::queries_per_block(train.cols + 2 * neighbours);
  std::vector<Ranking> best_of_block;
  for (int64_t first = 0; first < train.cols; first += per_block) {
    recommending::fitting_told(progress, "item-cosine", static_cast<double>(first) / static_cast<double>(train.cols));
    const int64_t count = std::min(per_block, train.cols - first);
    context.begin_step();
    kernels::Execution execution = context.execution();
    // Rows of a CSR matrix are one themselves, with the offsets' first one not 0.
    CsrView rows = items.view();
    rows.rows = count;
    rows.row_offsets += first;
    const DenseView<float> cosines{context.arena().allocate_array<float>(count * train.cols), count, train.cols};
    kernels::sparse_product({.a = rows, .b = users.view(), .y = cosines}, execution);
    HostCsr diagonal{.rows = count, .cols = train.cols, .row_offsets = {0}, .col_indices = {}, .values = {}};
    for (int64_t item = first; item < first + count; ++item) {
      diagonal.col_indices.push_back(static_cast<int32_t>(item));
      diagonal.row_offsets.push_back(diagonal.nnz());
    }
    const CsrView itself = recommending::upload_step_csr(context, diagonal);
    const kernels::TopKOutput best = recommending::make_top_k_output(context, count, neighbours);
    kernels::top_k({.scores = cosines, .exclude = {{itself.row_offsets, itself.col_indices, nullptr}, {}}, .best = best},
                   execution);
    best_of_block.clear();
    recommending::append_rankings(context, best, count, best_of_block);
    for (Ranking& ranking : best_of_block) {
      std::erase_if(ranking, [](const RankedItem& each) { return !(each.score > 0); });
      std::sort(ranking.begin(), ranking.end(), [](const RankedItem& a, const RankedItem& b) { return a.item < b.item; });
      for (const RankedItem& each : ranking) {
        result.col_indices.push_back(each.item);
        result.values.push_back(each.score);
      }
      result.row_offsets.push_back(result.nnz());
    }
  }
  return transpose(result);
}

/// The neighbours in the device's memory, ready for every stream.
recommending::DeviceCsr fitted_neighbours(const HostCsr& train, const ItemCosineOptions& options, const Device& device,
                                          const ProgressCallback& progress) {
  Context context(device);
  context.set_training(false);
  recommending::DeviceCsr neighbours(context.stream(), cosine_neighbours(train, options.neighbours, context, progress));
  context.stream().synchronise();
  return neighbours;
}

/// The same of a saved model. Each array goes to the device before the next one is read.
recommending::DeviceCsr read_neighbours(const RecommenderParts& parts, const Device& device) {
  const int64_t items = parts.train->cols;
  HostCsr structure{.rows = items,
                    .cols = items,
                    .row_offsets = parts.read_int64("listed_by.row_offsets"),
                    .col_indices = parts.read_int32("listed_by.col_indices"),
                    .values = {}};
  recommending::check_csr(structure, "listed_by");
  const int64_t nnz = structure.nnz();
  Stream stream(device.backend());
  Buffer row_offsets = Buffer::upload(stream, structure.row_offsets), col_indices = Buffer::upload(stream, structure.col_indices);
  std::vector<int32_t>().swap(structure.col_indices);  // an assignment would keep its memory
  Buffer values(stream, static_cast<std::size_t>(nnz) * sizeof(float));
  parts.read_pieces("listed_by.values", 1, nnz, [&](int64_t first, std::span<const float> piece) {
    const auto bad = std::find_if(piece.begin(), piece.end(), [](float value) { return !(value > 0); });
    if (bad != piece.end()) {
      const auto after = std::upper_bound(structure.row_offsets.begin(), structure.row_offsets.end(),
                                          first + static_cast<int64_t>(bad - piece.begin()));
      fail(ErrorKind::bad_data, "listed_by: row ", after - structure.row_offsets.begin() - 1, " has the value ", *bad,
           ", values are positive");
    }
    upload(stream, values.as<float>() + first, piece.data(), piece.size_bytes());
  });
  stream.synchronise();
  return {items, items, nnz, std::move(row_offsets), std::move(col_indices), std::move(values)};
}

class ItemCosine final : public Recommender {
 public:
  ItemCosine(std::shared_ptr<const HostCsr> interactions, const ItemCosineOptions& options, const Device& device,
             const ProgressCallback& progress)
      : Recommender(std::move(interactions), device),
        options_(options),
        neighbours_(fitted_neighbours(train(), options, device, progress)) {}
  ItemCosine(std::shared_ptr<const HostCsr> interactions, const ItemCosineOptions& options, recommending::DeviceCsr neighbours,
             const Device& device)
      : Recommender(std::move(interactions), device), options_(options), neighbours_(std::move(neighbours)) {}

  std::string name() const override { return "item-cosine"; }
  std::map<std::string, std::string> settings() const override try { return item_cosine_table().write(options_); } catch (...) {
    rethrow_as_error();
  }

  std::vector<io::NamedTensor> tensors() const override try {
    const CsrView view = neighbours_.view();
    Stream stream(device().backend());
    return {{"listed_by.values", 1, view.nnz, download(stream, view.values, static_cast<std::size_t>(view.nnz))}};
  } catch (...) {
    rethrow_as_error();
  }
  std::vector<io::NamedIntegers> integers() const override try {
    const CsrView view = neighbours_.view();
    Stream stream(device().backend());
    // Moved in: a list in braces would be copied, and a std::variant of libstdc++ 12 whose copy finds no memory is destroyed as
    // if it held something.
    std::vector<io::NamedIntegers> all;
    all.push_back(
        {"listed_by.row_offsets", {view.rows + 1}, download(stream, view.row_offsets, static_cast<std::size_t>(view.rows + 1))});
    all.push_back({"listed_by.col_indices", {view.nnz}, download(stream, view.col_indices, static_cast<std::size_t>(view.nnz))});
    return all;
  } catch (...) {
    rethrow_as_error();
  }

 protected:
  void score_block(Session& session, std::span<const Query> queries, DenseView<float> scores) const override {
    Context& context = session.context();
    kernels::Execution execution = context.execution();
    const CsrView rows = recommending::upload_step_csr(context, recommending::query_rows(train(), queries));
    kernels::sparse_product({.a = rows, .b = neighbours_.view(), .y = scores}, execution);
  }

 private:
  ItemCosineOptions options_;
  recommending::DeviceCsr neighbours_;
};

}  // namespace

void ItemCosineOptions::check() const { item_cosine_table().check(*this); }

std::unique_ptr<Recommender> make_item_cosine(const InteractionDataset& data, const ItemCosineOptions& options,
                                              const Device& device, const ProgressCallback& progress) try {
  options.check();
  return std::make_unique<ItemCosine>(std::make_shared<const HostCsr>(data.train), options, device, progress);
} catch (...) {
  rethrow_as_error();
}

Kind item_cosine_kind() {
  Kind kind{.name = "item-cosine", .summary = "items most alike the user's own, by cosine", .source = "Deshpande & Karypis 2004"};
  kind.settings = item_cosine_table().rows();
  kind.folds_in = true;
  kind.recommender.parts = [](const Settings&, int64_t, int64_t items) -> std::vector<PartShape> {
    return {{"listed_by.values", 1, 0, INT64_MAX},
            {"listed_by.row_offsets", 1, items + 1, items + 1, true},
            {"listed_by.col_indices", 1, 0, INT64_MAX, true}};
  };
  kind.recommender.make = [](const InteractionDataset& data, const Settings& settings, uint64_t, const Device& device,
                             const ProgressCallback& progress) {
    return make_item_cosine(data, item_cosine_table().read(settings), device, progress);
  };
  kind.recommender.load = [](RecommenderParts&& parts, const Device& device) {
    return std::make_unique<ItemCosine>(parts.train, item_cosine_table().read(parts.settings), read_neighbours(parts, device),
                                        device);
  };
  return kind;
}

}  // namespace heddle
