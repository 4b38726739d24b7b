# configure_like_build(source other... OPTIONS cmake options...): configures `source` in WORK/build as BUILD is configured, with
# these options besides, and so that objects which BUILD compiles by the same commands are taken from there. `other...` are what
# same_objects.sh wants to know of sources that are not BUILD's own.
function(configure_like_build source)
  cmake_parse_arguments(PARSE_ARGV 1 like "" "" "OPTIONS")
  file(MAKE_DIRECTORY ${WORK}/build)
  file(WRITE ${WORK}/build/same_objects.txt "")
  set(settings "CMAKE_BUILD_TYPE|CMAKE_CUDA_(ARCHITECTURES|COMPILER|RUNTIME_LIBRARY)|CMAKE_(CXX|CUDA)_FLAGS|HEDDLE_(CUDA|UNITY_BUILD|WARNINGS_AS_ERRORS)")
  run(sed -nE "s/^(${settings}):([A-Z]+)=(.*)$/set(\\1 \"\\6\" CACHE \\5 \"\")/p" ${BUILD}/CMakeCache.txt)
  file(WRITE ${WORK}/build/like.cmake "${said}")
  set(reusing sh ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/reuse_object.sh ${BUILD} ${WORK}/build/same_objects.txt ${LAUNCHER})
  string(REPLACE ";" "\\;" reusing "${reusing}")
  run(${CMAKE_COMMAND} -S ${source} -B ${WORK}/build -C ${WORK}/build/like.cmake ${options} "-DCMAKE_CXX_COMPILER_LAUNCHER=${reusing}"
      "-DCMAKE_CUDA_COMPILER_LAUNCHER=${reusing}" -D CMAKE_EXPORT_COMPILE_COMMANDS=ON ${like_OPTIONS})
  if(EXISTS ${BUILD}/compile_commands.json)
    run(sh ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/same_objects.sh ${WORK}/build ${BUILD} ${like_UNPARSED_ARGUMENTS})
    file(WRITE ${WORK}/build/same_objects.txt "${said}")
  endif()
  file(STRINGS ${WORK}/build/same_objects.txt same)
  list(LENGTH same count)
  message("${count} objects are taken from ${BUILD}")
endfunction()
