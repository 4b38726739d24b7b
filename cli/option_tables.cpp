#include "cli/option_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/report.h"
#include "heddle/settings.h"

namespace heddle::cli {

namespace {

/// "Options": the heading of an option that was given none.
std::string no_heading() { return CLI::App().option_defaults()->get_group(); }

OptionRow option_row(const CLI::Option& option) {
  OptionRow row{.names = option.nonpositional() ? option.get_name(false, true) : option.get_name(true),
                .type = option.get_type_name(),
                .fallback = option.get_default_str(),
                .fallback_in_words = {},
                .meaning = option.get_description(),
                .heading = option.get_group() == no_heading() ? "" : option.get_group(),
                .required = option.get_required()};
  if (row.fallback.size() >= 2 && row.fallback.front() == '[') row.fallback = row.fallback.substr(1, row.fallback.size() - 2);
  // What is no value stands in brackets at the end of the text: "threads of cpu and simt [one per processor]".
  const std::size_t bracket = row.fallback.empty() && row.meaning.ends_with(']') ? row.meaning.rfind(" [") : std::string::npos;
  if (bracket != std::string::npos) {
    row.fallback_in_words = row.meaning.substr(bracket + 2, row.meaning.size() - bracket - 3);
    row.meaning.resize(bracket);
  }
  return row;
}

void add_commands(std::vector<CommandRow>& rows, const CLI::App& app, const std::string& name) {
  CommandRow row{.name = name, .summary = app.get_description(), .options = {}, .commands = {}};
  for (const CLI::Option* option : app.get_options()) {
    const bool hidden = option->get_group().empty();
    if (!hidden && option != app.get_help_ptr()) row.options.push_back(option_row(*option));
  }
  const std::vector<const CLI::App*> below =
      app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
  for (const CLI::App* command : below) row.commands.push_back(name + " " + command->get_name());
  rows.push_back(std::move(row));
  for (const CLI::App* command : below) add_commands(rows, *command, name + " " + command->get_name());
}

/// `text` for a cell of a table: options in type of fixed width, nothing taken for markup.
std::string cell(const std::string& text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const bool word_begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == '(';
    if (word_begins && text.compare(at, 2, "--") == 0) {
      std::size_t end = at;
      while (end < text.size() && (text[end] == '-' || std::isalnum(static_cast<unsigned char>(text[end])) != 0)) ++end;
      result += "`" + text.substr(at, end - at) + "`";
      at = end;
      continue;
    }
    if (std::string_view("|<*_`").find(text[at]) != std::string_view::npos) result += '\\';
    result += text[at++];
  }
  return result;
}

bool is_numeral(const std::string& text) { return text.find_first_not_of("0123456789.,") == std::string::npos; }

std::string as_code(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return "`" + text + "`";
}

std::string markdown_row(const OptionRow& row) {
  const std::string fallback = row.required               ? "required"
                               : is_numeral(row.fallback) ? row.fallback + cell(row.fallback_in_words)
                                                          : as_code(row.fallback);
  return fmt::format("| {} | {} | {} |\n", as_code(row.names + (row.type.empty() ? "" : " " + row.type)), fallback,
                     cell(row.meaning));
}

std::string markdown_table(const std::vector<OptionRow>& rows) {
  if (rows.empty()) return "";
  std::string text = "| option | default | meaning |\n|---|---|---|\n";
  for (const OptionRow& row : rows) text += markdown_row(row);
  return text;
}

std::string block(const std::string& name, const std::string& content) {
  return fmt::format("<!-- {} -->\n{}<!-- end -->\n", name, content);
}

/// The options of a heading, as most readers meet them: of each name the first that comes.
struct Heading {
  std::string name;
  std::vector<OptionRow> options;
};

std::vector<Heading> headings(const std::vector<CommandRow>& commands) {
  std::vector<Heading> list;
  for (const CommandRow& command : commands) {
    for (const OptionRow& option : command.options) {
      if (option.heading.empty()) continue;
      auto heading = std::find_if(list.begin(), list.end(), [&](const Heading& each) { return each.name == option.heading; });
      if (heading == list.end()) heading = list.insert(list.end(), {option.heading, {}});
      const bool known = std::any_of(heading->options.begin(), heading->options.end(),
                                     [&](const OptionRow& each) { return each.names == option.names; });
      if (!known) heading->options.push_back(option);
    }
  }
  return list;
}

std::string joined_names(const std::vector<OptionRow>& options) {
  std::string text;
  for (const OptionRow& option : options) text += (text.empty() ? "" : ", ") + as_code(option.names);
  return text;
}

/// The name by which a heading of a text is linked to.
std::string anchor(std::string heading) {
  for (char& letter : heading) letter = letter == ' ' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return heading;
}

/// "[Device](#device) without `--threads`": which options of a heading a command has as the heading's table tells them; empty:
/// none.
std::string share_of(const Heading& heading, const CommandRow& command) {
  std::vector<OptionRow> with, without;
  for (const OptionRow& option : heading.options) {
    const bool has = std::find(command.options.begin(), command.options.end(), option) != command.options.end();
    (has ? with : without).push_back(option);
  }
  if (with.empty()) return "";
  std::string link = fmt::format("[{}](#{})", heading.name, anchor(heading.name));
  if (without.empty()) return link;
  if (with.size() < without.size()) return fmt::format("{} of {}", joined_names(with), link);
  return fmt::format("{} without {}", link, joined_names(without));
}

std::string command_block(const CommandRow& command, const std::vector<Heading>& shared) {
  std::vector<OptionRow> own;
  for (const OptionRow& option : command.options) {
    const bool told = std::any_of(shared.begin(), shared.end(), [&](const Heading& heading) {
      return std::find(heading.options.begin(), heading.options.end(), option) != heading.options.end();
    });
    if (!told) own.push_back(option);
  }
  std::string shares;
  for (const Heading& heading : shared) {
    const std::string share = share_of(heading, command);
    if (!share.empty()) shares += (shares.empty() ? "" : "; ") + share;
  }
  std::string text = markdown_table(own);
  if (!shares.empty()) text += fmt::format("{}{}.\n", own.empty() ? "Its options: " : "\nAlso: ", shares);
  return block("options of " + command.name, text);
}

std::string commands_block(const CommandRow& command, const std::vector<CommandRow>& all) {
  std::string text = "| command | what it does |\n|---|---|\n";
  for (const std::string& name : command.commands) {
    const auto below = std::find_if(all.begin(), all.end(), [&](const CommandRow& each) { return each.name == name; });
    text += fmt::format("| {} | {} |\n", as_code(name), cell(below->summary));
  }
  return block("commands of " + command.name, text);
}

/// " [16]"; empty where nothing holds.
std::string told_fallback(const OptionRow& option) {
  const std::string fallback = option.fallback + option.fallback_in_words;
  return fallback.empty() ? "" : fmt::format(" [{}]", fallback);
}

std::string plain_text(const std::vector<CommandRow>& commands) {
  std::string text;
  for (const CommandRow& command : commands) {
    text += fmt::format("{}{}\n  {}\n", text.empty() ? "" : "\n", command.name, command.summary);
    for (const OptionRow& option : command.options) {
      text += fmt::format("  {}{}{}{}\n      {}\n", option.names, option.type.empty() ? "" : " ", option.type,
                          option.required ? " (required)" : told_fallback(option), option.meaning);
    }
  }
  return text;
}

Json as_json(const std::vector<CommandRow>& commands) {
  Json list = Json::array();
  for (const CommandRow& command : commands) {
    Json options = Json::array();
    for (const OptionRow& option : command.options) {
      options.push_back({{"names", split_list(option.names)},
                         {"type", option.type},
                         {"default", option.fallback},
                         {"default_in_words", option.fallback_in_words},
                         {"required", option.required},
                         {"heading", option.heading},
                         {"meaning", option.meaning}});
    }
    list.push_back({{"command", command.name}, {"summary", command.summary}, {"options", std::move(options)}});
  }
  return {{"commands", std::move(list)}};
}

}  // namespace

