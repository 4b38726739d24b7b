#include "kernels/common/parallel.h"
#include "kernels/common/simd_math.h"
#include "kernels/ranking_loss/cpu_ranking_loss.h"
#include "kernels/ranking_loss/cpu_rows.h"

// Idea: a block of 48 users and its logits stay in the second-level cache while all three products are made of them: the logits,
// the users' gradient and the block's share of the negatives'. The matrix of batch x m probabilities never exists as a whole but
// in two loops (below), up to 256 MiB of it. All products are one tile: 6 rows times as many vectors as leave the registers full,
// operands read with strides, so that the transposed product needs no copy. Unit users are scaled by log2(e) / t, so that
// probabilities are powers of two. Work: 6 batch m d operations and batch m powers. Every sum has one order: along d for logits,
// along m for users, along a chunk's users for negatives, then the chunks in order; neither threads nor the width of the vectors
// change it. With more threads than chunks are good for, the negatives' gradient is a second loop, over chunks and slices of
// negatives; all probabilities are then kept and go through the shared cache. Where they are more than 256 MiB it stays one loop
// over chunks. Bytes: 4 (2 batch + m) d read and written, 8 m d for each chunk's partial gradient; in two loops 8 batch m more.
// Source: register tiles as in K. Goto, R. van de Geijn: "Anatomy of high-performance matrix multiplication", ACM TOMS 34, 2008.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

constexpr int tile_rows = softmax_tile_rows;
constexpr int tile_vectors = vector_registers == 32 ? 4 : 2;
constexpr int panel = tile_vectors * lanes;
/// Negatives at a time in the products of the gradient: 24 KiB of them at d = 64. A multiple of tile_rows.
constexpr int64_t slice = 96;
/// Multiplications that take as long as an element of parts_for.
constexpr int64_t products_per_element = 16;

static_assert(softmax_block_users % tile_rows == 0 && slice % tile_rows == 0);

/// Element (row, k) of the left operand stands at data[row * row_step + k * k_step].
struct Left {
  const float* data;
  int64_t row_step;
  int64_t k_step;
};

/// C = A B or, with `add`, C += A B for tile_rows rows and `vectors` vectors of columns. Row k of B at b + k * b_step.
template <int vectors>
void multiply_tile(Left a, const float* b, int64_t b_step, int64_t depth, bool add, float* c, int64_t c_step) {
  Vec sum[tile_rows][vectors];
#pragma GCC unroll 6
  for (int r = 0; r < tile_rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[r][v] = add ? load(c + r * c_step + v * lanes) : Vec{};
  }
  for (int64_t k = 0; k < depth; ++k) {
    Vec column[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) column[v] = load(b + k * b_step + v * lanes);
#pragma GCC unroll 6
    for (int r = 0; r < tile_rows; ++r) {
      const Vec factor = broadcast(a.data[r * a.row_step + k * a.k_step]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] += factor * column[v];
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < tile_rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) store(c + r * c_step + v * lanes, sum[r][v]);
  }
}

/// The same for `rows` rows, a multiple of tile_rows.
template <int vectors>
void multiply_rows(Left a, int64_t rows, const float* b, int64_t b_step, int64_t depth, bool add, float* c, int64_t c_step) {
  for (int64_t r = 0; r < rows; r += tile_rows) {
    multiply_tile<vectors>({a.data + r * a.row_step, a.row_step, a.k_step}, b, b_step, depth, add, c + r * c_step, c_step);
  }
}

/// The same for `vectors` <= tile_vectors, known at run time.
void multiply(Left a, int64_t rows, const float* b, int64_t b_step, int vectors, int64_t depth, bool add, float* c,
              int64_t c_step) {
  if (vectors == tile_vectors) return multiply_rows<tile_vectors>(a, rows, b, b_step, depth, add, c, c_step);
  if constexpr (tile_vectors > 2) {
    if (vectors == 3) return multiply_rows<3>(a, rows, b, b_step, depth, add, c, c_step);
    if (vectors == 2) return multiply_rows<2>(a, rows, b, b_step, depth, add, c, c_step);
  }
  multiply_rows<1>(a, rows, b, b_step, depth, add, c, c_step);
}

/// out = x / |x|, zero from d to `padded`.
void write_unit_row(const float* x, double inverse, int64_t d, int64_t padded, float* out) {
  for (int64_t c = 0; c < d; ++c) out[c] = static_cast<float>(x[c] * inverse);
  for (int64_t c = d; c < padded; ++c) out[c] = 0;
}

/// The gradient with respect to x from `factor` times that with respect to unit = x / |x|: (dunit - <dunit, unit> unit) / |x|.
void write_row_gradient(const float* dunit, const float* unit, double factor, double inverse, int64_t d, float* dx) {
  const double along = dot(dunit, unit, d);
  const double scale = factor * inverse;
  for (int64_t c = 0; c < d; ++c) dx[c] = static_cast<float>(scale * (dunit[c] - along * unit[c]));
}

