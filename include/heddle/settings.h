#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "heddle/export.h"
#include "heddle/rethrow.h"

HEDDLE_API_BEGIN
/// Settings of models and of their training. One row says all of a setting: its name, where its value stands in a struct of
/// options, which values are allowed, and what it means. The default is the member's initialiser. Checks of options, their text,
/// options of the command line with their help, and saved files are made from the rows:
///
///   const SettingTable<Options> table("mine", {setting("dim", &Options::dim, 1, 4096, "width of the embeddings")});
namespace heddle {

/// Settings as text, by name: what a command line, a configuration or a saved file gives.
using Settings = std::map<std::string, std::string>;

/// The shortest text that reads back as the same number, without an exponent from 0.0001 to 10^16; "NaN" for what is none. `T` is
/// int64_t, uint64_t, float or double, here and below.
template <class T>
HEDDLE_API std::string number_text(T value);

/// Which numbers are allowed. Bounds are rounded to the type of the setting first; NaN and infinities never are.
struct Range {
  double least = -std::numeric_limits<double>::infinity();  ///< the lower bound
  double most = std::numeric_limits<double>::infinity();    ///< the upper bound
  bool above_least = false;                                 ///< `least` itself is not allowed
  bool below_most = false;                                  ///< `most` itself is not allowed
  bool or_zero = false;                                     ///< 0 is allowed besides

  /// Both bounds allowed.
  static constexpr Range from_to(double least, double most) { return {.least = least, .most = most}; }
  /// The lower bound allowed, the upper one not.
  static constexpr Range from_to_below(double least, double most) { return {.least = least, .most = most, .below_most = true}; }
  /// The bound allowed, and all above.
  static constexpr Range at_least(double least) { return {.least = least}; }
  /// All above the bound.
  static constexpr Range above(double least) { return {.least = least, .above_least = true}; }
  /// 0, the bound, and all above that.
  static constexpr Range zero_or_at_least(double least) { return {.least = least, .or_zero = true}; }

  /// Whether the number is allowed.
  template <class T>
  bool holds(T value) const;
  /// "a whole number from 1 to 4096", "a number from 0 to below 1"; finishes "dim is '0', it must be".
  template <class T>
  std::string text() const;
};

/// The number that `written` is. Throws Error{usage} "CALLED is 'WRITTEN', it must be ..." for any other text, and for a number
/// that is not allowed.
template <class T>
HEDDLE_API T read_number(const std::string& called, const std::string& written, const Range& range);
/// The same with a sentence that ends in `allowed` instead of what the range says of itself.
template <class T>
HEDDLE_API T read_number(const std::string& called, const std::string& written, const Range& range, const std::string& allowed);

/// Throws Error{usage} "CALLED is 'WRITTEN', it must be ALLOWED".
[[noreturn]] void refuse_setting(const std::string& called, const std::string& written, const std::string& allowed);

/// The same of a name that is none of `names`: "..., it must be one of ratio, none; did you mean ratio?". `others` ends the list:
/// ", or A+B".
[[noreturn]] void refuse_choice(const std::string& called, const std::string& written, const std::vector<std::string>& names,
                                const std::string& others = "");

/// "10, 20" at its commas; parts without the blanks around them.
std::vector<std::string> split_list(std::string_view written);

/// A setting as everybody meets it who does not know the struct that holds its value.
struct Setting {
  std::string name;            ///< "batch_size"
  std::string type;            ///< what help calls its value: "N", a number, or "NAME"; empty: a flag, "true" or "false"
  std::string meaning;         ///< a line of help
  std::string allowed;         ///< finishes "batch_size is 'x', it must be"
  std::string fallback = {};   ///< the value where none is given; empty: one must be given
  std::string automatic = {};  ///< the value that leaves the choice to the model or its training; empty: none does
  /// Of a setting that stands for others: by its value, what these are where they are not given.
  std::map<std::string, Settings> presets = {};
  /// The value as it is written back ("0.5" for "0.50"). Throws Error{usage} "CALLED is 'WRITTEN', it must be ALLOWED".
  std::function<std::string(const std::string& called, const std::string& written)> read = {};
};

/// A setting that stands for others: "default", or one of the names of `presets`.
Setting preset_setting(std::string name, std::map<std::string, Settings> presets, std::string meaning);

}  // namespace heddle
HEDDLE_API_END

