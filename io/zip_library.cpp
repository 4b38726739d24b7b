#include "io/zip_library.h"

#include <dlfcn.h>

#include <type_traits>

#include "heddle/error.h"

namespace heddle::io::detail {

namespace {

ZipLibrary open_zip() {
  void* library = nullptr;
  std::string reasons;
  // The one whose header this was compiled with; then the other one in use, which has the same functions.
  for (const char* file : {HEDDLE_ZIP_LIBRARY, "libzip.so.5", "libzip.so.4"}) {
    library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) break;
    const char* const reason = dlerror();
    reasons += text(reasons.empty() ? "" : "; ", reason != nullptr ? reason : file);
  }
  require(library != nullptr, ErrorKind::io, "a .npz file is read by libzip, and none can be opened: ", reasons);
  const auto find = [library](const char* symbol, auto& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, symbol));
    require(function != nullptr, ErrorKind::io, "a .npz file is read by libzip, and the one installed has no ", symbol);
  };
  ZipLibrary zip{};
  find("zip_libzip_version", zip.version);
  find("zip_error_init", zip.error_init);
  find("zip_error_fini", zip.error_fini);
  find("zip_error_code_zip", zip.error_code_zip);
  find("zip_error_strerror", zip.error_strerror);
  find("zip_source_buffer_create", zip.source_buffer_create);
  find("zip_source_free", zip.source_free);
  find("zip_open_from_source", zip.open_from_source);
  find("zip_discard", zip.discard);
  find("zip_get_error", zip.get_error);
  find("zip_get_num_entries", zip.get_num_entries);
  find("zip_get_name", zip.get_name);
  find("zip_fopen_index", zip.fopen_index);
  find("zip_fread", zip.fread);
  find("zip_fclose", zip.fclose);
  find("zip_file_get_error", zip.file_get_error);
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
