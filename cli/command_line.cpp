#include "cli/command_line.h"

#include <algorithm>
#include <map>
#include <utility>

#include "heddle/error.h"
#include "io/text.h"

namespace heddle::cli {

using io::detail::spelling_apart;

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
  names.reserve(apps.size());
  for (const CLI::App* app : apps) names.push_back(app->get_name());
  return names;
}

/// "heddle train gcn".
std::string path_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? "heddle" : path_of(*app.get_parent()) + " " + app.get_name();
}

const CLI::App* subcommand_of(const CLI::App& app, const std::string& name) {
  for (const CLI::App* each : subcommands_of(app)) {
    if (each->get_name() == name) return each;
  }
  return nullptr;
}

/// The option of `app` that an argument ("--epochs", "--epochs=3", "-h") names, or null.
const CLI::Option* option_of(const CLI::App& app, const std::string& argument) {
  if (!argument.starts_with('-') || argument.size() < 2) return nullptr;
  const std::string name = argument.substr(0, argument.find('='));
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional() && option->check_name(name)) return option;
  }
  return nullptr;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

/// Of an option that takes a value: whether it may come several times.
bool takes_several(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

/// Whether arguments without dashes behind its value are values of it too.
bool takes_what_follows(const CLI::Option& option) { return takes_several(option) && option.get_allow_extra_args(); }

/// Whether its value is a list, with commas between.
bool takes_list(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type == "LIST" || type.ends_with(",...");
}

bool names_a_file(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type == "FILE" || type == "PATH";
}

bool names_things(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type == "LIST" || type == "ID";
}

/// How many arguments without dashes `app` takes, which are no names of subcommands.
std::size_t arguments_of(const CLI::App& app) {
  std::size_t count = 0;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) count += static_cast<std::size_t>(option->get_items_expected_max());
  }
  return count;
}

}  // namespace

std::string as_word(const std::string& written) {
  constexpr std::string_view plain = "-_./,:=@%+0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const bool other = std::any_of(written.begin(), written.end(), [&](char c) {
    return static_cast<unsigned char>(c) < 0x80 && plain.find(c) == std::string_view::npos;
  });
  if (!other && !written.empty()) return written;
  std::string word = "'";
  for (const char c : written) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

namespace {

/// Of an option of a subcommand that was written before that one's name: where it goes; else empty.
std::string place_of_option(const CLI::App& app, const std::string& written) {
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    if (option_of(*at, written) != nullptr) return text("; it goes behind ", path_of(*at));
  }
  const std::vector<const CLI::App*> below = subcommands_of(app);
  const bool of_some =
      std::any_of(below.begin(), below.end(), [&](const CLI::App* each) { return option_of(*each, written) != nullptr; });
  return of_some ? "; it goes behind the name of a subcommand" : "";
}

/// Of an option that other commands beside `app` have: "; --heads is an option of heddle train gat"; else empty.
std::string other_commands_with(const CLI::App& app, const std::string& written) {
  constexpr std::size_t most = 3;
  if (app.get_parent() == nullptr) return {};
  std::string names;
  std::size_t count = 0;
  for (const CLI::App* each : subcommands_of(*app.get_parent())) {
    if (each == &app || option_of(*each, written) == nullptr) continue;
    if (++count <= most) names += (names.empty() ? "" : ", ") + path_of(*each);
  }
  return count == 0 ? "" : text("; ", written, " is an option of ", names, count > most ? " and others" : "");
}

/// What an argument that `app` does not take may have been meant for: an option that is missing, or the one before it. Empty
/// where there is none.
std::string place_of_argument(const CLI::App& app, const std::string& written, const std::vector<Argument>& arguments) {
  std::string missing;
  for (const CLI::Option* option : app.get_options()) {
    if (missing.empty() && option->get_required() && option->nonpositional() && option->count() == 0)
      missing = text("; did you mean ", option->get_name(), " ", as_word(written), "?");
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Argument& argument = arguments[i];
    if (argument.is != Argument::Is::other || argument.text != written || argument.option == nullptr) continue;
    if (takes_what_follows(*argument.option)) continue;  // it is a value of that: another of the same text is too many
    const std::string name = argument.option->get_name();
    // "--items=A" and "--items A" alike, and all that follows.
    const std::string& given = arguments[i - 1].text;
    const std::string value = arguments[i - 1].is == Argument::Is::option ? given.substr(given.find('=') + 1) : given;
    std::string list = value, times = text(name, " ", as_word(value));
    for (std::size_t next = i;
         next < arguments.size() && arguments[next].is == Argument::Is::other && arguments[next].option == argument.option;
         ++next) {
      list += "," + arguments[next].text;
      times += text(" ", name, " ", as_word(arguments[next].text));
    }
    if (takes_list(*argument.option)) return text("; a list has commas between: ", name, " ", as_word(list));
    if (takes_several(*argument.option)) return text("; ", name, " is given for each: ", times);
    if (!missing.empty()) return missing;
    return text("; ", name, " takes one value",
                names_a_file(*argument.option) ? ", which is put in quotes where it has blanks" : "");
  }
  return missing;
}

