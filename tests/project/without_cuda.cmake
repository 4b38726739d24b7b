# Configures the project without a CUDA compiler, once because CUDA is switched off and once because nvcc cannot be found, and sees
# that both succeed and say that the cuda device is left out.
#   cmake -D SOURCE=folder -D WORK=folder -D GENERATOR=.. -D MAKE_PROGRAM=.. -D CXX=compiler -D CC=compiler -P without_cuda.cmake
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${WORK})
function(configure name)
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/${name} -G ${GENERATOR} -D CMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}
                          -D CMAKE_CXX_COMPILER=${CXX} -D CMAKE_C_COMPILER=${CC} ${ARGN}
                  RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0 OR NOT said MATCHES "the cuda device is left out")
    message(FATAL_ERROR "${name}: configuring ended with ${status} and said:\n${said}")
  endif()
  file(STRINGS ${WORK}/${name}/CMakeCache.txt compiler REGEX "^CMAKE_CUDA_COMPILER:.*nvcc$")
  if(compiler)
    message(FATAL_ERROR "${name}: nvcc was found all the same: ${compiler}")
  endif()
endfunction()

configure(switched_off -D HEDDLE_CUDA=OFF)

# Every folder of PATH that holds nvcc is replaced by one with links to all else that is there.
string(REPLACE ":" ";" path "$ENV{PATH}")
set(without_nvcc "")
set(number 0)
foreach(folder IN LISTS path)
  if(EXISTS ${folder}/nvcc)
    math(EXPR number "${number} + 1")
    set(replacement ${WORK}/path${number})
    file(MAKE_DIRECTORY ${replacement})
    file(GLOB programs ${folder}/*)
    foreach(program IN LISTS programs)
      cmake_path(GET program FILENAME name)
      if(NOT name STREQUAL nvcc)
        file(CREATE_LINK ${program} ${replacement}/${name} SYMBOLIC)
      endif()
    endforeach()
    list(APPEND without_nvcc ${replacement})
  else()
    list(APPEND without_nvcc ${folder})
  endif()
endforeach()
list(JOIN without_nvcc ":" path)
set(ENV{PATH} "${path}")
foreach(variable CUDACXX CUDAHOSTCXX CUDA_PATH CUDA_HOME CUDAToolkit_ROOT)
  unset(ENV{${variable}})
endforeach()
configure(not_found -D HEDDLE_CUDA=AUTO)
