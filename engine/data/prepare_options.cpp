#include <algorithm>
#include <cfloat>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/settings.h"
#include "engine/written.h"
#include "heddle/error.h"
#include "heddle/interactions.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

constexpr const char* automatic_split_name = "auto";
constexpr std::pair<const char*, SplitMethod> split_methods[] = {{"ratio", SplitMethod::ratio},
                                                                 {"leave-one-out", SplitMethod::leave_one_out},
                                                                 {"files", SplitMethod::files},
                                                                 {"none", SplitMethod::none}};

std::string split_text(const PrepareOptions& options) {
  if (options.automatic_split) return automatic_split_name;
  const auto* const found = std::find_if(std::begin(split_methods), std::end(split_methods),
                                         [&](const auto& method) { return method.second == options.split; });
  return found == std::end(split_methods) ? "" : found->first;
}

void read_split(PrepareOptions& options, const std::string& written, const std::string& called) {
  options.automatic_split = written == automatic_split_name;
  if (options.automatic_split) return;
  std::vector<std::string> names = {automatic_split_name};
  for (const auto& [name, method] : split_methods) {
    if (written == name) {
      options.split = method;
      return;
    }
    names.emplace_back(name);
  }
  fail_choice(called, written, names);
}

std::string weights_text(const std::map<std::string, float>& weights) {
  std::string written;
  for (const auto& [name, weight] : weights) written += text(written.empty() ? "" : ",", name, "=", to_setting(weight));
  return written;
}

/// "view=1,cart=3": the weight of each behaviour.
std::map<std::string, float> read_weights(const std::string& written, const std::string& called) {
  std::map<std::string, float> weights;
  if (written.empty()) return weights;
  for (const std::string& part : split_list(written)) {
    const std::size_t equals = part.rfind('=');
    require(equals != std::string::npos && equals > 0, ErrorKind::usage, called, " is '", written,
            "', it must be a list of NAME=WEIGHT, such as view=1,cart=3,buy=5");
    const std::string name = part.substr(0, equals);
    const auto weight = written_number<float>(text(called, ": the weight of ", name), part.substr(equals + 1), FLT_MIN, FLT_MAX,
                                              "a number above 0");
    require(weights.emplace(name, weight).second, ErrorKind::usage, called, " names '", name, "' twice");
  }
  return weights;
}

void read_min_rating(PrepareOptions& options, const std::string& written, const std::string& called) {
  options.has_min_rating = !written.empty();
  if (options.has_min_rating) options.min_rating = written_number<float>(called, written, -FLT_MAX, FLT_MAX, "a number");
}

}  // namespace

std::map<std::string, std::string> to_settings(const PrepareOptions& options) try {
  const auto yes_or_no = [](bool value) { return value ? "true" : "false"; };
  return {{"min_rating", options.has_min_rating ? to_setting(options.min_rating) : ""},
          {"behaviour_weights", weights_text(options.behaviour_weights)},
          {"k_core", to_setting(options.k_core)},
          {"split", split_text(options)},
          {"test_share", to_setting(options.test_share)},
          {"val_share", to_setting(options.val_share)},
          {"by_time", yes_or_no(options.by_time)},
          {"global_split", yes_or_no(options.global)},
          {"split_seed", to_setting(options.seed)}};
} catch (...) {
  rethrow_as_error();
}

bool set_setting(PrepareOptions& options, const std::string& name, const std::string& written, const std::string& named) try {
  const std::string& called = named.empty() ? name : named;
  const auto share = [&] {
    return written_number<double>(called, written, 0, std::nextafter(1.0, 0.0), "a number from 0 to below 1");
  };
  if (name == "min_rating") {
    read_min_rating(options, written, called);
  } else if (name == "behaviour_weights") {
    options.behaviour_weights = read_weights(written, called);
  } else if (name == "k_core") {
    options.k_core = written_number<int64_t>(called, written, 0, INT32_MAX, text("a whole number from 0 to ", INT32_MAX));
  } else if (name == "split") {
    read_split(options, written, called);
  } else if (name == "test_share") {
    options.test_share = share();
  } else if (name == "val_share") {
    options.val_share = share();
  } else if (name == "by_time") {
    options.by_time = written == "true";
  } else if (name == "global_split") {
    options.global = written == "true";
  } else if (name == "split_seed") {
    options.seed = written_number<uint64_t>(called, written, 0, UINT64_MAX, "a whole number from 0 to 2^64 - 1");
  } else {
    return false;
  }
  return true;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
