# Sets CBLAS_LIBRARY and CBLAS_INCLUDE_DIR: any BLAS with the C interface; OpenBLAS first, which is the one tested.
find_package(OpenBLAS CONFIG QUIET)
find_path(CBLAS_INCLUDE_DIR cblas.h HINTS ${OpenBLAS_INCLUDE_DIRS} PATH_SUFFIXES openblas)
find_library(CBLAS_LIBRARY NAMES openblas cblas)
mark_as_advanced(CBLAS_INCLUDE_DIR CBLAS_LIBRARY)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CBLAS REQUIRED_VARS CBLAS_LIBRARY CBLAS_INCLUDE_DIR)
