#define _XOPEN_SOURCE 700 /* mkdtemp */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/capi/check.h"

static int checks = 0, failures = 0;

void check_that(int holds, const char* what, const char* file, int line) {
  ++checks;
  if (holds) return;
  ++failures;
  printf("%s:%d: does not hold: %s\n", file, line, what);
}

void check_status(heddle_status status, heddle_status expected, const char* what, const char* file, int line) {
  ++checks;
  if (status == expected) return;
  ++failures;
  printf("%s:%d: %s, not %s, of %s\n  %s\n", file, line, heddle_status_name(status), heddle_status_name(expected), what,
         status == HEDDLE_OK ? "" : heddle_last_message());
}

void check_message(const char* part, const char* file, int line) {
  ++checks;
  if (strstr(heddle_last_message(), part) != NULL) return;
  ++failures;
  printf("%s:%d: the message has no '%s': %s\n", file, line, part, heddle_last_message());
}

static char folder[] = "/tmp/heddle-capi-XXXXXX";
static char files[32][128];
static int file_count = 0;

const char* temp_file(const char* name) {
  int i;
  if (file_count == 0 && mkdtemp(folder) == NULL) {
    printf("no temporary folder can be made\n");
    exit(2);
  }
  if (file_count == 32) {
    printf("too many temporary files\n");
    exit(2);
  }
  snprintf(files[file_count], sizeof(files[0]), "%s/%s", folder, name);
  for (i = 0; i < file_count; ++i) {
    if (strcmp(files[i], files[file_count]) == 0) return files[i];
  }
  return files[file_count++];
}

static void remove_files(void) {
  int i;
  for (i = 0; i < file_count; ++i) remove(files[i]);
  if (file_count > 0 && rmdir(folder) != 0) {
    printf("files were left in %s\n", folder);
    ++failures;
  }
}

/* Runs the tests that are named, or all. */
int main(int argc, char** argv) {
  static const struct {
    const char* name;
    void (*run)(void);
  } tests[] = {
#define HEDDLE_ENTRY(name) {#name, test_##name},
      HEDDLE_TESTS(HEDDLE_ENTRY)
#undef HEDDLE_ENTRY
  };
  size_t i;
  int named, run = 0;
  for (i = 0; i < sizeof(tests) / sizeof(tests[0]); ++i) {
    int before = checks, failed = failures, argument;
    named = argc < 2;
    for (argument = 1; argument < argc; ++argument) named = named || strcmp(argv[argument], tests[i].name) == 0;
    if (!named) continue;
    tests[i].run();
    ++run;
    CHECK(checks > before); /* or it is no test */
    printf("%-10s %d checks, %d failed\n", tests[i].name, checks - before, failures - failed);
  }
  remove_files();
  if (run < (argc < 2 ? 1 : argc - 1)) {
    printf("there is no such test\n");
    return 2;
  }
  return failures == 0 ? 0 : 1;
}
