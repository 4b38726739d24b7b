#include "cli/interactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/option_tables.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

/// Whether users and items of whom filters left nothing stayed.
bool keeps_empty(const InteractionDataset& data) {
  const auto found = data.origin.options.find("keep_empty");
  return found != data.origin.options.end() && found->second == "true";
}

Json degrees_json(const DegreeSummary& degrees) {
  return {{"mean", degrees.mean}, {"median", degrees.median}, {"max", degrees.most}};
}

}  // namespace

void InteractionOptions::add_to(CLI::App& app) {
  const OptionHeading heading(app, "Interactions");
  const bool has_argument = !app.get_options([](const CLI::Option* option) { return option->get_positional(); }).empty();
  CLI::Option* const data =
      app.add_option("--data", paths_,
                     "the interactions: a file, a pattern ('logs/*.csv'), or a folder with files; several are allowed "
                     "(docs/formats.md)")
          ->type_name("PATH")
          ->required();
  if (has_argument) data->allow_extra_args(false);  // which may stand behind it: the option is given for each file
  settings_.add_to(app, io::reading_settings().rows());
  settings_.add_to(app, prepare_settings().rows());
}

Settings InteractionOptions::settings() const {
  Settings settings = settings_.given();
  settings.insert(adopted_.begin(), adopted_.end());  // what is given stays
  return settings;
}

InteractionLog InteractionOptions::read(ProgressBar& progress, Reading* told) const {
  progress.phase("reading the data");  // before the file is opened: that may take
  io::InteractionReading how = io::reading_settings().read(settings());
  set_wanted(how, prepare_settings().read(settings()));
  how.options.progress = progress.callback();
  return io::load_interaction_files(paths_, how, told);
}

LoadedInteractions InteractionOptions::split(InteractionLog&& log, ProgressBar& progress, bool whole) const {
  PrepareOptions options = prepare_settings().read(settings());
  if (whole) options.split = SplitMethod::none;
  LoadedInteractions loaded;
  loaded.data = prepare(std::move(log), options, progress.callback());
  loaded.hash = loaded.data.origin.hash_as_split;
  return loaded;
}

LoadedInteractions InteractionOptions::load(ProgressBar& progress) const {
  const auto start = std::chrono::steady_clock::now();
  LoadedInteractions loaded = split(read(progress), progress);
  loaded.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return loaded;
}

bool InteractionOptions::strict() const { return io::reading_settings().read(settings()).options.strict; }

bool InteractionOptions::automatic_split() const { return prepare_settings().read(settings()).split == SplitMethod::automatic; }

std::string InteractionOptions::command_line() const {
  std::string line;
  for (const std::string& path : paths_) line += (line.empty() ? "--data " : " --data ") + shell_word(path);
  return line + settings_.command_line();
}

std::string no_test_text(const InteractionDataset& data) {
  const std::string way_on = "--split ratio or --split leave-one-out keeps some";
  switch (data.origin.split) {  // what was asked for may be auto
    case SplitMethod::none: return "--split none keeps no interactions for the test; " + way_on;
    case SplitMethod::files:
      return text("its files keep no interactions for the test",
                  data.report.overlap > 0 ? " that are not in training too; " : "; ", way_on);
    case SplitMethod::automatic:
    case SplitMethod::ratio:
    case SplitMethod::leave_one_out: break;  // `prepare` throws where they come to nothing, but for a share of 0
  }
  return "--test-share 0 keeps no interactions for the test; --test-share 0.2 keeps a fifth";
}

std::string interactions_text(const InteractionDataset& data, const std::string& hash) {
  const InteractionReport& report = data.report;
  std::string text = reading_text(data.reading);
  text += fmt::format("data       {}: {}, {}, density {:.4g} %\n", io::detail::printable(data.name),
                      grouped(data.users.size(), "user"), grouped(data.items.size(), "item"), 100 * data.density());
  text += fmt::format("           {} to train on, {} to validate, {} to test\n", grouped(data.train.nnz(), "interaction"),
                      grouped(data.val.nnz()), grouped(data.test.nnz()));
  std::string met;
  const auto tell = [&](int64_t count, const char* noun, const char* what) {
    if (count > 0) met += fmt::format("           {} {}\n", noun == nullptr ? grouped(count) : grouped(count, noun), what);
  };
  tell(report.below_min_rating, nullptr, "left out by rating");
  tell(report.other_behaviours, nullptr, "left out by behaviour");
  tell(report.duplicates, nullptr, "merged with another of the same user and item");
  tell(report.k_core_removed, nullptr, "removed by the k-core filter");
  if (report.users_left_empty + report.items_left_empty > 0) {
    met += fmt::format("           {} and {} of whom that leaves nothing{}\n", grouped(report.users_left_empty, "user"),
                       grouped(report.items_left_empty, "item"), keeps_empty(data) ? ", kept" : ", not in the data");
  }
  tell(report.overlap, nullptr, "left out of test or validation, being in training too");
  tell(report.users_without_train, "user", "without an item to train on (cold)");
  tell(report.items_without_train, "item", "that nobody has in training (cold)");
  tell(report.test_items_unseen, "test interaction", "with such an item");
  return text + met + fmt::format("           content hash {}\n", hash);
}

Json interactions_json(const InteractionDataset& data, const std::string& hash) {
  const InteractionReport& report = data.report;
  return {{"name", data.name},
          {"users", data.users.size()},
          {"items", data.items.size()},
          {"train", data.train.nnz()},
          {"val", data.val.nnz()},
          {"test", data.test.nnz()},
          {"density", data.density()},
          {"hash", hash},
          {"per_user", degrees_json(user_degrees(data))},
          {"per_item", degrees_json(item_degrees(data))},
          {"logged", report.logged},
          {"below_min_rating", report.below_min_rating},
          {"other_behaviours", report.other_behaviours},
          {"duplicates", report.duplicates},
          {"k_core_removed", report.k_core_removed},
          {"users_left_empty", report.users_left_empty},
          {"items_left_empty", report.items_left_empty},
          {"overlap", report.overlap},
          {"cold_users", report.users_without_train},
          {"cold_items", report.items_without_train},
          {"test_items_unseen", report.test_items_unseen},
          {"reading", Json::parse(to_json(data.reading))}};
}

}  // namespace heddle::cli