OptionHeading::OptionHeading(CLI::App& app, const std::string& heading) : app_(app), before_(app.option_defaults()->get_group()) {
  app_.option_defaults()->group(heading);
}

OptionHeading::~OptionHeading() { app_.option_defaults()->group(before_); }

std::vector<CommandRow> command_rows(const CLI::App& app) {
  std::vector<CommandRow> rows;
  add_commands(rows, app, app.get_name());
  return rows;
}

std::string option_tables(const std::vector<CommandRow>& commands) {
  const std::vector<Heading> shared = headings(commands);
  std::string text;
  for (const CommandRow& command : commands) {
    if (!command.commands.empty()) text += commands_block(command, commands);
  }
  for (const Heading& heading : shared) text += block(heading.name, markdown_table(heading.options));
  for (const CommandRow& command : commands) {
    if (!command.options.empty()) text += command_block(command, shared);
  }
  return text;
}

void add_options(CLI::App& app, Action& action) {
  CLI::App* options = app.add_subcommand("options", "list every command with its options and their defaults");
  struct Form {
    bool json = false;
    bool markdown = false;
  };
  const auto form = std::make_shared<Form>();
  CLI::Option* json = options->add_flag("--json", form->json, "print one JSON object");
  options->add_flag("--markdown", form->markdown, "print the tables of docs/cli.md")->excludes(json);
  options->callback([form, &app, &action] {
    action = [form, &app] {
      const std::vector<CommandRow> commands = command_rows(app);
      if (form->json) return print(as_json(commands));
      print(form->markdown ? option_tables(commands) : plain_text(commands));
    };
  });
}

}  // namespace heddle::cli
