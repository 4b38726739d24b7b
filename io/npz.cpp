#include <memory>
#include <new>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/limits.h"
#include "io/npy.h"
#include "io/text.h"
#include "io/zip_library.h"

namespace heddle::io {

namespace detail {

namespace {

struct ArchiveCloser {
  void operator()(zip_t* archive) const { zip_library().discard(archive); }
};
/// What libzip says went wrong.
struct ZipError {
  ZipError() { zip_library().error_init(&error); }
  ~ZipError() { zip_library().error_fini(&error); }
  ZipError(const ZipError&) = delete;
  ZipError& operator=(const ZipError&) = delete;
  zip_error_t error;
};
/// Throws std::bad_alloc where it was for want of memory.
const char* reason_of(zip_error_t* error) {
  if (zip_library().error_code_zip(error) == ZIP_ER_MEMORY) throw std::bad_alloc();
  return zip_library().error_strerror(error);
}

struct EntryCloser {
  void operator()(zip_file_t* entry) const { zip_library().fclose(entry); }
};

/// Decompresses one entry. It grows by what is really there, whatever size the archive claims; `budget` is what all entries may
/// still take.
ByteBuffer read_entry(zip_t* archive, zip_uint64_t index, const std::string& entry_name, int64_t& budget) {
  const std::unique_ptr<zip_file_t, EntryCloser> entry(zip_library().fopen_index(archive, index, 0));
  if (entry == nullptr) fail(ErrorKind::bad_data, entry_name, ": ", reason_of(zip_library().get_error(archive)));
  ByteBuffer content(int64_t{1} << 16);
  int64_t length = 0;
  for (;;) {
    const auto room = static_cast<int64_t>(content.view().size()) - length;
    const zip_int64_t got = zip_library().fread(entry.get(), content.data() + length, static_cast<zip_uint64_t>(room));
    if (got < 0) fail(ErrorKind::bad_data, entry_name, ": ", reason_of(zip_library().file_get_error(entry.get())));
    if (got == 0) break;
    length += got;
    budget -= got;
    require(budget >= 0, ErrorKind::bad_data, entry_name, ": the archive's entries are larger than what is decompressed");
    if (length == static_cast<int64_t>(content.view().size())) content.resize(2 * length);
  }
  content.resize(length);
  return content;
}

}  // namespace

std::map<std::string, Array> parse_npz(std::string_view bytes, std::string_view name) {
  require(!bytes.empty(), ErrorKind::bad_data, name, " is empty, not a .npz archive");  // to libzip, an archive of no entries
  ZipError failure;
  zip_source_t* source = zip_library().source_buffer_create(bytes.data(), bytes.size(), 0, &failure.error);
  if (source == nullptr) fail(ErrorKind::internal, name, ": libzip cannot start: ", reason_of(&failure.error));
  const std::unique_ptr<zip_t, ArchiveCloser> archive(
      zip_library().open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &failure.error));
  if (!archive) {
    zip_library().source_free(source);
    fail(ErrorKind::bad_data, name, " is not a .npz archive: ", reason_of(&failure.error));
  }

  std::map<std::string, Array> arrays;
  int64_t budget = max_inflated(static_cast<int64_t>(bytes.size()));
  const zip_int64_t entries = zip_library().get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const auto index = static_cast<zip_uint64_t>(i);
    const char* raw_name = zip_library().get_name(archive.get(), index, ZIP_FL_ENC_RAW);
    std::string key = raw_name ? raw_name : "";
    const std::string entry_name = text(name, ": entry ", in_quotes(key));
    require(key.size() > 4 && key.ends_with(".npy"), ErrorKind::bad_data, entry_name, " is not a .npy file");
    key.resize(key.size() - 4);
    require(!arrays.contains(key), ErrorKind::bad_data, entry_name, " comes twice");
    const ByteBuffer content = read_entry(archive.get(), index, entry_name, budget);
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
