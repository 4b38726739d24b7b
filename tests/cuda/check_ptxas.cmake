# Compiles every kernel for each architecture and fails where registers spill to memory, or where a kernel that is meant to
# read 16 bytes at a time does not. -D NVCC=... -D PTXAS=... -D ROOT=project -D WORK=folder for the PTX
cmake_minimum_required(VERSION 3.25)

set(architectures 80 90)

# file: a regular expression for the kernels in it that must read by ld.global.nc.v4, ld.global.v4 or, where a pointer itself
# was read from memory, ld.v4; their names stand as in the PTX, 6float4 is a mangled template argument. "-": none.
set(kernels
  "kernels/spmm/row_per_thread.cu" "-"
  "kernels/spmm/row_per_subwarp.cu" "spmm_row_per_subwarp_kernelI6float4"
  "kernels/spmm/row_cache.cu" "-"
  "kernels/spmm/edge_atomic.cu" "-"
  "kernels/spmm/merge_path.cu" "spmm_merge_path(_carry)?_kernelI6float4"
  "kernels/spmm/degree_bins.cu" "spmm_degree_bins_(rows|segments|combine)_kernelI6float4"
  "kernels/spmm/parallel_reduction.cu" "spmm_parallel_reduction_kernel"
  "kernels/spmm/cusparse_offsets.cu" "-"
  "kernels/edge/edge.cu" "leaky_kernel"
  "kernels/edge/sddmm_row_per_subwarp.cu" "head_sddmm_row_per_subwarp_kernelI6float4"
  "kernels/edge/softmax_row_per_warp.cu" "-"
  "kernels/gat/gat.cu" "gat_(forward|records|backward)_kernelI6float4|head_scores_kernel"
  "kernels/gat/gatv2.cu" "gatv2_(forward|targets|sources)_kernelI6float4"
  "kernels/gat/column_per_thread.cu" "-"
  "kernels/dense/tiled.cu" "-"
  "kernels/scores/scores.cu" "-"
  "kernels/elementwise/elementwise.cu" "bias_relu_dropout_kernel|bias_relu_dropout_backward_kernel|map_kernel.*(AddScaled|Scale|ScaleBy)E"
  "kernels/loss/loss.cu" "sum_of_squares_kernel"
  "kernels/adam/adam.cu" "adam_kernel"
  "kernels/sampling/sampling.cu" "-"
  "kernels/ranking_loss/bpr.cu" "bpr_loss_kernel|bpr_loss_backward_kernel"
  "kernels/ranking_loss/sampled_softmax.cu" "unit_rows_kernel|softmax_rows_kernel|softmax_row_gradients_kernel"
  "kernels/topk/topk.cu" "score_top_k_kernel.*Lb1E"
  "kernels/propagate/propagate.cu" "propagate_kernel.*(Li4E|Li8E)|prescale_kernelILi4E"
  "kernels/rows/rows_cub.cu" "-"
  "kernels/rows/rows.cu" "gather_rows_kernelI6float4|sum_row_groups_kernelI6float4")

# Every device file has its row; graph_build.cu's kernels are Thrust's.
file(GLOB_RECURSE without_row RELATIVE ${ROOT} ${ROOT}/kernels/*.cu)
list(REMOVE_ITEM without_row ${kernels} kernels/graph_build/graph_build.cu)
if(without_row)
  message(FATAL_ERROR "these files need a row in the list of kernels: ${without_row}")
endif()

set(failures "")
file(MAKE_DIRECTORY ${WORK})
while(kernels)
  list(POP_FRONT kernels source wide)
  cmake_path(GET source STEM name)
  set(ptx ${WORK}/${name}.ptx)
  list(GET architectures 0 oldest)
  execute_process(
    COMMAND ${NVCC} -std=c++20 -ptx -arch=compute_${oldest} -DHEDDLE_TWIN=cuda -I${ROOT}/include -I${ROOT}
            ${ROOT}/${source} -o ${ptx}
    COMMAND_ERROR_IS_FATAL ANY)

  foreach(architecture IN LISTS architectures)
    execute_process(COMMAND ${PTXAS} -v -arch=sm_${architecture} ${ptx} -o ${WORK}/${name}.cubin ERROR_VARIABLE report
                    OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
    string(APPEND report ${output})
    string(REGEX MATCHALL "[0-9]+ bytes spill stores" spills "${report}")
    if(NOT spills)
      message(FATAL_ERROR "${source}: ptxas -v reports no kernels for sm_${architecture}:\n${report}")
    endif()
    list(LENGTH spills count)
    list(FILTER spills EXCLUDE REGEX "^0 bytes")
    if(spills)
      string(APPEND failures "${source}, sm_${architecture}: registers spill:\n${report}\n")
    endif()
    message(STATUS "${source}, sm_${architecture}: ${count} functions")
  endforeach()

  if(NOT wide STREQUAL "-")
    file(STRINGS ${ptx} lines REGEX "\\.entry|ld(\\.global(\\.nc)?)?\\.v4")
    set(entry "")
    set(entries "")
    set(found "")
    foreach(line IN LISTS lines)
      if(line MATCHES "\\.entry ([A-Za-z0-9_$]+)")
        set(entry ${CMAKE_MATCH_1})
        list(APPEND entries ${entry})
      else()
        list(APPEND found ${entry})
      endif()
    endforeach()
    list(FILTER entries INCLUDE REGEX "${wide}")
    if(NOT entries)
      string(APPEND failures "${source}: no kernel is called ${wide}\n")
    endif()
    list(LENGTH entries count)
    list(REMOVE_ITEM entries ${found})
    foreach(entry IN LISTS entries)
      string(APPEND failures "${source}: ${entry} has no 16-byte load\n")
    endforeach()
    message(STATUS "${source}: ${count} kernels must read 16 bytes at a time")
  endif()
endwhile()

if(failures)
  message(FATAL_ERROR "${failures}")
endif()
