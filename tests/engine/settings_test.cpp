#include "heddle/settings.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include "heddle/fit.h"
#include "heddle/kinds.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

/// Values that a setting's own sentence says it takes, and values just beyond.
struct Edges {
  std::vector<std::string> allowed, refused;
};

std::string below(double bound) { return number_text(std::nextafter(static_cast<float>(bound), -INFINITY)); }
std::string above(double bound) { return number_text(std::nextafter(static_cast<float>(bound), INFINITY)); }

/// The edges of the range that the sentence tells; none where the sentence is of a form that this test does not know.
Edges edges_of(const std::string& sentence) {
  std::smatch part;
  const auto is = [&](const char* form) { return std::regex_match(sentence, part, std::regex(form)); };
  const auto number = [&](std::size_t i) { return std::stod(part[i]); };
  if (is("a whole number from (-?\\d+) to (\\d+)")) {
    const int64_t least = std::stoll(part[1]), most = std::stoll(part[2]);
    return {{part[1], part[2]}, {number_text(least - 1), number_text(most + 1), part[1].str() + ".5"}};
  }
  if (is("a number from ([-.\\d]+) to below ([.\\d]+)"))
    return {{part[1], below(number(2))}, {below(number(1)), part[2], above(number(2))}};
  if (is("a number from ([-.\\d]+) to ([.\\d]+)")) return {{part[1], part[2]}, {below(number(1)), above(number(2))}};
  if (is("a number above ([.\\d]+)")) return {{above(number(1))}, {part[1], below(number(1))}};
  if (is("a number of at least ([.\\d]+)")) return {{part[1], above(number(1))}, {below(number(1))}};
  if (is("0 or a number of at least ([.\\d]+)")) return {{"0", part[1], above(number(1))}, {below(number(1)), "-1"}};
  if (is("auto or a number")) return {{"auto", "-1.5", "0", "3e+30"}, {"automatic"}};
  if (is("a name")) return {{"lightgcn"}, {}};
  if (is("none, balanced or a list of weights from 0, .*"))
    return {{"none", "balanced", "1", "0,2.5,1e-3"}, {"1,-1", "1,,2", "heavy", "1,nan", "1;2", "none,1"}};
  if (is("one of (.*)")) {
    Edges edges{{}, {"nothing-like-it"}};
    std::istringstream names(part[1].str());
    for (std::string name; std::getline(names, name, ',');) edges.allowed.push_back(name.substr(name.find_first_not_of(' ')));
    return edges;
  }
  return {};
}

struct Invented {
  int64_t whole = 3;
  uint64_t seed = 7;
  float share = 0.25f;
  double rate = 1e-3;
  bool flag = false;
  std::optional<float> maybe = std::nullopt;
  std::string name = "first";
  Task task = Task::recommend;
};

