#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "cli/answers.h"
#include "cli/commands.h"
#include "cli/durations.h"
#include "cli/interrupt.h"
#include "cli/item_lists.h"
#include "cli/known_ids.h"
#include "cli/model_file.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/recommender_report.h"
#include "cli/report.h"
#include "cli/result_files.h"
#include "cli/run_files.h"
#include "cli/setting_options.h"
#include "cli/terminal.h"
#include "heddle/bundle.h"
#include "heddle/error.h"
#include "heddle/limits.h"

namespace heddle::cli {

namespace {

struct RecommendCommand {
  std::string model;
  std::vector<std::string> users, item;
  std::string items;
  bool all_users = false;
  std::string users_file;
  std::string out;
  bool lines = false;
  int64_t topk = 10;
  bool exclude_seen = true;
  Fallback fallback = Fallback::popularity;
  ItemListOptions lists;
  DeviceOptions device;
  PrintOptions printing;

  void run() const;

 private:
  void check() const;
  AnswerOptions options(const Bundle& bundle) const;
  void answer_once(const Bundle& bundle) const;
  void write_all(const Bundle& bundle, ProgressBar& progress) const;
  void answer_lines(const Device& where) const;
};

void RecommendCommand::check() const {
  const bool visitor = !items.empty() || !item.empty();
  const bool one_by_one = !users.empty() || visitor;
  const bool many = all_users || !users_file.empty();
  if (lines) {
    require(!one_by_one && !many && out.empty(), ErrorKind::usage,
            "--lines takes its requests from standard input; --user, --items, --item, --users, --all-users and --out do not go "
            "with it");
    return;
  }
  require(one_by_one || many, ErrorKind::usage, "recommend needs --user, --items, --item, --users, --all-users or --lines");
  require(!(all_users && (one_by_one || !users_file.empty())), ErrorKind::usage, "--all-users names everybody; give it alone");
  require(out.empty() || !visitor, ErrorKind::usage, "--out takes rankings of users; a visitor's (--items) is printed");
  require(!many || !out.empty(), ErrorKind::usage, all_users ? "--all-users" : "--users",
          " needs a file for so many rankings: --out FILE.csv, .jsonl or .trec");
  if (!out.empty()) ranking_file_form(out);
}

AnswerOptions RecommendCommand::options(const Bundle& bundle) const {
  return {.k = topk, .exclude_taken = exclude_seen, .fallback = fallback, .lists = lists.read(bundle.saved(), printing.quiet)};
}

void RecommendCommand::answer_once(const Bundle& bundle) const {
  std::vector<Request> requests;
  for (const std::string& id : users) {
    refuse_slip_for_user(bundle.saved(), id);
    requests.push_back({.user = id, .items = {}});
  }
  if (!items.empty() || !item.empty()) {
    Request visitor{.user = {}, .items = item};
    for (const std::string& id : item) refuse_slip_for_item(bundle.saved(), id);
    for (std::string& id : listed_items(bundle.saved(), items)) visitor.items.push_back(std::move(id));
    requests.push_back(std::move(visitor));
  }
  note_doing("ranking");
  Session session(bundle.model().device());
  const AnswerOptions asked = options(bundle);
  const std::vector<Answer> answers = bundle.answer(session, requests, asked);
  std::string text;
  Json results = Json::array();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    tell_unknown_of(bundle, requests[i], answers[i], printing.quiet);
    if (printing.json) {
      results.push_back(answer_json(bundle, requests[i], answers[i]));
    } else {
      text += (text.empty() ? "" : "\n") + answer_text(bundle, requests[i], answers[i], asked);
    }
  }
  if (!printing.json) {
    print(text);
    return;
  }
  Json object{{"model", bundle.model().name()}, {"results", std::move(results)}};
  add_device(object, bundle.model().device());
  add_cost(object);
  print(object);
}

void RecommendCommand::write_all(const Bundle& bundle, ProgressBar& progress) const {
  const AnswerOptions how = options(bundle);  // first: what is wrong with a list is no fault of the file that is written
  std::optional<std::vector<std::string>> asked;
  if (!all_users) {
    for (const std::string& id : users) refuse_slip_for_user(bundle.saved(), id);
    asked = users;
    if (!users_file.empty()) {
      for (std::string& id : read_ids(users_file)) asked->push_back(std::move(id));
    }
  }
  catch_interrupts(progress.quiet());
  const auto start = std::chrono::steady_clock::now();
  WrittenRankings written;
  std::optional<Error> stopped;
  ResultFiles results("");
  results.write("the table of rankings", out, [&](const std::string& path) {
    Session session(bundle.model().device());
    try {
      written = write_rankings(bundle, session, asked, how, path, ranking_file_form(out), progress.callback());
    } catch (const Error& error) {
      // Of these the sentence says all: nothing failed that another name would mend.
      if (error.kind() == ErrorKind::io) throw;
      stopped = error;
    }
  });
  progress.finish();
  if (stopped) throw Error(*stopped);
  results.require_saved();  // of rankings that are lost there is nothing to tell
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  tell_unknown_users(bundle.saved(), written.unknown,
                     fallback == Fallback::popularity ? "; they get what most users have" : "; they get nothing", printing.quiet);
  results.report([&] {
    if (printing.json) {
      Json object{{"model", bundle.model().name()}, {"users", written.users},
                  {"rows", written.rows},           {"fallback", to_string(fallback)},
                  {"fallbacks", written.fallbacks}, {"unknown_users", written.unknown.size()},
                  {"files", results.saved()},       {"rank_s", seconds}};
      add_device(object, bundle.model().device());
      add_cost(object);
      print(object);
      return;
    }
    std::string text = fmt::format("ranked     {} for {} in {}\n", grouped(written.rows, "item"), grouped(written.users, "user"),
                                   duration_text(seconds, 2));
    if (written.fallbacks > 0) {
      text += fmt::format("           {} without history: {}\n", grouped(written.fallbacks, "user"),
                          fallback == Fallback::popularity ? "what most users have" : "nothing");
    }
    text += results.saved_text();
    print(text);
  });
}

void RecommendCommand::answer_lines(const Device& where) const {
  constexpr const char* answered = "every request before it has its answer";
  note_doing("reading the model");
  ServedFile served = open_served(model, where);
  Session session(where);
  // Read once: a file of ids that is gone when the model is replaced must not end what serves.
  const ListedIds listed = lists.ids(served.bundle().saved());
  AnswerOptions defaults{.k = topk, .exclude_taken = exclude_seen, .fallback = fallback};
  defaults.lists = items_listed(listed, served.bundle().saved(), printing.quiet);
  ItemLists of_next;  // items have other numbers in a model that takes the other's place
  const auto accept = [&](const Bundle& next) { of_next = items_listed(listed, next.saved(), printing.quiet); };
  std::string line;
  while (note_doing("waiting for a request", answered), std::getline(std::cin, line)) {
    note_doing("answering a request", answered);
    const std::string before = served.problem();
    if (served.refresh(accept)) {
      defaults.lists = std::exchange(of_next, {});
      if (!printing.quiet) say(fmt::format("heddle: {} was replaced; the new model answers from here on", model));
    } else if (served.problem() != before) {
      say(fmt::format("heddle: {}; the model before it answers on", served.problem()));
    }
    if (!line.empty() && line.back() == '\r') line.pop_back();
    print(line_answer(served.bundle(), session, line, defaults));
  }
  require(!std::cin.bad(), ErrorKind::io, "cannot read standard input");
}

void RecommendCommand::run() const {
  check();
  RunFiles files;
  files.reads_file("MODEL", model);
  files.reads_file("--users", users_file);
  lists.list(files);
  files.writes("--out", out);
  files.check();
  const Device where = device.open();
  if (lines) {
    answer_lines(where);
    return;
  }
  ProgressBar progress(printing.quiet || out.empty());  // a few rankings are there in a moment
  progress.phase("reading the model");
  const Bundle bundle(open_recommender(model, where));
  if (!out.empty()) {
    write_all(bundle, progress);
    return;
  }
  progress.finish();
  answer_once(bundle);
}

}  // namespace

