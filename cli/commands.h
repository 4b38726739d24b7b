#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

namespace heddle::cli {

/// What the command line turned out to ask for.
using Action = std::function<void()>;

/// Each adds its subcommand to `app`; parsing a command line that names it sets `action`.
/// Of `train` the kinds of models, or the one alone that `kind_name` names: what a command line asks for by its second word.
void add_train(CLI::App& app, Action& action, const std::string& kind_name = {});
void add_predict(CLI::App& app, Action& action);
void add_data(CLI::App& app, Action& action);
void add_evaluate(CLI::App& app, Action& action);
void add_recommend(CLI::App& app, Action& action);
void add_bundle(CLI::App& app, Action& action);
void add_similar(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_demo(CLI::App& app, Action& action);
void add_info(CLI::App& app, Action& action);
void add_variants(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_tune(CLI::App& app, Action& action);
void add_options(CLI::App& app, Action& action);

}  // namespace heddle::cli
