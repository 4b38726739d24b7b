#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

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

int run(int argc, char** argv) {
  CLI::App app("heddle: a graph learning engine", "heddle");
  app.set_help_flag("-h,--help", "print this help and exit");
  app.set_version_flag("--version", fmt::format("heddle {}", version()), "print the version and exit");
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  Action action;
  add_train(app, action);
  add_predict(app, action);
  add_demo(app, action);
  add_info(app, action);
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
