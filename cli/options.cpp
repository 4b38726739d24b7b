#include "cli/options.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "cli/option_tables.h"
#include "cli/setting_options.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/node_split.h"
#include "heddle/settings.h"
#include "kernels/common/overrides.h"

namespace heddle::cli {

template <class T>
T parse_number(const std::string& name, const std::string& written, T least, T most, const std::string& meant) {
  return read_number<T>(name, written, Range::from_to(static_cast<double>(least), static_cast<double>(most)), meant);
}

template int64_t parse_number(const std::string&, const std::string&, int64_t, int64_t, const std::string&);
template uint64_t parse_number(const std::string&, const std::string&, uint64_t, uint64_t, const std::string&);
template float parse_number(const std::string&, const std::string&, float, float, const std::string&);
template double parse_number(const std::string&, const std::string&, double, double, const std::string&);

template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& value, T least, T most, const std::string& meant,
                        const std::string& help) {
  const auto read = [name, &value, least, most, meant](const std::string& written) {
    value = parse_number(name, written, least, most, meant);
  };
  return app.add_option_function<std::string>(name, read, help)->type_name("N")->default_str(fmt::format("{}", value));
}

template CLI::Option* add_number(CLI::App&, const std::string&, int64_t&, int64_t, int64_t, const std::string&,
                                 const std::string&);
template CLI::Option* add_number(CLI::App&, const std::string&, uint64_t&, uint64_t, uint64_t, const std::string&,
                                 const std::string&);
template CLI::Option* add_number(CLI::App&, const std::string&, float&, float, float, const std::string&, const std::string&);

void DeviceOptions::add_to(CLI::App& app) {
  const OptionHeading heading(app, "Device");
  app.add_option("--device", name,
                 "auto, cpu, cuda, cuda:INDEX or simt (the CUDA kernels on the CPU); auto: cuda where there is a GPU, else cpu")
      ->type_name("NAME")
      ->capture_default_str();
  add_number<int64_t>(
      app, "--threads", threads, 1, 1024, "a whole number from 1 to 1024",
      "threads of cpu and simt, 1 to 1024; results do not depend on it [one per processor, or what a container may use]")
      ->default_str("");
}

Device DeviceOptions::open() const {
  Device device = open_for_every_variant();
  kernels::check_overrides(device.kind());
  return device;
}

Device DeviceOptions::open_for_every_variant() const {
  std::optional<Device> device;
  check_option("device", [&] { device = Device::parse(name, static_cast<int>(threads)); });
  return *std::move(device);
}

void DataOptions::add_to(CLI::App& app) {
  const OptionHeading heading(app, "Node data");
  app.add_option("--data", path, "the data set: DIR/cora for Planetoid's DIR/ind.cora.*, a folder, or an edge list")
      ->type_name("PATH")
      ->required();
  settings_.add_to(app, io::load_settings().rows());
  settings_.add_to(app, node_split_settings().rows());
}

NodeDataset DataOptions::load(const ProgressCallback& progress, Reading* told) const {
  io::LoadOptions options = io::load_settings().read(settings_.given());
  options.options.progress = progress;
  const NodeSplitOptions split = node_split_settings().read(settings_.given());
  NodeDataset data = io::load(path, options, told);
  split_nodes(data, split);
  return data;
}

std::string DataOptions::command_line() const { return "--data " + shell_word(path) + settings_.command_line(); }

std::string DataOptions::split_text() const {
  const NodeSplitOptions split = node_split_settings().read(settings_.given());
  switch (split.split) {
    case NodeSplit::files: return "";
    case NodeSplit::random:
      return fmt::format("random{}, {} for validation, {} for the test, seed {}", split.stratified ? " within each class" : "",
                         split.val_share, split.test_share, split.seed);
    case NodeSplit::per_class: break;
  }
  return fmt::format("{} of each class to train on, seed {}", split.per_class, split.seed);
}

void PrintOptions::add_to(CLI::App& app) {
  const OptionHeading heading(app, "Output");
  app.add_flag("--json", json, "print one JSON object on standard output, and nothing else there");
  app.add_flag("--quiet", quiet, "print nothing on standard error but errors, and what is likely to be one");
}

void add_class_figures(CLI::App& app, bool& class_figures) {
  app.add_flag("--class-figures", class_figures,
               "tell each class's precision, recall and F1 too, and what was taken for what; the JSON object always does");
}

}  // namespace heddle::cli
