#include "io/shortest_text.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

using heddle::io::detail::shortest_text;

TEST_SUITE_BEGIN("io");

TEST_CASE("shortest text / numbers are written out between 0.0001 and 1e16, and with an exponent beyond") {
  CHECK(shortest_text(0.0f) == "0");
  CHECK(shortest_text(-0.0f) == "-0");
  CHECK(shortest_text(1.0f) == "1");
  CHECK(shortest_text(-2.5f) == "-2.5");
  CHECK(shortest_text(0.1f) == "0.1");
  CHECK(shortest_text(0.0005f) == "0.0005");
  CHECK(shortest_text(1e-4f) == "0.0001");
  CHECK(shortest_text(9.99e-5f) == "9.99e-05");
  CHECK(shortest_text(-1e-5f) == "-1e-05");
  CHECK(shortest_text(3.14159274f) == "3.1415927");
  CHECK(shortest_text(123456792.0f) == "123456790");  // which is the same float
  CHECK(shortest_text(1e15f) == "1000000000000000");
  CHECK(shortest_text(1e16f) == "1e+16");
  CHECK(shortest_text(std::numeric_limits<float>::max()) == "3.4028235e+38");
  CHECK(shortest_text(std::numeric_limits<float>::denorm_min()) == "1e-45");
  CHECK(shortest_text(std::numeric_limits<float>::infinity()) == "inf");
  CHECK(shortest_text(NAN) == "nan");
  CHECK(shortest_text(0.1) == "0.1");
  CHECK(shortest_text(1.0 / 3) == "0.3333333333333333");
  CHECK(shortest_text(-2.5e-7) == "-2.5e-07");
  CHECK(shortest_text(9007199254740993.0) == "9007199254740992");  // which is the same double
}

TEST_CASE("shortest text / every float reads back as itself") {
  uint32_t bits = 1;
  int finite = 0;
  for (int i = 0; i < 200'000; ++i) {
    bits = bits * 1664525u + 1013904223u;  // the generator of Numerical Recipes
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    ++finite;
    const std::string written = shortest_text(value);
    const float back = std::strtof(written.c_str(), nullptr);
    if (std::memcmp(&back, &value, sizeof value) != 0) FAIL_CHECK(written);
    if (written.size() > 17) FAIL_CHECK(written);  // a sign, "0.000" and nine digits, or sixteen digits
  }
  CHECK(finite > 190'000);
}

TEST_SUITE_END();
