#include "kernels/propagate/propagate.h"

#include "autograd/row_groups.h"
#include "heddle/error.h"
#include "heddle/operation.h"
#include "heddle/ops.h"
#include "kernels/rows/rows.h"

// Horner's rule in prescaled space, S = diag(scale), A^ = S A S:
//   G_1 = S E + S^2 A (S E);  G_k+1 = S E + S^2 A G_k;  H = (E + S A G_K-1) / (K + 1)
// Every product is then a plain sum over neighbours. The first reads E itself and scales it on the way; with bfloat16 layers it
// reads a stored S E as well, since half as many bytes gathered pay for the pass that makes it. A is symmetric, so the gradient
// is the same polynomial of the output's gradient.
namespace heddle {

namespace {

using kernels::StoredRows;

// Shares of the matrix's non-zeros from which on a frontier is taken for all rows, measured on Gowalla at width 64. Forward a
// list saves what it leaves out. Backward the next product has to look every column up, at more than twice the cost of a plain
// one.
constexpr double forward_all_from = 0.85;
constexpr double backward_all_from = 0.35;
/// The neighbours of rows that hold this share hold nearly all: nobody needs to look.
constexpr double neighbours_all_from = 0.5;

/// What every product of a chain shares.
struct Chain {
  NormalisedAdjacency graph;
  int64_t layers;
  bool bf16;
  int64_t width;
};

/// Rows of a layer, and the non-zeros they hold: all where `list` is null.
struct RowList {
  const int32_t* list = nullptr;
  int64_t count = 0;
  int64_t nnz = 0;
};

RowList batch_rows(const Chain& chain, const RowBatch& batch) {
  RowList rows{batch.distinct, *batch.group_count};
  const int64_t* const offsets = chain.graph.a.row_offsets;
  for (int64_t p = 0; p < rows.count; ++p) rows.nnz += offsets[rows.list[p] + 1] - offsets[rows.list[p]];
  return rows;
}

/// Rows in the chain's format, in memory of the arena that goes back when this ends.
class RowMemory {
 public:
  RowMemory() = default;
  RowMemory(const Chain& chain, int64_t rows, Arena& arena) {
    if (chain.bf16) {
      bf16_ = {arena, rows * chain.width};
    } else {
      f32_ = {arena, rows * chain.width};
    }
  }
  StoredRows rows() const { return {.f32 = f32_.data(), .bf16 = bf16_.data()}; }

 private:
  ArenaArray<float> f32_;
  ArenaArray<uint16_t> bf16_;
};

/// The layers between, which stand at their rows' numbers: at most two are alive at a time.
class Layers {
 public:
  Layers(const Chain& chain, Arena& arena) {
    // Layers 1 ... K - 1, and layer 0 where it is stored.
    const int64_t stored = chain.layers - 1;
    for (int64_t i = 0; i < 2 && i < stored; ++i) memory_[i] = {chain, chain.graph.a.rows, arena};
  }

  StoredRows operator[](int64_t layer) const { return memory_[(layer - 1) % 2].rows(); }

