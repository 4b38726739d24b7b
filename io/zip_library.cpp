#include "io/zip_library.h"

#include "heddle/error.h"
#include "io/optional_library.h"

namespace heddle::io::detail {

namespace {

ZipLibrary open_zip() {
  // The one whose header this was compiled with; then the other one in use, which has the same functions.
  const OptionalLibrary library("a .npz or .zip file is read by libzip", {HEDDLE_ZIP_LIBRARY, "libzip.so.5", "libzip.so.4"});
  ZipLibrary zip{};
  library.find("zip_libzip_version", zip.version);
  library.find("zip_error_init", zip.error_init);
  library.find("zip_error_fini", zip.error_fini);
  library.find("zip_error_code_zip", zip.error_code_zip);
  library.find("zip_error_strerror", zip.error_strerror);
  library.find("zip_source_buffer_create", zip.source_buffer_create);
  library.find("zip_source_free", zip.source_free);
  library.find("zip_open_from_source", zip.open_from_source);
  library.find("zip_discard", zip.discard);
  library.find("zip_get_error", zip.get_error);
  library.find("zip_get_num_entries", zip.get_num_entries);
  library.find("zip_get_name", zip.get_name);
  library.find("zip_fopen_index", zip.fopen_index);
  library.find("zip_fread", zip.fread);
  library.find("zip_fclose", zip.fclose);
  library.find("zip_file_get_error", zip.file_get_error);
  return zip;
}

}  // namespace

const ZipLibrary& zip_library() {
  static const ZipLibrary library = open_zip();
  return library;
}

std::string zip_library_version() {
  try {
    return zip_library().version();
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace heddle::io::detail
