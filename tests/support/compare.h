#pragma once

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "bench/references.h"
#include "heddle/error.h"

namespace heddle::test {

/// Empty, or a sentence about the first element that lies outside its bound. A NaN where a number is expected does; where NaN is
/// expected only NaN will do, and infinity only itself.
inline std::string mismatch(const std::vector<float>& actual, const bench::Reference& expected) {
  if (actual.size() != expected.values.size()) return text(actual.size(), " elements, expected ", expected.values.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double value = expected.values[i];
    if (std::isnan(value) ? std::isnan(actual[i]) : std::isinf(value) && value == actual[i]) continue;
    const double error = std::abs(actual[i] - value);
    if (!(error <= expected.bounds[i])) {
      return text("element ", i, " is ", actual[i], ", expected ", value, ": an error of ", error, ", the bound is ",
                  expected.bounds[i]);
    }
  }
  return {};
}

/// Empty, or a sentence about the first element whose bits differ.
template <class T>
std::string bit_difference(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return text(a.size(), " elements and ", b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0) return text("element ", i, " is ", a[i], " and ", b[i]);
  }
  return {};
}

/// Empty if `call` throws an Error of this kind whose sentence contains `fragment`; else what happened.
template <class Call>
std::string error_mismatch(ErrorKind kind, const std::string& fragment, const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    if (error.kind() != kind) return text("an error of kind ", to_string(error.kind()), ": ", error.what());
    const std::string sentence = error.what();
    return sentence.find(fragment) != std::string::npos ? std::string() : text("the sentence is: ", sentence);
  }
  return "nothing was thrown";
}

}  // namespace heddle::test
