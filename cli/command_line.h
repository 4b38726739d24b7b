#pragma once

#include <CLI/App.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/choices.h"

/// The command line as people write it: other spellings, and what they meant where it cannot be meant.
namespace heddle::cli {

using io::detail::did_you_mean;

/// A word to be typed at a shell that stands for these characters, whole: in quotes where it needs some.
std::string as_word(const std::string& written);

/// The arguments with options by the names they have here: what is written as the other side of the Atlantic does
/// ("--behavior-weights", "--normalise") is the option that differs in nothing but that. After an argument "--" nothing is
/// changed.
std::vector<std::string> in_known_spelling(std::vector<std::string> arguments, const CLI::App& app);

/// "heddle train gcn": as far as the command line was understood.
std::string understood(const CLI::App& app);

/// What an argument of a command line is.
struct Argument {
  enum class Is {
    command,
    option,
    value,  ///< of an option; `--epochs=3` is an option and its value in one
    other,  ///< an argument without dashes, or what nothing takes
  };
  std::string text;
  Is is = Is::other;
  const CLI::App* under = nullptr;      ///< the command that it stands under
  const CLI::Option* option = nullptr;  ///< of an option, or a value: which; of another: whose value stands before it, or null
};

/// The arguments, told apart as CLI11 does.
std::vector<Argument> told_apart(const std::vector<std::string>& arguments, const CLI::App& app);

/// The command whose help the arguments ask for, whatever else stands there; null where they ask for none.
const CLI::App* asked_for_help(const std::vector<Argument>& arguments);

/// Throws Error{usage} for an option with a value that is given twice, for one that lacks its value or has one that it does not
/// take, and for two that exclude each other.
void refuse_misused_options(const std::vector<Argument>& arguments);

/// Lets every option of `app` and all below it that takes a file's name, an id or a list of them refuse an empty one, which an
/// unset variable of a shell leaves, and "-", which no file's name is here: Error{usage}.
void refuse_empty_values(CLI::App& app);

/// Lets `app` and all below it keep arguments that nothing takes, for `reject_leftovers`.
void keep_leftovers(CLI::App& app);

/// Throws Error{usage} for the first argument that nothing took, with what may have been meant.
void reject_leftovers(const CLI::App& app, const std::vector<Argument>& arguments);

/// Throws Error{usage} for what CLI11 found wrong with a command line: options or a subcommand that are missing.
[[noreturn]] void fail_as(const CLI::ParseError& error, const CLI::App& app);

/// What --help of this command prints.
std::string help_of(const CLI::App& command);

/// The help of the subcommand that the words name ("train", "gcn"); of the program where there are none. Throws Error{usage} for
/// words that name none.
std::string help_of(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace heddle::cli
