# Objects compiled for AVX2 or AVX-512 must define no weak symbol: of several definitions the linker keeps one for everybody, and if
# that is theirs, the program dies on a processor without those instructions.
#   cmake -D OBJECTS=folder -D NM=nm -P weak_symbols.cmake
cmake_minimum_required(VERSION 3.25)

file(GLOB_RECURSE objects ${OBJECTS}/*.o)
list(FILTER objects INCLUDE REGEX "/(avx2|avx512)/")
if(NOT objects)
  message(FATAL_ERROR "no objects for avx2 or avx512 below ${OBJECTS}")
endif()

set(found 0)
foreach(object IN LISTS objects)
  execute_process(COMMAND ${NM} --defined-only --demangle ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  # W and V: weak. u: unique in the process, which is weak too. The exception says where an exception's handler is found: data.
  string(REGEX MATCHALL "[0-9a-f]+ [WVu] [^\n]+" weak "${symbols}")
  list(FILTER weak EXCLUDE REGEX " DW\\.ref\\.__gxx_personality_v0$")
  cmake_path(RELATIVE_PATH object BASE_DIRECTORY ${OBJECTS})
  foreach(symbol IN LISTS weak)
    string(REGEX REPLACE "^[0-9a-f]+ " "" symbol "${symbol}")
    message("${object}: ${symbol}")
    math(EXPR found "${found} + 1")
  endforeach()
endforeach()
if(found GREATER 0)
  message(FATAL_ERROR "${found} weak symbols in objects for one instruction set; make the functions static or always_inline")
endif()
list(LENGTH objects count)
message("${count} objects define no weak symbol")
