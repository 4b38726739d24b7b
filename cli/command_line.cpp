#include "cli/command_line.h"

#include <algorithm>
#include <map>
#include <utility>

#include "heddle/error.h"
#include "io/near_matches.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

std::vector<const CLI::App*> subcommands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// "--epochs" and the like, of this subcommand alone.
std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& apps) {
  std::vector<std::string> names;
  for (const CLI::App* app : apps) names.push_back(app->get_name());
  return names;
}

/// A word in the letters that both spellings share: "behaviour" and "behavior" become one, so do "normalise" and "normalize".
std::string spelling_apart(std::string word) {
  constexpr std::pair<std::string_view, std::string_view> kSame[] = {{"our", "or"},  {"is", "iz"},   {"ys", "yz"},
                                                                     {"tre", "ter"}, {"ogue", "og"}, {"ence", "ense"}};
  for (const auto& [from, to] : kSame) {
    for (std::size_t at = word.find(from); at != std::string::npos; at = word.find(from, at + to.size()))
      word.replace(at, from.size(), to);
  }
  return word;
}

void collect_options(const CLI::App& app, std::map<std::string, std::string>& by_spelling) {
  for (const std::string& name : options_of(app)) by_spelling.emplace(spelling_apart(name), name);
  for (const CLI::App* subcommand : subcommands_of(app)) collect_options(*subcommand, by_spelling);
}

}  // namespace

std::string did_you_mean(std::string_view written, std::span<const std::string> candidates) {
  constexpr std::size_t kMost = 3, kShortest = 3;  // of a beginning: one letter says nothing
  // Dashes are alike in all options and say nothing about what was meant.
  const std::string dashes(written.substr(0, written.find_first_not_of('-')));
  const std::string word = spelling_apart(std::string(written.substr(dashes.size())));
  std::vector<std::string> names, words;
  for (const std::string& candidate : candidates) {
    if (!candidate.starts_with(dashes)) continue;
    names.push_back(candidate);
    words.push_back(spelling_apart(candidate.substr(dashes.size())));
  }
  const std::vector<std::string> near = io::detail::near_matches(word, words, kMost);
  std::vector<std::string> meant;
  const auto mean_those = [&](const auto& is_meant) {
    for (std::size_t i = 0; i < names.size() && meant.size() < kMost; ++i) {
      if (is_meant(words[i])) meant.push_back(names[i]);
    }
  };
  for (const std::string& each : near) mean_those([&](const std::string& candidate) { return candidate == each; });
  if (meant.empty() && word.size() >= kShortest)
    mean_those([&](const std::string& candidate) { return candidate.starts_with(word); });
  std::string text;
  for (std::size_t i = 0; i < meant.size(); ++i)
    text += (i == 0 ? "; did you mean " : i + 1 < meant.size() ? ", " : " or ") + meant[i];
  return text.empty() ? text : text + "?";
}

std::vector<std::string> in_known_spelling(std::vector<std::string> arguments, const CLI::App& app) {
  std::map<std::string, std::string> by_spelling;
  collect_options(app, by_spelling);
  for (std::string& argument : arguments) {
    if (argument == "--") break;
    if (!argument.starts_with("--")) continue;
    const std::size_t equals = std::min(argument.find('='), argument.size());
    const auto found = by_spelling.find(spelling_apart(argument.substr(0, equals)));
    if (found != by_spelling.end()) argument = found->second + argument.substr(equals);
  }
  return arguments;
}

std::string understood(const CLI::App& app) {
  std::string text = "heddle";
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    text += " " + at->get_name();
  }
  return text;
}

void refuse_empty_paths(CLI::App& app) {
  for (CLI::Option* option : app.get_options([](CLI::Option* each) {
         const std::string type = each->get_type_name();
         return type == "FILE" || type == "PATH";
       })) {
    option->check([name = option->get_name()](const std::string& written) {
      require(!written.empty(), ErrorKind::usage, name, " is '', it must be the name of a file");
      return std::string();
    });
  }
  for (CLI::App* subcommand : app.get_subcommands([](CLI::App*) { return true; })) refuse_empty_paths(*subcommand);
}

void keep_leftovers(CLI::App& app) {
  app.allow_extras();
  for (CLI::App* subcommand : app.get_subcommands([](CLI::App*) { return true; })) keep_leftovers(*subcommand);
}

void reject_leftovers(const CLI::App& app) {
  const CLI::App* at = &app;
  for (std::string name = "heddle";; name += " " + at->get_name()) {
    if (const std::vector<std::string> rest = at->remaining(); !rest.empty()) {
      const std::string& first = rest.front();
      const bool option = first.starts_with('-');
      const std::string written = option ? first.substr(0, first.find('=')) : first;
      const char* const what = option ? "option" : at == &app ? "subcommand" : "argument";
      fail(ErrorKind::usage, "there is no ", what, " ", io::detail::in_quotes(written),
           did_you_mean(written, option ? options_of(*at) : names_of(subcommands_of(*at))), " (see ", name, " --help)");
    }
    if (at->get_subcommands().empty()) return;
    at = at->get_subcommands().front();
  }
}

std::string help_of(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* at = &app;
  std::string path = "heddle";
  for (const std::string& word : words) {
    const std::vector<const CLI::App*> below = subcommands_of(*at);
    const auto found = std::find_if(below.begin(), below.end(), [&](const CLI::App* each) { return each->get_name() == word; });
    require(found != below.end(), ErrorKind::usage, path, " has no subcommand ", io::detail::in_quotes(word),
            did_you_mean(word, names_of(below)), " (see ", path, " --help)");
    at = *found;
    path += " " + word;
  }
  // Not App::help: of a subcommand that was named ("help" itself) that one prints the help of it.
  return at->get_formatter()->make_help(at, path, CLI::AppFormatMode::Normal);
}

}  // namespace heddle::cli
