# The tests of the C interface as a program outside the project: heddle installed, its header's users compiled by the C compiler, linked
# as docs/embedding.md says. With sanitizers where the build has them, and with memory that is denied (tests/support/counting_allocator.h).
#   cmake -D SOURCE=folder -D BUILD=heddle's build folder -D WORK=folder -D CXX=compiler -D CC=compiler [-D LAUNCHER=..]
#         [-D SANITIZE=address,undefined] -P c_installed.cmake
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/tools.cmake)

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix --component library)
set(flags -g -O1 -Wall -Wextra -Wpedantic -Werror -I ${WORK}/prefix/include -I ${SOURCE})
set(sanitize "")
if(SANITIZE)
  set(sanitize -fsanitize=${SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
endif()
set(objects "")
file(GLOB sources ${SOURCE}/tests/capi/*.c)
foreach(source IN LISTS sources)
  cmake_path(GET source STEM name)
  run(${LAUNCHER} ${CC} -std=c99 ${flags} ${sanitize} -D HEDDLE_IN_C_ALONE -c ${source} -o ${WORK}/${name}.o)
  list(APPEND objects ${WORK}/${name}.o)
endforeach()
list(LENGTH objects count)
if(count LESS 10)
  message(FATAL_ERROR "there are only ${count} files in C in ${SOURCE}/tests/capi")
endif()
# What denies memory is the only part in C++.
foreach(source capi/denied support/counting_allocator)
  cmake_path(GET source FILENAME name)
  run(${LAUNCHER} ${CXX} -std=c++20 ${flags} ${sanitize} -c ${SOURCE}/tests/${source}.cpp -o ${WORK}/${name}.o)
  list(APPEND objects ${WORK}/${name}.o)
endforeach()
# Their C++ runtime comes with the library, and is no business of whoever compiles.
run(${CC} ${objects} ${sanitize} -o ${WORK}/program ${ALLOCATOR} -L ${WORK}/prefix/lib -Wl,--whole-archive,-lheddle_simt,--no-whole-archive
    -lheddle -lz -lxxhash -lpthread -ldl -lstdc++ -lm)
run(${WORK}/program)
set(lines "${said}")
string(REGEX REPLACE "[a-z]+ +[0-9]+ checks, 0 failed\n" "" rest "${said}")
string(REGEX MATCHALL "\n" ends "${said}")
list(LENGTH ends count)
if(NOT rest STREQUAL "" OR count LESS 10)
  message(FATAL_ERROR "the program said:\n${said}")
endif()
message("${said}")
