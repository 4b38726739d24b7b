#include <fmt/format.h>
#include <signal.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <csignal>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "cli/process.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "heddle/error.h"
#include "heddle/kinds.h"
#include "heddle/version.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

/// One line on standard error, whatever the sentence holds.
int complain(ErrorKind kind, std::string sentence) {
  std::replace(sentence.begin(), sentence.end(), '\n', ' ');
  say("heddle: " + io::detail::printable(sentence));
  return exit_status(kind);
}

/// Two words for those who try them: the options --help and --version, as other programs have them.
void add_help_and_version(CLI::App& app, const std::string& version_line, Action& action) {
  const auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "print this help, or that of a subcommand: heddle help train gcn");
  help->add_option("SUBCOMMAND", *words, "its name, and that of what is below it")->type_name("");
  help->callback([&app, words, &action] { action = [&app, words] { print(help_of(app, *words)); }; });
  app.add_subcommand("version", "print the version")->callback([version_line, &action] {
    action = [version_line] { print(version_line); };
  });
}

/// Which commands are made: to make the options of all takes most of a short run.
enum class Commands { named, all };

/// Adds the subcommand that the first of `words` names, of `train` the kind that the second one names; all there are where they
/// name none, or where all are asked for.
void add_commands(CLI::App& app, const std::vector<std::string>& words, Commands which, Action& action) {
  const std::string first = words.empty() ? "" : words.front(), second = words.size() > 1 ? words[1] : "";
  const std::span<const Kind> all = kinds();
  const bool one_kind = which == Commands::named && first == "train" &&
                        std::any_of(all.begin(), all.end(), [&](const Kind& kind) { return kind.name == second; });
  const auto add_train_of = [&](CLI::App& to, Action& told) { add_train(to, told, one_kind ? second : ""); };
  using Add = std::function<void(CLI::App&, Action&)>;
  const std::pair<const char*, Add> commands[] = {
      {"train", add_train_of},  {"predict", add_predict}, {"evaluate", add_evaluate}, {"recommend", add_recommend},
      {"similar", add_similar}, {"export", add_export},   {"bundle", add_bundle},     {"compare", add_compare},
      {"data", add_data},       {"demo", add_demo},       {"info", add_info},         {"variants", add_variants},
      {"bench", add_bench},     {"tune", add_tune}};
  const bool one_command = which == Commands::named && std::any_of(std::begin(commands), std::end(commands),
                                                                   [&](const auto& command) { return first == command.first; });
  for (const auto& [name, add] : commands) {
    if (!one_command || first == name) add(app, action);
  }
  add_options(app, action);
}

/// Makes the commands in `app` and sets `action` to what `words` ask for, or throws a usage Error.
void read_command_line(CLI::App& app, const std::vector<std::string>& words, Commands which, Action& action) {
  app.set_help_flag("-h,--help", "print this help and exit");
  const std::string version_line = fmt::format("heddle {}\n", version());
  app.set_version_flag("-v,--version", version_line, "print the version and exit");
  app.require_subcommand(0, 1);
  app.get_formatter()->column_width(34);
  add_commands(app, words, which, action);
  add_help_and_version(app, version_line, action);
  keep_leftovers(app);
  refuse_empty_values(app);
  std::vector<std::string> arguments = in_known_spelling(words, app);
  const std::vector<Argument> parts = told_apart(arguments, app);
  if (const CLI::App* const asked = asked_for_help(parts); asked != nullptr) {
    action = [asked] { print(help_of(*asked)); };
    return;
  }
  refuse_misused_options(parts);
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
    app.parse(std::move(arguments));
  } catch (const CLI::CallForVersion&) {
    action = [version_line] { print(version_line); };
    return;
  } catch (const CLI::CallForHelp&) {  // -hh
    action = [asked = parts.back().under] { print(help_of(*asked)); };
    return;
  } catch (const CLI::ParseError& error) {
    reject_leftovers(app, parts);  // a misspelt option is why a required one is missing
    fail_as(error, app);
  }
  reject_leftovers(app, parts);
  require(action != nullptr, ErrorKind::usage, "a subcommand is needed (see heddle --help)");
  const bool only_tells = app.got_subcommand("help") || app.got_subcommand("version") || app.got_subcommand("options");
  if (!only_tells) check_environment();
}

void run(const std::vector<std::string>& words) {
  const auto make_app = [] { return std::make_unique<CLI::App>("heddle: a graph learning engine", "heddle"); };
  std::unique_ptr<CLI::App> app = make_app();
  Action action;
  try {
    read_command_line(*app, words, Commands::named, action);
  } catch (const Error&) {  // whoever made a mistake is told where an option is at home, and what was meant
    action = nullptr;
    app = make_app();
    read_command_line(*app, words, Commands::all, action);
  }
  action();
}

}  // namespace

}  // namespace heddle::cli

int main(int argc, char** argv) {
  using heddle::cli::complain;
  heddle::cli::open_missing_streams();
  heddle::cli::note_start();
  heddle::set_log_sink([](std::string_view message) { heddle::cli::say("heddle: " + heddle::io::detail::printable(message)); });
  heddle::cli::catch_closed_pipes();
  ::signal(SIGXFSZ, SIG_IGN);  // a file that grows past the shell's limit (ulimit -f) is then a sentence, not the end
  try {
    heddle::cli::run({argv + std::min(argc, 1), argv + argc});
    return 0;
  } catch (const heddle::cli::OutputClosed& error) {
    return heddle::cli::exit_status(error.kind());
  } catch (...) {
    const heddle::Error error = heddle::cli::current_error();
    return heddle::cli::complain(error.kind(), error.what());
  }
}