struct Negatives {
  const float* rows;    // m x padded_d, unit
  const float* panels;  // [padded_m / panel][d][panel]: the same, transposed
};

/// Unit rows and panels of the negatives, zero where they are padded.
void pack_negatives(const SampledSoftmaxArgs& args, const SoftmaxPlan& plan, const SoftmaxWorkspace& workspace, Threads threads) {
  const int64_t d = args.rows.cols;
  const int64_t m = args.rows.rows - 2 * args.batch;
  parallel_each(threads, plan.padded_m / panel, panel * d, [&](int64_t p) {
    float* const target = workspace.shared + m * plan.padded_d + p * panel * d;
    for (int64_t j = p * panel; j < (p + 1) * panel; ++j) {
      float* const column = target + (j - p * panel);
      if (j >= m) {
        for (int64_t k = 0; k < d; ++k) column[k * panel] = 0;
        continue;
      }
      const float* const row = args.rows.data + (2 * args.batch + j) * d;
      float* const unit = workspace.shared + j * plan.padded_d;
      workspace.inverse_norms[j] = inverse_norm(row, d);
      write_unit_row(row, workspace.inverse_norms[j], d, plan.padded_d, unit);
      for (int64_t k = 0; k < d; ++k) column[k * panel] = unit[k];
    }
  });
}

/// A block's scratch memory.
struct Scratch {
  float* logits;     // block_users rows of padded_m + padding; then 2^(logit - the row's greatest)
  int64_t row;       // the length of those rows
  float* users;      // block_users x padded_d: unit users
  float* scaled;     // the same times log2(e) / t; then divided by their total
  float* positives;  // unit positives
  float* dusers;     // the users' gradient
};

Scratch scratch_of(const SoftmaxPlan& plan, float* memory) {
  Scratch s;
  s.row = plan.padded_m + softmax_logits_padding;
  const int64_t block = plan.block_users * plan.padded_d;
  s.logits = memory;
  s.users = s.logits + plan.block_users * s.row;
  s.scaled = s.users + block;
  s.positives = s.scaled + block;
  s.dusers = s.positives + block;
  return s;
}

/// Zeroes what the tiles of the last negatives read beyond them; its products are not used.
void clear_padding(const SoftmaxPlan& plan, const Scratch& s) {
  for (int64_t r = 0; r < plan.block_users; ++r) {
    for (int64_t j = plan.padded_m; j < s.row; ++j) s.logits[r * s.row + j] = 0;
  }
}

/// Adds to columns [c, c + vectors * lanes) of the gradient of the negatives [j, j + tiles) what `count` users of a block give;
/// `first`: sets them.
void add_gradient(const SoftmaxPlan& plan, const Scratch& s, int64_t count, int64_t j, int64_t tiles, int64_t c, int vectors,
                  bool first, float* dnegatives) {
  multiply({s.logits + j, 1, s.row}, tiles, s.scaled + c, plan.padded_d, vectors, count, !first,
           dnegatives + j * plan.padded_d + c, plan.padded_d);
}

[[gnu::always_inline]] inline int vectors_from(const SoftmaxPlan& plan, int64_t c) {
  return plan.padded_d - c < panel ? static_cast<int>(plan.padded_d - c) / lanes : tile_vectors;
}
[[gnu::always_inline]] inline int64_t whole_tiles(int64_t rows) { return (rows + tile_rows - 1) / tile_rows * tile_rows; }

/// A user's softmax: the sum over the negatives and over all, relative to the greatest term.
struct Softmax {
  double negatives;
  double total;
  double greatest;  // in powers of two
};

/// Replaces m logits by their terms. Columns from m to padded_m may be written.
Softmax softmax_row(float* logits, int64_t m, int64_t padded_m, float positive) {
  constexpr int parts = 16 / lanes;  // 16 interleaved sums, whatever the instruction set
  for (int64_t j = m; j < padded_m; ++j) logits[j] = positive;
  Vec most = broadcast(positive);
  for (int64_t j = 0; j < padded_m; j += lanes) most = greater_of(load(logits + j), most);
  float lane[16];
  store(lane, most);
  float greatest = lane[0];
  for (int i = 1; i < lanes; ++i) greatest = lane[i] > greatest ? lane[i] : greatest;

  const Vec offset = broadcast(greatest);
  Vec sum[parts];
#pragma GCC unroll 4
  for (Vec& part : sum) part = Vec{};
  int64_t j = 0;
  for (; j + 16 <= m; j += 16) {
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) {
      const Vec term = exp2_of(load(logits + j + p * lanes) - offset);
      store(logits + j + p * lanes, term);
      sum[p] += term;
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < parts; ++p) store(lane + p * lanes, sum[p]);
  double sums[16];
  for (int i = 0; i < 16; ++i) sums[i] = lane[i];
  for (int64_t rest = j; rest < m; rest += lanes) {
    store(logits + rest, exp2_of(load(logits + rest) - offset));
    for (int64_t i = rest; i < rest + lanes && i < m; ++i) sums[i - j] += logits[i];
  }
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) sums[i] += sums[i + width];
  }
  store(lane, exp2_of(broadcast(positive - greatest)));
  return {sums[0], sums[0] + lane[0], greatest};
}

