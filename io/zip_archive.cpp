#include "io/zip_archive.h"

#include <new>
#include <utility>

#include "heddle/error.h"
#include "io/limits.h"
#include "io/text.h"
#include "io/zip_library.h"

namespace heddle::io::detail {

namespace {

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

}  // namespace

struct ZipArchive::State {
  struct ArchiveCloser {
    void operator()(zip_t* archive) const { zip_library().discard(archive); }
  };
  std::string name;
  std::unique_ptr<zip_t, ArchiveCloser> archive;
  std::vector<std::string> names;
  int64_t budget = 0;  ///< what all entries may still take
};

ZipArchive::ZipArchive(std::string_view bytes, std::string name, const char* kind) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  require(!bytes.empty(), ErrorKind::bad_data, state_->name, " is empty, not ", kind);  // to libzip, an archive of no entries
  ZipError failure;
  zip_source_t* source = zip_library().source_buffer_create(bytes.data(), bytes.size(), 0, &failure.error);
  if (source == nullptr) fail(ErrorKind::internal, state_->name, ": libzip cannot start: ", reason_of(&failure.error));
  state_->archive.reset(zip_library().open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &failure.error));
  if (!state_->archive) {
    zip_library().source_free(source);
    fail(ErrorKind::bad_data, state_->name, " is not ", kind, ": ", reason_of(&failure.error));
  }
  state_->budget = max_inflated(static_cast<int64_t>(bytes.size()));
  const zip_int64_t entries = zip_library().get_num_entries(state_->archive.get(), 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const char* raw = zip_library().get_name(state_->archive.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    state_->names.emplace_back(raw != nullptr ? raw : "");
  }
}

ZipArchive::~ZipArchive() = default;

const std::vector<std::string>& ZipArchive::names() const { return state_->names; }

std::string ZipArchive::entry_name(std::size_t index) const {
  return text(state_->name, ": entry ", in_quotes(state_->names[index]));
}

ByteBuffer ZipArchive::read(std::size_t index) {
  State& state = *state_;
  const std::unique_ptr<zip_file_t, EntryCloser> entry(zip_library().fopen_index(state.archive.get(), index, 0));
  if (entry == nullptr)
    fail(ErrorKind::bad_data, entry_name(index), ": ", reason_of(zip_library().get_error(state.archive.get())));
  // It grows by what is really there, whatever size the archive claims.
  ByteBuffer content(int64_t{1} << 16);
  int64_t length = 0;
  for (;;) {
    const auto room = static_cast<int64_t>(content.view().size()) - length;
    const zip_int64_t got = zip_library().fread(entry.get(), content.data() + length, static_cast<zip_uint64_t>(room));
    if (got < 0) fail(ErrorKind::bad_data, entry_name(index), ": ", reason_of(zip_library().file_get_error(entry.get())));
    if (got == 0) break;
    length += got;
    state.budget -= got;
    require(state.budget >= 0, ErrorKind::bad_data, entry_name(index),
            ": the archive's entries are larger than what is decompressed");
    if (length == static_cast<int64_t>(content.view().size())) content.resize(2 * length);
  }
  content.resize(length);
  return content;
}

}  // namespace heddle::io::detail
