# Installs each component alone: together they are what `cmake --install` installs, and each does what it is for.
#   cmake -D BUILD=heddle's build folder -D WORK=folder -P install_components.cmake
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/tools.cmake)

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/whole)
file(GLOB_RECURSE whole RELATIVE ${WORK}/whole ${WORK}/whole/*)
set(together "")
foreach(component library program lab docs)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/${component} --component ${component})
  file(GLOB_RECURSE ${component} RELATIVE ${WORK}/${component} ${WORK}/${component}/*)
  list(APPEND together ${${component}})
endforeach()
list(REMOVE_DUPLICATES together)
list(SORT together)
list(SORT whole)
if(NOT together STREQUAL whole)
  message(FATAL_ERROR "installed are\n${whole}\nand in components\n${together}")
endif()

# expect_in(component file ...) and that it holds nothing but what matches `only`.
function(expect_in component only)
  foreach(file IN LISTS ARGN)
    if(NOT file IN_LIST ${component})
      message(FATAL_ERROR "the component ${component} has no ${file}, but ${${component}}")
    endif()
  endforeach()
  set(others ${${component}})
  list(FILTER others EXCLUDE REGEX "${only}")
  if(others)
    message(FATAL_ERROR "the component ${component} holds ${others}")
  endif()
endfunction()
set(doc share/doc/heddle)
expect_in(library "^(include/heddle/|lib/(lib|cmake/heddle/|pkgconfig/)|${doc}/LICENSE)" include/heddle/heddle.h include/heddle/version_number.h
          lib/libheddle.a lib/libheddle_simt.a lib/cmake/heddle/heddleConfig.cmake lib/cmake/heddle/heddleConfigVersion.cmake
          lib/cmake/heddle/heddleTargets.cmake lib/pkgconfig/heddle.pc lib/pkgconfig/heddle-simt.pc)
expect_in(program "^bin/heddle$" bin/heddle)
expect_in(lab "^(include/heddle/|${doc}/docs/own_kernel/)" include/heddle/kernel/kernel.h ${doc}/docs/own_kernel/spmm.cu)
expect_in(docs "^${doc}/" ${doc}/README.md ${doc}/LICENSE ${doc}/docs/embedding.md ${doc}/docs/c.md ${doc}/docs/cli.md ${doc}/docs/own_kernel.md
          ${doc}/docs/own_kernel/spmm.cu)

# The program runs by itself, and with the lab takes kernels from files.
run(${WORK}/program/bin/heddle --version)
execute_process(COMMAND ${WORK}/program/bin/heddle bench spmm --device simt --graph star:3 --dim 1 RESULT_VARIABLE cannot_count OUTPUT_QUIET ERROR_QUIET)
if(cannot_count)
  message("skipped: this build cannot count, so it takes no kernels from files")
else()
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/program --component lab)
  # The program also knows the folder that it was built from; the installed headers come first.
  file(RENAME ${WORK}/program/include/heddle/error.h ${WORK}/error.h)
  execute_process(COMMAND ${WORK}/program/bin/heddle bench spmm --add ${WORK}/program/${doc}/docs/own_kernel/spmm.cu --graph star:9 --dim 4
                  RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(status EQUAL 0)
    message(FATAL_ERROR "the program did not compile with the installed headers, one of which is away")
  endif()
  file(RENAME ${WORK}/error.h ${WORK}/program/include/heddle/error.h)
  run(${WORK}/program/bin/heddle bench spmm --add ${WORK}/program/${doc}/docs/own_kernel/spmm.cu --graph star:9 --dim 4)
  if(NOT said MATCHES "warp_per_row \\+")
    message(FATAL_ERROR "a kernel from a file is not in the table:\n${said}")
  endif()
endif()
