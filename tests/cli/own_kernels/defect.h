#pragma once

// What the files of defects share: a product whose kernel is launched with a block a row.
#include <heddle/kernel/kernel.h>
#include <heddle/kernel/module.h>

#define EXPORT_DEFECT(defect, threads)                                                                                           \
  namespace heddle::kernels::HEDDLE_TWIN {                                                                                       \
  namespace {                                                                                                                    \
  void run(const SpmmArgs& args, void*, Stream& stream) {                                                                        \
    launch(defect##_kernel, args.a.rows, threads, 0, stream, args.x.cols, args.a.row_offsets, args.a.col_indices, args.a.values, \
           args.x.data, args.y.data);                                                                                            \
  }                                                                                                                              \
  }                                                                                                                              \
  }                                                                                                                              \
  HEDDLE_EXPORT_VARIANTS(spmm, {.name = #defect,                                                                                 \
                                .summary = "a defect",                                                                           \
                                .source = "a test",                                                                              \
                                .deterministic = true,                                                                           \
                                .supports = heddle::kernels::takes_anything<heddle::kernels::SpmmArgs>,                          \
                                .workspace = heddle::kernels::needs_no_workspace<heddle::kernels::SpmmArgs>,                     \
                                .run = heddle::kernels::HEDDLE_TWIN::run})
