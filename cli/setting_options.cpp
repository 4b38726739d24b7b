#include "cli/setting_options.h"

#include <algorithm>

#include "heddle/error.h"

namespace heddle::cli {

std::string option_name(std::string setting) {
  std::replace(setting.begin(), setting.end(), '_', '-');
  return "--" + setting;
}

void SettingOptions::add_to(CLI::App& app, std::span<const Setting> rows) {
  for (const Setting& row : rows) {
    if (std::find(names_.begin(), names_.end(), row.name) != names_.end()) continue;
    names_.push_back(row.name);
    const std::string option = option_name(row.name);
    const auto read = [this, row, option](const std::string& written) { given_[row.name] = row.read(option, written); };
    if (row.type.empty()) {
      app.add_flag_callback(
          option, [read] { read("true"); }, row.meaning);
    } else {
      app.add_option_function<std::string>(option, read, row.meaning)->type_name(row.type)->default_str(row.fallback);
    }
  }
}

std::string shell_word(const std::string& word) {
  constexpr const char* plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=,@+%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const bool escaped = std::any_of(word.begin(), word.end(), is_control);
  std::string result = escaped ? "$'" : "'";
  for (const char c : word) {
    if (is_control(c)) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else if (c == '\'') {
      result += escaped ? "\\'" : "'\\''";
    } else {
      result += escaped && c == '\\' ? "\\\\" : std::string(1, c);
    }
  }
  return result + "'";
}

std::string SettingOptions::command_line() const {
  std::string line;
  for (const auto& [name, value] : given_) line += " " + option_name(name) + (value == "true" ? "" : " " + shell_word(value));
  return line;
}

void check_option(const std::string& name, const std::function<void()>& check) try { check(); } catch (const Error& error) {
  const std::string sentence = error.what();
  if (error.kind() != ErrorKind::usage || !sentence.starts_with(name + " is ")) throw;
  fail(ErrorKind::usage, option_name(name), sentence.substr(name.size()));
}

}  // namespace heddle::cli
