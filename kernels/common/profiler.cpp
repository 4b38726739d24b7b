#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "heddle/error.h"
#include "heddle/kernel/variant.h"
#include "heddle/profile.h"
#include "kernels/device/backend.h"

namespace heddle {

namespace {

int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Nanoseconds in microseconds, with all digits.
std::string microseconds(int64_t ns) {
  char digits[32];
  const int length =
      std::snprintf(digits, sizeof digits, "%lld.%03lld", static_cast<long long>(ns / 1000), static_cast<long long>(ns % 1000));
  return {digits, static_cast<std::size_t>(length)};
}

void append_event(std::string& json, const ProfileEvent& event) {
  const bool numbered = event.number > 0;
  json += text("{\"name\":\"", event.name, numbered ? text(" ", event.number) : "", "\",\"cat\":\"",
               event.is_op ? to_string(event.phase) : "span", "\",\"ph\":\"X\",\"ts\":", microseconds(event.start_ns),
               ",\"dur\":", microseconds(event.duration_ns), ",\"pid\":1,\"tid\":1");
  if (event.is_op) {
    json += text(",\"args\":{\"phase\":\"", to_string(event.phase), "\",\"bytes\":", event.bytes);
    if (event.variant != nullptr) json += text(",\"variant\":\"", event.variant, "\"");
    json += ",\"shapes\":{";
    for (std::size_t i = 0; i < event.argument_count; ++i) {
      const ProfileArgument& argument = event.arguments[i];
      json += text(i == 0 ? "" : ",", "\"", argument.name, "\":\"", argument.rows, " x ", argument.cols, "\"");
    }
    json += "}}";
  }
  json += "}";
}

}  // namespace

const char* to_string(ProfilePhase phase) {
  switch (phase) {
    case ProfilePhase::forward: return "forward";
    case ProfilePhase::backward: return "backward";
    case ProfilePhase::update: return "update";
    case ProfilePhase::evaluation: return "evaluation";
  }
  return "";
}

Profiler::Profiler(std::size_t most_events) : most_events_(most_events), origin_ns_(steady_ns()) {}

Profiler::~Profiler() = default;

int64_t Profiler::now() const { return steady_ns() - origin_ns_; }

ProfilePhase Profiler::phase() const { return open_.empty() ? ProfilePhase::forward : open_.back().event.phase; }

void Profiler::begin(const ProfileEvent& event, Stream& stream) {
  Open& opened = open_.emplace_back(Open{-1, event});
  try {
    // Each may become a new total where it ends, and nothing may be thrown there.
    if (totals_.capacity() < totals_.size() + open_.size()) totals_.reserve(2 * (totals_.size() + open_.size()));
    // Kept or not is settled at the beginning, so that what is kept stands in the order of beginning.
    opened.event.parent = open_.size() > 1 ? open_[open_.size() - 2].place : -1;
    if (events_.size() < most_events_) {
      opened.place = static_cast<int64_t>(events_.size());
      events_.push_back(opened.event);
    } else {
      ++left_out_;
    }
    stream.synchronise();
  } catch (...) {
    open_.pop_back();
    throw;
  }
  stream.backend().push_range(event.name);
  opened.event.start_ns = now();
}

void Profiler::end(Stream& stream) noexcept {
  try {
    stream.synchronise();
  } catch (const Error& error) {
    log_message(error.what());
  }
  stream.backend().pop_range();
  Open& closing = open_.back();
  closing.event.duration_ns = now() - closing.event.start_ns;
  if (closing.place >= 0) events_[static_cast<std::size_t>(closing.place)] = closing.event;
  const bool inside_op = open_.size() > 1 && open_[open_.size() - 2].event.is_op;
  if (closing.event.is_op && !inside_op) add_up(closing.event);
  if (!closing.event.is_op && open_.size() == 1) span_ns_ += closing.event.duration_ns;
  open_.pop_back();
}

void Profiler::note_variant(const char* name) {
  if (!open_.empty() && open_.back().event.is_op) open_.back().event.variant = name;
}

void Profiler::add_up(const ProfileEvent& op) {
  const auto same = [&op](const ProfileTotal& total) { return total.phase == op.phase && std::string_view(total.op) == op.name; };
  auto total = std::find_if(totals_.begin(), totals_.end(), same);
  if (total == totals_.end()) total = totals_.insert(total, {.op = op.name, .phase = op.phase});
  ++total->calls;
  total->bytes += op.bytes;
  total->ns += op.duration_ns;
}

std::vector<ProfileTotal> Profiler::totals() const {
  std::vector<ProfileTotal> sorted = totals_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const ProfileTotal& a, const ProfileTotal& b) { return a.ns > b.ns; });
  return sorted;
}

std::string Profiler::trace() const {
  std::string json = "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"program\":\"heddle\",\"events_left_out\":";
  json += text(left_out_, "},\n\"traceEvents\":[");
  const char* separator = "\n";
  for (const ProfileEvent& event : events_) {
    if (event.duration_ns < 0) continue;
    json += separator;
    append_event(json, event);
    separator = ",\n";
  }
  return json + "\n]}\n";
}

namespace kernels {

void note_variant(Profiler& profiler, const char* name) { profiler.note_variant(name); }

}  // namespace kernels

}  // namespace heddle
