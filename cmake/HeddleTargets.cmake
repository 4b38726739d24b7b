# Flags that every heddle target shares, and the ways in which a .cu file is compiled.

# Warnings, sanitizers and the language level for a target whose sources g++ or clang++ compiles.
function(heddle_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
                        UNITY_BUILD ${HEDDLE_UNITY_BUILD} UNITY_BUILD_MODE GROUP)
  # What is for others says so: include/heddle/export.h.
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 takes "text" + std::string for a copy of overlapping memory (GCC bug 105651, mended in 13).
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
  endif()
  if(HEDDLE_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
  endif()
  if(HEDDLE_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # With sanitizers GCC 12 takes the states of std::regex for uninitialised (GCC bug 105562, mended in 13).
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
  endif()
  if(HEDDLE_SANITIZE)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${HEDDLE_SANITIZE};-fno-omit-frame-pointer;-fno-sanitize-recover=all>)
    target_link_options(${target} PUBLIC -fsanitize=${HEDDLE_SANITIZE})
    # What sanitizers write beside the code holds two million addresses: relocating them is most of what a short run costs.
    if(HEDDLE_SANITIZE MATCHES address AND NOT BUILD_SHARED_LIBS)
      target_link_options(${target} PRIVATE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>)
    endif()
  endif()
  if(HEDDLE_HAS_CUDA)
    # CMake 3.25 does not know that nvcc has a C++20 mode.
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>
      "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Xcompiler -Wall,-Wextra -lineinfo>"
      $<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${HEDDLE_WARNINGS_AS_ERRORS}>>:-Werror=all-warnings>)
  endif()
endfunction()

# heddle_joint_sources(target size file.cpp ...): adds the files to the target; unless HEDDLE_UNITY_BUILD is OFF they are compiled
# `size` at a time, all others one by one. Most of what a small file costs is the headers and the templates that its neighbours need
# too. Names in unnamed namespaces must therefore differ within a folder (of tests: among the files that are listed in a group).
function(heddle_joint_sources target size)
  target_sources(${target} PRIVATE ${ARGN})
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE folder)
  string(MAKE_C_IDENTIFIER "${folder}" folder)
  set(index 0)
  foreach(source IN LISTS ARGN)
    math(EXPR place "${index} % ${size}")
    if(place EQUAL 0)
      cmake_path(GET source STEM group)  # called after the first of its files
    endif()
    set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES UNITY_GROUP ${folder}_${group})
    math(EXPR index "${index} + 1")
  endforeach()
endfunction()

# heddle_cpu_sources(target file.cpp ...): compiles each file once per instruction set, into namespace portable, avx2 or avx512
# (HEDDLE_ISA). The wrapper names it relative to the project, which every target includes from, so that a compiler cache serves
# several checkouts. Such a file must not emit a weak symbol: the linker could pick its AVX-512 copy for everyone. A test looks.
function(heddle_cpu_sources target)
  set(flags_portable "")
  set(flags_avx2 -mavx2 -mfma)
  # GCC 12 takes the deliberately undefined operands of its own AVX-512 header for mistakes (GCC bug 105593).
  set(flags_avx512 $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> -mavx2 -mfma -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512)
  set(isas portable)
  if(HEDDLE_X86)
    list(APPEND isas avx2 avx512)
  endif()
  foreach(source IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE OUTPUT_VARIABLE absolute)
    cmake_path(RELATIVE_PATH absolute BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE relative)
    foreach(isa IN LISTS isas)
      set(wrapper ${CMAKE_CURRENT_BINARY_DIR}/${isa}/${relative})
      set(content "#define HEDDLE_ISA ${isa}\n#include <${relative}>  // NOLINT(bugprone-suspicious-include)\n")
      file(CONFIGURE OUTPUT ${wrapper} CONTENT "${content}" @ONLY)
      set_source_files_properties(${wrapper} TARGET_DIRECTORY ${target} PROPERTIES OBJECT_DEPENDS ${absolute}
                                  COMPILE_OPTIONS "-ffp-contract=fast;${flags_${isa}}")
      target_sources(${target} PRIVATE ${wrapper})
    endforeach()
  endforeach()
endfunction()

# heddle_device_sources(target twin file.cu ...): compiles each .cu by nvcc where `twin` is cuda, else by g++: for the SIMT executor
# (simt, simt_instrumented) or the host, in namespace `twin`, by including it from a one-line .cpp (LANGUAGE would be a property of
# the file in the whole directory).
function(heddle_device_sources target twin)
  foreach(source IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE OUTPUT_VARIABLE absolute)
    if(twin STREQUAL cuda)
      target_sources(${target} PRIVATE ${absolute})
      set_source_files_properties(${absolute} TARGET_DIRECTORY ${target} PROPERTIES COMPILE_DEFINITIONS HEDDLE_TWIN=cuda)
      continue()
    endif()
    cmake_path(RELATIVE_PATH absolute BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE relative)
    set(wrapper ${CMAKE_CURRENT_BINARY_DIR}/${twin}/${relative}.cpp)
    set(content "#define HEDDLE_TWIN ${twin}\n#include <${relative}>\n")
    file(CONFIGURE OUTPUT ${wrapper} CONTENT "${content}" @ONLY)
    # -O3 unrolls by ever more, for a third of the time; the executor's own steps are what a kernel waits for here.
    set_source_files_properties(${wrapper} TARGET_DIRECTORY ${target} PROPERTIES OBJECT_DEPENDS ${absolute}
                                COMPILE_OPTIONS $<$<CONFIG:Release>:-O2> SKIP_PRECOMPILE_HEADERS ON)
    target_sources(${target} PRIVATE ${wrapper})
  endforeach()
endfunction()

# What makes kernels call the executor at every memory access.
# Without -fno-tree-sra a float4 would be four accesses; without the next three a call would return to another line.
# DWARF 4: addr2line of binutils 2.40 names the wrong file for version 5.
set(HEDDLE_INSTRUMENT_FLAGS -O2 -g -gdwarf-4 -fsanitize=thread --param tsan-instrument-func-entry-exit=0
    -fno-tree-sra -fno-optimize-sibling-calls -fno-reorder-blocks -fno-reorder-blocks-and-partition)

# heddle_instrument(target): compiles the target's kernels (heddle_device_sources with twin simt_instrumented) so.
function(heddle_instrument target)
  heddle_compile_options(${target})
  string(REPLACE ";" " " flags "${HEDDLE_INSTRUMENT_FLAGS}")
  target_compile_options(${target} PRIVATE "SHELL:${flags}")
  # The debug information tells lines and, to `heddle bench --ptx`, files. Told from the build folder, they are true of every
  # checkout that a compiler cache gives the object to.
  target_compile_options(${target} PRIVATE -fdebug-prefix-map=${PROJECT_BINARY_DIR}=.)
endfunction()
