#include <doctest/doctest.h>

#include <exception>

#include "heddle/error.h"
#include "samples.h"

using namespace heddle;
using namespace heddle::test;

namespace {

/// Whether the reader either returns or throws Error; anything else fails the test (or ends it, under a sanitizer).
bool behaves(const Sample& sample, const std::string& content) {
  try {
    sample.read(content);
  } catch (const Error& error) {
    return error.kind() == ErrorKind::bad_data;
  } catch (const std::exception& error) {
    MESSAGE(sample.name << ": " << error.what());
    return false;
  }
  return true;
}

}  // namespace

TEST_CASE("io / sweep: the samples themselves are read") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.name);
    CHECK_NOTHROW(sample.read(sample.content));
  }
}

TEST_CASE("io / sweep: every prefix of every file is read or refused with a sentence") {
  for (const Sample& sample : samples()) {
    for (std::size_t length = 0; length < sample.content.size(); ++length) {
      CAPTURE(sample.name);
      CAPTURE(length);
      REQUIRE(behaves(sample, sample.content.substr(0, length)));
    }
  }
}

TEST_CASE("io / sweep: every file with one byte changed is read or refused with a sentence") {
  for (const Sample& sample : samples()) {
    for (std::size_t at = 0; at < sample.content.size(); ++at) {
      for (const int change :
           {1, 2, 7, 16, 32, 128, 255}) {  // exclusive or: neighbouring values, signs, other kinds of characters
        std::string damaged = sample.content;
        damaged[at] = static_cast<char>(damaged[at] ^ change);
        CAPTURE(sample.name);
        CAPTURE(at);
        CAPTURE(change);
        REQUIRE(behaves(sample, damaged));
      }
    }
  }
}
