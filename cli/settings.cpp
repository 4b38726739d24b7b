#include "cli/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/options.h"
#include "heddle/error.h"

namespace heddle::cli {

std::string option_name(std::string setting) {
  std::replace(setting.begin(), setting.end(), '_', '-');
  return "--" + setting;
}

void check_settings(const std::map<std::string, std::string>& settings, const std::function<void()>& check) try {
  check();
} catch (const Error& error) {
  if (error.kind() != ErrorKind::usage) throw;
  const std::string sentence = error.what();
  for (const auto& [name, value] : settings) {
    // At the sentence's begin, or behind the name of a model.
    const std::size_t at = sentence.starts_with(name + " is ") ? 0 : sentence.find(": " + name + " is ");
    if (at == std::string::npos || sentence.find(' ') < at) continue;
    fail(ErrorKind::usage, option_name(name), sentence.substr(sentence.find(" is ", at)));
  }
  throw;
}

template <class T>
void SettingList::number(const std::string& name, T& value, T least, T most, const std::string& meant, const std::string& help) {
  const Read read = [option = option_name(name), &value, least, most, meant](const std::string& written) {
    value = parse_number(option, written, least, most, meant);
  };
  other(name, "N", help, read, [&value] { return fmt::format("{}", value); });
}

template void SettingList::number(const std::string&, int64_t&, int64_t, int64_t, const std::string&, const std::string&);
template void SettingList::number(const std::string&, uint64_t&, uint64_t, uint64_t, const std::string&, const std::string&);
template void SettingList::number(const std::string&, float&, float, float, const std::string&, const std::string&);
template void SettingList::number(const std::string&, double&, double, double, const std::string&, const std::string&);

void SettingList::whole_number(const std::string& name, int64_t& value, int64_t least, int64_t most, const std::string& help) {
  number<int64_t>(name, value, least, most, fmt::format("a whole number from {} to {}", least, most), help);
}

void SettingList::text(const std::string& name, std::string& value, const std::string& type_name, const std::string& help) {
  other(
      name, type_name, help, [&value](const std::string& written) { value = written; }, [&value] { return value; });
}

void SettingList::flag(const std::string& name, bool& value, const std::string& help) {
  other(
      name, "", help, [&value](const std::string& written) { value = written == "true"; },
      [&value] { return value ? "true" : "false"; });
}

void SettingList::other(const std::string& name, const std::string& type_name, const std::string& help, Read read, Write write) {
  settings_.push_back({.name = name, .type_name = type_name, .help = help, .read = std::move(read), .write = std::move(write)});
}

void SettingList::add_to(CLI::App& app) {
  for (Setting& setting : settings_) {
    const auto read = [this, name = setting.name](const std::string& written) {
      const auto found = std::find_if(settings_.begin(), settings_.end(), [&](const Setting& s) { return s.name == name; });
      found->read(written);
      found->given = true;
    };
    if (setting.type_name.empty()) {
      app.add_flag_callback(
          option_name(setting.name), [read] { read("true"); }, setting.help);
    } else {
      app.add_option_function<std::string>(option_name(setting.name), read, setting.help)
          ->type_name(setting.type_name)
          ->default_str(setting.write());
    }
  }
}

std::map<std::string, std::string> SettingList::values() const {
  std::map<std::string, std::string> values;
  for (const Setting& setting : settings_) values[setting.name] = setting.write();
  return values;
}

const SettingList::Setting* SettingList::find(const std::string& name) const {
  const auto found = std::find_if(settings_.begin(), settings_.end(), [&](const Setting& s) { return s.name == name; });
  return found == settings_.end() ? nullptr : &*found;
}

void SettingList::assign(const std::string& name, const std::string& written) {
  if (const Setting* setting = find(name); setting != nullptr) setting->read(written);
}

void SettingList::preset(const std::string& name, const std::string& written) {
  if (!given(name)) assign(name, written);
}

bool SettingList::given(const std::string& name) const {
  const Setting* setting = find(name);
  return setting != nullptr && setting->given;
}

std::string SettingList::any_given() const {
  const auto found = std::find_if(settings_.begin(), settings_.end(), [](const Setting& s) { return s.given; });
  return found == settings_.end() ? std::string() : option_name(found->name);
}

}  // namespace heddle::cli
