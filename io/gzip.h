#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/decompress.h"

namespace heddle::io::detail {

/// Decompresses gzip, one or more members, as its bytes come.
class GunzipStream final : public Decompressor {
 public:
  /// `name` stands for the file in sentences; `limit` bounds what comes out.
  GunzipStream(std::string name, int64_t limit);
  ~GunzipStream() override;
  GunzipStream(const GunzipStream&) = delete;
  GunzipStream& operator=(const GunzipStream&) = delete;

  /// Decompresses from the front of `bytes`, and takes away what it used, to at most `room` bytes at `target`; returns how many
  /// it made. `last`: no bytes come behind these. Throws Error{bad_data} for a stream that is damaged, cut off or past the limit.
  int64_t read(std::string_view& bytes, bool last, char* target, int64_t room) override;
  /// Whether the last member is through; what may follow it is not gzip, and passed over.
  bool ended() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heddle::io::detail