/// The users [begin, end), at most a block of them: their losses and gradients, and unless `dnegatives` is null their share of
/// the negatives' gradient. `first`: of the chunk.
void run_block(const SampledSoftmaxArgs& args, const SoftmaxPlan& plan, const Negatives& negatives, const Scratch& s,
               int64_t begin, int64_t end, double* losses, bool first, float* dnegatives) {
  const int64_t d = args.rows.cols;
  const int64_t m = args.rows.rows - 2 * args.batch;
  const int64_t padded_d = plan.padded_d;
  const int64_t count = end - begin;
  const int64_t rows = whole_tiles(count);
  constexpr double log2_e = 1.4426950408889634;
  const float to_logit = static_cast<float>(log2_e / args.temperature);
  double inverse_users[softmax_block_users], inverse_positives[softmax_block_users];
  for (int64_t r = 0; r < count; ++r) {
    const float* const user = args.rows.data + (begin + r) * d;
    const float* const positive = user + args.batch * d;
    inverse_users[r] = inverse_norm(user, d);
    inverse_positives[r] = inverse_norm(positive, d);
    write_unit_row(user, inverse_users[r], d, padded_d, s.users + r * padded_d);
    write_unit_row(positive, inverse_positives[r], d, padded_d, s.positives + r * padded_d);
    for (int64_t c = 0; c < padded_d; ++c) s.scaled[r * padded_d + c] = s.users[r * padded_d + c] * to_logit;
  }
  for (int64_t i = count * padded_d; i < rows * padded_d; ++i) s.scaled[i] = 0;

  for (int64_t p = 0; p < plan.padded_m; p += panel) {
    multiply_rows<tile_vectors>({s.scaled, padded_d, 1}, rows, negatives.panels + p * d, panel, d, false, s.logits + p, s.row);
  }

  double push[softmax_block_users], inverse_total[softmax_block_users];  // push: the probability of all negatives
  for (int64_t r = 0; r < count; ++r) {
    float* const scaled = s.scaled + r * padded_d;
    const float positive = static_cast<float>(dot(scaled, s.positives + r * padded_d, d));
    const Softmax softmax = softmax_row(s.logits + r * s.row, m, plan.padded_m, positive);
    losses[begin + r] = __builtin_log(softmax.total) + (softmax.greatest - positive) / log2_e;
    push[r] = softmax.negatives / softmax.total;
    inverse_total[r] = 1 / softmax.total;
    const float scale = static_cast<float>(inverse_total[r]);
    for (int64_t c = 0; c < padded_d; ++c) scaled[c] = s.users[r * padded_d + c] * scale;
  }
  if (args.drows.data == nullptr) return;

  for (int64_t j = 0; j < m; j += slice) {
    const int64_t depth = j + slice < m ? slice : m - j;
    for (int64_t c = 0; c < padded_d; c += panel) {
      const int vectors = vectors_from(plan, c);
      multiply({s.logits + j, s.row, 1}, rows, negatives.rows + j * padded_d + c, padded_d, vectors, depth, j > 0, s.dusers + c,
               padded_d);
      if (dnegatives != nullptr) add_gradient(plan, s, count, j, whole_tiles(depth), c, vectors, first, dnegatives);
    }
  }

  const double factor = 1 / (static_cast<double>(args.temperature) * static_cast<double>(args.batch));
  for (int64_t r = 0; r < count; ++r) {
    const float* const user = s.users + r * padded_d;
    const float* const positive = s.positives + r * padded_d;
    float* const dunit = s.dusers + r * padded_d;
    float* const drow = args.drows.data + (begin + r) * d;
    const float pull = static_cast<float>(push[r]);
    const float scale = static_cast<float>(inverse_total[r]);
    for (int64_t c = 0; c < d; ++c) dunit[c] = scale * dunit[c] - pull * positive[c];
    write_row_gradient(dunit, user, factor, inverse_users[r], d, drow);
    for (int64_t c = 0; c < d; ++c) dunit[c] = -pull * user[c];
    write_row_gradient(dunit, positive, factor, inverse_positives[r], d, drow + args.batch * d);
  }
}

