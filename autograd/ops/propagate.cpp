#include "kernels/propagate/propagate.h"

#include "autograd/row_groups.h"
#include "heddle/error.h"
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

StoredRows allocate_rows(const Chain& chain, int64_t rows, Arena& arena) {
  if (chain.bf16) return {.bf16 = arena.allocate_array<uint16_t>(rows * chain.width)};
  return {.f32 = arena.allocate_array<float>(rows * chain.width)};
}

void give_back(const StoredRows& rows, Arena& arena) {
  if (rows.f32 != nullptr) arena.give_back(rows.f32);
  if (rows.bf16 != nullptr) arena.give_back(rows.bf16);
}

/// The layers between, which stand at their rows' numbers: at most two are alive at a time.
class Layers {
 public:
  Layers(const Chain& chain, Arena& arena) : arena_(arena) {
    // Layers 1 ... K - 1, and layer 0 where it is stored.
    const int64_t stored = chain.layers - 1;
    for (int64_t i = 0; i < 2 && i < stored; ++i) rows_[i] = allocate_rows(chain, chain.graph.a.rows, arena);
  }
  ~Layers() {
    for (const StoredRows& rows : rows_) give_back(rows, arena_);
  }
  Layers(const Layers&) = delete;
  Layers& operator=(const Layers&) = delete;

  StoredRows operator[](int64_t layer) const { return rows_[(layer - 1) % 2]; }

