#include "cli/progress_text.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "cli/durations.h"
#include "cli/text_columns.h"
#include "io/utf8.h"

namespace heddle::cli {

TEST_SUITE("cli") {
  TEST_CASE("durations / seconds are told in the units that people use") {
    const std::pair<double, const char*> cases[] = {{0, "0 s"},
                                                    {12.4, "12 s"},
                                                    {59.4, "59 s"},
                                                    {59.6, "1 min 0 s"},
                                                    {200, "3 min 20 s"},
                                                    {3599.4, "59 min 59 s"},
                                                    {3599.6, "1 h 0 min"},
                                                    {34999, "9 h 43 min"},
                                                    {86399, "1 day 0 h"},
                                                    {86400 + 3 * 3600, "1 day 3 h"},
                                                    {10 * 86400.0, "10 days 0 h"},
                                                    {-1, "unknown"},
                                                    {std::numeric_limits<double>::infinity(), "unknown"},
                                                    {std::nan(""), "unknown"}};
    for (const auto& [seconds, text] : cases) CHECK(duration_text(seconds) == text);
    CHECK(duration_text(1.944, 2) == "1.94 s");
    CHECK(duration_text(59.994, 2) == "59.99 s");
    CHECK(duration_text(59.996, 2) == "1 min 0 s");
    CHECK(duration_text(61.7, 2) == "1 min 2 s");
  }

  TEST_CASE("progress text / a line is shorter than any terminal is wide, and tells as much as there is room for") {
    const ProgressFigure figures[] = {{.name = "epoch", .value = 23, .total = 80, .at_most = false},
                                      {.name = "loss", .value = 5.8977}};
    const ProgressState state{.subject = "lightgcn",
                              .phase = "training",
                              .share = 0.28,
                              .figures = figures,
                              .elapsed = 77,
                              .left = 200,
                              .stopping = false};
    CHECK(progress_line(state, 200) ==
          "[========                      ] lightgcn: training, epoch 23 of 80, loss 5.8977, 3 min 20 s left");
    CHECK(progress_line(state, 82) == "[===        ] lightgcn: training, epoch 23 of 80, loss 5.8977, 3 min 20 s left");
    CHECK(progress_line(state, 79) == "[==      ] lightgcn: training, epoch 23 of 80, loss 5.8977, 3 min 20 s left");
    CHECK(progress_line(state, 78) == " 28 % lightgcn: training, epoch 23 of 80, loss 5.8977, 3 min 20 s left");
    CHECK(progress_line(state, 62) == " 28 % lightgcn: training, epoch 23 of 80, 3 min 20 s left");
    CHECK(progress_line(state, 45) == " 28 % lightgcn: training, 3 min 20 s left");
    CHECK(progress_line(state, 44) == " 28 % training, 3 min 20 s left");
    CHECK(progress_line(state, 35) == " 28 % training, 3 min 20 s left");
    CHECK(progress_line(state, 34) == "training, 3 min 20 s left");
    CHECK(progress_line(state, 28) == " 28 % lightgcn: training");
    CHECK(progress_line(state, 22) == " 28 % training");
    CHECK(progress_line(state, 16) == "training");
    CHECK(progress_line(state, 10) == "traini…");
    CHECK(progress_sentence(state) == "lightgcn: training, epoch 23 of 80, loss 5.8977, 3 min 20 s left");
    for (int width = -1; width <= 200; ++width) {
      for (const double share : {-1.0, 0.0, 0.5, 1.0}) {
        for (const double left : {-1.0, 0.0, 1e9}) {
          for (const char* const subject :
               {"", "größe größe größe größe größe größe größe größe größe größe größe größe größe größe",
                "图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱图谱",
                "🥨🥨 e\u0301\u0302"}) {
            ProgressState other = state;
            other.share = share;
            other.left = left;
            other.subject = subject;
            const std::string line = progress_line(other, width);
            CAPTURE(line);
            CHECK(columns_of(line) <= std::max(width - 3, 0));
            CHECK(io::detail::is_utf8(line));
            if (width > 3) CHECK((line.find("…") != std::string::npos) == (line.find("training") == std::string::npos));
            // The phase and the time left, wherever there is room for the two.
            if (width >= 40 && share >= 0 && left >= 0) {
              CHECK(line.find("training") != std::string::npos);
              CHECK(line.ends_with(" left"));
            }
          }
        }
      }
    }
  }

  TEST_CASE("progress text / a bound is told as one, an unknown share without a bar, and an end that is asked for") {
    const ProgressFigure trial{.name = "trial", .value = 2, .total = 6, .at_most = true};
    CHECK(progress_sentence({.subject = "",
                             .phase = "choosing the temperature",
                             .share = 0.25,
                             .figures = std::span(&trial, 1),
                             .elapsed = 10,
                             .left = 30}) == "choosing the temperature, trial 2 of at most 6, at most 30 s left");
    CHECK(progress_line({.subject = "", .phase = "fitting", .figures = {}, .elapsed = 0.5}, 80) == "fitting");
    CHECK(progress_line({.subject = "", .phase = "fitting", .figures = {}, .elapsed = 75}, 80) == "fitting, 1 min 15 s");
    CHECK(progress_line({.subject = "", .phase = "training", .share = 1, .figures = {}, .left = 0, .stopping = true}, 82) ==
          "[==============================] stopping: training");
  }

  TEST_CASE("progress text / at 40 columns every phase tells its name and the time left") {
    const ProgressFigure trial{.name = "trial", .value = 2, .total = 6, .at_most = true};
    const ProgressState state{.subject = "part 2 of 4, to choose the weight: lightgcn",
                              .phase = "choosing the temperature",
                              .share = 0.25,
                              .figures = std::span(&trial, 1),
                              .elapsed = 10,
                              .left = 3590};
    CHECK(progress_line(state, 40) == "choosing the tem…, ≤ 59 min 50 s left");
    CHECK(progress_line(state, 60) == " 25 % choosing the temperature, at most 59 min 50 s left");
    ProgressState training = state;
    training.phase = "training";
    CHECK(progress_line(training, 40) == " 25 % training, ≤ 59 min 50 s left");
    ProgressState reading{.subject = "图谱图谱图谱图谱图谱图谱", .phase = "reading the graph", .figures = {}, .elapsed = 12};
    CHECK(progress_line(reading, 40) == "reading the graph, 12 s");
  }

  TEST_CASE("progress text / a figure that is no count has six columns, and none is told before it is known") {
    for (const auto& [value, text] :
         {std::pair(5.8977, "loss 5.8977"), std::pair(0.0, "loss 0.0000"), std::pair(9.99996, "loss 10.000"),
          std::pair(123.456, "loss 123.46"), std::pair(99999.4, "loss 99999"), std::pair(1e6, "loss 1e+06"),
          std::pair(-0.25, "loss -0.250"), std::pair(2.4e9, "loss 2e+09"), std::pair(std::nan(""), "")}) {
      const ProgressFigure loss{.name = "loss", .value = value};
      const std::string sentence =
          progress_sentence({.subject = "", .phase = "training", .share = 0.5, .figures = std::span(&loss, 1)});
      CHECK(sentence == std::string("training") + (*text == '\0' ? "" : ", ") + text);
    }
  }

  TEST_CASE("progress text / a phase is drawn in one form from its beginning to its end, whatever its figures become") {
    for (int width = 4; width <= 140; ++width) {
      CAPTURE(width);
      std::optional<std::size_t> bar_end, percent_end, loss_at, time_at;
      std::optional<bool> has_epoch;
      int drawn = 0;
      // Where something stands must stay the place where it stands; npos is a place, too.
      const auto same = [](std::optional<std::size_t>& before, std::size_t now) {
        if (!before) before = now;
        return *before == now;
      };
      for (int epoch = 1; epoch <= 120; ++epoch) {
        for (const bool stopping : {false, true}) {
          const double loss = epoch == 1 ? std::nan("") : epoch < 40 ? 1200.0 / epoch : 0.01 * (120 - epoch);
          const ProgressFigure figures[] = {{.name = "epoch", .value = static_cast<double>(epoch), .total = 120, .at_most = true},
                                            {.name = "loss", .value = loss}};
          const double left = epoch < 4 ? -1 : epoch < 20 ? 86400.0 * 9 / epoch : 3599.0 / (epoch - 19);
          const std::string line = progress_line({.subject = "lightgcn",
                                                  .phase = "training",
                                                  .share = (epoch - 1) / 120.0,
                                                  .figures = figures,
                                                  .elapsed = 2.0 * epoch,
                                                  .left = left,
                                                  .stopping = stopping},
                                                 width);
          CAPTURE(line);
          CHECK(columns_of(line) <= width - 3);
          CHECK(same(bar_end, line.find(']')));
          CHECK(same(percent_end, line.find('%')));
          const bool epochs = line.find("epoch ") != std::string::npos;
          if (!has_epoch) has_epoch = epochs;
          CHECK(epochs == *has_epoch);
          if (stopping || epoch == 1) continue;
          CHECK(same(loss_at, line.find(", loss ")));
          if (left >= 0) CHECK(same(time_at, std::min(line.find(", at most "), line.find(", ≤ "))));
          ++drawn;
        }
      }
      CHECK(drawn == 119);
    }
  }
}

}  // namespace heddle::cli