const SettingTable<Invented>& sample_table() {
  static const SettingTable<Invented> table(
      "sample", {setting("whole", &Invented::whole, -2, 9, "a whole number"),
                 setting("seed", &Invented::seed, Range::at_least(0), "a seed"),
                 setting("share", &Invented::share, Range::from_to_below(0, 1), "a share"),
                 setting("rate", &Invented::rate, Range::above(0), "a rate"), setting("flag", &Invented::flag, "a flag"),
                 setting("maybe", &Invented::maybe, "none", Range::from_to(0, 2), "a number or none"),
                 setting("name", &Invented::name, "a name"),
                 setting("task", &Invented::task, {{"nodes", Task::classify_nodes}, {"items", Task::recommend}}, "a choice")
                     .automatic("items")});
  return table;
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("settings / a number's text is the shortest that reads back, without an exponent from 0.0001 to 10^16") {
  const std::pair<float, const char*> floats[] = {{0.0f, "0"},
                                                  {1.0f, "1"},
                                                  {-0.5f, "-0.5"},
                                                  {0.1f, "0.1"},
                                                  {1e-4f, "0.0001"},
                                                  {1e-5f, "1e-05"},
                                                  {5e-4f, "0.0005"},
                                                  {100000.0f, "100000"},
                                                  {1e10f, "10000000000"},
                                                  {1e16f, "1e+16"},
                                                  {1.5e20f, "1.5e+20"},
                                                  {123.456f, "123.456"},
                                                  {0.123456791f, "0.12345679"}};
  for (const auto& [value, expected] : floats) CHECK(number_text(value) == expected);
  CHECK(number_text(0.1) == "0.1");
  CHECK(number_text(1.0 / 3) == "0.3333333333333333");
  CHECK(number_text(1e9) == "1000000000");
  CHECK(number_text(std::numeric_limits<float>::quiet_NaN()) == "NaN");
  CHECK(number_text(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(number_text(INT64_MIN) == "-9223372036854775808");
  CHECK(number_text(UINT64_MAX) == "18446744073709551615");
  uint32_t bits = 12345;
  int64_t read = 0;
  for (int i = 0; i < 20'000; ++i) {
    bits = bits * 1664525 + 1013904223;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const float again = read_number<float>("x", number_text(value), Range());
    REQUIRE(std::memcmp(&again, &value, sizeof value) == 0);
    ++read;
  }
  CHECK(read > 15'000);
}

TEST_CASE("settings / a row of every type is read, written, checked and told") {
  const SettingTable<Invented>& table = sample_table();
  const Settings defaults{{"whole", "3"},    {"seed", "7"},     {"share", "0.25"}, {"rate", "0.001"},
                          {"flag", "false"}, {"maybe", "none"}, {"name", "first"}, {"task", "items"}};
  CHECK(table.write(Invented()) == defaults);
  const std::map<std::string, const char*> sentences{{"whole", "a whole number from -2 to 9"},
                                                     {"seed", "a whole number of at least 0"},
                                                     {"share", "a number from 0 to below 1"},
                                                     {"rate", "a number above 0"},
                                                     {"flag", "one of true, false"},
                                                     {"maybe", "none or a number from 0 to 2"},
                                                     {"name", "a name"},
                                                     {"task", "one of nodes, items"}};
  for (const Setting& row : table.rows()) {
    CAPTURE(row.name);
    CHECK(row.fallback == defaults.at(row.name));
    CHECK(row.allowed == sentences.at(row.name));
    CHECK(row.type.empty() == (row.name == "flag"));
    CHECK(row.read("x", row.fallback) == row.fallback);
    CHECK(error_mismatch(ErrorKind::usage, text("--x is '', it must be ", row.allowed), [&] { row.read("--x", ""); }) == "");
  }
  const Settings given{{"whole", "-2"},    {"seed", "18446744073709551615"},
                       {"share", "0.50"},  {"rate", "1e-3"},
                       {"flag", "true"},   {"maybe", "2"},
                       {"name", "second"}, {"task", "nodes"},
                       {"another's", "1"}};
  const Invented read = table.read(given);
  CHECK(read.whole == -2);
  CHECK(read.seed == UINT64_MAX);
  CHECK(read.share == 0.5f);
  CHECK(read.flag);
  CHECK(read.maybe == 2.0f);
  CHECK(read.name == "second");
  CHECK(read.task == Task::classify_nodes);
  CHECK(table.write(table.read(table.write(read))) == table.write(read));
  CHECK(table.rows({.whole = 5})[0].fallback == "5");
  CHECK(table.read({}, {.whole = 5}).whole == 5);
  CHECK(table.rows().back().automatic == "items");
  const auto refused = [&](const char* fragment, const Invented& sample) {
    return error_mismatch(ErrorKind::usage, fragment, [&] { table.check(sample); });
  };
  CHECK_NOTHROW(table.check({}));
  CHECK(refused("sample: whole is 10, it must be a whole number from -2 to 9", {.whole = 10}) == "");
  CHECK(refused("sample: share is 1, it must be a number from 0 to below 1", {.share = 1}) == "");
  CHECK(refused("sample: rate is NaN, it must be a number above 0", {.rate = NAN}) == "");
  CHECK(refused("sample: rate is inf, it must be", {.rate = INFINITY}) == "");
  CHECK(refused("sample: maybe is 3, it must be none or a number from 0 to 2", {.maybe = 3.0f}) == "");
  CHECK(refused("sample: task is , it must be one of nodes, items", {.task = static_cast<Task>(7)}) == "");
  CHECK(error_mismatch(ErrorKind::usage, "sample: whole is '3x', it must be a whole number from -2 to 9", [&] {
          table.read({{"whole", "3x"}});
        }) == "");
  // A name that is nearly one of those which it can be is told which.
  CHECK(error_mismatch(ErrorKind::usage, "sample: task is 'itms', it must be one of nodes, items; did you mean items?", [&] {
          table.read({{"task", "itms"}});
        }) == "");
}

TEST_CASE("settings / every setting of every kind takes what its sentence says, to the edge, and nothing beyond") {
  int64_t rows = 0, refusals = 0;
  std::set<std::string> sentences;
  for (const Kind& kind : kinds()) {
    for (const std::vector<Setting>* list : {&kind.settings, &kind.training}) {
      for (const Setting& row : *list) {
        CAPTURE(kind.name);
        CAPTURE(row.name);
        CHECK(!row.meaning.empty());
        CHECK((row.type == "N" || row.type == "NAME" || row.type == "LIST"));
        const Edges edges = edges_of(row.allowed);
        REQUIRE_MESSAGE(!edges.allowed.empty(), row.allowed);
        sentences.insert(row.allowed.substr(0, row.allowed.find_first_of("0123456789")));
        for (const std::string& value : edges.allowed) {
          CAPTURE(value);
          const std::string told = row.read(row.name, value);
          CHECK(row.read(row.name, told) == told);
          if (row.type == "N" && value != "auto") CHECK(std::stod(told) == std::stod(value));
        }
        std::vector<std::string> refused = edges.refused;
        refused.emplace_back();
        if (row.type == "N") refused.insert(refused.end(), {"nan", "inf", "1x", " 1", "0x10"});
        for (const std::string& value : refused) {
          CAPTURE(value);
          CHECK(error_mismatch(ErrorKind::usage, text("here is '", value, "', it must be ", row.allowed),
                               [&] { row.read("here", value); }) == "");
          // The same by name, with whose setting it is.
          if (kind.made_of.empty()) {
            CHECK(error_mismatch(ErrorKind::usage, text(kind.name, ": ", row.name, " is '", value, "', it must be ", row.allowed),
                                 [&] {
                                   plan_fit(kind, {{row.name, value}});
                                 }) == "");
          }
          ++refusals;
        }
        if (!row.fallback.empty()) CHECK(row.read(row.name, row.fallback) == row.fallback);
        if (!row.automatic.empty()) CHECK(row.read(row.name, row.automatic) == row.automatic);
        ++rows;
      }
    }
  }
  CHECK(rows >= 45);
  CHECK(refusals > 4 * rows);
  CHECK(sentences.size() >= 5);  // of several forms
}

TEST_CASE("settings / a preset says what the settings are that are not given, which are allowed") {
  int64_t presets = 0;
  for (const Kind& kind : kinds()) {
    for (const Setting& row : kind.training) {
      for (const auto& [name, preset] : row.presets) {
        CAPTURE(name);
        const Settings settings = plan_fit(kind, {{row.name, name}}).settings;
        CHECK(settings.at(row.name) == name);
        for (const auto& [setting, value] : preset) {
          CAPTURE(setting);
          CHECK(settings.at(setting) == value);
        }
        presets += preset.empty() ? 0 : 1;
        if (preset.empty()) continue;
        const auto& [first, value] = *preset.begin();
        Settings given = plan_fit(kind).settings;
        given = {{row.name, name}, {first, given.at(first)}};
        CHECK(plan_fit(kind, given).settings.at(first) == given.at(first));  // what is given goes before
      }
    }
  }
  CHECK(presets >= 1);
  const Settings paper = plan_fit("lightgcn", {{"protocol", "paper"}, {"epochs", "2"}}).settings;
  CHECK(paper.at("loss") == "bpr");
  CHECK(paper.at("norm_power") == "0");
  CHECK(paper.at("epochs") == "2");
  CHECK(error_mismatch(ErrorKind::usage, "lightgcn: protocol is 'mine', it must be one of default, paper", [] {
          plan_fit("lightgcn", {{"protocol", "mine"}});
        }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
