#include <fmt/format.h>
#include <signal.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <csignal>
#include <memory>
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

int run(int argc, char** argv) {
  CLI::App app("heddle: a graph learning engine", "heddle");
  app.set_help_flag("-h,--help", "print this help and exit");
  const std::string version_line = fmt::format("heddle {}\n", version());
  app.set_version_flag("-v,--version", version_line, "print the version and exit");
  app.require_subcommand(0, 1);
  app.get_formatter()->column_width(34);
  Action action;
  add_train(app, action);
  add_predict(app, action);
  add_evaluate(app, action);
  add_recommend(app, action);
  add_similar(app, action);
  add_export(app, action);
  add_bundle(app, action);
  add_compare(app, action);
  add_data(app, action);
  add_demo(app, action);
  add_info(app, action);
  add_variants(app, action);
  add_bench(app, action);
  add_tune(app, action);
  add_options(app, action);
  add_help_and_version(app, version_line, action);
  keep_leftovers(app);
  refuse_empty_paths(app);
  std::vector<std::string> arguments = in_known_spelling({argv + std::min(argc, 1), argv + argc}, app);
  const std::vector<Argument> parts = told_apart(arguments, app);
  if (const CLI::App* const asked = asked_for_help(parts); asked != nullptr) {
    print(help_of(*asked));
    return 0;
  }
  refuse_misused_options(parts);
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
    app.parse(std::move(arguments));
  } catch (const CLI::CallForVersion& asked) {
    print(asked.what());
    return 0;
  } catch (const CLI::CallForHelp&) {  // -hh
    print(help_of(*parts.back().under));
    return 0;
  } catch (const CLI::ParseError& error) {
    reject_leftovers(app, parts);  // a misspelt option is why a required one is missing
    fail_as(error, app);
  }
  reject_leftovers(app, parts);
  require(action != nullptr, ErrorKind::usage, "a subcommand is needed (see heddle --help)");
  const bool only_tells = app.got_subcommand("help") || app.got_subcommand("version") || app.got_subcommand("options");
  if (!only_tells) check_environment();
  action();
  return 0;
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
    return heddle::cli::run(argc, argv);
  } catch (const heddle::cli::OutputClosed& error) {
    return heddle::cli::exit_status(error.kind());
  } catch (...) {
    const heddle::Error error = heddle::cli::current_error();
    return heddle::cli::complain(error.kind(), error.what());
  }
}
