# Builds programs against heddle, as somebody else's project would, and runs them: those in tests/consumer, and those in the texts by
# the texts' own CMakeLists.txt and command lines.
#   cmake -D MODE=installed|subdirectory -D SOURCE=heddle's sources -D BUILD=heddle's build folder -D WORK=folder -D GENERATOR=..
#         -D MAKE_PROGRAM=.. -D CXX=compiler -D CC=compiler -D NM=nm [-D LAUNCHER=compiler launcher] [-D CUDA=ON] -P consumer.cmake
# MODE installed: after `cmake --install` of BUILD, whose library is static, into an empty prefix. MODE subdirectory: from heddle's
# sources, as a shared library, without CUDA. CUDA: whether BUILD has it.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/tools.cmake)

file(MAKE_DIRECTORY ${WORK})
file(READ ${SOURCE}/README.md readme)
file(READ ${SOURCE}/docs/embedding.md embedding)

# run_consumers(folder): runs each program of tests/consumer, built in `folder`; said_NAME is what it said.
macro(run_consumers folder)
  file(GLOB programs RELATIVE ${SOURCE}/tests/consumer ${SOURCE}/tests/consumer/*.cpp)
  if(NOT programs)
    message(FATAL_ERROR "there is no program in ${SOURCE}/tests/consumer")
  endif()
  foreach(program IN LISTS programs ITEMS all_devices.cpp)
    cmake_path(REMOVE_EXTENSION program)
    run(${folder}/${program})
    set(said_${program} "${said}")
    message("${said}")
  endforeach()
endmacro()

# expect_devices(program simt cuda): what the program tells of these devices.
function(expect_devices program simt cuda)
  if(NOT said_${program} MATCHES "\ncpu: cpu \\(1 thread, [a-z0-9]+\\)\nsimt: ${simt}[^\n]*\ncuda: ${cuda}")
    message(FATAL_ERROR "${program} said:\n${said_${program}}")
  endif()
endfunction()

set(no_simt "no_device, simt: this program is linked without heddle's executor: link heddle::simt too")
set(simt "simt \\(CUDA kernels on 1 host thread")
set(no_cuda "no_device, this build of heddle has no cuda device: it was configured without the CUDA Toolkit")

include(${CMAKE_CURRENT_LIST_DIR}/consumer_${MODE}.cmake)
