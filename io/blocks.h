#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/progress.h"
#include "io/file.h"
#include "io/records.h"
#include "io/text_source.h"

/// A large text read in pieces that several threads take apart.
namespace heddle::io::detail {

/// The text behind its header as blocks of whole records, in their order. Any number of threads may ask.
class BlockReader {
 public:
  /// Leaves out the first `skip` bytes of the text. Both arguments must outlive the object; of `source` nothing has been read.
  BlockReader(TextSource& source, const Dialect& dialect, std::size_t skip);

  /// The next records, in `buffer`, and their number, from 0; empty at the end. Throws what TextSource::read throws.
  std::string_view next(ByteBuffer& buffer, int64_t& sequence);
  double share() const;

  /// So large that what goes on between blocks costs nothing, so small that some blocks a thread take little memory.
  static constexpr int64_t block_bytes = int64_t{1} << 20;

 private:
  TextSource& source_;
  const Dialect& dialect_;
  mutable std::mutex mutex_;
  std::string rest_;  // of the last bytes read: a record that its end was missing of
  int64_t sequence_ = 0;
  bool ended_ = false;
};

/// How many threads are worth while for a text: `asked`, or, where that is 0, as many as the process may run on; fewer for a
/// small one.
int threads_for(const TextSource& source, int asked);

/// Calls parse(worker, block, sequence) for each block, worker below `threads`, until one returns false, which means that blocks
/// behind it are not wanted. Blocks before that one are all parsed when this returns. What was thrown, by `parse` or by reading,
/// is returned: of blocks before it something may be worse. `progress` is told on the caller's thread; where it returns false,
/// Error{interrupted} is what was thrown.
std::exception_ptr for_each_block(BlockReader& reader, int threads, const ProgressCallback& progress,
                                  const std::function<bool(int worker, std::string_view block, int64_t sequence)>& parse);

/// Runs the tasks, on several threads where `threads` says so, and throws what the first of those that failed threw.
void run_all(int threads, const std::vector<std::function<void()>>& tasks);

}  // namespace heddle::io::detail