 private:
  Arena& arena_;
  StoredRows rows_[2];
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

/// Makes args.x layer 0 of the rows `e`: itself, scaled as it is read, or a stored product with `scale`, which is returned.
StoredRows first_layer(const Chain& chain, DenseView<const float> e, const float* scale, kernels::PropagateArgs& args,
                       kernels::Execution& execution) {
  if (!chain.bf16) {
    args.x.f32 = const_cast<float*>(e.data);
    args.x_scale = chain.graph.scale;
    return {};
  }
  const StoredRows stored = allocate_rows(chain, e.rows, execution.arena);
  kernels::prescale({.x = e.data, .scale = scale, .rows = e.rows, .width = chain.width, .y = stored}, execution);
  args.x = stored;
  return stored;
}

void propagate_all(const Chain& chain, DenseView<const float> e, DenseView<float> h, kernels::Execution execution) {
  const Layers layers(chain, execution.arena);
  for (int64_t layer = 0; layer < chain.layers; ++layer) {
    kernels::PropagateArgs args = product(chain, layer);
    StoredRows stored;
    if (layer == 0) {
      stored = first_layer(chain, e, chain.graph.scale, args, execution);
    } else {
      args.x = layers[layer];
    }
    args.base = e.data;
    args.y = layer == chain.layers - 1 ? StoredRows{.f32 = h.data} : layers[layer + 1];
    kernels::propagate(args, execution);
    give_back(stored, execution.arena);
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
  uint8_t* const flags = arena.allocate_array<uint8_t>(n);
  // rows[k]: of layer k, k >= 1; layer 0 is there already.
  auto* const rows = static_cast<RowList*>(
      context.host_arena().allocate(static_cast<std::size_t>(chain.layers + 1) * sizeof(RowList), alignof(RowList)));
  rows[chain.layers] = batch_rows(chain, batch);
  for (int64_t layer = chain.layers - 1; layer >= 1; --layer) {
    int32_t* const memory = arena.allocate_array<int32_t>(n);
    rows[layer] = neighbours_of(chain, rows[layer + 1], false, forward_all_from, memory, flags, execution);
    if (rows[layer].list == nullptr) arena.give_back(memory);
  }
  arena.give_back(flags);

  // Room for as many distinct rows as there can be: sizes that change from step to step would keep the arena growing.
  float* const distinct = arena.allocate_array<float>(batch.count * chain.width);
  {
    const Layers layers(chain, arena);
    for (int64_t layer = 0; layer < chain.layers; ++layer) {
      kernels::PropagateArgs args = product(chain, layer);
      const bool last = layer == chain.layers - 1;
      StoredRows stored;
      if (layer == 0) {
        stored = first_layer(chain, e, chain.graph.scale, args, execution);
      } else {
        args.x = layers[layer];
      }
      args.base = e.data;
      args.rows = rows[layer + 1].list;
      args.row_count = rows[layer + 1].count;
      args.compact = last;
      args.y = last ? StoredRows{.f32 = distinct} : layers[layer + 1];
      kernels::propagate(args, execution);
      give_back(stored, arena);
    }
  }
  kernels::gather_rows({distinct, batch.count, chain.width}, batch.group_of, h, execution);
  arena.give_back(distinct);
  for (int64_t layer = 1; layer < chain.layers; ++layer) arena.give_back(const_cast<int32_t*>(rows[layer].list));
}

/// de = the gradient that dh leaves: a layer is zero but in the batch's rows and those within its number of steps of them.
void propagate_frontiers_backward(const Chain& chain, const RowBatch& batch, DenseView<const float> dh, DenseView<float> de,
                                  kernels::Execution execution) {
  Arena& arena = execution.arena;
  const int64_t n = chain.graph.a.rows;
  const int64_t groups = *batch.group_count;
  float* const distinct = arena.allocate_array<float>(batch.count * chain.width);
  kernels::sum_row_groups({.groups = row_groups(batch), .y = dh, .target = {distinct, groups, chain.width}, .compact = true},
                          execution);
  int32_t* const batch_slots = arena.allocate_array<int32_t>(n);
  kernels::assign_slots(batch.distinct, groups, true, batch_slots, n, execution);
  float* const batch_scale = arena.allocate_array<float>(batch.count);
  if (chain.bf16) kernels::gather_rows({chain.graph.scale, n, 1}, batch.distinct, {batch_scale, groups, 1}, execution);
  int32_t* const slots = arena.allocate_array<int32_t>(n);
  uint8_t* const flags = arena.allocate_array<uint8_t>(n);
  int32_t* const lists[2] = {arena.allocate_array<int32_t>(n), arena.allocate_array<int32_t>(n)};
  {
    const Layers layers(chain, arena);
    RowList rows = batch_rows(chain, batch);  // where the layer is not zero
    for (int64_t layer = 0; layer < chain.layers; ++layer) {
      kernels::PropagateArgs args = product(chain, layer);
      StoredRows stored;
      if (layer == 0) {
        stored = first_layer(chain, {distinct, groups, chain.width}, batch_scale, args, execution);
        args.x_slots = batch_slots;
      } else {
        args.x = layers[layer];
        if (rows.list != nullptr) {
          kernels::assign_slots(rows.list, rows.count, false, slots, n, execution);
          args.x_slots = slots;
        }
      }
      args.base = distinct;
      args.base_slots = batch_slots;
      if (layer == chain.layers - 1) {
        args.y = {.f32 = de.data};
      } else {
        rows = neighbours_of(chain, rows, true, backward_all_from, lists[layer % 2], flags, execution);
        args.rows = rows.list;
        args.row_count = rows.count;
        args.y = layers[layer + 1];
      }
      kernels::propagate(args, execution);
      give_back(stored, arena);
    }
  }
  for (int32_t* list : lists) arena.give_back(list);
  arena.give_back(flags);
  arena.give_back(slots);
  arena.give_back(batch_scale);
  arena.give_back(batch_slots);
  arena.give_back(distinct);
}

Chain checked(const char* op, const NormalisedAdjacency& graph, const Tensor& embeddings, int64_t layers, bool bf16) {
  require(layers >= 0, ErrorKind::usage, op, ": ", layers, " layers are asked for");
  require(embeddings.rows() == graph.a.rows, ErrorKind::usage, op, ": embeddings have ", embeddings.rows(),
          " rows, the graph has ", graph.a.rows, " nodes");
  return {graph, layers, bf16, embeddings.cols()};
}

}  // namespace

Tensor propagate(const NormalisedAdjacency& graph, const Tensor& embeddings, int64_t layers, bool bf16) {
  const Chain chain = checked("propagate", graph, embeddings, layers, bf16);
  if (layers == 0) return embeddings;
  Context& context = embeddings.context();
  Tensor y = embeddings.like().reusable();
  propagate_all(chain, embeddings.value(), y.value(), context.execution());
  return context.tape().record(y, {embeddings}, [embeddings, y, chain] {
    embeddings.add_grad([&](DenseView<float> de) { propagate_all(chain, y.grad(), de, y.context().execution()); });
  });
}

Tensor propagate_rows(const NormalisedAdjacency& graph, const Tensor& embeddings, int64_t layers, const RowBatch& rows,
                      bool bf16) {
  const Chain chain = checked("propagate_rows", graph, embeddings, layers, bf16);
  Context& context = embeddings.context();
  if (layers == 0) return gather_rows(embeddings, rows);
  if (context.stream().kind() != DeviceKind::cpu) return gather_rows(propagate(graph, embeddings, layers, bf16), rows);
  Tensor y = context.make_tensor(rows.count, embeddings.cols()).reusable();
  propagate_frontiers(chain, embeddings.value(), rows, y.value(), context);
  return context.tape().record(y, {embeddings}, [embeddings, y, chain, rows] {
    embeddings.add_grad(
        [&](DenseView<float> de) { propagate_frontiers_backward(chain, rows, y.grad(), de, y.context().execution()); });
  });
}

}  // namespace heddle
