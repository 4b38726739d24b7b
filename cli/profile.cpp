#include "cli/profile.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace heddle::cli {

namespace {

/// Milliseconds in ops of the table.
double ops_ms(const std::vector<ProfileTotal>& totals) {
  double sum = 0;
  for (const ProfileTotal& total : totals) sum += total.ms();
  return sum;
}

double share(const ProfileTotal& total, double all_ms) { return all_ms > 0 ? total.ms() / all_ms : 0; }

}  // namespace

void ProfileOption::add_to(CLI::App& app) {
  app.add_option("--profile", path,
                 "time every kernel op of the training: a table in the report, and to this file a trace for chrome://tracing "
                 "and ui.perfetto.dev; the training takes longer, its result is the same")
      ->type_name("FILE");
}

std::string profile_text(const Profiler* profiler) {
  if (profiler == nullptr) return "";
  const std::vector<ProfileTotal> totals = profiler->totals();
  const double all_ms = ops_ms(totals);
  std::string text =
      fmt::format("profile    ops took {:.3f} ms of the {:.3f} ms in epochs and evaluations, one after the other\n", all_ms,
                  1e-6 * static_cast<double>(profiler->span_ns()));
  text +=
      fmt::format("           {:<28}{:<12}{:>9}{:>12}{:>9}{:>12}{:>9}\n", "op", "phase", "calls", "ms", "share", "MB", "GB/s");
  for (const ProfileTotal& total : totals) {
    text += fmt::format("           {:<28}{:<12}{:>9}{:>12.3f}{:>7.1f} %{:>12.3f}{:>9.2f}\n", total.op, to_string(total.phase),
                        grouped(total.calls), total.ms(), 100 * share(total, all_ms), 1e-6 * static_cast<double>(total.bytes),
                        total.gb_per_s());
  }
  if (profiler->events_left_out() > 0)
    text +=
        fmt::format("           in the table and not in the trace: {}\n", grouped(profiler->events_left_out(), "later event"));
  return text;
}

Json profile_json(const Profiler* profiler) {
  if (profiler == nullptr) return {};
  const std::vector<ProfileTotal> totals = profiler->totals();
  const double all_ms = ops_ms(totals);
  Json list = Json::array();
  for (const ProfileTotal& total : totals) {
    list.push_back({{"op", total.op},
                    {"phase", to_string(total.phase)},
                    {"calls", total.calls},
                    {"total_ms", total.ms()},
                    {"share", share(total, all_ms)},
                    {"bytes", total.bytes},
                    {"gb_per_s", total.gb_per_s()}});
  }
  return list;
}

}  // namespace heddle::cli