// What follows is made of others' options where it is used, and exported by nobody.
namespace heddle {

/// A row: a setting, and how it is read from text into options, written back, and checked.
template <class Options>
struct SettingOf {
  Setting told;  ///< the setting; SettingTable::rows fills in the fallback and `read`
  /// Reads a text into the options; throws as Setting::read.
  std::function<void(Options& options, const std::string& called, const std::string& written)> read;
  std::function<std::string(const Options& options)> write;  ///< the text that `read` takes
  std::function<bool(const Options& options)> allowed;       ///< whether the value that they have is

  /// The same row, one of whose values leaves the choice to the model or its training.
  SettingOf automatic(std::string value) && {
    told.automatic = std::move(value);
    return std::move(*this);
  }
};

/// A number.
template <class Options, class T>
SettingOf<Options> setting(const char* name, T Options::*member, const Range& range, const char* meaning) {
  static_assert(
      std::is_same_v<T, int64_t> || std::is_same_v<T, uint64_t> || std::is_same_v<T, float> || std::is_same_v<T, double>,
      "a setting that is a number is an int64_t, uint64_t, float or double");
  SettingOf<Options> row;
  row.told = {.name = name, .type = "N", .meaning = meaning, .allowed = range.text<T>()};
  row.read = [member, range](Options& options, const std::string& called, const std::string& written) {
    options.*member = read_number<T>(called, written, range);
  };
  row.write = [member](const Options& options) { return number_text(options.*member); };
  row.allowed = [member, range](const Options& options) { return range.holds(options.*member); };
  return row;
}

/// A number from `least` to `most`.
template <class Options, class T>
SettingOf<Options> setting(const char* name, T Options::*member, double least, double most, const char* meaning) {
  return setting(name, member, Range::from_to(least, most), meaning);
}

/// A number, or the word `none` where there is none.
template <class Options, class T>
SettingOf<Options> setting(const char* name, std::optional<T> Options::*member, const char* none, const Range& range,
                           const char* meaning) {
  SettingOf<Options> row;
  const std::string word = none, allowed = word + " or " + range.text<T>();
  row.told = {.name = name, .type = "N", .meaning = meaning, .allowed = allowed, .automatic = word};
  row.read = [member, range, word, allowed](Options& options, const std::string& called, const std::string& written) {
    options.*member = written == word ? std::optional<T>() : read_number<T>(called, written, range, allowed);
  };
  row.write = [member, word](const Options& options) { return options.*member ? number_text(*(options.*member)) : word; };
  row.allowed = [member, range](const Options& options) { return !(options.*member) || range.holds(*(options.*member)); };
  return row;
}

/// One of the named values.
template <class Options, class E>
SettingOf<Options> setting(const char* name, E Options::*member,
                           std::vector<std::pair<std::string, std::type_identity_t<E>>> values, const std::string& meaning) {
  SettingOf<Options> row;
  row.told = {.name = name, .type = "NAME", .meaning = meaning, .allowed = "one of"};
  std::vector<std::string> names;
  for (const auto& value : values) {
    row.told.allowed += (names.empty() ? " " : ", ") + value.first;
    names.push_back(value.first);
  }
  row.read = [member, values, names](Options& options, const std::string& called, const std::string& written) {
    for (const auto& [text, value] : values) {
      if (text != written) continue;
      options.*member = value;
      return;
    }
    refuse_choice(called, written, names);
  };
  row.write = [member, values](const Options& options) {
    for (const auto& [text, value] : values) {
      if (value == options.*member) return text;
    }
    return std::string();
  };
  row.allowed = [member, values](const Options& options) {
    for (const auto& value : values) {
      if (value.second == options.*member) return true;
    }
    return false;
  };
  return row;
}

/// A setting that is read and written by functions of its own; every value of the options is allowed.
template <class Options>
SettingOf<Options> custom_setting(
    const char* name, const char* type, const std::string& meaning,
    std::function<void(Options& options, const std::string& called, const std::string& written)> read,
    std::function<std::string(const Options& options)> write) {
  SettingOf<Options> row;
  row.told = {.name = name, .type = type, .meaning = meaning, .allowed = {}};
  row.read = std::move(read);
  row.write = std::move(write);
  row.allowed = [](const Options&) { return true; };
  return row;
}

/// A flag.
template <class Options>
SettingOf<Options> setting(const char* name, bool Options::*member, const char* meaning) {
  SettingOf<Options> row = setting(name, member, {{"true", true}, {"false", false}}, meaning);
  row.told.type.clear();
  return row;
}

/// A name, such as another model's.
template <class Options>
SettingOf<Options> setting(const char* name, std::string Options::*member, const char* meaning) {
  SettingOf<Options> row;
  row.told = {.name = name, .type = "NAME", .meaning = meaning, .allowed = "a name"};
  row.read = [member](Options& options, const std::string& called, const std::string& written) {
    if (written.empty()) refuse_setting(called, written, "a name");
    options.*member = written;
  };
  row.write = [member](const Options& options) { return options.*member; };
  row.allowed = [member](const Options& options) { return !(options.*member).empty(); };
  return row;
}

/// All settings of a struct of options. A table is made once and does not change: any number of threads may use it.
template <class Options>
class SettingTable {
 public:
  /// `of`: whose settings they are, for error sentences: "lightgcn".
  SettingTable(const char* of, std::vector<SettingOf<Options>> settings) : of_(of), settings_(std::move(settings)) {}

