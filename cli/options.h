#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "cli/setting_options.h"
#include "heddle/data.h"
#include "heddle/device.h"
#include "heddle/progress.h"

/// Options that several subcommands share, and how numbers are read.
namespace heddle::cli {

/// The number that `written` stands for; throws Error{usage} "NAME is 'WRITTEN', it must be MEANT" where it is none or out of
/// range. `T` is int64_t, uint64_t, float or double.
template <class T>
T parse_number(const std::string& name, const std::string& written, T least, T most, const std::string& meant);

/// `--name N`: throws Error{usage} with `meant` ("a whole number from 1 to 9") for anything else.
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& value, T least, T most, const std::string& meant,
                        const std::string& help);

struct DeviceOptions {
  std::string name = "auto";
  int64_t threads = 0;  ///< 0: not given

  void add_to(CLI::App& app);
  /// Throws what Device::parse throws, and Error{usage} where a variable HEDDLE_FORCE_... names a variant that the device lacks.
  Device open() const;
  /// For what runs every variant by itself and does not read those variables.
  Device open_for_every_variant() const;
};

class DataOptions {
 public:
  std::string path;

  void add_to(CLI::App& app);
  /// With the parts that were asked for; throws what io::load and split_nodes throw. `told`: as of io::load.
  NodeDataset load(const ProgressCallback& progress = {}, Reading* told = nullptr) const;
  /// How a split was made, for people: "random, 0.2 for validation, 0.2 for the test, seed 0"; empty: by the files.
  std::string split_text() const;
  /// The options as they were given: "--data FOLDER --split random".
  std::string command_line() const;

 private:
  SettingOptions settings_;
};

struct PrintOptions {
  bool json = false;
  bool quiet = false;

  void add_to(CLI::App& app);
};

/// `--class-figures`: of a node classifier's report.
void add_class_figures(CLI::App& app, bool& class_figures);

}  // namespace heddle::cli
