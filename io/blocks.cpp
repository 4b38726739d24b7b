#include "io/blocks.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

#include "heddle/device.h"
#include "heddle/error.h"
#include "io/reading_progress.h"

namespace heddle::io::detail {

BlockReader::BlockReader(TextSource& source, const Dialect& dialect, std::size_t skip) : source_(source), dialect_(dialect) {
  std::string skipped(std::min<std::size_t>(skip, std::size_t{1} << 16), '\0');
  while (skip > 0) {
    const int64_t count = source_.read(skipped.data(), static_cast<int64_t>(std::min(skip, skipped.size())));
    if (count == 0) break;
    skip -= static_cast<std::size_t>(count);
  }
}

std::string_view BlockReader::next(ByteBuffer& buffer, int64_t& sequence) {
  const std::lock_guard lock(mutex_);
  if (ended_) return {};
  auto filled = static_cast<int64_t>(rest_.size());
  if (static_cast<int64_t>(buffer.view().size()) < std::max(block_bytes, 2 * filled)) {
    // A small text needs a small buffer: to have it whole costs no second look.
    const int64_t wanted = source_.compressed() ? block_bytes : std::min(block_bytes, 3 * source_.size() / 2 + 4096);
    buffer = ByteBuffer(std::max(wanted, 2 * filled));
  }
  std::memcpy(buffer.data(), rest_.data(), rest_.size());
  for (;;) {
    while (filled < static_cast<int64_t>(buffer.view().size())) {
      const int64_t count = source_.read(buffer.data() + filled, static_cast<int64_t>(buffer.view().size()) - filled);
      if (count == 0) {
        ended_ = true;
        break;
      }
      filled += count;
    }
    const std::string_view text = buffer.view().substr(0, static_cast<std::size_t>(filled));
    const std::size_t end = ended_ ? text.size() : end_of_records(text, dialect_);
    if (end == 0 && !ended_) {  // a record longer than the buffer
      buffer.resize(2 * static_cast<int64_t>(buffer.view().size()));
      continue;
    }
    rest_ = text.substr(end);
    if (end > 0) sequence = sequence_++;
    return text.substr(0, end);
  }
}

double BlockReader::share() const {
  const std::lock_guard lock(mutex_);
  return source_.share();
}

namespace {

/// Calls work(0) here and work(1), ... on threads of their own, until all have returned; `work` must not throw.
template <class Work>
void on_threads(int threads, const Work& work) {
  std::vector<std::jthread> others;
  others.reserve(static_cast<std::size_t>(std::max(0, threads - 1)));
  try {
    for (int worker = 1; worker < threads; ++worker) others.emplace_back(work, worker);
  } catch (const std::system_error&) {
    // The system gives no more threads: those there are do the work.
  }
  work(0);
}

}  // namespace

int threads_for(const TextSource& source, int asked) {
  constexpr int most = 64;
  const int64_t text_bytes = source.compressed() ? 4 * source.size() : source.size();
  const int64_t blocks = text_bytes / BlockReader::block_bytes;
  if (blocks <= 1) return 1;  // how many there may be takes longer to find out than a small text to read
  const int all = asked > 0 ? asked : default_threads().count;
  return static_cast<int>(std::min<int64_t>(blocks, std::min(all, most)));
}

std::exception_ptr for_each_block(BlockReader& reader, int threads, const ProgressCallback& progress,
                                  const std::function<bool(int, std::string_view, int64_t)>& parse) {
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&](int worker) {
    try {
      ByteBuffer buffer;
      while (!stop) {
        if (worker == 0 && progress) {
          tell_reading(progress, reader.share());
        }
        int64_t sequence = 0;
        const std::string_view block = reader.next(buffer, sequence);
        if (block.empty()) break;
        if (!parse(worker, block, sequence)) stop = true;
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      stop = true;
    }
  };
  on_threads(threads, work);
  return failure;
}

void run_all(int threads, const std::vector<std::function<void()>>& tasks) {
  std::atomic<std::size_t> next{0};
  std::vector<std::exception_ptr> failures(tasks.size());
  const auto work = [&](int) {
    for (std::size_t at = next++; at < tasks.size(); at = next++) {
      try {
        tasks[at]();
      } catch (...) {
        failures[at] = std::current_exception();
      }
    }
  };
  on_threads(std::min(threads, static_cast<int>(tasks.size())), work);
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace heddle::io::detail
