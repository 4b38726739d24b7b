#include <string.h>

#include "tests/capi/check.h"
#include "tests/capi/shop.h"

void test_library(void) {
  heddle_device* device = NULL;
  int status, kinds = 0, known = 0, i;
  const char* version = heddle_version();
  CHECK(version[0] >= '0' && version[0] <= '9' && strchr(version, '.') != NULL);

  CHECK(strcmp(heddle_status_name(HEDDLE_OK), "ok") == 0);
  CHECK(strcmp(heddle_status_name(HEDDLE_BAD_DATA), "bad_data") == 0);
  CHECK(strcmp(heddle_status_name(-1), "unknown") == 0);
  CHECK(strcmp(heddle_status_name(9), "unknown") == 0);
  for (status = HEDDLE_OK; status <= HEDDLE_INTERNAL; ++status) {
    int other;
    CHECK(strcmp(heddle_status_name(status), "unknown") != 0);
    for (other = HEDDLE_OK; other < status; ++other) CHECK(strcmp(heddle_status_name(status), heddle_status_name(other)) != 0);
  }

  while (heddle_kind_name(kinds) != NULL) ++kinds;
  for (i = 0; i < shop_kind_count; ++i) {
    int index;
    for (index = 0; index < kinds; ++index) known += strcmp(heddle_kind_name(index), shop_kinds[i].name) == 0;
  }
  CHECK(known == shop_kind_count);
  CHECK(heddle_kind_name(-1) == NULL);

  CHECK_OK(heddle_device_create("cpu", 2, &device));
  CHECK(strncmp(heddle_device_description(device), "cpu (2 threads", 14) == 0);
  heddle_device_destroy(device);
  CHECK_OK(heddle_device_create(NULL, 0, &device)); /* the best there is */
  CHECK(device != NULL);
  heddle_device_destroy(device);
  CHECK_FAILS(heddle_device_create("abacus", 0, &device), HEDDLE_USAGE, "abacus");
  CHECK(device == NULL);
  CHECK_FAILS(heddle_device_create("cpu", -1, &device), HEDDLE_USAGE, "-1");
  CHECK(device == NULL);
}
