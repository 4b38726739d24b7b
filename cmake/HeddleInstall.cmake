# What `cmake --install` puts where, as components of which each can be had alone (`cmake --install build --component NAME`):
#   library   the public headers, the library, its packages for CMake and pkg-config
#   program   heddle
#   lab       what `heddle bench --add` compiles kernels with: the headers that they include, and kernels to start from
#   docs      the texts
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/heddle)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(headers ${PROJECT_SOURCE_DIR}/include/heddle)

# --- library ------------------------------------------------------------------------------------------------------------------

install(DIRECTORY ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_BINARY_DIR}/generated/heddle/version_number.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/heddle COMPONENT library)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT library)

# heddle_install_targets(export target ...)
function(heddle_install_targets export)
  install(TARGETS ${ARGN} EXPORT ${export}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
  install(EXPORT ${export} NAMESPACE heddle:: DESTINATION ${package_dir} COMPONENT library)
endfunction()
# The cuda component has a file of its own, since it needs the CUDA Toolkit where it is linked.
if(BUILD_SHARED_LIBS)
  heddle_install_targets(heddleTargets heddle_shared heddle_simt_component)
  if(HEDDLE_HAS_CUDA)
    heddle_install_targets(heddleCudaTargets heddle_cuda_component)
  endif()
else()
  heddle_install_targets(heddleTargets heddle heddle_simt heddle_simt_component)
  if(HEDDLE_HAS_CUDA)
    heddle_install_targets(heddleCudaTargets heddle_cuda heddle_cuda_component)
  endif()
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/heddleConfig.cmake.in ${PROJECT_BINARY_DIR}/heddleConfig.cmake
                              INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Before 1.0 a new minor version may change the interface: 0.2 does not stand for 0.1, while 0.1.3 does for 0.1.2.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/heddleConfigVersion.cmake COMPATIBILITY SameMinorVersion)
# The Find module goes along: xxHash's own package brings no configuration that can be relied on.
install(FILES ${PROJECT_BINARY_DIR}/heddleConfig.cmake ${PROJECT_BINARY_DIR}/heddleConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/FindxxHash.cmake
        DESTINATION ${package_dir} COMPONENT library)

# heddle_pkgconfig(name description libs private_libs requires requires_private)
function(heddle_pkgconfig name description libs private_libs requires requires_private)
  file(RELATIVE_PATH to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  string(REGEX REPLACE "/$" "" to_prefix "${to_prefix}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/heddle.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${pkgconfig_dir} COMPONENT library)
endfunction()
if(BUILD_SHARED_LIBS)
  heddle_pkgconfig(heddle "${PROJECT_DESCRIPTION}" "-lheddle" "" "" "")
  set(component_libs_simt "")
  set(component_libs_cuda "")
else()
  # An archive is of no use without what it calls, so that this stands in the lines of --libs as well. -lstdc++: for programs
  # in C.
  heddle_pkgconfig(heddle "${PROJECT_DESCRIPTION}" "-lheddle -lpthread -ldl" "-lstdc++ -lm" "zlib libxxhash" "")
  # In one word, so that it stays together in whatever order pkg-config puts words.
  set(component_libs_simt "-Wl,--whole-archive,-lheddle_simt,--no-whole-archive")
  set(component_libs_cuda "-Wl,--whole-archive,-lheddle_cuda,--no-whole-archive -L${CUDAToolkit_LIBRARY_DIR}")
  if(HEDDLE_CUDART STREQUAL CUDA::cudart)
    string(APPEND component_libs_cuda " -lcudart")
  else()
    string(APPEND component_libs_cuda " -lcudart_static -lrt")
  endif()
endif()
heddle_pkgconfig(heddle-simt "heddle's executor of CUDA kernels on the CPU" "${component_libs_simt}" "" "heddle = ${PROJECT_VERSION}" "")
if(HEDDLE_HAS_CUDA)
  heddle_pkgconfig(heddle-cuda "heddle on NVIDIA GPUs" "${component_libs_cuda}" "" "heddle = ${PROJECT_VERSION}" "")
endif()

# --- program, lab, docs -------------------------------------------------------------------------------------------------------

if(TARGET heddle_cli)
  install(TARGETS heddle_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
endif()

install(DIRECTORY ${headers}/kernel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/heddle COMPONENT lab FILES_MATCHING PATTERN "*.h")
# What include/heddle/kernel includes of the other public headers; the test project/layering holds it to these.
install(FILES ${headers}/arena.h ${headers}/buffer.h ${headers}/device.h ${headers}/error.h ${headers}/export.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/heddle COMPONENT lab)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/own_kernel DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs COMPONENT lab)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT docs)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/own_kernel DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs COMPONENT docs)
install(CODE "cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_PREFIX NORMALIZE OUTPUT_VARIABLE prefix)
              set(SOURCE \"${PROJECT_SOURCE_DIR}\")
              cmake_path(APPEND prefix \"${CMAKE_INSTALL_DOCDIR}\" OUTPUT_VARIABLE FOLDER)
              cmake_path(APPEND prefix \"${CMAKE_INSTALL_INCLUDEDIR}\" OUTPUT_VARIABLE HEADERS)
              string(PREPEND FOLDER \"\$ENV{DESTDIR}\")
              string(PREPEND HEADERS \"\$ENV{DESTDIR}\")" COMPONENT docs)
install(SCRIPT ${PROJECT_SOURCE_DIR}/cmake/InstallTexts.cmake COMPONENT docs)
