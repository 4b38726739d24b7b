# The library as others link it: heddle::heddle, and two components that come to a program only where it names them,
#   heddle::cuda   the CUDA kernels and runtime (where the build has CUDA)
#   heddle::simt   the executor and the kernels compiled for it
# A static library has an archive for each. Nothing calls a component by a name that the linker insists on
# (kernels/common/twins.h), so its archive is linked whole. A shared library holds all of them, and the names of the components
# stand for it. The project's own programs and tests use internals, so they link the archives in either case.

# heddle_library_options(target): what the archives share.
function(heddle_library_options target)
  heddle_compile_options(${target})
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>
           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR})
  # So that a program's linker may leave out what the program does not call (--gc-sections).
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-ffunction-sections;-fdata-sections>)
endfunction()

# The dependencies and definitions of the library itself, in `heddle`.
function(heddle_configure_library)
  heddle_library_options(heddle)
  target_link_libraries(heddle PRIVATE Threads::Threads ZLIB::ZLIB xxHash::xxhash
                        $<BUILD_INTERFACE:nlohmann_json::nlohmann_json> ${CMAKE_DL_LIBS})
  # The BLAS (kernels/dense/blas_library.h says why) and libzip (io/zip_library.h) are opened at run time: the build needs their
  # headers and their names.
  target_include_directories(heddle SYSTEM PRIVATE ${CBLAS_INCLUDE_DIR} ${libzip_INCLUDE_DIR} ${HEDDLE_OPTIONAL_INCLUDES})
  target_compile_definitions(heddle PRIVATE HEDDLE_CBLAS_LIBRARY="${CBLAS_LIBRARY}" HEDDLE_ZIP_LIBRARY="${libzip_SONAME}")
  if(HEDDLE_X86)
    target_compile_definitions(heddle PRIVATE HEDDLE_X86)
  endif()
  foreach(target heddle_executor heddle_simt)
    heddle_library_options(${target})
    target_compile_definitions(${target} PRIVATE HEDDLE_TWIN=simt)
  endforeach()
  target_link_libraries(heddle_simt PUBLIC heddle)
  if(HEDDLE_HAS_CUDA)
    heddle_library_options(heddle_cuda)
    target_compile_definitions(heddle_cuda PRIVATE HEDDLE_TWIN=cuda HEDDLE_TWIN_IS_CUDA)
    target_link_libraries(heddle_cuda PUBLIC heddle)
    # To be linked only: no other file sees CUDA's headers.
    target_link_libraries(heddle_cuda INTERFACE $<LINK_ONLY:${HEDDLE_CUDART}>)
  endif()
endfunction()

# What the project's own programs link: every component of the build.
add_library(heddle_devices INTERFACE)
target_link_libraries(heddle_devices INTERFACE $<LINK_LIBRARY:WHOLE_ARCHIVE,heddle_simt>)
if(HEDDLE_HAS_CUDA)
  target_link_libraries(heddle_devices INTERFACE $<LINK_LIBRARY:WHOLE_ARCHIVE,heddle_cuda>)
endif()

set(HEDDLE_COMPONENTS simt)
if(HEDDLE_HAS_CUDA)
  list(APPEND HEDDLE_COMPONENTS cuda)
endif()

# The targets that others link, of the archives or of the shared library.
function(heddle_offer_library)
  set(library heddle)
  if(BUILD_SHARED_LIBS)
    set(library heddle_shared)
    add_library(heddle_shared SHARED $<TARGET_OBJECTS:heddle> $<TARGET_OBJECTS:heddle_executor>)
    foreach(component IN LISTS HEDDLE_COMPONENTS)
      target_sources(heddle_shared PRIVATE $<TARGET_OBJECTS:heddle_${component}>)
    endforeach()
    # Before 1.0 a new minor version may change the interface.
    set_target_properties(heddle_shared PROPERTIES OUTPUT_NAME heddle EXPORT_NAME heddle LINKER_LANGUAGE CXX
      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
      LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/heddle.map)
    target_compile_features(heddle_shared PUBLIC cxx_std_20)
    target_include_directories(heddle_shared INTERFACE
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>
      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_options(heddle_shared PRIVATE LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/heddle.map LINKER:-z,defs)
    target_link_libraries(heddle_shared PRIVATE Threads::Threads ZLIB::ZLIB xxHash::xxhash ${CMAKE_DL_LIBS} ${HEDDLE_CUDART})
    if(HEDDLE_SANITIZE)
      target_link_options(heddle_shared PUBLIC -fsanitize=${HEDDLE_SANITIZE})
    endif()
  endif()
  add_library(heddle::heddle ALIAS ${library})

  foreach(component IN LISTS HEDDLE_COMPONENTS)
    add_library(heddle_${component}_component INTERFACE)
    set_target_properties(heddle_${component}_component PROPERTIES EXPORT_NAME ${component})
    add_library(heddle::${component} ALIAS heddle_${component}_component)
    if(BUILD_SHARED_LIBS)
      target_link_libraries(heddle_${component}_component INTERFACE heddle_shared)
    else()
      set_target_properties(heddle_${component} PROPERTIES EXPORT_NAME ${component}_archive)
      # An export knows the namespace of its targets, but not within this expression.
      target_link_libraries(heddle_${component}_component INTERFACE
        $<BUILD_INTERFACE:$<LINK_LIBRARY:WHOLE_ARCHIVE,heddle_${component}>>
        $<INSTALL_INTERFACE:$<LINK_LIBRARY:WHOLE_ARCHIVE,heddle::${component}_archive>>)
    endif()
  endforeach()
  # Nobody who builds heddle within a project of theirs waits for a component that they do not link, or for archives beside a shared
  # library.
  if(BUILD_SHARED_LIBS)
    set_target_properties(heddle PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  if(BUILD_SHARED_LIBS OR NOT PROJECT_IS_TOP_LEVEL AND NOT HEDDLE_INSTALL)
    foreach(component IN LISTS HEDDLE_COMPONENTS)
      set_target_properties(heddle_${component} PROPERTIES EXCLUDE_FROM_ALL ON)
    endforeach()
    set_target_properties(heddle_executor PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endfunction()
