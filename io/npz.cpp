#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/npy.h"
#include "io/text.h"
#include "io/zip_archive.h"

namespace heddle::io {

namespace detail {

std::map<std::string, Array> parse_npz(std::string_view bytes, std::string_view name) {
  ZipArchive archive(bytes, std::string(name), "a .npz archive");
  std::map<std::string, Array> arrays;
  for (std::size_t i = 0; i < archive.names().size(); ++i) {
    std::string key = archive.names()[i];
    const std::string entry_name = archive.entry_name(i);
    require(key.size() > 4 && key.ends_with(".npy"), ErrorKind::bad_data, entry_name, " is not a .npy file");
    key.resize(key.size() - 4);
    require(!arrays.contains(key), ErrorKind::bad_data, entry_name, " comes twice");
    const ByteBuffer content = archive.read(i);
    arrays.emplace(std::move(key), parse_npy(MemorySource(content.view()), entry_name));
  }
  return arrays;
}

}  // namespace detail

std::map<std::string, Array> read_npz(const std::string& path) try {
  const detail::ByteBuffer archive = detail::read_file(path);
  return detail::parse_npz(archive.view(), path);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
