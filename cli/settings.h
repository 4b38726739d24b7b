#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/written.h"

namespace heddle::cli {

/// "feature_scaling" as an option: "--feature-scaling".
std::string option_name(std::string setting);

/// Named values, bound to somebody's variables: one list makes their options, tells the values in reports and saved files, and
/// reads them back from there. The variables must stay where they are.
class SettingList {
 public:
  using Read = std::function<void(const std::string& written)>;
  using Write = std::function<std::string()>;

  /// `meant` finishes the sentence "--epochs is '0', it must be ...". `T` is int64_t, uint64_t, float or double.
  template <class T>
  void number(const std::string& name, T& value, T least, T most, const std::string& meant, const std::string& help);
  void whole_number(const std::string& name, int64_t& value, int64_t least, int64_t most, const std::string& help);
  /// One of the named values.
  template <class E>
  void choice(const std::string& name, E& value, std::vector<std::pair<std::string, E>> names, const std::string& help);
  void text(const std::string& name, std::string& value, const std::string& type_name, const std::string& help);
  void flag(const std::string& name, bool& value, const std::string& help);
  /// `read` throws Error{usage} for what cannot be meant.
  void other(const std::string& name, const std::string& type_name, const std::string& help, Read read, Write write);

  void add_to(CLI::App& app);

  /// Every value as text, by name.
  std::map<std::string, std::string> values() const;
  /// As if `written` came from the command line; a name that is not in the list is ignored (another version's file).
  void assign(const std::string& name, const std::string& written);
  /// The same, unless the command line gave the setting.
  void preset(const std::string& name, const std::string& written);
  bool given(const std::string& name) const;
  /// The option of a setting that the command line gave, empty where it gave none.
  std::string any_given() const;

 private:
  struct Setting {
    std::string name;
    std::string type_name;  ///< empty: a flag
    std::string help;
    Read read;
    Write write;
    bool given = false;
  };
  const Setting* find(const std::string& name) const;

  std::vector<Setting> settings_;
};

/// Runs `check`, whose sentences begin with a setting's name ("gat: heads is 0, it must ...", "rank is 'x', it must ..."), and
/// throws them with the option's name instead: "--heads is 0, it must ...".
void check_settings(const std::map<std::string, std::string>& settings, const std::function<void()>& check);

template <class E>
void SettingList::choice(const std::string& name, E& value, std::vector<std::pair<std::string, E>> names,
                         const std::string& help) {
  std::vector<std::string> allowed;
  allowed.reserve(names.size());
  for (const auto& entry : names) allowed.push_back(entry.first);
  const Read read = [option = option_name(name), &value, names, allowed](const std::string& written) {
    for (const auto& [text, meaning] : names) {
      if (text != written) continue;
      value = meaning;
      return;
    }
    fail_choice(option, written, allowed);
  };
  const Write write = [&value, names] {
    for (const auto& [text, meaning] : names) {
      if (meaning == value) return text;
    }
    return std::string();
  };
  other(name, "NAME", help, read, write);
}

}  // namespace heddle::cli