/// f(block of the chunk, first user, end) for every block of a chunk that has users.
template <class F>
[[gnu::always_inline]] inline void for_blocks(const SoftmaxPlan& plan, int64_t batch, int64_t chunk, const F& f) {
  const int64_t chunk_end = (chunk + 1) * plan.chunk_users < batch ? (chunk + 1) * plan.chunk_users : batch;
  for (int64_t block = 0; block < plan.chunk_blocks; ++block) {
    const int64_t begin = chunk * plan.chunk_users + block * plan.block_users;
    const int64_t end = begin + plan.block_users < chunk_end ? begin + plan.block_users : chunk_end;
    if (begin < end) f(block, begin, end);
  }
}

/// A thread takes a chunk of users and does all of it.
void run_chunks(const SampledSoftmaxArgs& args, const SoftmaxPlan& plan, const SoftmaxWorkspace& workspace,
                const Negatives& negatives, Threads team) {
  parallel_chunks(team, plan.chunks, [&](int64_t chunk) {
    const Scratch scratch = scratch_of(plan, workspace.blocks + chunk * plan.block_floats);
    clear_padding(plan, scratch);
    for_blocks(plan, args.batch, chunk, [&](int64_t block, int64_t begin, int64_t end) {
      run_block(args, plan, negatives, scratch, begin, end, workspace.losses, block == 0,
                workspace.gradients + chunk * plan.gradient_floats);
    });
  });
}

/// A thread takes a block of users; then a slice of the negatives' gradient of a chunk.
void run_blocks(const SampledSoftmaxArgs& args, const SoftmaxPlan& plan, const SoftmaxWorkspace& workspace,
                const Negatives& negatives, Threads team) {
  const int64_t m = args.rows.rows - 2 * args.batch;
  const auto scratch = [&](int64_t chunk, int64_t block) __attribute__((always_inline)) {
    return scratch_of(plan, workspace.blocks + (chunk * plan.chunk_blocks + block) * plan.block_floats);
  };
  parallel_chunks(team, plan.chunks * plan.chunk_blocks, [&](int64_t i) {
    for_blocks(plan, args.batch, i / plan.chunk_blocks, [&](int64_t block, int64_t begin, int64_t end) {
      if (block != i % plan.chunk_blocks) return;
      const Scratch own = scratch(i / plan.chunk_blocks, block);
      clear_padding(plan, own);
      run_block(args, plan, negatives, own, begin, end, workspace.losses, false, nullptr);
    });
  });
  if (args.drows.data == nullptr) return;
  const int64_t slices = (m + slice - 1) / slice;
  parallel_chunks(team, plan.chunks * slices, [&](int64_t i) {
    const int64_t chunk = i / slices;
    const int64_t j = i % slices * slice;
    const int64_t tiles = whole_tiles(j + slice < m ? slice : m - j);
    for_blocks(plan, args.batch, chunk, [&](int64_t block, int64_t begin, int64_t end) {
      const Scratch users = scratch(chunk, block);
      for (int64_t c = 0; c < plan.padded_d; c += panel) {
        add_gradient(plan, users, end - begin, j, tiles, c, vectors_from(plan, c), block == 0,
                     workspace.gradients + chunk * plan.gradient_floats);
      }
    });
  });
}

}  // namespace

void sampled_softmax_loss(const SampledSoftmaxArgs& args, const SoftmaxPlan& plan, const SoftmaxWorkspace& workspace,
                          Threads threads) {
  const int64_t d = args.rows.cols;
  const int64_t m = args.rows.rows - 2 * args.batch;
  const Threads team = parts_for(threads, args.batch * m * d / products_per_element) > 1 ? threads : Threads{};
  pack_negatives(args, plan, workspace, team);
  const Negatives negatives{workspace.shared, workspace.shared + m * plan.padded_d};
  (plan.by_blocks ? run_blocks : run_chunks)(args, plan, workspace, negatives, team);
  if (args.drows.data == nullptr) return;

  const double factor = 1 / (static_cast<double>(args.temperature) * static_cast<double>(args.batch));
  parallel_ranges(team, m, 1, (plan.chunks + 2) * d, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      float* const sum = workspace.gradients + j * plan.padded_d;
      for (int64_t chunk = 1; chunk < plan.chunks; ++chunk) {
        const float* const part = sum + chunk * plan.gradient_floats;
        for (int64_t c = 0; c < d; ++c) sum[c] += part[c];
      }
      write_row_gradient(sum, negatives.rows + j * plan.padded_d, factor, workspace.inverse_norms[j], d,
                         args.drows.data + (2 * args.batch + j) * d);
    }
  });
}

}  // namespace heddle::kernels::HEDDLE_ISA
