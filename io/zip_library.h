#pragma once

#include <zip.h>

#include <string>

namespace heddle::io::detail {

/// libzip, opened by who first reads a .npz or .zip file: linked, every program would need it installed, and few read one.
struct ZipLibrary {
  decltype(&zip_libzip_version) version;
  decltype(&zip_error_init) error_init;
  decltype(&zip_error_fini) error_fini;
  decltype(&zip_error_code_zip) error_code_zip;
  decltype(&zip_error_strerror) error_strerror;
  decltype(&zip_source_buffer_create) source_buffer_create;
  decltype(&zip_source_free) source_free;
  decltype(&zip_open_from_source) open_from_source;
  decltype(&zip_discard) discard;
  decltype(&zip_get_error) get_error;
  decltype(&zip_get_num_entries) get_num_entries;
  decltype(&zip_get_name) get_name;
  decltype(&zip_fopen_index) fopen_index;
  decltype(&zip_fread) fread;
  decltype(&zip_fclose) fclose;
  decltype(&zip_file_get_error) file_get_error;
};

/// Throws Error{io} where it is not installed.
const ZipLibrary& zip_library();

/// Its version, or why there is none.
std::string zip_library_version();

}  // namespace heddle::io::detail
