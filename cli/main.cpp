#include <fmt/format.h>
#include <signal.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cstdio>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "cli/process.h"
#include "cli/report.h"
#include "heddle/error.h"
#include "heddle/version.h"

namespace heddle::cli {

namespace {

/// One line on standard error, whatever the sentence holds.
int complain(ErrorKind kind, std::string sentence) {
  std::replace(sentence.begin(), sentence.end(), '\n', ' ');
  std::fputs(fmt::format("heddle: {}\n", sentence).c_str(), stderr);  // fmt::print throws where nobody reads it
  return exit_status(kind);
}

/// "heddle train gcn": as far as the command line was understood.
std::string understood(const CLI::App& app) {
  std::string text = "heddle";
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    text += " " + at->get_name();
  }
  return text;
}

/// Arguments that nothing takes are kept, so that `reject_leftovers` can say which, in their order.
void keep_leftovers(CLI::App& app) {
  app.allow_extras();
  for (CLI::App* subcommand : app.get_subcommands([](CLI::App*) { return true; })) keep_leftovers(*subcommand);
}

void reject_leftovers(const CLI::App& app) {
  const CLI::App* at = &app;
  for (std::string name = "heddle";; name += " " + at->get_name()) {
    if (const std::vector<std::string> rest = at->remaining(); !rest.empty()) {
      const char* what = rest.front().starts_with('-') ? "option" : at == &app ? "subcommand" : "argument";
      fail(ErrorKind::usage, "there is no ", what, " '", rest.front(), "' (see ", name, " --help)");
    }
    if (at->get_subcommands().empty()) return;
    at = at->get_subcommands().front();
  }
}

int run(int argc, char** argv) {
  CLI::App app("heddle: a graph learning engine", "heddle");
  app.set_help_flag("-h,--help", "print this help and exit");
  app.set_version_flag("--version", fmt::format("heddle {}", version()), "print the version and exit");
  app.require_subcommand(0, 1);
  app.get_formatter()->column_width(34);
  Action action;
  add_train(app, action);
  add_predict(app, action);
  add_evaluate(app, action);
  add_recommend(app, action);
  add_similar(app, action);
  add_export(app, action);
  add_compare(app, action);
  add_data(app, action);
  add_demo(app, action);
  add_info(app, action);
  add_variants(app, action);
  add_bench(app, action);
  add_tune(app, action);
  add_options(app, action);
  keep_leftovers(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return 0;
  } catch (const CLI::CallForVersion& asked) {
    print(fmt::format("{}\n", asked.what()));
    return 0;
  } catch (const CLI::ParseError& error) {
    return complain(ErrorKind::usage, fmt::format("{} (see {} --help)", error.what(), understood(app)));
  }
  reject_leftovers(app);
  require(action != nullptr, ErrorKind::usage, "a subcommand is needed (see heddle --help)");
  action();
  return 0;
}

}  // namespace

}  // namespace heddle::cli

int main(int argc, char** argv) {
  heddle::cli::note_start();
  heddle::set_log_sink([](std::string_view message) { std::fputs(fmt::format("heddle: {}\n", message).c_str(), stderr); });
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
