#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"

namespace heddle::io::detail {

/// A zip archive in memory.
class ZipArchive {
 public:
  /// `bytes` must outlive the object; `name` stands for the archive in sentences, `kind` for what it should be: "a .npz archive".
  /// Throws Error{bad_data} where it is not one, and from `read` where its entries would grow past max_inflated (io/limits.h)
  /// together.
  ZipArchive(std::string_view bytes, std::string name, const char* kind);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  /// The entries' names as they are written, in the archive's order.
  const std::vector<std::string>& names() const;
  /// "ARCHIVE: entry 'NAME'", for sentences.
  std::string entry_name(std::size_t index) const;
  /// The entry's content.
  ByteBuffer read(std::size_t index);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heddle::io::detail
