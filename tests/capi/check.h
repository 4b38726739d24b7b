#pragma once

/* A test of the C interface is a function that checks; main.c runs them by name. C99. */

#include <stdint.h>

#include "heddle/c.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every test: CMakeLists.txt registers them by these names. The last one is in C++ and looks behind the handles. */
#define HEDDLE_TESTS_IN_C(TEST) \
  TEST(library)                 \
  TEST(data) TEST(fit) TEST(ask) TEST(judge) TEST(file) TEST(arguments) TEST(cancel) TEST(threads) TEST(memory)
#ifdef HEDDLE_IN_C_ALONE
#define HEDDLE_TESTS(TEST) HEDDLE_TESTS_IN_C(TEST)
#else
#define HEDDLE_TESTS(TEST) HEDDLE_TESTS_IN_C(TEST) TEST(answers)
#endif
#define HEDDLE_DECLARE(name) void test_##name(void);
HEDDLE_TESTS(HEDDLE_DECLARE)
#undef HEDDLE_DECLARE

/* Counts, and tells of what does not hold. One thread at a time. */
void check_that(int holds, const char* what, const char* file, int line);
void check_status(heddle_status status, heddle_status expected, const char* what, const char* file, int line);
void check_message(const char* part, const char* file, int line);

#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_OK(call) check_status((call), HEDDLE_OK, #call, __FILE__, __LINE__)
/* The call fails with this status, and its sentence has this part. */
#define CHECK_FAILS(call, status, part)                        \
  do {                                                         \
    check_status((call), (status), #call, __FILE__, __LINE__); \
    check_message((part), __FILE__, __LINE__);                 \
  } while (0)

/* The path of a file in a folder of this run's own, which main.c removes; valid until the run ends. */
const char* temp_file(const char* name);

#ifdef __cplusplus
}
#endif