 private:
  RowMemory memory_[2];
};

/// One product of the chain, from layer `layer` to the next; x, base, slots, rows and y are the caller's.
kernels::PropagateArgs product(const Chain& chain, int64_t layer) {
  const bool last = layer == chain.layers - 1;
  return {.a = chain.graph.a,
          .scale = chain.graph.scale,
          .width = chain.width,
          .factor = last ? 1.0f / static_cast<float>(chain.layers + 1) : 1.0f,
          .prescale = !last};
}

/// Makes args.x layer 0 of the rows `e`: itself, scaled as it is read, or a product with `scale` in the memory that is returned.
RowMemory first_layer(const Chain& chain, DenseView<const float> e, const float* scale, kernels::PropagateArgs& args,
                      kernels::Execution& execution) {
  if (!chain.bf16) {
    args.x.f32 = const_cast<float*>(e.data);
    args.x_scale = chain.graph.scale;
    return {};
  }
  RowMemory stored(chain, e.rows, execution.arena);
  kernels::prescale({.x = e.data, .scale = scale, .rows = e.rows, .width = chain.width, .y = stored.rows()}, execution);
  args.x = stored.rows();
  return stored;
}

void propagate_all(const Chain& chain, DenseView<const float> e, DenseView<float> h, kernels::Execution execution) {
  const Layers layers(chain, execution.arena);
  for (int64_t layer = 0; layer < chain.layers; ++layer) {
    kernels::PropagateArgs args = product(chain, layer);
    RowMemory stored;
    if (layer == 0) {
      stored = first_layer(chain, e, chain.graph.scale, args, execution);
    } else {
      args.x = layers[layer];
    }
    args.base = e.data;
    args.y = layer == chain.layers - 1 ? StoredRows{.f32 = h.data} : layers[layer + 1];
    kernels::propagate(args, execution);
  }
}

/// The columns of `rows` (they depend on these; A is symmetric, so these depend on them), with `themselves` the rows too, in
/// `memory`; all rows where they hold a share of `all_from` or more.
RowList neighbours_of(const Chain& chain, const RowList& rows, bool themselves, double all_from, int32_t* memory, uint8_t* flags,
                      kernels::Execution& execution) {
  const auto nnz = static_cast<double>(chain.graph.a.nnz);
  if (rows.list == nullptr || static_cast<double>(rows.nnz) > neighbours_all_from * nnz) return {};
  const kernels::Frontier found = kernels::neighbours({.a = chain.graph.a,
                                                       .rows = rows.list,
                                                       .row_count = rows.count,
                                                       .themselves = themselves,
                                                       .flags = flags,
                                                       .columns = memory},
                                                      execution);
  if (static_cast<double>(found.nnz) >= all_from * nnz) return {};
  return {memory, found.rows, found.nnz};
}

/// h = the rows `batch` of the result: layer k is computed where layer k + 1 reads it.
void propagate_frontiers(const Chain& chain, DenseView<const float> e, const RowBatch& batch, DenseView<float> h,
                         Context& context) {
  kernels::Execution execution = context.execution();
  Arena& arena = execution.arena;
  const int64_t n = chain.graph.a.rows;
  // rows[k]: of layer k, k >= 1; layer 0 is there already.
  auto* const rows = static_cast<RowList*>(
      context.host_arena().allocate(static_cast<std::size_t>(chain.layers + 1) * sizeof(RowList), alignof(RowList)));
  rows[chain.layers] = batch_rows(chain, batch);
  const ArenaArray<int32_t> lists(arena, (chain.layers - 1) * n);
  {
    const ArenaArray<uint8_t> flags(arena, n);
    for (int64_t layer = chain.layers - 1; layer >= 1; --layer) {
      rows[layer] =
          neighbours_of(chain, rows[layer + 1], false, forward_all_from, lists.data() + (layer - 1) * n, flags.data(), execution);
    }
  }

  // Room for as many distinct rows as there can be, so that steps make equal requests.
  const ArenaArray<float> distinct(arena, batch.count * chain.width);
  const Layers layers(chain, arena);
  for (int64_t layer = 0; layer < chain.layers; ++layer) {
    kernels::PropagateArgs args = product(chain, layer);
    const bool last = layer == chain.layers - 1;
    RowMemory stored;
    if (layer == 0) {
      stored = first_layer(chain, e, chain.graph.scale, args, execution);
    } else {
      args.x = layers[layer];
    }
    args.base = e.data;
    args.rows = rows[layer + 1].list;
    args.row_count = rows[layer + 1].count;
    args.compact = last;
    args.y = last ? StoredRows{.f32 = distinct.data()} : layers[layer + 1];
    kernels::propagate(args, execution);
  }
  kernels::gather_rows({distinct.data(), batch.count, chain.width}, batch.group_of, h, execution);
}

/// de = the gradient that dh leaves: a layer is zero but in the batch's rows and those within its number of steps of them.
void propagate_frontiers_backward(const Chain& chain, const RowBatch& batch, DenseView<const float> dh, DenseView<float> de,
                                  kernels::Execution execution) {
  Arena& arena = execution.arena;
  const int64_t n = chain.graph.a.rows;
  const int64_t groups = *batch.group_count;
  const ArenaArray<float> distinct(arena, batch.count * chain.width);
  kernels::sum_row_groups(
      {.groups = row_groups(batch), .y = dh, .target = {distinct.data(), groups, chain.width}, .compact = true}, execution);
  const ArenaArray<int32_t> batch_slots(arena, n), slots(arena, n);
  kernels::assign_slots(batch.distinct, groups, true, batch_slots.data(), n, execution);
  const ArenaArray<float> batch_scale(arena, batch.count);
  if (chain.bf16) kernels::gather_rows({chain.graph.scale, n, 1}, batch.distinct, {batch_scale.data(), groups, 1}, execution);
  const ArenaArray<uint8_t> flags(arena, n);
  const ArenaArray<int32_t> lists[2] = {{arena, n}, {arena, n}};
  const Layers layers(chain, arena);
  RowList rows = batch_rows(chain, batch);  // where the layer is not zero
  for (int64_t layer = 0; layer < chain.layers; ++layer) {
    kernels::PropagateArgs args = product(chain, layer);
    RowMemory stored;
    if (layer == 0) {
      stored = first_layer(chain, {distinct.data(), groups, chain.width}, batch_scale.data(), args, execution);
      args.x_slots = batch_slots.data();
    } else {
      args.x = layers[layer];
      if (rows.list != nullptr) {
        kernels::assign_slots(rows.list, rows.count, false, slots.data(), n, execution);
        args.x_slots = slots.data();
      }
    }
    args.base = distinct.data();
    args.base_slots = batch_slots.data();
    if (layer == chain.layers - 1) {
      args.y = {.f32 = de.data};
    } else {
      rows = neighbours_of(chain, rows, true, backward_all_from, lists[layer % 2].data(), flags.data(), execution);
      args.rows = rows.list;
      args.row_count = rows.count;
      args.y = layers[layer + 1];
    }
    kernels::propagate(args, execution);
  }
}

Chain checked(const char* op, const NormalisedAdjacency& graph, const Tensor& embeddings, int64_t layers, bool bf16) {
  require(layers >= 0, ErrorKind::usage, op, ": ", counted(layers, "layer"), " are asked for");
  require(embeddings.rows() == graph.a.rows, ErrorKind::usage, op, ": embeddings have ", counted(embeddings.rows(), "row"),
          ", the graph has ", counted(graph.a.rows, "node"));
  return {graph, layers, bf16, embeddings.cols()};
}

}  // namespace

Tensor propagate(const NormalisedAdjacency& graph, const Tensor& embeddings, int64_t layers, bool bf16) {
  const Operation op("propagate", {embeddings});
  const Chain chain = checked("propagate", graph, embeddings, layers, bf16);
  if (layers == 0) return embeddings;
  const Tensor y = embeddings.like().reusable();
  propagate_all(chain, embeddings.value(), y.value(), op.execution());
  return op.record(y, [embeddings, y, chain] {
    embeddings.add_grad([&](DenseView<float> de) { propagate_all(chain, y.grad(), de, y.context().execution()); });
  });
}

Tensor propagate_rows(const NormalisedAdjacency& graph, const Tensor& embeddings, int64_t layers, const RowBatch& rows,
                      bool bf16) {
  const Operation op("propagate_rows", {embeddings});
  const Chain chain = checked("propagate_rows", graph, embeddings, layers, bf16);
  if (layers == 0) return gather_rows(embeddings, rows);
  if (op.execution().stream.kind() != DeviceKind::cpu) return gather_rows(propagate(graph, embeddings, layers, bf16), rows);
  const Tensor y = op.make_tensor(rows.count, embeddings.cols()).reusable();
  propagate_frontiers(chain, embeddings.value(), rows, y.value(), op.context());
  return op.record(y, [embeddings, y, chain, rows] {
    embeddings.add_grad(
        [&](DenseView<float> de) { propagate_frontiers_backward(chain, rows, y.grad(), de, y.context().execution()); });
  });
}

}  // namespace heddle
