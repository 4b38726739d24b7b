# The library and its components (kernels/common/twins.h) fit together: whatever the library may call in a component by a weak name,
# which is null where nobody defines it, the component defines; and every function that a component defines for its device is called.
# A caller that forgot the component would give the host's twin memory of a GPU, and no test without a GPU would see it.
#   cmake -D LIBRARY=libheddle.a -D COMPONENTS=libheddle_simt.a,libheddle_cuda.a -D NM=nm -P components.cmake
cmake_minimum_required(VERSION 3.25)

# symbols_of(archive twin result): lines "T name" (a function that others can call), "U name" (called, or listed, and defined
# elsewhere), "w name" (the same, weakly).
function(symbols_of archive twin result)
  string(LENGTH ${twin} length)
  execute_process(COMMAND ${NM} ${archive} OUTPUT_VARIABLE symbols ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[TUwW] _ZN6heddle7kernels${length}${twin}[^\n]+" symbols "${symbols}")
  # nvcc makes functions of unnamed namespaces visible.
  list(FILTER symbols EXCLUDE REGEX "_GLOBAL__N_")
  set(${result} "${symbols}" PARENT_SCOPE)
endfunction()

# names_of(symbols letters result)
function(names_of symbols letters result)
  list(FILTER symbols INCLUDE REGEX "^${letters} ")
  list(TRANSFORM symbols REPLACE "^. " "")
  list(REMOVE_DUPLICATES symbols)
  set(${result} "${symbols}" PARENT_SCOPE)
endfunction()

set(failed "")
string(REPLACE "," ";" COMPONENTS "${COMPONENTS}")
foreach(archive IN LISTS COMPONENTS)
  string(REGEX MATCH "libheddle_([a-z]+)\\.a$" matched ${archive})
  set(twin ${CMAKE_MATCH_1})
  symbols_of(${LIBRARY} ${twin} library)
  symbols_of(${archive} ${twin} component)
  names_of("${library}" "U" insisted)
  names_of("${library}" "w" called)
  names_of("${component}" "T" defined)
  names_of("${component}" "U" used)
  list(LENGTH called count)
  if(count LESS 40)
    message(FATAL_ERROR "only ${count} functions of ${twin} are called in ${LIBRARY}")
  endif()
  foreach(name IN LISTS insisted)
    string(APPEND failed "\n  ${name}: called as if every program had ${twin}; declare it with HEDDLE_COMPONENT")
  endforeach()
  foreach(name IN LISTS called)
    if(NOT name IN_LIST defined)
      string(APPEND failed "\n  ${name}: called, and not defined in ${archive}")
    endif()
  endforeach()
  foreach(name IN LISTS defined)
    # Compiled for both devices with the file that it stands in; on cuda CUB sorts instead. Of cuSPARSE, which simt has not.
    if(NOT name IN_LIST called AND NOT name IN_LIST used
       AND NOT (twin STREQUAL cuda AND name MATCHES "20group_rows_one_block") AND NOT (twin STREQUAL simt AND name MATCHES "14narrow_offsets"))
      string(APPEND failed "\n  ${name}: defined in ${archive} and called by nobody")
    endif()
  endforeach()
  message("${twin}: ${count} functions that the library calls are there")
endforeach()
if(failed)
  message(FATAL_ERROR "the library and its components do not fit:${failed}")
endif()
