# Defines libzip::zip, and libzip_SONAME: the name that a program opens it by. Debian's own configuration of libzip insists on three
# programs that come in packages of their own.
find_path(libzip_INCLUDE_DIR zip.h)
find_library(libzip_LIBRARY zip)
mark_as_advanced(libzip_INCLUDE_DIR libzip_LIBRARY)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(libzip REQUIRED_VARS libzip_LIBRARY libzip_INCLUDE_DIR)
if(libzip_FOUND)
  file(REAL_PATH ${libzip_LIBRARY} libzip_SONAME)
  cmake_path(GET libzip_SONAME FILENAME libzip_SONAME)
  string(REGEX REPLACE "(\\.so\\.[0-9]+)\\..*$" "\\1" libzip_SONAME "${libzip_SONAME}")  # libzip.so.4.0 calls itself libzip.so.4
  if(NOT TARGET libzip::zip)
    add_library(libzip::zip UNKNOWN IMPORTED)
    set_target_properties(libzip::zip PROPERTIES IMPORTED_LOCATION ${libzip_LIBRARY}
                          INTERFACE_INCLUDE_DIRECTORIES ${libzip_INCLUDE_DIR})
  endif()
endif()
