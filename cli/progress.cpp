#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace heddle::cli {

namespace {

constexpr auto kFirst = std::chrono::milliseconds(300);
constexpr auto kBetween = std::chrono::milliseconds(100);
constexpr int kWidth = 30;

}  // namespace

Progress::Progress(bool quiet, int64_t seeds)
    : quiet_(quiet), shown_(!quiet && isatty(STDERR_FILENO) != 0), seeds_(seeds), next_(start_ + kFirst) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::epoch(const EpochFigures& figures) {
  if (!shown_) return;
  const std::lock_guard lock(mutex_);
  if (std::chrono::steady_clock::now() < next_) return;
  if (seeds_ == 1) {
    const double share = static_cast<double>(figures.epoch) / static_cast<double>(figures.epochs);
    draw(share, fmt::format("epoch {}/{}, loss {:.4f}", figures.epoch, figures.epochs, figures.train_loss));
  } else {
    draw(static_cast<double>(seeds_done_) / static_cast<double>(seeds_), fmt::format("seed {}/{}", seeds_done_, seeds_));
  }
}

void Progress::seed_done() {
  const std::lock_guard lock(mutex_);
  ++seeds_done_;
}

void Progress::at(double share, const std::string& what) {
  if (!shown_) return;
  const std::lock_guard lock(mutex_);
  if (std::chrono::steady_clock::now() >= next_) draw(share, what);
}

void Progress::line(const std::string& text) {
  if (quiet_) return;
  const std::lock_guard lock(mutex_);
  std::fputs(fmt::format("{}{}\n", drawn_ ? "\r\033[K" : "", text).c_str(), stderr);  // fmt::print throws where nobody reads it
  drawn_ = false;
}

void Progress::draw(double share, const std::string& what) {
  const auto now = std::chrono::steady_clock::now();
  const double passed = std::chrono::duration<double>(now - start_).count();
  const int full = static_cast<int>(share * kWidth);
  const std::string left = share > 0 ? fmt::format(", {:.0f} s left", passed / share - passed) : "";
  const std::string line = fmt::format("\r[{:=<{}}{:<{}}] {}{}\033[K", "", full, "", kWidth - full, what, left);
  std::fwrite(line.data(), 1, line.size(), stderr);
  drawn_ = true;
  next_ = now + kBetween;
}

}  // namespace heddle::cli
