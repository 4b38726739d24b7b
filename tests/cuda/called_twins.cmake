# Every function that the library defines for cuda is called from somewhere in it: a caller that was compiled as if the build had no
# cuda would give the host's twin memory of a GPU, and no test without one would see it.
#   cmake -D LIBRARY=libheddle.a -D NM=nm -P called_twins.cmake
cmake_minimum_required(VERSION 3.25)

# Every object's symbols. T: a function that others can call. U: one that is called, or listed, and defined elsewhere.
execute_process(COMMAND ${NM} ${LIBRARY} OUTPUT_VARIABLE symbols ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[TU] _ZN6heddle7kernels4cuda[^\n]+" symbols "${symbols}")
set(defined ${symbols})
list(FILTER defined INCLUDE REGEX "^T ")
# nvcc makes functions of unnamed namespaces visible.
list(FILTER defined EXCLUDE REGEX "_GLOBAL__N_")
list(TRANSFORM defined REPLACE "^T " "")
set(used ${symbols})
list(FILTER used INCLUDE REGEX "^U ")
list(TRANSFORM used REPLACE "^U " "")
list(LENGTH defined count)
if(count EQUAL 0)
  message(FATAL_ERROR "${LIBRARY} defines no function in heddle::kernels::cuda")
endif()

# Compiled for both devices with the file that it stands in; on cuda CUB sorts instead.
list(FILTER defined EXCLUDE REGEX "20group_rows_one_block")

list(REMOVE_ITEM defined ${used})
if(defined)
  list(JOIN defined "\n  " names)
  message(FATAL_ERROR "defined for cuda and called by nobody; does the caller ask HEDDLE_HAS_CUDA()?\n  ${names}")
endif()
message("${count} functions for cuda, each called")