  /// The rows without the struct. Their fallbacks are what `defaults` holds.
  std::vector<Setting> rows(const Options& defaults = {}) const try {
    std::vector<Setting> rows;
    rows.reserve(settings_.size());
    for (const SettingOf<Options>& each : settings_) {
      rows.push_back(each.told);
      rows.back().fallback = each.write(defaults);
      rows.back().read = [read = each.read, write = each.write](const std::string& called, const std::string& written) {
        Options options;
        read(options, called, written);
        return write(options);
      };
    }
    return rows;
  } catch (...) {
    rethrow_as_error();
  }

  /// The options that `settings` give; what is not given stays as in `defaults`, and names that are not in the table are left to
  /// others. Throws Error{usage} for a value that is not allowed.
  Options read(const Settings& settings, Options defaults = {}) const try {
    for (const SettingOf<Options>& each : settings_) {
      const auto given = settings.find(each.told.name);
      if (given != settings.end()) each.read(defaults, called(each), given->second);
    }
    return defaults;
  } catch (...) {
    rethrow_as_error();
  }

  /// Every setting as text that `read` takes.
  Settings write(const Options& options) const try {
    Settings settings;
    for (const SettingOf<Options>& each : settings_) settings[each.told.name] = each.write(options);
    return settings;
  } catch (...) {
    rethrow_as_error();
  }

  /// Those of them alone that are not as in `defaults`.
  Settings changed(const Options& options, const Options& defaults = {}) const try {
    Settings settings;
    for (const SettingOf<Options>& each : settings_) {
      std::string value = each.write(options);
      if (value != each.write(defaults)) settings[each.told.name] = std::move(value);
    }
    return settings;
  } catch (...) {
    rethrow_as_error();
  }

  /// Throws Error{usage} "lightgcn: dim is 0, it must be a whole number from 1 to 65536" for a value that is not allowed.
  void check(const Options& options) const try {
    for (const SettingOf<Options>& each : settings_) {
      require(each.allowed(options), ErrorKind::usage, called(each), " is ", each.write(options), ", it must be ",
              each.told.allowed);
    }
  } catch (...) {
    rethrow_as_error();
  }

 private:
  std::string called(const SettingOf<Options>& setting) const { return of_ + ": " + setting.told.name; }

  std::string of_;
  std::vector<SettingOf<Options>> settings_;
};

}  // namespace heddle
