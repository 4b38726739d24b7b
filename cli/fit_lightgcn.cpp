#include "cli/fit_lightgcn.h"

#include <fmt/format.h>

#include <cfloat>

#include "cli/interrupt.h"
#include "cli/progress.h"

namespace heddle::cli {

namespace {

enum class Protocol { standard, paper };

/// The authors' own settings (He et al. 2020, and their program), as far as they differ from the defaults here.
constexpr std::pair<const char*, const char*> paper_settings[] = {
    {"epochs", "1000"},      {"dim", "64"},   {"layers", "3"},   {"init_std", "0.1"},    {"norm_power", "0"},
    {"precision", "f32"},    {"loss", "bpr"}, {"reg", "0.0001"}, {"batch_size", "2048"}, {"learning_rate", "0.001"},
    {"schedule", "constant"}};

std::string figures_text(const char* split, const std::map<std::string, double>& figures) {
  std::string text;
  for (const char* metric : {"recall@20", "ndcg@20"}) {
    const auto found = figures.find(metric);
    if (found != figures.end()) text += fmt::format("{}{} {:.4f}", text.empty() ? "" : ", ", metric, found->second);
  }
  return text.empty() ? text : fmt::format(", {} {}", split, text);
}

class LightGcnFitter final : public Fitter {
 public:
  LightGcnFitter() {
    add_training_settings();
    add_model_settings();
  }

  const char* name() const override { return "lightgcn"; }
  const char* summary() const override { return kind_.summary; }
  const char* source() const override { return kind_.source; }

  void settle() override {
    if (protocol_ == Protocol::paper) {
      for (const auto& [setting, value] : paper_settings) settings().preset(setting, value);
    }
    model_options_.check();
    train_options_.check();
  }

  bool needs_validation() const override { return train_options_.patience > 0; }
  bool trains_in_epochs() const override { return true; }
  void check(const InteractionDataset& data) const override { train_options_.check_data(data); }

  Fitted fit(const InteractionDataset& data, const FitRequest& request) override;

 private:
  void add_training_settings();
  void add_model_settings();

  const RecommenderKind& kind_ = find_recommender_kind("lightgcn");
  LightGcnOptions model_options_;
  LightGcnTrainOptions train_options_;
  Protocol protocol_ = Protocol::standard;
};

void LightGcnFitter::add_training_settings() {
  SettingList& list = settings();
  LightGcnTrainOptions& options = train_options_;
  list.choice<Protocol>("protocol", protocol_, {{"default", Protocol::standard}, {"paper", Protocol::paper}},
                        "paper takes the authors' settings for all that no option gives: BPR, batches of 2048, Adam "
                        "with 0.001 throughout, 1000 epochs (hours where the default takes minutes)");
  list.whole_number("epochs", options.epochs, 1, 10'000'000, "epochs, each of as many draws as there are training interactions");
  list.choice<RankingLoss>("loss", options.loss, {{"softmax", RankingLoss::softmax}, {"bpr", RankingLoss::bpr}},
                           "softmax (sampled, over cosines) or bpr");
  list.number<float>("learning_rate", options.learning_rate, FLT_MIN, FLT_MAX, "a number above 0", "Adam's learning rate");
  list.choice<Schedule>("schedule", options.schedule, {{"constant", Schedule::constant}, {"cosine", Schedule::cosine}},
                        "the learning rate stays (constant) or falls to 0 over the epochs (cosine)");
  list.number<float>("reg", options.reg, 0, FLT_MAX, "a number of at least 0",
                     "this / 2 / batch size times the squares of the batch's embeddings is added to the loss");
  list.whole_number("batch_size", options.batch_size, 0, 100'000'000,
                    "interactions a step; 0: a fortieth of the training interactions, as a power of two from 256 to 16384");
  list.number<float>("temperature", options.temperature, 0, FLT_MAX, "0 or a number of at least 0.001",
                     "softmax: cosines are divided by this; 0: chosen by short trainings without a tenth of the training "
                     "interactions");
  list.whole_number("negatives", options.negatives, 1, 10'000'000, "softmax: items drawn a step, shared by its users");
  list.number<float>("popularity_share", options.popularity_share, 0, 1, "a number from 0 to 1",
                     "softmax: share of these that is drawn by popularity");
  list.whole_number("patience", options.patience, 0, 10'000'000,
                    "stop after this many evaluations without a better validation recall@20, and keep the best; 0: run "
                    "all epochs");
  list.whole_number("eval_every", options.eval_every, 0, 10'000'000,
                    "epochs between evaluations; 0: only at the end (with patience: 1)");
  list.number<double>(
      "time_limit", options.time_limit, 0, 1e9, "a number from 0 to 1000000000",
      "stop after the epoch that passes these seconds, in which the temperature is chosen (at most half of them), trained "
      "and evaluated on the way; 0: no limit");
}

void LightGcnFitter::add_model_settings() {
  SettingList& list = settings();
  LightGcnOptions& options = model_options_;
  list.whole_number("dim", options.dim, 1, 65536, "width of the embeddings");
  list.whole_number("layers", options.layers, 0, 100, "propagations over the graph");
  list.number<float>("init_std", options.init_std, FLT_MIN, FLT_MAX, "a number above 0",
                     "standard deviation of the first embeddings");
  list.number<float>("norm_power", options.norm_power, 0, 1, "a number from 0 to 1",
                     "items are scored by <u, i> / |i|^this; 0: dot product, 1: cosine");
  list.choice<Precision>("precision", options.precision, {{"f32", Precision::f32}, {"bf16", Precision::bf16}},
                         "how embeddings are stored between layers");
}

Fitted LightGcnFitter::fit(const InteractionDataset& data, const FitRequest& request) {
  LightGcnOptions options = model_options_;
  options.seed = request.seed;
  catch_interrupts(request.progress.quiet());
  LightGcn model(data, options, request.device);
  Fitted fitted;
  fitted.planned_epochs = train_options_.epochs;
  const auto told = [&](const LightGcnEpoch& epoch) {
    fitted.good_epochs = epoch.epoch;
    if (!epoch.val.empty() || !epoch.test.empty()) {
      fitted.evaluations.push_back(epoch);
      request.progress.line(fmt::format("epoch {} of {}: loss {:.4f}{}{}", epoch.epoch, epoch.epochs, epoch.loss,
                                        figures_text("validation", epoch.val), figures_text("test", epoch.test)));
    }
    return !interrupted() || epoch.epoch == epoch.epochs;
  };
  model.context().set_profiler(request.profiler);
  try {
    fitted.training = train(model, data, train_options_, told, request.progress.callback());
    fitted.choice_s = fitted.training->choice_s;
    fitted.fit_s = fitted.training->fit_s;
    fitted.eval_s = fitted.training->eval_s;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::diverged) throw;
    fitted.failure = error;
  }
  model.context().set_profiler(nullptr);
  fitted.model = model.recommender();
  return fitted;
}

}  // namespace

std::unique_ptr<Fitter> make_lightgcn_fitter() { return std::make_unique<LightGcnFitter>(); }

}  // namespace heddle::cli
