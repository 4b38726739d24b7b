#pragma once

#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {

/// For a handler around a public function, `catch (...) { rethrow_as_error(); }`: throws what is being handled as an Error.
/// std::bad_alloc and std::length_error become out_of_memory (without taking memory), std::system_error and what derives from it
/// io; everything else is thrown on as it is.
[[noreturn]] void rethrow_as_error();

}  // namespace heddle
HEDDLE_API_END
