#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/commands.h"
#include "cli/kind_options.h"
#include "cli/model_file.h"
#include "cli/model_report.h"
#include "cli/report.h"
#include "cli/run_files.h"
#include "heddle/device.h"
#include "heddle/error.h"
#include "heddle/models.h"
#include "heddle/version.h"

namespace heddle::cli {

namespace {

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

/// The chosen one of "always [madvise] never".
std::string huge_pages() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string line;
  std::getline(file, line);
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']', open == std::string::npos ? 0 : open);
  return open == std::string::npos || close == std::string::npos ? "unknown" : line.substr(open + 1, close - open - 1);
}

struct DeviceState {
  std::string name;
  bool available = false;
  std::string description;  ///< or why it is not available
};

template <class Make>
DeviceState state(const char* name, const Make& make) {
  try {
    return {name, true, make().description()};
  } catch (const Error& error) {
    return {name, false, error.what()};
  }
}

void tell_of_model(const std::string& path, bool as_json) {
  RunFiles::check_read_file("MODEL", path);
  const ModelFileSummary summary = open_model_summary(path);
  if (as_json) {
    print(model_file_json(summary, path));
  } else {
    print(model_file_text(summary, path));
  }
}

void run(bool as_json) {
  const BuildInfo build = build_info();
  const DeviceState devices[] = {state("cpu", [] { return Device::parse("cpu"); }),
                                 state("simt", [] { return Device::parse("simt"); }),
                                 state("cuda", [] { return Device::cuda(); })};
  const unsigned processors = std::thread::hardware_concurrency();
  const DefaultThreads threads = default_threads();
  if (as_json) {
    Json isas = Json::array();
    for (Isa isa : available_isas()) isas.push_back(to_string(isa));
    Json device_list = Json::array();
    for (const DeviceState& device : devices) {
      device_list.push_back({{"name", device.name}, {"available", device.available}, {"description", device.description}});
    }
    Json models = Json::array(), recommenders = Json::array();
    for (const Kind* kind : kinds_for(Task::classify_nodes)) models.push_back(kind->name);
    for (const Kind* kind : kinds_for(Task::recommend)) recommenders.push_back(kind->name);
    Json libraries = Json::object();
    for (const auto& [name, version] : build.libraries) libraries[name] = version;
    print(Json{{"version", build.version},
               {"compiler", build.compiler},
               {"build_type", build.build_type},
               {"processor", processor()},
               {"hardware_threads", processors},
               {"default_threads", threads.count},
               {"default_threads_reason", threads.reason},
               {"instruction_sets", isas},
               {"devices", device_list},
               {"cuda", build.cuda},
               {"blas", build.blas},
               {"libraries", libraries},
               {"huge_pages", huge_pages()},
               {"models", models},
               {"recommenders", recommenders}});
    return;
  }
  std::string isas;
  for (Isa isa : available_isas()) isas += fmt::format("{}{}", isas.empty() ? "" : ", ", to_string(isa));
  std::string text = fmt::format("heddle     {} ({}, {})\n", build.version, build.compiler, build.build_type);
  text += fmt::format("processor  {}, {}\n", processor(), grouped(processors, "hardware thread"));
  text += fmt::format("           instruction sets: {}; huge pages: {}\n", isas, huge_pages());
  text += fmt::format("threads    {}: {}\n", threads.count, threads.reason);
  for (const DeviceState& device : devices) {
    text += fmt::format("{:<11}{}{}\n", device.name, device.available ? "" : "not available: ", device.description);
  }
  text += fmt::format("CUDA       {}\n", build.cuda);
  text += fmt::format("BLAS       {}\n", build.blas);
  std::string libraries;
  for (const auto& [name, version] : build.libraries)
    libraries += fmt::format("{}{} {}", libraries.empty() ? "" : ", ", name, version);
  text += fmt::format("libraries  {}\n", libraries);
  for (const Kind& kind : kinds()) text += fmt::format("model      {}: {}\n", kind.name, summary_of(kind));
  print(text);
}

}  // namespace

void add_info(CLI::App& app, Action& action) {
  CLI::App* info = app.add_subcommand(
      "info", "print version, devices, instruction sets, threads and libraries; or, of a model's file, what it is");
  const auto as_json = std::make_shared<bool>(false);
  const auto model = std::make_shared<std::string>();
  info->add_option("MODEL", *model, "a file that heddle train --save wrote, to tell of that instead")->type_name("FILE");
  info->add_flag("--json", *as_json, "print one JSON object");
  info->callback([as_json, model, &action] {
    action = [as_json, model] {
      if (model->empty()) {
        run(*as_json);
      } else {
        tell_of_model(*model, *as_json);
      }
    };
  });
}

}  // namespace heddle::cli
