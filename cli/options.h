#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "heddle/data.h"
#include "heddle/device.h"

/// Options that several subcommands share, and how numbers are read.
namespace heddle::cli {

/// `--name N`: throws Error{usage} with `meant` ("a whole number from 1 to 9") for anything else. `T` is int64_t, uint64_t or
/// float.
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& value, T least, T most, const std::string& meant,
                        const std::string& help);

struct DeviceOptions {
  std::string name = "auto";
  int64_t threads = 0;  ///< 0: not given

  void add_to(CLI::App& app);
  Device open() const { return Device::parse(name, static_cast<int>(threads)); }
};

struct DataOptions {
  std::string path;
  std::string format = "auto";

  void add_to(CLI::App& app);
  /// Throws Error{usage} for a format that does not exist, and what io::load throws.
  NodeDataset load() const;
};

struct PrintOptions {
  bool json = false;
  bool quiet = false;

  void add_to(CLI::App& app);
};

}  // namespace heddle::cli
