#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cstdio>
#include <new>
#include <stdexcept>

#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/process.h"
#include "cli/report.h"
#include "heddle/error.h"
#include "heddle/version.h"

namespace heddle::cli {

namespace {

/// One line on standard error, whatever the sentence holds.
int complain(ErrorKind kind, std::string sentence) {
  std::replace(sentence.begin(), sentence.end(), '\n', ' ');
  fmt::print(stderr, "heddle: {}\n", sentence);
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
  using heddle::ErrorKind;
  using heddle::cli::complain;
  heddle::cli::note_start();
  heddle::set_log_sink([](std::string_view message) { fmt::print(stderr, "heddle: {}\n", message); });
  try {
    return heddle::cli::run(argc, argv);
  } catch (const heddle::Error& error) {
    return complain(error.kind(), error.what());
  } catch (const std::bad_alloc&) {
    return complain(ErrorKind::out_of_memory, "the host has no memory left for this");
  } catch (const std::length_error& error) {
    return complain(ErrorKind::out_of_memory, fmt::format("more memory was asked for than any host has ({})", error.what()));
  } catch (const std::exception& error) {
    return complain(ErrorKind::internal, fmt::format("unexpected error: {}", error.what()));
  }
}
