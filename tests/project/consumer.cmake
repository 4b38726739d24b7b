# Builds programs against heddle, as somebody else's project would, and runs them: those in tests/consumer, and those in the texts by
# the texts' own CMakeLists.txt and command lines.
#   cmake -D MODE=installed|subdirectory|shared -D SOURCE=heddle's sources -D BUILD=heddle's build folder -D WORK=folder -D GENERATOR=..
#         -D MAKE_PROGRAM=.. -D CXX=compiler -D CC=compiler -D NM=nm [-D LAUNCHER=compiler launcher] [-D CUDA=ON] -P consumer.cmake
# MODE installed: after `cmake --install` of BUILD, whose library is static, into an empty prefix. MODE subdirectory: from heddle's
# sources, without CUDA. MODE shared: after BUILD_SHARED_LIBS. CUDA: whether BUILD has it.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/tools.cmake)

file(MAKE_DIRECTORY ${WORK})
file(READ ${SOURCE}/README.md readme)
file(READ ${SOURCE}/docs/embedding.md embedding)

# The programs of tests/consumer.
file(GLOB every_program RELATIVE ${SOURCE}/tests/consumer ${SOURCE}/tests/consumer/*.cpp ${SOURCE}/tests/consumer/*.c)
if(NOT every_program)
  message(FATAL_ERROR "there is no program in ${SOURCE}/tests/consumer")
endif()
list(TRANSFORM every_program REPLACE "\\.(cpp|c)$" "")
list(APPEND every_program all_devices)

# run_consumers(folder program...): runs these programs of tests/consumer, built in `folder`; said_NAME is what one said.
macro(run_consumers folder)
  foreach(program ${ARGN})
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
if(CUDA)
  set(cuda "(cuda:0 \\(|no_device, cuda: this machine has no NVIDIA driver|no_device, cuda: the NVIDIA driver)")
else()
  set(cuda "${no_cuda}")
endif()

include(${CMAKE_CURRENT_LIST_DIR}/consumer_${MODE}.cmake)