/// "; there are: spmm, sddmm": the subcommands of `app`; empty where it has none.
std::string subcommand_list(const CLI::App& app) {
  const std::vector<std::string> names = names_of(subcommands_of(app));
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? names.size() == 1 ? "; there is: " : "; there are: " : ", ") + name;
  return text;
}

/// What may have been meant with `word`, or the subcommands that there are.
std::string nearest_or_list(const CLI::App& app, const std::string& word) {
  const std::string meant = did_you_mean(word, names_of(subcommands_of(app)));
  return meant.empty() ? subcommand_list(app) : meant;
}

void collect_options(const CLI::App& app, std::map<std::string, std::string>& by_spelling) {
  for (const std::string& name : options_of(app)) by_spelling.emplace(spelling_apart(name), name);
  for (const CLI::App* subcommand : subcommands_of(app)) collect_options(*subcommand, by_spelling);
}

}  // namespace

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

std::vector<Argument> told_apart(const std::vector<std::string>& arguments, const CLI::App& app) {
  using Is = Argument::Is;
  std::vector<Argument> result;
  const CLI::App* at = &app;
  const CLI::Option* lacking = nullptr;  // an option whose value comes next
  const CLI::Option* before = nullptr;   // the one whose value came last
  std::size_t places = 0;                // for arguments without dashes
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& text = arguments[i];
    const CLI::Option* const option = option_of(*at, text);
    if (lacking != nullptr && option == nullptr && text != "--") {
      result.push_back({text, Is::value, at, lacking});
      before = std::exchange(lacking, nullptr);
      continue;
    }
    if (text == "--") {  // what follows are no options
      for (; i < arguments.size(); ++i) result.push_back({arguments[i], Is::other, at, nullptr});
      break;
    }
    if (option != nullptr) {
      result.push_back({text, Is::option, at, option});
      before = nullptr;
      lacking = takes_value(*option) && text.find('=') == std::string::npos ? option : nullptr;
      if (takes_value(*option) && lacking == nullptr) before = option;
      continue;
    }
    const CLI::App* const below = text.starts_with('-') ? nullptr : subcommand_of(*at, text);
    if (below != nullptr) {
      at = below;
      places = arguments_of(*at);
      before = nullptr;
      result.push_back({text, Is::command, at, nullptr});
      continue;
    }
    // Of an argument that the command takes, or that follows another that it does not, nothing is told about an option.
    const bool taken = !text.starts_with('-') && places > 0 && !(before != nullptr && takes_what_follows(*before));
    if (taken) --places;
    if (taken || text.starts_with('-')) before = nullptr;
    result.push_back({text, Is::other, at, before});
  }
  return result;
}

const CLI::App* asked_for_help(const std::vector<Argument>& arguments) {
  const CLI::App* of = nullptr;
  bool asked = false;
  for (const Argument& argument : arguments) {
    of = argument.under;
    asked = asked || (argument.is == Argument::Is::option && argument.option == argument.under->get_help_ptr());
  }
  return asked ? of : nullptr;
}

void refuse_misused_options(const std::vector<Argument>& arguments) {
  using Is = Argument::Is;
  std::map<const CLI::Option*, int> times;
  std::string sentence;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Argument& argument = arguments[i];
    if (argument.is != Is::option) continue;
    const CLI::Option& option = *argument.option;
    const CLI::App& under = *argument.under;
    const auto note = [&](const auto&... parts) {
      if (sentence.empty()) sentence = text(parts..., " (see ", path_of(under), " --help)");
    };
    const std::string name = option.get_name();
    const std::size_t equals = argument.text.find('=');
    if (!takes_value(option)) {
      if (equals != std::string::npos) note(name, " takes no value, and ", io::detail::in_quotes(argument.text), " gives it one");
    } else if (equals == std::string::npos && (i + 1 == arguments.size() || arguments[i + 1].is != Is::value)) {
      note(name, " needs a value: ", name, " ", option.get_type_name(),
           i + 1 == arguments.size() ? "" : text("; ", arguments[i + 1].text, " follows it"));
    } else if (equals != std::string::npos && equals + 1 == argument.text.size()) {
      note(name, " needs a value: nothing follows the = of ", argument.text);
    }
    // A flag that is given twice says the same twice.
    if (++times[&option] == 2 && takes_value(option) && !takes_several(option))
      note(name, " is given twice, it can be given once");
    for (const CLI::Option* excluded : option.get_excludes()) {
      if (times.contains(excluded)) note(excluded->get_name(), " and ", name, " exclude each other, one of them can be given");
    }
  }
  require(sentence.empty(), ErrorKind::usage, sentence);
}

