#include "kernels/common/parallel.h"
#include "kernels/common/simd_math.h"
#include "kernels/ranking_loss/cpu_ranking_loss.h"
#include "kernels/ranking_loss/cpu_rows.h"

// Idea: a block of 48 users and its logits stay in the second-level cache while all three products are made of them: the logits,
// the users' gradient and the block's share of the negatives'. The matrix of batch x m probabilities never exists. All products
// are one tile: 6 rows times as many vectors as leave the registers full, operands read with strides, so that the transposed
// product needs no copy. Unit users are scaled by log2(e) / t, so that probabilities are powers of two.
// Work: 6 batch m d operations and batch m powers. Every sum has one order: along d for logits, along m for users, along a
// chunk's users for negatives, then the chunks in order; neither threads nor the width of the vectors change it.
// Bytes: 4 (2 batch + m) d read and written, 8 m d for each chunk's partial gradient.
// Source: register tiles as in K. Goto, R. van de Geijn: "Anatomy of high-performance matrix multiplication", ACM TOMS 34, 2008.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

constexpr int tile_rows = softmax_tile_rows;
constexpr int tile_vectors = vector_registers == 32 ? 4 : 2;
constexpr int panel = tile_vectors * lanes;
/// Negatives at a time in the products of the gradient: 24 KiB of them at d = 64. A multiple of tile_rows.
constexpr int64_t slice = 96;
constexpr int64_t serial_below = int64_t{1} << 18;  // multiplications

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
  parallel_chunks(m * d < 32768 ? Threads{} : threads, plan.padded_m / panel, [&](int64_t p) {
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

/// A chunk's scratch memory.
struct Scratch {
  float* logits;      // block_users rows of padded_m + padding; then 2^(logit - the row's greatest)
  int64_t row;        // the length of those rows
  float* users;       // block_users x padded_d: unit users
  float* scaled;      // the same times log2(e) / t; then divided by their total
  float* positives;   // unit positives
  float* dusers;      // the users' gradient
  float* dnegatives;  // m, in whole tiles, x padded_d
};

Scratch scratch_of(const SoftmaxPlan& plan, float* memory) {
  Scratch s;
  s.row = plan.padded_m + softmax_logits_padding;
  const int64_t block = softmax_block_users * plan.padded_d;
  s.logits = memory;
  s.users = s.logits + softmax_block_users * s.row;
  s.scaled = s.users + block;
  s.positives = s.scaled + block;
  s.dusers = s.positives + block;
  s.dnegatives = s.dusers + block;
  return s;
}

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
  for (int p = 0; p < parts; ++p) sum[p] = Vec{};
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

/// The users [begin, end), at most a block of them; returns the sum of their losses. `first`: of the chunk.
double run_block(const SampledSoftmaxArgs& args, const SoftmaxPlan& plan, const Negatives& negatives, const Scratch& s,
                 int64_t begin, int64_t end, bool first) {
  const int64_t d = args.rows.cols;
  const int64_t m = args.rows.rows - 2 * args.batch;
  const int64_t padded_d = plan.padded_d;
  const int64_t count = end - begin;
  const int64_t rows = (count + tile_rows - 1) / tile_rows * tile_rows;
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

  double loss = 0;
  double push[softmax_block_users], inverse_total[softmax_block_users];  // push: the probability of all negatives
  for (int64_t r = 0; r < count; ++r) {
    float* const scaled = s.scaled + r * padded_d;
    const float positive = static_cast<float>(dot(scaled, s.positives + r * padded_d, d));
    const Softmax softmax = softmax_row(s.logits + r * s.row, m, plan.padded_m, positive);
    loss += __builtin_log(softmax.total) + (softmax.greatest - positive) / log2_e;
    push[r] = softmax.negatives / softmax.total;
    inverse_total[r] = 1 / softmax.total;
    const float scale = static_cast<float>(inverse_total[r]);
    for (int64_t c = 0; c < padded_d; ++c) scaled[c] = s.users[r * padded_d + c] * scale;
  }
  if (args.drows.data == nullptr) return loss;

  for (int64_t j = 0; j < m; j += slice) {
    const int64_t depth = j + slice < m ? slice : m - j;
    const int64_t tiles = (depth + tile_rows - 1) / tile_rows * tile_rows;
    for (int64_t c = 0; c < padded_d; c += panel) {
      const int vectors = padded_d - c < panel ? static_cast<int>(padded_d - c) / lanes : tile_vectors;
      multiply({s.logits + j, s.row, 1}, rows, negatives.rows + j * padded_d + c, padded_d, vectors, depth, j > 0, s.dusers + c,
               padded_d);
      multiply({s.logits + j, 1, s.row}, tiles, s.scaled + c, padded_d, vectors, count, !first, s.dnegatives + j * padded_d + c,
               padded_d);
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
  return loss;
}

}  // namespace

void sampled_softmax_loss(const SampledSoftmaxArgs& args, const SoftmaxPlan& plan, const SoftmaxWorkspace& workspace,
                          Threads threads) {
  const int64_t d = args.rows.cols;
  const int64_t m = args.rows.rows - 2 * args.batch;
  const Threads team = args.batch * m * d < serial_below ? Threads{} : threads;
  pack_negatives(args, plan, workspace, team);
  const Negatives negatives{workspace.shared, workspace.shared + m * plan.padded_d};
  parallel_chunks(team, plan.chunks, [&](int64_t chunk) {
    const Scratch scratch = scratch_of(plan, workspace.chunks + chunk * plan.chunk_floats);
    // What the tiles of the last negatives read beyond them; its products are not used.
    for (int64_t r = 0; r < softmax_block_users; ++r) {
      for (int64_t j = plan.padded_m; j < scratch.row; ++j) scratch.logits[r * scratch.row + j] = 0;
    }
    const int64_t begin = chunk * plan.chunk_users;
    const int64_t end = begin + plan.chunk_users < args.batch ? begin + plan.chunk_users : args.batch;
    double loss = 0;
    for (int64_t b = begin; b < end; b += softmax_block_users) {
      const int64_t block_end = b + softmax_block_users < end ? b + softmax_block_users : end;
      loss += run_block(args, plan, negatives, scratch, b, block_end, b == begin);
    }
    workspace.partials[chunk] = loss;
  });
  if (args.drows.data == nullptr) return;

  const double factor = 1 / (static_cast<double>(args.temperature) * static_cast<double>(args.batch));
  float* const first = scratch_of(plan, workspace.chunks).dnegatives;
  parallel_ranges(team, m, 16, 64, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      float* const sum = first + j * plan.padded_d;
      for (int64_t chunk = 1; chunk < plan.chunks; ++chunk) {
        const float* const part = sum + chunk * plan.chunk_floats;
        for (int64_t c = 0; c < d; ++c) sum[c] += part[c];
      }
      write_row_gradient(sum, negatives.rows + j * plan.padded_d, factor, workspace.inverse_norms[j], d,
                         args.drows.data + (2 * args.batch + j) * d);
    }
  });
}

}  // namespace heddle::kernels::HEDDLE_ISA
