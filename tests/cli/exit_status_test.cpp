#include "cli/exit_status.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "heddle/rethrow.h"

using heddle::Error;
using heddle::ErrorKind;

namespace {

/// The error that `throws` becomes by `told`, which is called while it is handled.
Error handled(const std::function<void()>& throws, const std::function<Error()>& told) {
  try {
    throws();
  } catch (...) {
    return told();
  }
  FAIL("nothing was thrown");
  return {ErrorKind::internal, ""};
}

Error by_library() {
  try {
    heddle::rethrow_as_error();
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("errors: what the program says of an exception is what the library does") {
    const std::pair<ErrorKind, std::function<void()>> cases[] = {
        {ErrorKind::usage, [] { throw Error(ErrorKind::usage, "no such thing"); }},
        {ErrorKind::out_of_memory, [] { throw std::bad_alloc(); }},
        {ErrorKind::out_of_memory, [] { throw std::length_error("vector"); }},
        {ErrorKind::out_of_memory, [] { throw std::system_error(ENOMEM, std::generic_category()); }},
        {ErrorKind::io, [] { throw std::system_error(EAGAIN, std::generic_category()); }},
        {ErrorKind::io, [] { throw std::filesystem::filesystem_error("there", std::make_error_code(std::errc::io_error)); }},
    };
    for (const auto& [kind, throws] : cases) {
      const Error program = handled(throws, heddle::cli::current_error), library = handled(throws, by_library);
      CAPTURE(library.what());
      CHECK(library.kind() == kind);
      CHECK(program.kind() == kind);
      CHECK(program.what() == std::string(library.what()));
    }
    const Error other = handled([] { throw std::runtime_error("a surprise"); }, heddle::cli::current_error);
    CHECK(other.kind() == ErrorKind::internal);
    CHECK(other.what() == std::string("unexpected error: a surprise"));
  }
}