void refuse_empty_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options([](CLI::Option* each) { return names_a_file(*each); })) {
    option->check([name = option->get_name()](const std::string& written) {
      require(!written.empty(), ErrorKind::usage, name, " is '', it must be the name of a file");
      require(written != "-" || name == "--data", ErrorKind::usage, name,
              " is '-', it must be the name of a file: nothing is read from standard input or written to standard output by that "
              "name (./- is a file called -)");
      return std::string();
    });
  }
  for (CLI::Option* option : app.get_options([](CLI::Option* each) { return names_things(*each); })) {
    option->check([name = option->get_name()](const std::string& written) {
      require(written.find_first_not_of(" \t") != std::string::npos, ErrorKind::usage, name, " is ",
              io::detail::in_quotes(written), ", which names nothing: leave the option out where there is nothing to name");
      return std::string();
    });
  }
  for (CLI::App* subcommand : app.get_subcommands([](CLI::App*) { return true; })) refuse_empty_values(*subcommand);
}

void keep_leftovers(CLI::App& app) {
  app.allow_extras();
  for (CLI::App* subcommand : app.get_subcommands([](CLI::App*) { return true; })) keep_leftovers(*subcommand);
}

void reject_leftovers(const CLI::App& app, const std::vector<Argument>& arguments) {
  const CLI::App* at = &app;
  for (std::string name = "heddle";; name += " " + at->get_name()) {
    if (const std::vector<std::string> rest = at->remaining(); !rest.empty()) {
      const std::string& first = rest.front();
      const bool option = first.starts_with('-');
      const std::string written = option ? first.substr(0, first.find('=')) : first;
      std::string meant = option ? place_of_option(*at, written) : place_of_argument(*at, first, arguments);
      const bool subcommand = !subcommands_of(*at).empty() && meant.empty();
      const char* const what = option ? "option" : subcommand ? "subcommand" : "argument";
      if (meant.empty() && option) meant = other_commands_with(*at, written);
      if (meant.empty()) meant = option ? did_you_mean(written, options_of(*at)) : nearest_or_list(*at, written);
      fail(ErrorKind::usage, "there is no ", what, " ", io::detail::in_quotes(written), meant, " (see ", name, " --help)");
    }
    if (at->get_subcommands().empty()) return;
    at = at->get_subcommands().front();
  }
}

void fail_as(const CLI::ParseError& error, const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  std::vector<std::string> missing;
  for (const CLI::Option* option : at->get_options()) {
    if (option->get_required() && option->count() == 0) missing.push_back(option->get_name());
  }
  const std::string way_on = text(" (see ", understood(app), " --help)");
  if (!missing.empty()) {
    std::string names;
    for (std::size_t i = 0; i < missing.size(); ++i)
      names += (i == 0 ? "" : i + 1 < missing.size() ? ", " : " and ") + missing[i];
    fail(ErrorKind::usage, names, missing.size() == 1 ? " is required" : " are required", way_on);
  }
  if (at->get_require_subcommand_min() > 0)
    fail(ErrorKind::usage, understood(app), " needs a subcommand", subcommand_list(*at), way_on);
  fail(ErrorKind::usage, "this command line is not understood: ", error.what(), way_on);
}

std::string help_of(const CLI::App& command) {
  // Not App::help: of a subcommand that was named ("help" itself) that one prints the help of it.
  return command.get_formatter()->make_help(&command, path_of(command), CLI::AppFormatMode::Normal);
}

std::string help_of(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* at = &app;
  std::string path = "heddle";
  for (const std::string& word : words) {
    const std::vector<const CLI::App*> below = subcommands_of(*at);
    const auto found = std::find_if(below.begin(), below.end(), [&](const CLI::App* each) { return each->get_name() == word; });
    require(found != below.end(), ErrorKind::usage, path, " has no subcommand ", io::detail::in_quotes(word),
            nearest_or_list(*at, word), " (see ", path, " --help)");
    at = *found;
    path += " " + word;
  }
  return help_of(*at);
}

}  // namespace heddle::cli
