# The check for weak symbols must be able to fail: an object with an inline function, one with an inline variable, one with neither.
#   cmake -D CXX=compiler -D NM=nm -D WORK=folder -P weak_symbols_selftest.cmake
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${WORK})
# Compiles `source` as an AVX2 twin; the check must end with a status that matches `expected`.
function(check name source expected)
  file(MAKE_DIRECTORY ${WORK}/${name}/avx2)
  file(WRITE ${WORK}/${name}/source.cpp "${source}")
  execute_process(COMMAND ${CXX} -O2 -std=c++20 -c ${WORK}/${name}/source.cpp -o ${WORK}/${name}/avx2/source.o COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} -D OBJECTS=${WORK}/${name} -D NM=${NM} -P ${CMAKE_CURRENT_LIST_DIR}/weak_symbols.cmake
                  RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status MATCHES "^${expected}$")
    message(FATAL_ERROR "${name}: the check ended with ${status}, not ${expected}:\n${said}")
  endif()
endfunction()

check(function "inline int twice(int x) { return 2 * x; }  int (*address)(int) = twice;" 1)
check(variable "inline int counter = 0;  int next() { return ++counter; }" 1)
check(neither "static inline int twice(int x) { return 2 * x; }  int four() { return twice(2); }" 0)
check(handler "void g();  int f() { try { g(); } catch (...) { return 1; } return 0; }" 0)
