#include "cli/report.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/durations.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "cli/process.h"
#include "cli/terminal.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/version.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

std::string seeds_text(const SeedPlan& plan, const SeedRuns& runs) {
  if (plan.count == 1) return fmt::format("seed {}", plan.first_seed);
  std::string text = fmt::format("seeds {} to {}", plan.first_seed, plan.first_seed + static_cast<uint64_t>(plan.count) - 1);
  if (runs.at_once > 1) text += fmt::format(", {} at once with one thread each", runs.at_once);
  return text;
}

std::string epochs_text(const SeedRuns& runs) {
  const auto [fewest, most] =
      std::minmax_element(runs.results.begin(), runs.results.end(),
                          [](const SeedResult& a, const SeedResult& b) { return a.report.epochs < b.report.epochs; });
  return fewest->report.epochs == most->report.epochs
             ? text(counted(most->report.epochs, "epoch"))
             : text(fewest->report.epochs, " to ", counted(most->report.epochs, "epoch"));
}

/// The mean of a figure over the seeds.
double mean(const SeedRuns& runs, double TrainReport::*figure) {
  double sum = 0;
  for (const SeedResult& result : runs.results) sum += result.report.*figure;
  return sum / static_cast<double>(runs.results.size());
}

/// Whether a write to standard output failed because it was the terminal that is gone, of which SIGHUP told.
bool lost_with_terminal(int error) {
  struct stat status {};
  return error == EIO && interrupted() && interrupting_signal() == SIGHUP && ::fstat(STDOUT_FILENO, &status) == 0 &&
         S_ISCHR(status.st_mode);
}

void write_out(const std::string& bytes) {
  const bool written = write_standard_output(bytes);
  const int error = errno;
  if (!written && lost_with_terminal(error)) throw OutputClosed();
  if (!written && error == EPIPE) {
    note_interrupt(SIGPIPE);
    throw OutputClosed();
  }
  require(written, ErrorKind::io, "cannot write to standard output: ", std::strerror(error));
}

/// The object on one line. A path need not be UTF-8, a JSON string must be.
std::string json_line(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

/// JSON with the control characters escaped that its strings may hold as they are: DEL, and U+0080 to U+009F, of which some
/// terminals take U+009B for the beginning of a control sequence.
std::string without_controls(const std::string& json) {
  std::string result;
  result.reserve(json.size());
  for (std::size_t at = 0; at < json.size(); ++at) {
    const auto byte = static_cast<unsigned char>(json[at]);
    const auto next = static_cast<unsigned char>(at + 1 < json.size() ? json[at + 1] : '\0');
    if (byte == 0x7f) {
      result += "\\u007f";
    } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      result += fmt::format("\\u{:04x}", next);
      ++at;
    } else {
      result += json[at];
    }
  }
  return result;
}

}  // namespace

