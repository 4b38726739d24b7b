#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "heddle/context.h"
#include "heddle/export.h"
#include "heddle/interactions.h"
#include "heddle/ops.h"
#include "heddle/progress.h"
#include "heddle/recommender.h"
#include "heddle/settings.h"

HEDDLE_API_BEGIN
namespace heddle {

namespace kernels {
struct InteractionsView;
}

/// What LightGCN minimises over a batch.
enum class RankingLoss {
  bpr,      ///< Rendle et al. 2009, as the LightGCN authors: one negative an interaction, dot products
  softmax,  ///< sampled softmax over cosines with shared negatives (Wu et al. 2022, "On the effectiveness of sampled softmax
            ///< loss")
};

/// How the learning rate changes over the planned steps.
enum class Schedule {
  constant,  ///< not at all
  cosine,    ///< to 0 along half a cosine (Loshchilov & Hutter 2017)
};

/// How propagated embeddings are stored between layers; sums and masters are float32.
enum class Precision {
  f32,   ///< 4 bytes a number
  bf16,  ///< 2 bytes a number: f32's first 16 bits, rounded to nearest even
};

/// Settings of a LightGcn model.
struct LightGcnOptions {
  int64_t dim = 64;       ///< width of the embeddings, from 1 to 65536
  int64_t layers = 3;     ///< propagations over the graph, from 0 (plain matrix factorisation) to 100
  float init_std = 0.1f;  ///< initial embeddings are N(0, init_std^2)
  /// Items are scored by <u, i> / |i|^norm_power. 0: the dot product, 1: the cosine (up to the user's norm).
  float norm_power = 0.4f;
  Precision precision = Precision::f32;  ///< of what is stored between layers
  uint64_t seed = 0;                     ///< of the initial embeddings, and of what training draws

  /// Throws Error{usage} for a value out of range.
  void check() const;
};

/// How a LightGcn model is trained.
struct LightGcnTrainOptions {
  int64_t epochs = 80;                      ///< at most; at least 1
  RankingLoss loss = RankingLoss::softmax;  ///< what is minimised
  float learning_rate = 0.03f;              ///< Adam's, before `schedule` changes it
  float reg = 1e-4f;                        ///< reg / 2 / batch * the squares of the batch's layer-0 rows
  /// 0: a fortieth of the training interactions, as a power of two from 256 to 16384.
  int64_t batch_size = 0;
  /// softmax; 0: chosen by short trainings without a part of the training interactions (choose_temperature).
  float temperature = 0;
  int64_t negatives = 1024;       ///< softmax: items that a batch is told apart from, shared by all of it
  float popularity_share = 0.3f;  ///< softmax: part of the negatives drawn by popularity, the others uniformly; from 0 to 1
  Schedule schedule = Schedule::cosine;  ///< of the learning rate
  int64_t patience = 0;    ///< evaluations without a better validation recall after which training stops; 0: all epochs
  int64_t eval_every = 0;  ///< epochs between evaluations; 0: only at the end
  /// Seconds of `train`, the choice of the temperature (which takes at most half of them) and evaluations on the way included;
  /// training stops after the epoch that passes them; 0: no limit.
  double time_limit = 0;
  /// cpu: compute only what the batch depends on. Exact; off: every product is whole, as on the other devices.
  bool frontier = true;
  /// Record the step once and replay it, where the device can.
  bool replay = true;

  /// The batch size that 0 stands for.
  static int64_t automatic_batch_size(int64_t interactions);

  /// Throws Error{usage} for a value out of range.
  void check() const;
  /// Throws Error{usage} for data that cannot be trained on with these: without validation interactions where there is patience,
  /// or without two items that `bpr` could compare. `train` calls it; who has other work before can ask first.
  void check_data(const InteractionDataset& data) const;
};

/// The options of a model as settings, by the names that they have on the command line, but `seed`, which is the fit's: "dim",
/// ...
const SettingTable<LightGcnOptions>& lightgcn_settings();
/// Those of its training: "epochs", "learning_rate", ..., but `frontier` and `replay`, which change no result. All of them for
/// either loss.
const SettingTable<LightGcnTrainOptions>& lightgcn_train_settings();

/// LightGCN (He et al. 2020) to be trained: user and item embeddings, propagated over the normalised interaction graph, layers
/// averaged. It does not rank: `recommender` makes of its weights a model that does.
class LightGcn {
 public:
  /// Throws Error{usage} for options out of range, Error{bad_data} where no user has an item.
  LightGcn(const InteractionDataset& data, const LightGcnOptions& options, const Device& device);
  LightGcn(const LightGcn&) = delete;
  LightGcn& operator=(const LightGcn&) = delete;
  ~LightGcn();

  /// Where its tensors are and its steps run.
  Context& context() { return context_; }
  /// What it was made with.
  const LightGcnOptions& options() const { return options_; }
  /// The interactions that it was made of, users x items.
  const HostCsr& train() const { return *train_; }
  /// How many users there are.
  int64_t users() const { return train_->rows; }
  /// How many items there are.
  int64_t items() const { return train_->cols; }

  /// The weights as they are now as a fitted model, "lightgcn", which later training does not change: the embeddings are
  /// propagated once, and it keeps vectors of users and items and shares the interactions. Its `item_embeddings` are the layer
  /// means divided by |i|^norm_power, `user_embeddings` the layer means; its tensors "users", "items" (scaled) and "fold_in", the
  /// items' vectors that a visitor's is the sum of. Begins steps in the context.
  std::unique_ptr<Recommender> recommender();

