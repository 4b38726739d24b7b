#include <atomic>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "heddle/error.h"
#include "heddle/kernel/simt.h"
#include "heddle/rethrow.h"
#include "kernels/simt/block_runner.h"
#include "kernels/simt/observer.h"

namespace heddle::simt {

namespace {

std::atomic<uint64_t> blocks_ever{1};

/// Maps the position in the order to a block's linear index.
class BlockOrder {
 public:
  BlockOrder(SimtSchedule schedule, uint64_t count, uint64_t seed) : count_(count) {
    switch (schedule) {
      case SimtSchedule::forward: break;
      case SimtSchedule::reverse:
        factor_ = count - 1;  // -1 modulo count
        offset_ = count - 1;
        break;
      case SimtSchedule::random:  // an affine permutation: no memory, and neighbours come apart
        offset_ = seed % count;
        factor_ = (seed >> 20) % count;
        while (std::gcd(factor_, count) != 1) factor_ = (factor_ + 1) % count;
        break;
    }
  }
  uint64_t operator[](uint64_t position) const {
    // Grids have fewer than 2^63 blocks, but a product of two indices may not fit 64 bits.
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>((Wide{factor_} * position + offset_) % count_);
  }

 private:
  uint64_t count_;
  uint64_t factor_ = 1;
  uint64_t offset_ = 0;
};

}  // namespace

/// The host threads of an executor and the launch they work on.
class Workers {
 public:
  explicit Workers(int threads) : runners_(static_cast<std::size_t>(threads < 1 ? 1 : threads)) {}

  ~Workers() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void run(const Launch& launch, const SimtOptions& options, uint64_t spin_limit, Observer* observer) {
    if (running() != nullptr)
      fail(ErrorKind::internal, launch.where.file, ":", launch.where.line, ": a kernel launches a kernel");
    const std::lock_guard one_launch(launch_mutex_);
    const uint64_t blocks = launch.grid.count();
    // Each launch has orders of its own, and they do not depend on how many host threads share them.
    const uint64_t seed = (options.schedule_seed + 1) * 0xD1342543DE82EF95ULL + ++launches_ * 0x2545F4914F6CDD1DULL;
    if (!launch.instrumented) observer = nullptr;
    const SimtSchedule schedule = observer != nullptr && observer->lockstep() ? SimtSchedule::forward : options.schedule;
    const BlockOrder order(schedule, blocks, seed >> 1);
    job_ = {&launch, &order, schedule, seed, spin_limit, observer, blocks, blocks_ever.fetch_add(blocks)};
    next_block_ = 0;
    error_ = nullptr;
    if (job_.observer != nullptr) job_.observer->launch_begins(launch);

    // An observer sees one order of events, so an instrumented kernel has one host thread.
    const std::size_t helpers = launch.instrumented ? 0 : std::min<uint64_t>(runners_.size(), blocks) - 1;
    if (helpers > 0) wake_helpers(helpers);
    work(0);
    if (helpers > 0) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, [this] { return busy_ == 0; });
    }
    if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  struct Job {
    const Launch* launch = nullptr;
    const BlockOrder* order = nullptr;
    SimtSchedule schedule = SimtSchedule::forward;
    uint64_t seed = 0;
    uint64_t spin_limit = 0;
    Observer* observer = nullptr;
    uint64_t blocks = 0;
    uint64_t first_serial = 0;
  };

  void wake_helpers(std::size_t helpers) {
    const std::lock_guard lock(mutex_);
    while (threads_.size() + 1 < runners_.size()) {
      const std::size_t index = threads_.size() + 1;
      threads_.emplace_back([this, index, seen = generation_] { serve(index, seen); });
    }
    ++generation_;
    wanted_ = helpers;
    busy_ = helpers;
    wake_.notify_all();
  }

  void serve(std::size_t index, uint64_t seen) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return closing_ || generation_ != seen; });
      if (closing_) return;
      seen = generation_;
      if (index > wanted_) continue;
      lock.unlock();
      work(index);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  void work(std::size_t index) {
    try {
      std::unique_ptr<BlockRunner>& runner = runners_[index];
      if (runner == nullptr) runner = std::make_unique<BlockRunner>();
      const Job& job = job_;
      runner->begin_launch(*job.launch, job.schedule, job.seed, job.spin_limit, job.observer);
      const Dim3& grid = job.launch->grid;
      for (uint64_t position; (position = next_block_.fetch_add(1, std::memory_order_relaxed)) < job.blocks;) {
        const uint64_t block = (*job.order)[position];
        const Index3 index3 = {static_cast<unsigned>(block % grid.x), static_cast<unsigned>(block / grid.x % grid.y),
                               static_cast<unsigned>(block / grid.x / grid.y)};
        runner->run_block(index3, block, job.first_serial + block);
      }
    } catch (...) {
      next_block_ = job_.blocks;  // the others stop after the block they are in
      const std::lock_guard lock(mutex_);
      if (error_ == nullptr) error_ = std::current_exception();
    }
  }

  std::vector<std::unique_ptr<BlockRunner>> runners_;
  std::vector<std::thread> threads_;
  std::mutex launch_mutex_;
  Job job_;
  std::atomic<uint64_t> next_block_{0};
  uint64_t launches_ = 0;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::condition_variable done_;
  uint64_t generation_ = 0;
  std::size_t wanted_ = 0;
  std::size_t busy_ = 0;
  bool closing_ = false;
  std::exception_ptr error_;
};

Executor::Executor(const SimtOptions& options) try
    : options_(options), workers_(std::make_unique<Workers>(options.host_threads)) {
} catch (...) {
  rethrow_as_error();
}
Executor::~Executor() = default;

void Executor::run(const Launch& launch) try {
  const uint64_t threads = launch.block.count();
  if (launch.grid.count() == 0) return;
  if (threads == 0 || threads > BlockRunner::max_threads || threads % BlockRunner::lanes_per_warp != 0) {
    fail(ErrorKind::internal, launch.where.file, ":", launch.where.line, ": a block of ", counted(threads, "thread"),
         "; it must be a multiple of 32, at most 1024");
  }
  constexpr std::size_t shared_limit = 227 * 1024;  // of the cards with the most, compute capability 9.0
  if (launch.shared_bytes > shared_limit) {
    fail(ErrorKind::internal, launch.where.file, ":", launch.where.line, ": ", counted(launch.shared_bytes, "byte"),
         " of shared memory for a block; ", shared_limit, " is the limit");
  }
  workers_->run(launch, options_, spin_limit_, observer_);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::simt
