# Makes of a library of instrumented kernels (namespace simt_instrumented) one whose functions have the names of simt's.
#   cmake -D FROM=lib.a -D TO=lib.a -D NM=nm -D OBJCOPY=objcopy -P rename_twin.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${NM} -g --format=posix ${FROM} OUTPUT_VARIABLE symbols ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^ \n]*17simt_instrumented[^ \n]*" names "${symbols}")
list(REMOVE_DUPLICATES names)
if(NOT names)
  message(FATAL_ERROR "${FROM} has no function of namespace simt_instrumented")
endif()
set(renamed "")
foreach(name IN LISTS names)
  string(REPLACE "17simt_instrumented" "4simt" as_simt "${name}")
  string(APPEND renamed "${name} ${as_simt}\n")
endforeach()
file(WRITE ${TO}.names "${renamed}")
execute_process(COMMAND ${OBJCOPY} --redefine-syms=${TO}.names ${FROM} ${TO} COMMAND_ERROR_IS_FATAL ANY)