std::string grouped(int64_t number) {
  std::string digits = fmt::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string size_text(int64_t bytes) {
  return bytes < 1'000'000 ? fmt::format("{:.1f} kB", 1e-3 * static_cast<double>(bytes))
                           : fmt::format("{:.1f} MB", 1e-6 * static_cast<double>(bytes));
}

std::string grouped(int64_t number, const char* noun, const char* plural) {
  const std::string in_number = text(counted(number, noun, plural));
  return grouped(number) + in_number.substr(in_number.find(' '));
}

double as_written(float number) { return std::strtod(fmt::format("{}", number).c_str(), nullptr); }

std::string data_text(const NodeDataset& data, const std::string& hash) {
  std::string text = fmt::format("data       {}: {}, {}, {}, {}\n", io::detail::printable(data.name), grouped(data.nodes, "node"),
                                 grouped(data.edges.size(), "edge"), grouped(data.feature_count(), "feature"),
                                 grouped(data.classes, "class", "classes"));
  text += fmt::format("           {} to train on, {} to validate, {} to test\n", grouped(data.train.size(), "node"),
                      grouped(static_cast<int64_t>(data.val.size())), grouped(static_cast<int64_t>(data.test.size())));
  const CleaningReport& cleaning = data.cleaning;
  std::string cleaned;
  const auto tell = [&](int64_t count, const char* noun, const char* what) {
    if (count > 0) cleaned += fmt::format("{}{} {}", cleaned.empty() ? "" : ", ", grouped(count, noun), what);
  };
  tell(cleaning.duplicate_edges, "duplicate edge", "removed");
  tell(cleaning.self_loops, "self-loop", "removed");
  tell(cleaning.isolated_rows_added, "isolated node", "without a row added");
  tell(cleaning.unlabelled_left_out, "node", "without a label left out of the split");
  text += fmt::format("           {}\n", cleaned.empty() ? "nothing to clean" : cleaned);
  return text + fmt::format("           content hash {}\n", hash);
}

Json data_json(const NodeDataset& data, const std::string& hash) {
  return {{"name", data.name},
          {"nodes", data.nodes},
          {"edges", data.edges.size()},
          {"features", data.feature_count()},
          {"classes", data.classes},
          {"train", data.train.size()},
          {"val", data.val.size()},
          {"test", data.test.size()},
          {"hash", hash},
          {"duplicate_edges", data.cleaning.duplicate_edges},
          {"self_loops", data.cleaning.self_loops},
          {"isolated_rows_added", data.cleaning.isolated_rows_added},
          {"unlabelled_left_out", data.cleaning.unlabelled_left_out}};
}

std::string settings_text(const std::map<std::string, std::string>& settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  }
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

Json settings_json(const std::map<std::string, std::string>& settings) {
  Json object = Json::object();
  for (const auto& [name, value] : settings) {
    Json parsed = Json::parse(value, nullptr, false);
    object[name] = parsed.is_number() ? std::move(parsed) : Json(value);
  }
  return object;
}

std::string training_text(const SeedPlan& plan, const SeedRuns& runs, const NodeDataset& data, const std::string& hash,
                          const Device& device) {
  const TrainOptions& options = plan.options;
  std::string text = data_text(data, hash);
  text += fmt::format("model      {}: {}\n", plan.kind->name, settings_text(runs.first_model->settings()));
  text += fmt::format("training   {}, learning rate {}, weight decay {}, {}{}\n", epochs_text(runs), options.learning_rate,
                      options.weight_decay, options.patience > 0 ? fmt::format("patience {}", options.patience) : "no early stop",
                      options.selection == Selection::last ? "" : ", weights of the best validation epoch");
  text += fmt::format("           {}\n", seeds_text(plan, runs));
  text += fmt::format("device     {}\n", device.description());
  std::string test = accuracy_text(runs.test_mean(), data.test);
  if (runs.results.size() > 1 && !data.test.empty()) test += fmt::format(" ± {:.1f}", 100 * runs.test_std());
  text += fmt::format("accuracy   train {}, validation {}, test {}\n",
                      accuracy_text(mean(runs, &TrainReport::train_accuracy), data.train),
                      accuracy_text(mean(runs, &TrainReport::val_accuracy), data.val), test);
  if (runs.results.size() > 1)
    text += fmt::format("           mean of {} ± population standard deviation\n", grouped(runs.results.size(), "seed"));
  text += fmt::format("epoch      {:.3f} ms median, {:.3f} ms least (forward, backward, update; validation apart)\n",
                      runs.epoch_ms_median(), runs.epoch_ms_min());
  if (runs.results.size() == 1) text += fmt::format("weights    hash {}\n", runs.results.front().report.weights_hash);
  return text;
}

Json training_json(const SeedPlan& plan, const SeedRuns& runs, const NodeDataset& data, const std::string& hash,
                   const Device& device) {
  Json seeds = Json::array();
  for (const SeedResult& result : runs.results) {
    const TrainReport& report = result.report;
    seeds.push_back({{"seed", result.seed},
                     {"epochs", report.epochs},
                     {"selected_epoch", report.selected_epoch},
                     {"train_loss", report.train_loss},
                     {"train_accuracy", accuracy_json(report.train_accuracy, data.train)},
                     {"val_accuracy", accuracy_json(report.val_accuracy, data.val)},
                     {"test_accuracy", accuracy_json(report.test_accuracy, data.test)},
                     {"weights_hash", report.weights_hash}});
  }
  const TrainOptions& options = plan.options;
  return {{"model", plan.kind->name},
          {"settings", settings_json(runs.first_model->settings())},
          {"options",
           {{"epochs", options.epochs},
            {"learning_rate", as_written(options.learning_rate)},
            {"weight_decay", as_written(options.weight_decay)},
            {"patience", options.patience},
            {"selection", to_string(options.selection)}}},
          {"device", to_string(device.kind())},
          {"device_description", device.description()},
          {"threads", device.threads()},
          {"seeds_at_once", runs.at_once},
          {"data", data_json(data, hash)},
          {"seeds", std::move(seeds)},
          {"test_accuracy",
           {{"mean", accuracy_json(runs.test_mean(), data.test)}, {"std", accuracy_json(runs.test_std(), data.test)}}},
          {"epoch_ms", {{"median", runs.epoch_ms_median()}, {"min", runs.epoch_ms_min()}}},
          {"interrupted", runs.interrupted}};
}

std::string accuracy_text(double accuracy, const std::vector<int32_t>& split) {
  return split.empty() ? "none" : fmt::format("{:.1f} %", 100 * accuracy);
}

Json accuracy_json(double accuracy, const std::vector<int32_t>& split) { return split.empty() ? Json() : Json(accuracy); }

std::string cost_text() {
  return fmt::format("total      {}, {:.1f} MB of memory at most\n", duration_text(seconds_since_start(), 2),
                     1e-6 * static_cast<double>(peak_rss_bytes()));
}

void add_cost(Json& object) {
  object["total_s"] = seconds_since_start();
  object["peak_rss_bytes"] = peak_rss_bytes();
  object["version"] = version();
}

void print(const std::string& text) { write_out(io::detail::printable_lines(text)); }

bool print_row(const std::string& text) try {
  print(text);
  return true;
} catch (const OutputClosed&) {
  return false;
}

void print(const Json& object) { write_out(without_controls(json_line(object))); }

void write_json(const std::string& path, const Json& object) { io::write_file(path, json_line(object)); }

}  // namespace heddle::cli
