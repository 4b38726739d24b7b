#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "heddle/c.h"
#include "heddle/error.h"
#include "heddle/progress.h"
#include "heddle/settings.h"

// What every function of heddle/c.h does: no exception leaves it, and what came of it is a status and a sentence.
namespace heddle::capi {

/// In a handler: keeps the sentence of what is being handled for heddle_last_message, and gives its status. Takes no memory.
heddle_status current_status() noexcept;

/// Runs `body`; its errors become a status.
template <class Body>
heddle_status guarded(const Body& body) noexcept {
  try {
    body();
    return HEDDLE_OK;
  } catch (...) {
    return current_status();
  }
}

/// What `body` returns, or `otherwise` where it fails.
template <class Result, class Body>
Result guarded_or(Result otherwise, const Body& body) noexcept {
  try {
    return body();
  } catch (...) {
    current_status();
    return otherwise;
  }
}

/// What an error sentence calls an argument: "heddle_fit: settings", or, of an array's element, "heddle_recommend:
/// requests[3].basket".
struct Argument {
  const char* function;
  const char* name;
  int64_t index = -1;  ///< -1: it is no element
  const char* member = "";

  friend std::ostream& operator<<(std::ostream& out, const Argument& argument) {
    out << argument.function << ": " << argument.name;
    if (argument.index >= 0) out << '[' << argument.index << ']';
    return out << argument.member;
  }
};

/// Throws Error{usage} where a pointer that must not be NULL is.
template <class T>
void need(const T* pointer, const char* function, const char* name) {
  require(pointer != nullptr, ErrorKind::usage, Argument{function, name}, " is NULL");
}

/// Throws Error{usage} for a negative count, and for an array that is NULL although it has entries.
template <class T>
void need_array(const T* array, int64_t count, const Argument& argument) {
  require(count >= 0, ErrorKind::usage, argument, ": its count is ", count);
  require(count == 0 || array != nullptr, ErrorKind::usage, argument, " is NULL");
}

/// The handle that a function is to make: NULL until it is made.
template <class Handle>
void begin_handle(Handle** handle, const char* function, const char* name) {
  need(handle, function, name);
  *handle = nullptr;
}

/// Raw ids. Throws Error{usage} for a NULL among them.
std::vector<std::string> ids_of(const char* const* ids, int64_t count, const Argument& argument);
/// The same; `argument` names the struct.
std::vector<std::string> ids_of(const heddle_ids& ids, Argument argument);

/// Settings by name. Throws Error{usage} for a NULL among them, and for a name that comes twice.
Settings settings_of(const heddle_setting* settings, int64_t count, const char* function);

/// What tells a function of the caller's, whose answer 0 means to go on; empty for NULL.
ProgressCallback progress_for(heddle_progress_function function, void* user);

}  // namespace heddle::capi
