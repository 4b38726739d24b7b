#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "heddle/context.h"
#include "heddle/interactions.h"
#include "heddle/ops.h"
#include "heddle/recommender.h"

namespace heddle {

/// What LightGCN minimises over a batch.
enum class RankingLoss {
  bpr,      ///< Rendle et al. 2009, as the LightGCN authors: one negative an interaction, dot products
  softmax,  ///< sampled softmax over cosines with shared negatives (Wu et al. 2022, "On the effectiveness of sampled softmax
            ///< loss")
};

/// How the learning rate changes over the planned steps.
enum class Schedule { constant, cosine };

/// How propagated embeddings are stored between layers; sums and masters are float32.
enum class Precision { f32, bf16 };

struct LightGcnOptions {
  int64_t dim = 64;
  int64_t layers = 3;
  float init_std = 0.1f;  ///< initial embeddings are N(0, init_std^2)
  /// Items are scored by <u, i> / |i|^norm_power. 0: the dot product, 1: the cosine (up to the user's norm).
  float norm_power = 0;
  Precision precision = Precision::f32;
  uint64_t seed = 0;

  /// Throws Error{usage} for a value out of range.
  void check() const;
};

struct LightGcnTrainOptions {
  int64_t epochs = 80;
  RankingLoss loss = RankingLoss::softmax;
  float learning_rate = 0.03f;
  float reg = 1e-4f;  ///< reg / 2 / batch * the squares of the batch's layer-0 rows
  int64_t batch_size = 16384;
  float temperature = 0.1f;
  int64_t negatives = 1024;
  float popularity_share = 0.3f;
  Schedule schedule = Schedule::cosine;
  int64_t patience = 0;    ///< evaluations without a better validation recall after which training stops; 0: all epochs
  int64_t eval_every = 0;  ///< epochs between evaluations; 0: only at the end
  double time_limit = 0;   ///< seconds of fitting after which training stops, 0: none; with it the schedule is planned by time
};

}  // namespace heddle
