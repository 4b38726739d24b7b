#include "heddle/lightgcn.h"
#include "heddle/rethrow.h"

namespace heddle {

const SettingTable<LightGcnOptions>& lightgcn_settings() try {
  using Options = LightGcnOptions;
  static const SettingTable<Options> table(
      "lightgcn",
      {setting("dim", &Options::dim, 1, 65536, "width of the embeddings"),
       setting("layers", &Options::layers, 0, 100, "propagations over the graph"),
       setting("init_std", &Options::init_std, Range::above(0), "standard deviation of the first embeddings"),
       setting("norm_power", &Options::norm_power, 0, 1, "items are scored by <u, i> / |i|^this; 0: dot product, 1: cosine"),
       setting("precision", &Options::precision, {{"f32", Precision::f32}, {"bf16", Precision::bf16}},
               "how embeddings are stored between layers")});
  return table;
} catch (...) {
  rethrow_as_error();
}

const SettingTable<LightGcnTrainOptions>& lightgcn_train_settings() try {
  using Options = LightGcnTrainOptions;
  static const SettingTable<Options> table(
      "lightgcn",
      {setting("epochs", &Options::epochs, 1, 10'000'000, "epochs, each of as many draws as there are training interactions"),
       setting("loss", &Options::loss, {{"softmax", RankingLoss::softmax}, {"bpr", RankingLoss::bpr}},
               "softmax (sampled, over cosines) or bpr"),
       setting("learning_rate", &Options::learning_rate, Range::above(0), "Adam's learning rate"),
       setting("schedule", &Options::schedule, {{"constant", Schedule::constant}, {"cosine", Schedule::cosine}},
               "the learning rate stays (constant) or falls to 0 over the epochs (cosine)"),
       setting("reg", &Options::reg, Range::at_least(0),
               "this / 2 / batch size times the squares of the batch's embeddings is added to the loss"),
       setting("batch_size", &Options::batch_size, 0, 100'000'000,
               "interactions a step; 0: a fortieth of the training interactions, as a power of two from 256 to 16384")
           .automatic("0"),
       setting("temperature", &Options::temperature, Range::zero_or_at_least(0.001),
               "softmax: cosines are divided by this; 0: chosen by short trainings without a tenth of the training interactions")
           .automatic("0"),
       setting("negatives", &Options::negatives, 1, 10'000'000, "softmax: items drawn a step, shared by its users"),
       setting("popularity_share", &Options::popularity_share, 0, 1, "softmax: share of these that is drawn by popularity"),
       setting("patience", &Options::patience, 0, 10'000'000,
               "stop after this many evaluations without a better validation recall@20, and keep the best; 0: run all epochs"),
       setting("eval_every", &Options::eval_every, 0, 10'000'000,
               "epochs between evaluations; 0: only at the end (with patience: 1)"),
       setting(
           "time_limit", &Options::time_limit, 0, 1'000'000'000,
           "stop after the epoch that passes these seconds, in which the temperature is chosen (at most half of them), trained "
           "and evaluated on the way; 0: no limit")});
  return table;
} catch (...) {
  rethrow_as_error();
}

void LightGcnOptions::check() const { lightgcn_settings().check(*this); }
void LightGcnTrainOptions::check() const { lightgcn_train_settings().check(*this); }

}  // namespace heddle
