#include "bench/lab_checks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "bench/command.h"
#include "heddle/buffer.h"
#include "heddle/error.h"
#ifdef HEDDLE_HAS_COUNTERS
#include "heddle/kernel/simt.h"
#include "kernels/simt/bounds_checker.h"
#include "kernels/simt/race_detector.h"
#endif

namespace heddle::bench {

namespace {

/// Scratch memory that holds NaN, or -1: what reads it before it writes is wrong for all to see.
Buffer spoilt_workspace(Stream& stream, const LabVariant& variant) {
  return Buffer::upload(stream, std::vector<unsigned char>(std::max<std::size_t>(variant.workspace, 4), 0xFF));
}

#ifdef HEDDLE_HAS_COUNTERS

/// Sees who writes to an address last.
class WriteWatcher final : public simt::Observer {
 public:
  explicit WriteWatcher(const void* address) : address_(static_cast<const char*>(address)) {}
  void block_begins(uint64_t, simt::Index3 block) override { block_ = block; }
  const std::string* accesses(const simt::Access& access) override {
    const char* const begin = static_cast<const char*>(access.address);
    if (access.write && begin <= address_ && address_ < begin + access.bytes) last_ = {access, block_};
    return nullptr;
  }
  std::string sentence() const {
    if (!last_) return "no thread wrote it";
    const auto& [access, block] = *last_;
    return text("last written by thread ", access.thread, " of block (", block.x, ", ", block.y, ", ", block.z, ") at ",
                source_line(access.code));
  }

 private:
  struct Write {
    simt::Access access;
    simt::Index3 block;
  };
  const char* address_;
  simt::Index3 block_;
  std::optional<Write> last_;
};

std::string last_writer(const LabVariant& variant, const void* address, Stream& stream) {
  WriteWatcher watcher(address);
  const Buffer workspace = spoilt_workspace(stream, variant);
  observed(stream, watcher, [&] { variant.run(workspace.data(), stream); });
  return watcher.sentence();
}

/// Runs it once on the executor; what is found in it is thrown as Error{internal}.
void run_checked(const LabCase& subject, const LabVariant& variant, Stream& stream) {
  const Buffer workspace = spoilt_workspace(stream, variant);
  simt::RaceDetector races(source_line);
  simt::BoundsChecker bounds(races, source_line);
  races.name_memory([&bounds](const void* address) { return bounds.name_of(address); });
  for (const LabArray& array : subject.arrays) bounds.name_array(array.name, array.address, array.bytes, array.writable);
  bounds.name_array("workspace", workspace.data(), variant.workspace);
  observed(stream, bounds, [&] { variant.run(workspace.data(), stream); });
}

/// The streams on which an added variant must do its work: every order that the executor knows, random ones twice.
std::vector<Stream> orders() {
  std::vector<Stream> streams;
  for (const SimtOptions& options :
       {SimtOptions{.schedule = SimtSchedule::reverse}, SimtOptions{.schedule = SimtSchedule::random},
        SimtOptions{.schedule = SimtSchedule::random, .schedule_seed = 1}}) {
    streams.emplace_back(Device::simt(options).backend());
  }
  return streams;
}

#endif

void run_on(const LabCase& subject, const LabVariant& variant, Stream& stream) {
#ifdef HEDDLE_HAS_COUNTERS
  if (stream.kind() == DeviceKind::simt) return run_checked(subject, variant, stream);
#endif
  static_cast<void>(subject);
  const Buffer workspace = spoilt_workspace(stream, variant);
  variant.run(workspace.data(), stream);
  stream.synchronise();
}

/// Spoils, runs, compares; whether the row is still good.
bool passes(const LabCase& subject, const LabVariant& variant, LabRow& row, Stream& stream) {
  subject.spoil();
  try {
    run_on(subject, variant, stream);
  } catch (const Error& error) {
    // Of a built-in variant anything else is the caller's mistake or the machine's.
    if (!variant.added && error.kind() != ErrorKind::internal) throw;
    row.failed = error.what();
    return false;
  }
  const WorstElement worst = subject.worst(variant.rounding);
  row.error_over_bound = std::max(row.error_over_bound, worst.error_over_bound);
  if (worst.error_over_bound <= 1) return true;
  row.wrong = true;
  row.wrong_where = worst.what;
#ifdef HEDDLE_HAS_COUNTERS
  if (worst.address != nullptr && stream.kind() == DeviceKind::simt) {
    row.wrong_where += "; " + last_writer(variant, worst.address, stream);
  }
#endif
  return false;
}

}  // namespace

#ifdef HEDDLE_HAS_COUNTERS
void observed(Stream& stream, simt::Observer& observer, const std::function<void()>& run) {
  auto& executor = *static_cast<simt::Executor*>(stream.native());
  executor.set_observer(&observer);
  try {
    run();
  } catch (...) {
    executor.set_observer(nullptr);
    throw;
  }
  executor.set_observer(nullptr);
}
#endif

void check_row(const LabCase& subject, const LabVariant& variant, LabRow& row, const Device& device, Stream& stream) {
  if (!passes(subject, variant, row, stream) || !variant.added) return;
  const std::vector<float> first = subject.output();
  const auto repeats = [&](Stream& other) {
    if (!passes(subject, variant, row, other)) return false;
    const std::vector<float> again = subject.output();
    if (!variant.deterministic || std::memcmp(first.data(), again.data(), first.size() * sizeof(float)) == 0) return true;
    row.failed = text("it says that its bits repeat, and they differ ",
                      device.kind() == DeviceKind::simt ? "with the order in which threads run" : "from run to run");
    return false;
  };
#ifdef HEDDLE_HAS_COUNTERS
  if (device.kind() == DeviceKind::simt) {
    for (Stream& other : orders()) {
      if (!repeats(other)) return;
    }
    return;
  }
#endif
  for (int run = 0; run < 3; ++run) {
    if (!repeats(stream)) return;
  }
}

}  // namespace heddle::bench