void add_recommend(CLI::App& app, Action& action) {
  CLI::App* recommend =
      app.add_subcommand("recommend", "rank items for users, for all of them, or for a visitor with the given items");
  const auto command = std::make_shared<RecommendCommand>();
  add_model_argument(*recommend, command->model);
  recommend->add_option("--user", command->users, "a user's id in the data; may come several times")
      ->type_name("ID")
      ->allow_extra_args(false);
  recommend
      ->add_option(
          "--items", command->items,
          "ids of the items that a visitor has, with commas between; one with commas in it stands in quotes, as in a CSV")
      ->type_name("LIST");
  recommend->add_option("--item", command->item, "the id of an item that a visitor has; may come several times")
      ->type_name("ID")
      ->allow_extra_args(false);
  recommend->add_flag("--all-users", command->all_users, "rank for every user that the model knows, to the file of --out");
  recommend
      ->add_option("--users", command->users_file, "rank for the users whose ids this file has, one a line, to the file of --out")
      ->type_name("FILE");
  recommend
      ->add_option(
          "--out", command->out,
          "write the rankings to this file: .csv, .jsonl or .trec (a run for trec_eval and its like); with .gz behind it "
          "compressed")
      ->type_name("FILE");
  recommend->add_flag(
      "--lines", command->lines,
      "answer requests from standard input, one a line (a user's id, or a JSON object), by one JSON object a line");
  add_number<int64_t>(*recommend, "--topk", command->topk, 1, top_k_limit,
                      fmt::format("a whole number from 1 to {}", top_k_limit),
                      fmt::format("how many items, 1 to {}", top_k_limit));
  recommend
      ->add_option_function<std::string>(
          "--exclude-seen",
          [exclude = &command->exclude_seen](const std::string& written) {
            if (written != "true" && written != "false") refuse_choice("--exclude-seen", written, {"true", "false"});
            *exclude = written == "true";
          },
          "leave out what the user has in training (or the visitor has)")
      ->type_name("true|false")
      ->default_str("true");
  recommend
      ->add_option_function<std::string>(
          "--fallback",
          [fallback = &command->fallback](const std::string& written) {
            if (written != "popularity" && written != "none") refuse_choice("--fallback", written, {"popularity", "none"});
            *fallback = fallback_named(written);
          },
          "what those get of whom the model knows nothing: popularity (what most users have) or none")
      ->type_name("NAME")
      ->default_str("popularity");
  command->lists.add_to(*recommend, "the answers");
  command->device.add_to(*recommend);
  command->printing.add_to(*recommend);
  recommend->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
