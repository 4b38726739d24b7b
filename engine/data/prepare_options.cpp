#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "heddle/interactions.h"
#include "heddle/rethrow.h"
#include "heddle/settings.h"

namespace heddle {

namespace {

std::string weights_text(const std::map<std::string, float>& weights) {
  std::string written;
  for (const auto& [name, weight] : weights) written += text(written.empty() ? "" : ",", name, "=", number_text(weight));
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
    const auto weight = read_number<float>(text(called, ": the weight of ", name), part.substr(equals + 1), Range::above(0));
    require(weights.emplace(name, weight).second, ErrorKind::usage, called, " names '", name, "' twice");
  }
  return weights;
}

}  // namespace

const SettingTable<PrepareOptions>& prepare_settings() try {
  using Options = PrepareOptions;
  static const SettingTable<Options> table(
      "prepare",
      {custom_setting<Options>(
           "min_rating", "N", "leave out interactions rated lower [all are kept]",
           [](Options& options, const std::string& called, const std::string& written) {
             options.has_min_rating = !written.empty();
             if (options.has_min_rating) options.min_rating = read_number<float>(called, written, Range());
           },
           [](const Options& options) { return options.has_min_rating ? number_text(options.min_rating) : std::string(); }),
       custom_setting<Options>(
           "behaviour_weights", "LIST", "weight of each behaviour, as view=1,cart=3,buy=5; others are left out [all weigh 1]",
           [](Options& options, const std::string& called, const std::string& written) {
             options.behaviour_weights = read_weights(written, called);
           },
           [](const Options& options) { return weights_text(options.behaviour_weights); }),
       setting("k_core", &Options::k_core, 0, INT32_MAX,
               "leave out users and items with fewer partners than this, until none is left; 0: keep all"),
       setting("keep_empty", &Options::keep_empty, "keep users and items of whom these filters leave nothing"),
       setting("split", &Options::split,
               {{"auto", SplitMethod::automatic},
                {"ratio", SplitMethod::ratio},
                {"leave-one-out", SplitMethod::leave_one_out},
                {"files", SplitMethod::files},
                {"none", SplitMethod::none}},
               "auto (files where there are such, else ratio), ratio, leave-one-out, files or none"),
       setting("test_share", &Options::test_share, Range::from_to_below(0, 1),
               "ratio: share of each user's interactions that is kept for the test"),
       setting("val_share", &Options::val_share, Range::from_to_below(0, 1), "ratio: share kept for validation"),
       setting("by_time", &Options::by_time, "ratio, leave-one-out: the latest go to the test; otherwise at random"),
       setting("global_split", &Options::global, "ratio: shares of all interactions together, not of each user's"),
       setting("split_seed", &Options::seed, Range(), "seed of a random split")});
  return table;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
