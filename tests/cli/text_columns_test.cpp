#include "cli/text_columns.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/ranking_table.h"

namespace heddle::cli {

namespace {

/// Texts, and the columns that each of their characters takes.
const std::pair<const char*, int> kTexts[] = {
    {"", 0},
    {"heddle", 6},
    {"größe", 5},
    {"gro\u0308ße", 5},          // the dots are a character of their own
    {"e\u0301\u0302\u0323", 1},  // three marks on one letter
    {"ελληνικά", 8},
    {"русский", 7},
    {"图谱", 4},
    {"日本語テスト", 12},
    {"ﾃｽﾄ", 3},   // halfwidth
    {"ＡＢ", 4},  // fullwidth
    {"한국어", 6},
    {"\u1112\u1161\u11ab", 2},  // one syllable of three letters
    {"ไทย", 3},
    {"น้ำ", 2},     // a mark over the first of two letters
    {"हिन्दी", 5},  // marks beside a letter take a column, those above and below none
    {"עִבְרִית", 5},
    {"مُحَمَّد", 4},
    {"☕", 2},
    {"🙂🚀", 4},
    {"🥨🫠", 4},
    {"♥", 1},
    {"♥\ufe0f", 2},  // asked for as an emoji
    {"1\ufe0f\u20e3", 2},
    {"☝🏽👍🏽", 4},
    {"🇩🇪🇫🇷", 4},
    {"🇩a", 2},  // half a flag
    {"👩\u200d👩\u200d👧\u200d👦", 2},
    {"🏳\ufe0f\u200d🌈", 2},
    {"🏴\u200d☠\ufe0f", 2},
    {"🏃🏽\u200d♀\ufe0f!", 3},
    {"क\u094d\u200dष", 2},     // no emoji: what is joined takes its own
    {"a\u200bb\u200d", 2},     // no column for a blank without width and a joiner
    {"soft\u00adhyphen", 11},  // drawn
    {"…±é", 3},
    {"\U0001110c\U0001110b\U00011134\U0001111f\U00011133\U00011126", 4},  // Chakma: two marks among four letters
    {"\U0001e900\U0001e944\U0001e2c0\U0001e2ec", 2},                      // Adlam and Wancho, a mark over a letter each
    {"\U000110bd", 1},                                                    // drawn around digits
    {"𠀀𪛖", 4},
    {"\u3000", 2},  // a blank as wide as a character
    {"tab\tbell\a\x7f\u0085", 7},
    {"\xff\xc3(", 3},     // no UTF-8: a sign for each such byte
    {"\xe5\x9b", 2},      // the beginning of a character
    {"\xed\xa0\x80", 3},  // half a surrogate pair
};

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("text columns / wide characters take two columns, marks none, and all else one") {
    for (const auto& [text, columns] : kTexts) {
      CAPTURE(text);
      CHECK(columns_of(text) == columns);
    }
  }

  TEST_CASE("text columns / what is cut ends in a sign of it, is never too wide, and holds whole characters") {
    for (const auto& [text, columns] : kTexts) {
      CAPTURE(text);
      for (int most = -1; most <= columns + 2; ++most) {
        CAPTURE(most);
        const std::string cut = cut_to_columns(text, most);
        CAPTURE(cut);
        if (most >= columns) {
          CHECK(cut == text);
          continue;
        }
        CHECK(columns_of(cut) <= std::max(most, 0));
        if (most < 1) {
          CHECK(cut.empty());
          continue;
        }
        CHECK(columns_of(cut) >= most - 1);  // a wide character may leave a column free
        REQUIRE(cut.ends_with("…"));
        const std::string kept = cut.substr(0, cut.size() - std::string("…").size());
        CHECK(std::string(text).starts_with(kept));
        // Not one byte more would have been the end of a character that fits.
        CHECK(columns_of(kept) + columns_of(text + kept.size()) == columns);
      }
    }
    CHECK(cut_to_columns("lightgcn: training", 9) == "lightgcn…");
    CHECK(cut_to_columns("图谱图谱", 4) == "图…");
    CHECK(cut_to_columns("图谱图谱", 5) == "图谱…");
    CHECK(cut_to_columns("cafe\u0301 au lait", 5) == "cafe\u0301…");  // with its accent
  }

  TEST_CASE("text columns / padding fills up to a column, and leaves wider text as it is") {
    for (const auto& [text, columns] : kTexts) {
      CAPTURE(text);
      CHECK(columns_of(padded_to_columns(text, 20)) == 20);
      CHECK(padded_to_columns(text, columns + 1) == text + std::string(" "));
      CHECK(padded_to_columns(text, columns - 1) == text);
    }
  }

  TEST_CASE("ranking table / its columns stand below each other whatever the names are written in") {
    const std::vector<std::string> names = {"Walnut coffee mill", "胡桃木咖啡磨", "コーヒーミル ☕", "Kaffeemu\u0308hle", "",
                                            "커피 그라인더"};
    IdTable items;
    Ranking ranking;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const int32_t item = items.insert(i % 2 == 0 ? std::to_string(i) : "货号" + std::to_string(i));
      ranking.push_back({.item = item, .score = 0.5f});
    }
    for (const bool named : {false, true}) {
      std::istringstream lines(ranking_text(ranking, items, named ? names : std::vector<std::string>{}));
      std::string line;
      REQUIRE(std::getline(lines, line));
      const int width = columns_of(line);
      int rows = 0;
      for (; std::getline(lines, line); ++rows) {
        CAPTURE(line);
        CHECK(columns_of(line) == width);
        const std::size_t name = named ? line.find(names[static_cast<std::size_t>(rows)], line.find_first_not_of(' ')) : 0;
        CHECK(name != std::string::npos);
      }
      CHECK(rows == 6);
    }
  }
}

}  // namespace heddle::cli