  /// The trainable layer-0 embeddings, [users + items x dim].
  Parameter& embeddings();
  /// What they are propagated over, (users + items) square: D^-1/2 A D^-1/2 of the bipartite graph.
  const NormalisedAdjacency& adjacency() const;
  /// What batches are drawn from.
  const kernels::InteractionsView& interactions() const;

  /// For `train`: `asked` as it was called, which the recommender's how_fitted tells, so that a training anew chooses anew;
  /// `used` with what it has chosen, which its trained_with tells, without what the loss does not know (BPR: temperature,
  /// negatives, popularity_share).
  void set_trained_with(const LightGcnTrainOptions& asked, const LightGcnTrainOptions& used);

 private:
  struct Trainable;

  LightGcnOptions options_;
  std::shared_ptr<const HostCsr> train_;
  std::map<std::string, std::string> trained_with_;
  std::map<std::string, std::string> asked_;  ///< of `train`; empty unless this object was trained
  Context context_;
  std::unique_ptr<Trainable> trainable_;
};

/// What a callback is told after each epoch.
struct LightGcnEpoch {
  int64_t epoch = 0;                   ///< from 1
  int64_t epochs = 0;                  ///< how many are planned
  double loss = 0;                     ///< mean over the epoch's steps, with the penalty
  double seconds = 0;                  ///< of the epoch, evaluation apart
  std::map<std::string, double> test;  ///< figures on the test split, by name, where the epoch was evaluated
  std::map<std::string, double> val;   ///< figures on the validation split, likewise
};

/// Told after each epoch; who wants to stop says so to the callback that is told of the progress.
using LightGcnCallback = std::function<void(const LightGcnEpoch&)>;

/// What a training of LightGCN came to.
struct LightGcnReport {
  int64_t epochs = 0;      ///< run to their end
  int64_t best_epoch = 0;  ///< with patience: whose weights the model holds
  int64_t steps = 0;       ///< over all epochs
  int64_t batch_size = 0;  ///< as used
  float temperature = 0;   ///< as used
  /// What the temperature was chosen by: NDCG@20 on the held-out part for each that was tried. Empty where it was given, and
  /// where no user has two training interactions: it is 0.1 then.
  std::vector<std::pair<float, double>> temperature_trials;
  /// The best is the highest of all that are ever tried: a higher one may do better still.
  bool temperature_at_edge = false;
  /// The time limit, or `progress`, ended the choice before one was worse than the one below it: a higher one may do better.
  bool temperature_cut_short = false;
  double choice_s = 0;          ///< seconds that took
  std::vector<double> losses;   ///< one an epoch
  std::vector<double> epoch_s;  ///< seconds of each epoch, evaluations apart
  double step_ms_median = 0;    ///< milliseconds
  double fit_s = 0;             ///< training, evaluations apart
  double eval_s = 0;            ///< evaluations on the way
  bool interrupted = false;     ///< it was told to stop; the model holds what was reached, the step under way included
  /// The median of epoch_s, in seconds; 0 where no epoch ran.
  double epoch_s_median() const;
};

/// Trains with Adam (Kingma & Ba 2015) on batches drawn by the counter-based generator; an epoch is as many draws as there are
/// training interactions. With `patience`, data.val decides (by recall@20) and the weights of the best evaluation are kept.
/// Throws Error{usage} for options out of range and for training interactions other than those the model was made of: first hold
/// out validation, then make the model, then train it. Throws Error{diverged} with epoch and step where a loss is NaN or
/// infinite; the model then holds the weights of the last epoch whose losses were finite.
///
/// `progress` is asked before each step; false ends the phase there. Its phases, and their figures:
///   "choosing the temperature"   trial 2 of at most 6; only where none is given
///   "training"                   epoch 3 of 80, and the loss of the epoch before (NaN in the first)
///   "ranking for validation", "ranking for the test"   of evaluations on the way
/// Where there is a time limit, the first two have most_left.
LightGcnReport train(LightGcn& model, const InteractionDataset& data, const LightGcnTrainOptions& given = {},
                     const LightGcnCallback& told = {}, const ProgressCallback& progress = {});

/// Tries temperatures from 0.1 upwards in steps of 0.05, each in a training of a few epochs without some of every user's
/// training interactions (share_to_hold_out says how many; judged by data.val where that is not empty), until NDCG@20 on those
/// falls, 0.35 was tried or half of options.time_limit has passed: sparse catalogues want a low one, dense ones a higher. Returns
/// what was tried to the end, with its NDCG@20: nothing where no user has two training interactions. The test split is not looked
/// at. `progress` is told "choosing the temperature" and asked before each step; false ends the search.
std::vector<std::pair<float, double>> choose_temperature(const InteractionDataset& data, const LightGcnOptions& model_options,
                                                         const LightGcnTrainOptions& options, const Device& device,
                                                         const ProgressCallback& progress = {});

/// N(0, std^2) by the Box-Muller transform on the counter-based generator, made on the host.
HostMatrix normal_matrix(int64_t rows, int64_t cols, float std, uint64_t seed, uint32_t index);

}  // namespace heddle
HEDDLE_API_END
