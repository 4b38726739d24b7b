#include <doctest/doctest.h>

#include <map>
#include <string>

#include "heddle/error.h"
#include "heddle/interactions.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

PrepareOptions set(const std::string& name, const std::string& written) { return prepare_settings().read({{name, written}}); }

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("prepare options / text reads back as the same options") {
  PrepareOptions every;
  every.has_min_rating = true;
  every.min_rating = -3.14159274f;
  every.behaviour_weights = {{"buy", 2.5f}, {"view", 1e-20f}};
  every.k_core = 7;
  every.split = SplitMethod::leave_one_out;
  every.test_share = 0.1;
  every.val_share = 1.0 / 3;
  every.by_time = true;
  every.global = true;
  every.seed = UINT64_MAX;
  for (const PrepareOptions& options : {PrepareOptions(), every}) {
    const Settings settings = prepare_settings().write(options);
    PrepareOptions others;  // of these every one is written over
    others.k_core = 99;
    others.behaviour_weights = {{"sell", 1.0f}};
    CHECK(prepare_settings().write(prepare_settings().read(settings, others)) == settings);
  }
}

TEST_CASE("prepare options / each name sets its own") {
  CHECK(set("min_rating", "4").min_rating == 4);
  CHECK(set("min_rating", "4").has_min_rating);
  CHECK_FALSE(set("min_rating", "").has_min_rating);
  CHECK(set("behaviour_weights", "view=1, cart = 3=3,buy=5").behaviour_weights ==
        std::map<std::string, float>{{"buy", 5}, {"cart = 3", 3}, {"view", 1}});
  CHECK(set("k_core", "5").k_core == 5);
  CHECK(set("split", "auto").split == SplitMethod::automatic);
  CHECK(set("split", "files").split == SplitMethod::files);
  CHECK(set("split", "none").split == SplitMethod::none);
  CHECK(set("test_share", "0.3").test_share == 0.3);
  CHECK(set("val_share", "0.3").val_share == 0.3);
  CHECK(set("by_time", "true").by_time);
  CHECK_FALSE(set("by_time", "false").by_time);
  CHECK(set("global_split", "true").global);
  CHECK(set("split_seed", "18446744073709551615").seed == UINT64_MAX);
  CHECK(prepare_settings().write(set("user_column", "x")) == prepare_settings().write({}));  // how files are read, not prepared
}

TEST_CASE("prepare options / what cannot be meant is refused by the name that it was asked for under") {
  const auto refuses = [](const std::string& name, const char* written, const char* sentence, const char* called = nullptr) {
    for (const Setting& row : prepare_settings().rows()) {
      if (row.name == name)
        return error_mismatch(ErrorKind::usage, sentence, [&] { row.read(called == nullptr ? name : called, written); });
    }
    return std::string("there is no such setting");
  };
  CHECK(refuses("split", "thirds", "split is 'thirds', it must be one of auto, ratio, leave-one-out, files, none") == "");
  CHECK(refuses("split", "thirds", "--split is 'thirds'", "--split") == "");
  CHECK(refuses("test_share", "1", "test_share is '1', it must be a number from 0 to below 1") == "");
  CHECK(refuses("val_share", "nan", "val_share is 'nan', it must be") == "");
  CHECK(refuses("k_core", "-1", "k_core is '-1', it must be a whole number from 0 to 2147483647") == "");
  CHECK(refuses("split_seed", "1.5", "split_seed is '1.5', it must be a whole number from 0 to 2^64 - 1") == "");
  CHECK(refuses("min_rating", "high", "min_rating is 'high', it must be a number") == "");
  CHECK(refuses("behaviour_weights", "view", "behaviour_weights is 'view', it must be a list of NAME=WEIGHT") == "");
  CHECK(refuses("behaviour_weights", "view=0", "behaviour_weights: the weight of view is '0', it must be a number above 0") ==
        "");
  CHECK(refuses("behaviour_weights", "view=1,view=2", "behaviour_weights names 'view' twice") == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
