# What the scripts share that build and run programs.

cmake_host_system_information(RESULT processors QUERY NUMBER_OF_LOGICAL_CORES)
# How to configure like this build.
set(options -G ${GENERATOR} -D CMAKE_MAKE_PROGRAM=${MAKE_PROGRAM} -D CMAKE_CXX_COMPILER=${CXX} -D CMAKE_C_COMPILER=${CC}
            -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})

# run(command...): in WORK; it must succeed. `said` is what it said.
function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${WORK} RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "'${command}' ended with ${status}:\n${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

# runs_in(folder command...): as a reader of the texts runs it, in `folder`; `said` and `status` are what came of it.
function(runs_in folder)
  cmake_path(GET CMAKE_COMMAND PARENT_PATH tools)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env CXX=${CXX} CC=${CC} CMAKE_GENERATOR=${GENERATOR}
                          CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} "PATH=${tools}:$ENV{PATH}" ${ARGN}
                  WORKING_DIRECTORY ${folder} RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  set(said "${said}" PARENT_SCOPE)
  set(status "${status}" PARENT_SCOPE)
endfunction()

# expect_said(what pattern): the last command succeeded, and said this.
function(expect_said what pattern)
  if(NOT status EQUAL 0 OR NOT said MATCHES "${pattern}")
    message(FATAL_ERROR "${what} ended with ${status} and said:\n${said}")
  endif()
  message("${what}:\n${said}")
endfunction()

# expect_refused(what pattern): the last command ended with status 1 and a sentence like this.
function(expect_refused what pattern)
  if(NOT status EQUAL 1 OR NOT said MATCHES "${pattern}" OR said MATCHES "terminate")
    message(FATAL_ERROR "${what} ended with ${status} and said:\n${said}")
  endif()
endfunction()

# next_between(opening closing result): what stands between the next `opening` in `rest` and the `closing` after it; `rest` then
# begins behind it. Empty where there is none. Not by lists: C++ is full of their separators.
macro(next_between opening closing result)
  set(${result} "")
  string(FIND "${rest}" "${opening}" at)
  if(NOT at EQUAL -1)
    string(LENGTH "${opening}" length)
    math(EXPR at "${at} + ${length}")
    string(SUBSTRING "${rest}" ${at} -1 rest)
    string(FIND "${rest}" "${closing}" at)
    string(SUBSTRING "${rest}" 0 ${at} ${result})
    string(SUBSTRING "${rest}" ${at} -1 rest)
  endif()
endmacro()
