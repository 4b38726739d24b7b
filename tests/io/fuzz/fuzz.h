#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "heddle/error.h"

/// Defines libFuzzer's entry point: runs `statement`, in which `content` is the input. A reader may throw
/// heddle::Error{bad_data}, or Error{io} where the library for a compressed file is not installed, which is no file's fault;
/// whatever else it throws or does ends the run.
#define HEDDLE_FUZZ_TARGET(statement)                                                                              \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {                                   \
    const std::string_view content(reinterpret_cast<const char*>(data), size);                                     \
    try {                                                                                                          \
      statement;                                                                                                   \
    } catch (const heddle::Error& error) {                                                                         \
      const bool no_library = error.kind() == heddle::ErrorKind::io &&                                             \
                              std::string_view(error.what()).find("none can be opened") != std::string_view::npos; \
      if (error.kind() != heddle::ErrorKind::bad_data && !no_library) __builtin_trap();                            \
    }                                                                                                              \
    return 0;                                                                                                      \
  }
