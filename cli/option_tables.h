#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

/// The command line as data: what `heddle options` prints, and docs/cli.md is compared with.
namespace heddle::cli {

/// Options that are added to `app` while this lives stand under a heading: in --help, and in docs/cli.md, where options of a
/// heading that several commands share are told once.
class OptionHeading {
 public:
  OptionHeading(CLI::App& app, const std::string& heading);
  ~OptionHeading();
  OptionHeading(const OptionHeading&) = delete;
  OptionHeading& operator=(const OptionHeading&) = delete;

 private:
  CLI::App& app_;
  std::string before_;
};

/// An option, or an argument without dashes, as --help tells it.
struct OptionRow {
  std::string names;              ///< "-h,--help"; "MODEL"
  std::string type;               ///< "N"; empty: a flag
  std::string fallback;           ///< the value that holds where it is not given; empty: none does
  std::string fallback_in_words;  ///< the same where it is no value: "one per processor"
  std::string meaning;
  std::string heading;  ///< empty: the command's own
  bool required = false;

  bool operator==(const OptionRow&) const = default;
};

struct CommandRow {
  std::string name;  ///< "heddle train gcn"
  std::string summary;
  std::vector<OptionRow> options;     ///< --help apart, which every command has
  std::vector<std::string> commands;  ///< the names of those under it
};

/// `app` and every command under it, in the order of --help.
std::vector<CommandRow> command_rows(const CLI::App& app);

/// The tables of docs/cli.md: each stands between a line `<!-- NAME -->` and a line `<!-- end -->`.
std::string option_tables(const std::vector<CommandRow>& commands);

}  // namespace heddle::cli
