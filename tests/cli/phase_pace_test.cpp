#include "cli/phase_pace.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

namespace heddle::cli {

namespace {

constexpr double no_limit = -1;

/// A phase of `pieces` pieces of work, whose lengths `seconds_of` gives; `look` is called at every tenth of a second with the
/// time, what the pace says is left, and what truly is.
void run_phase(int pieces, const std::function<double(int piece)>& seconds_of,
               const std::function<void(double now, double left, double truly)>& look) {
  double whole = 0;
  for (int piece = 0; piece < pieces; ++piece) whole += seconds_of(piece);
  PhasePace pace;
  pace.resume(0);
  pace.told(0, 0, no_limit);
  double ended = 0;
  int64_t looks = 0;
  for (int piece = 0; piece < pieces; ++piece) {
    ended += seconds_of(piece);
    for (double at = 0.1 * static_cast<double>(looks); at < ended; at = 0.1 * static_cast<double>(++looks))
      look(at, pace.left(at), whole - at);
    pace.told(ended, (piece + 1.0) / pieces, no_limit);
  }
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("phase pace / no time is told before 3 s or a twentieth of the phase, and then it is one") {
    for (const double piece : {1e-4, 0.01, 0.9}) {  // of a phase of 1000
      CAPTURE(piece);
      int64_t told = 0, not_told = 0;
      run_phase(
          1000, [&](int) { return piece; },
          [&](double now, double left, double truly) {
            CAPTURE(now);
            const double twentieth = 0.05 * 1000 * piece;
            if (now < 3 && std::abs(now - twentieth) <= 2 * piece) return;  // told of it or not yet
            const bool early = now < 3 && now < twentieth;
            CHECK((left < 0) == early);
            ++(early ? not_told : told);
            if (!early) CHECK(std::abs(left - truly) <= 1 + 0.15 * truly);
          });
      CHECK((told > 0 || piece < 1e-3));
      CHECK(not_told > 0);
    }
  }

  TEST_CASE("phase pace / a first piece that takes long is forgotten a second later") {
    int64_t compared = 0;
    run_phase(
        5000, [](int piece) { return piece == 0 ? 2.9 : 0.01; },
        [&](double now, double left, double truly) {
          if (now < 4.2) return;
          CAPTURE(now);
          CHECK(std::abs(left - truly) <= 1 + 0.11 * truly);
          ++compared;
        });
    CHECK(compared > 100);
  }

  TEST_CASE("phase pace / ten seconds after a change it is the new pace that counts") {
    int64_t compared = 0;
    run_phase(
        4000, [](int piece) { return piece < 2000 ? 0.01 : 0.03; },
        [&](double now, double left, double truly) {
          CHECK((now < 3 || left >= 0));
          if (now < 20 + 11) return;
          CAPTURE(now);
          CHECK(std::abs(left - truly) <= 1 + 0.11 * truly);
          ++compared;
        });
    CHECK(compared > 300);
  }

  TEST_CASE("phase pace / what is told falls as time goes by, however uneven the pieces are") {
    std::vector<double> lengths;  // from 0.04 to 0.36 s
    uint32_t random = 1;
    for (int piece = 0; piece < 1000; ++piece) {
      random = random * 1664525 + 1013904223;
      lengths.push_back(0.04 + 0.32 * (random >> 16) / 65536);
    }
    const auto uneven = [&](int piece) { return lengths[static_cast<std::size_t>(piece)]; };
    int corrections = 0;
    double before = -1;
    run_phase(1000, uneven, [&](double now, double left, double truly) {
      CAPTURE(now);
      CHECK((left >= 0 || now < 3));
      if (before >= 0 && std::abs(before - 0.1 - left) > 0.01 && before > 0.1) ++corrections;
      if (now > 15) CHECK(std::abs(left - truly) <= 2 + 0.3 * truly);
      before = left;
    });
    CHECK(corrections <= 40);  // in 200 s and 1000 pieces
  }

  TEST_CASE("phase pace / pieces longer than the window give a pace, and one that is late leaves some time") {
    PhasePace pace;
    pace.resume(0);
    pace.told(0, 0, no_limit);
    CHECK(pace.left(19) < 0);
    for (int piece = 1; piece <= 5; ++piece) {
      pace.told(20 * piece, 0.1 * piece, no_limit);
      CHECK(pace.left(20 * piece) == doctest::Approx(20 * (10 - piece)));
      CHECK(pace.left(20 * piece + 15) == doctest::Approx(20 * (10 - piece) - 15));
    }
    for (double now = 100; now < 400; now += 1) {
      const double left = pace.left(now);
      CHECK(left >= 60);  // four pieces to come when this one ends
      CHECK(left <= 400);
    }
  }

  TEST_CASE("phase pace / a limit bounds the time left, and is told where there is no pace") {
    PhasePace pace;
    pace.resume(100);
    pace.told(100, 0, 60);
    CHECK(pace.left(102) < 0);
    CHECK(pace.left(104) == doctest::Approx(56));
    pace.told(110, 1e-5, 50);
    CHECK(pace.left(110) == doctest::Approx(50));  // by the pace it would be 12 days
    CHECK(pace.left(165) == 0);
    pace.told(165, 0.99, 1000);
    CHECK(pace.left(165) == doctest::Approx(65 / 0.99 * 0.01).epsilon(0.1));
  }

  TEST_CASE("phase pace / the turns of other phases are no time of this one") {
    PhasePace pace;
    pace.resume(0);
    pace.told(0, 0, no_limit);
    for (int epoch = 1; epoch <= 10; ++epoch) {
      const double begin = 1000.0 * (epoch - 1), end = begin + 2;
      if (epoch > 1) pace.resume(begin);
      pace.told(end, 0.05 * epoch, no_limit);
      CHECK(pace.elapsed(end) == doctest::Approx(2 * epoch));
      CHECK(pace.left(end) == doctest::Approx(2 * (20 - epoch)).epsilon(0.01));
      pace.leave(end);
    }
    CHECK(pace.share() == doctest::Approx(0.5));
  }

  TEST_CASE("phase pace / time goes on by work, and not while the process is stopped") {
    using Clock = WorkingTime::Clock;
    const Clock::time_point start = Clock::now();
    const auto after = [&](double seconds) {
      return start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    };
    WorkingTime unwatched;
    CHECK(unwatched.at(start) == 0);
    CHECK(unwatched.at(after(30)) == doctest::Approx(30));  // a long step of training
    CHECK(unwatched.at(after(20)) == doctest::Approx(30));

    WorkingTime working;
    working.watch();
    PhasePace pace;
    pace.resume(working.at(start));
    pace.told(working.at(start), 0, no_limit);
    double passed = 0;
    const auto work = [&](int tenths, double& share) {
      for (int i = 0; i < tenths; ++i) {
        passed += 0.1;
        share += 0.002;  // 50 s in all
        pace.told(working.at(after(passed)), share, no_limit);
      }
    };
    double share = 0;
    work(80, share);
    const double before = pace.left(working.at(after(passed)));
    CHECK(before == doctest::Approx(42).epsilon(0.05));
    passed += 7200;
    CHECK(pace.left(working.at(after(passed))) == doctest::Approx(before));
    work(20, share);
    CHECK(pace.left(working.at(after(passed))) == doctest::Approx(40).epsilon(0.05));
    CHECK(pace.elapsed(working.at(after(passed))) == doctest::Approx(10).epsilon(0.02));
  }
}

}  // namespace heddle::cli
