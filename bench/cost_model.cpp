#include "bench/cost_model.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "heddle/error.h"

namespace heddle::bench {

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

constexpr Card all[] = {
    {"H100 SXM", 3350, 5500, 50 * mib, 132, 1.98, 0.25, 2.5}, {"H200", 4800, 5500, 50 * mib, 132, 1.98, 0.25, 2.5},
    {"A100", 2039, 4500, 40 * mib, 108, 1.41, 0.25, 2.5},     {"L4", 300, 1500, 48 * mib, 58, 2.04, 0.25, 2.5},
    {"RTX 4090", 1008, 5000, 72 * mib, 128, 2.52, 0.25, 2.5},
};

}  // namespace

std::span<const Card> cards() { return all; }

const Card& find_card(std::string_view name) {
  std::string names;
  for (const Card& card : all) {
    if (name == card.name) return card;
    names += text(names.empty() ? "" : ", ", card.name);
  }
  fail(ErrorKind::usage, "card is '", name, "', it must be one of ", names);
}

Estimate estimate(const simt::Counts& counts, const Card& card) {
  const double imbalance = counts.imbalance(card.multiprocessors);
  const auto dram = static_cast<double>(counts.dram_bytes());
  const double l2 = 32.0 * static_cast<double>(counts.sectors() + counts.atomic_sectors);
  const auto passes = static_cast<double>(counts.shared_requests + counts.bank_conflicts);
  const std::pair<double, const char*> times[] = {
      {dram / (1e3 * card.dram_gbs), "DRAM"},
      {l2 * imbalance / (1e3 * card.l2_gbs), "L2"},
      {passes * imbalance / (1e3 * card.clock_ghz * card.multiprocessors), "shared memory"},
      {static_cast<double>(counts.busiest_warp) * card.latency_us / requests_in_flight, "busiest warp"}};
  const auto& longest =
      *std::max_element(std::begin(times), std::end(times), [](const auto& a, const auto& b) { return a.first < b.first; });
  const double launches = static_cast<double>(counts.launches) * card.launch_us;
  const bool uneven = (longest.second == times[1].second || longest.second == times[2].second) && imbalance > 1.5;
  return {longest.first + launches,
          longest.first >= launches ? text(longest.second, uneven ? ", unevenly" : "") : std::string("launches")};
}

std::string assumptions(const Card& card) {
  return text("estimated for ", card.name, " from counts, no GPU ran: ", card.dram_gbs, " GB/s of memory, ", card.l2_gbs,
              " GB/s from a second-level cache of ", card.l2_bytes / mib, " MB, ",
              counted(card.multiprocessors, "multiprocessor"), " at ", card.clock_ghz, " GHz, ", card.latency_us,
              " us a request with ", requests_in_flight, " in flight, ", card.launch_us, " us a launch");
}

}  // namespace heddle::bench
