#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "heddle/settings.h"

namespace heddle::cli {

/// "feature_scaling" as an option: "--feature-scaling".
std::string option_name(std::string setting);

/// A word as a shell takes it: in quotes where it has characters that mean something there.
std::string shell_word(const std::string& word);

/// The options of settings, made of their rows, and what the command line gave of them. It must stay where it is.
class SettingOptions {
 public:
  SettingOptions() = default;
  SettingOptions(const SettingOptions&) = delete;
  SettingOptions& operator=(const SettingOptions&) = delete;

  /// One option a row. A setting that several rows have has one option, which goes to all of them.
  void add_to(CLI::App& app, std::span<const Setting> rows);
  const Settings& given() const { return given_; }
  /// What was given as it is written on a command line, each option behind a blank.
  std::string command_line() const;

 private:
  std::vector<std::string> names_;
  Settings given_;
};

/// Runs `check`, whose sentence begins with this name where it refuses the value ("device is 'gpu', it must ..."), and throws it
/// with the option's name instead: "--device is 'gpu', it must ...".
void check_option(const std::string& name, const std::function<void()>& check);

}  // namespace heddle::cli
