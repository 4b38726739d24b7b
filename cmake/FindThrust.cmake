# Sets Thrust_INCLUDE_DIR: the CUDA Toolkit's Thrust, which need not be the CUDA that this build uses, or else Debian's own. Only what
# runs on the host is asked for here; nvcc knows where its Thrust is.
find_path(Thrust_INCLUDE_DIR thrust/version.h HINTS ${CUDAToolkit_INCLUDE_DIRS} /usr/local/cuda/include PATH_SUFFIXES cccl)
mark_as_advanced(Thrust_INCLUDE_DIR)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Thrust REQUIRED_VARS Thrust_INCLUDE_DIR)
