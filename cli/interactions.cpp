#include "cli/interactions.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/option_tables.h"
#include "cli/options.h"
#include "heddle/error.h"
#include "io/interactions.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

/// A setting of `options`, which the library reads from text and tells as text.
template <class Options>
void add_setting(SettingList& list, Options& options, const char* name, const std::string& type_name, const std::string& help) {
  list.other(
      name, type_name, help,
      [&options, name](const std::string& written) { set_setting(options, name, written, option_name(name)); },
      [&options, name] { return to_settings(options).at(name); });
}

/// ", lightgcn, recbole, movielens or csv"
std::string format_names() {
  const auto formats = io::detail::interaction_formats();
  std::string names;
  for (const io::detail::InteractionFormatEntry& entry : formats)
    names += fmt::format("{}{}", &entry == &formats.back() ? " or " : ", ", entry.name);
  return names;
}

Json degrees_json(const DegreeSummary& degrees) {
  return {{"mean", degrees.mean}, {"median", degrees.median}, {"max", degrees.most}};
}

}  // namespace

InteractionOptions::InteractionOptions() {
  add_setting(reading_, how_read_, "format", "NAME", "format of the data: auto (by its content)" + format_names());
  const auto column = [&](const char* name, const char* what) {
    add_setting(reading_, how_read_, name, "COLUMN",
                fmt::format("csv: the column with the {}, by name or number from 1 [by usual names]", what));
  };
  column("user_column", "user");
  column("item_column", "item");
  column("rating_column", "rating");
  column("behaviour_column", "behaviour (view, buy, ...)");
  column("time_column", "time");
  const auto how = [&](const char* name, const char* type_name, const char* help) {
    add_setting(reading_, how_read_, name, type_name, help);
  };
  how("separator", "TEXT", "between the fields of a line: comma, tab, semicolon, pipe, blanks or any other [by content]");
  how("quote", "CHARACTER", "around fields: a character, or none [by content]");
  how("encoding", "NAME", "utf-8, utf-16, utf-16le, utf-16be, windows-1252 or latin-1 [by content]");
  how("header", "NAME", "whether the first line holds names: auto (by content), yes or no");
  how("skip_lines", "N", "lines above the table that are passed over; auto: by content");
  how("missing", "NAME", "rows whose user or item is empty, NA, NULL, \\N, nan or none: skip, error or keep (as ids)");
  how("ragged", "NAME", "rows with more or fewer fields than the header: error or skip");
  how("dates", "NAME", "what comes first in 3/4/2024: auto (by the column), day-first or month-first");
  reading_.flag("strict", how_read_.options.strict, "whatever is doubtful or left out is an error");

  const auto add = [&](const char* name, const char* type_name, const char* help) {
    add_setting(preparing_, prepare_, name, type_name, help);
  };
  add("min_rating", "N", "leave out interactions rated lower [all are kept]");
  add("behaviour_weights", "LIST", "weight of each behaviour, as view=1,cart=3,buy=5; others are left out [all weigh 1]");
  add("k_core", "N", "leave out users and items with fewer partners than this, until none is left; 0: keep all");
  add("split", "NAME", "auto (files where there are such, else ratio), ratio, leave-one-out, files or none");
  add("test_share", "N", "ratio: share of each user's interactions that is kept for the test");
  add("val_share", "N", "ratio: share kept for validation");
  add("by_time", "", "ratio, leave-one-out: the latest go to the test; otherwise at random");
  add("global_split", "", "ratio: shares of all interactions together, not of each user's");
  add("split_seed", "N", "seed of a random split");
}

void InteractionOptions::add_to(CLI::App& app) {
  const OptionHeading heading(app, "Interactions");
  app.add_option("--data", path_, "the interactions: a file, or a folder with files (docs/formats.md)")
      ->type_name("PATH")
      ->required();
  reading_.add_to(app);
  preparing_.add_to(app);
}

LoadedInteractions InteractionOptions::load(const PrepareOptions& prepare_by, Reading* told) const {
  const auto start = std::chrono::steady_clock::now();
  LoadedInteractions loaded;
  io::InteractionReading how = how_read_;
  set_wanted(how, prepare_by);
  loaded.data = prepare(io::load_interactions(path_, how, told), prepare_by);
  loaded.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  loaded.hash = loaded.data.origin.hash_as_split;
  return loaded;
}

LoadedInteractions InteractionOptions::load(Reading* told) const { return load(prepare_, told); }

LoadedInteractions InteractionOptions::load_whole(Reading* told) const {
  PrepareOptions whole = prepare_;
  whole.automatic_split = false;
  whole.split = SplitMethod::none;
  return load(whole, told);
}

std::string InteractionOptions::command_line() const {
  const auto quoted = [](const std::string& word) {
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                            "-_./:=,@+%") == std::string::npos;
    if (plain) return word;
    std::string result = "'";
    for (const char c : word) result += c == '\'' ? "'\\''" : std::string(1, c);
    return result + "'";
  };
  std::string line = "--data " + quoted(path_);
  for (const SettingList* list : {&reading_, &preparing_}) {
    for (const auto& [name, value] : list->values()) {
      if (list->given(name)) line += " " + option_name(name) + (value == "true" ? "" : " " + quoted(value));
    }
  }
  return line;
}

void InteractionOptions::adopt(const std::map<std::string, std::string>& options) {
  for (const auto& [name, value] : options) {
    reading_.preset(name, value);
    preparing_.preset(name, value);
  }
}

std::string no_test_text(const InteractionDataset& data) {
  const std::string way_on = "--split ratio or --split leave-one-out keeps some";
  switch (data.origin.split) {  // what was asked for may be auto
    case SplitMethod::none: return "--split none keeps no interactions for the test; " + way_on;
    case SplitMethod::files:
      return text("its files keep no interactions for the test",
                  data.report.overlap > 0 ? " that are not in training too; " : "; ", way_on);
    case SplitMethod::ratio:
    case SplitMethod::leave_one_out: break;  // `prepare` throws where they come to nothing, but for a share of 0
  }
  return "--test-share 0 keeps no interactions for the test; --test-share 0.2 keeps a fifth";
}

std::string interactions_text(const InteractionDataset& data, const std::string& hash) {
  const InteractionReport& report = data.report;
  std::string text = to_text(data.reading);
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
          {"overlap", report.overlap},
          {"cold_users", report.users_without_train},
          {"cold_items", report.items_without_train},
          {"test_items_unseen", report.test_items_unseen},
          {"reading", Json::parse(to_json(data.reading))}};
}

}  // namespace heddle::cli
