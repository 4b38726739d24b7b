#include <stdio.h>
#include <string.h>

#include "tests/capi/check.h"
#include "tests/capi/shop.h"

static heddle_data* made(const heddle_interactions* interactions, const heddle_setting* settings, int64_t count) {
  heddle_data* data = NULL;
  CHECK_OK(heddle_data_create(interactions, settings, count, NULL, NULL, &data));
  return data;
}

static void by_numbers(void) {
  static const int64_t users[] = {7, 7, -3, 9000000000}, items[] = {1, 2, 1, 2};
  static const heddle_setting whole[] = {{"split", "none"}};
  heddle_interactions given;
  heddle_data* data;
  heddle_device* device = shop_device();
  heddle_bundle* bundle = NULL;
  memset(&given, 0, sizeof(given));
  given.count = 4;
  given.user_numbers = users;
  given.item_numbers = items;
  data = made(&given, whole, 1);
  CHECK(heddle_data_users(data) == 3);
  CHECK(heddle_data_items(data) == 2);
  CHECK(heddle_data_interactions(data, "train") == 4);
  CHECK(heddle_data_interactions(data, "test") == 0);
  CHECK(strcmp(heddle_data_reading(data), "{\"files\":[],\"files_not_read\":[],\"left_out\":[],\"notes\":[]}") == 0);
  CHECK_OK(heddle_fit("popularity", NULL, 0, data, device, NULL, &bundle));
  CHECK(heddle_bundle_has_user(bundle, "9000000000") == 1 && heddle_bundle_has_item(bundle, "2") == 1);
  CHECK(strcmp(heddle_bundle_user_id(bundle, 1), "-3") == 0);
  CHECK(heddle_bundle_item_name(bundle, "2") == NULL); /* there are no titles */
  CHECK(strcmp(heddle_bundle_info(bundle, "data.name"), "interactions") == 0);
  heddle_bundle_destroy(bundle);
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}

static void with_titles(void) {
  static const char *const users[] = {"a", "b", "a"}, *const items[] = {"x", "x", "y"}, *const titles[] = {NULL, "An x", NULL};
  static const heddle_setting whole[] = {{"split", "none"}};
  heddle_interactions given;
  heddle_data* data;
  heddle_device* device = shop_device();
  heddle_bundle* bundle = NULL;
  memset(&given, 0, sizeof(given));
  given.count = 3;
  given.user_ids = users;
  given.item_ids = items;
  given.item_names = titles;
  data = made(&given, whole, 1);
  CHECK_OK(heddle_fit("popularity", NULL, 0, data, device, NULL, &bundle));
  CHECK(strcmp(heddle_bundle_item_name(bundle, "x"), "An x") == 0);
  CHECK(strcmp(heddle_bundle_item_name(bundle, "y"), "") == 0);
  heddle_bundle_destroy(bundle);
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}

static void by_columns(void) {
  static const char *const users[] = {"a", "a", "a", "b", "b", "b"}, *const items[] = {"x", "y", "z", "x", "y", "z"};
  static const char* const behaviours[] = {"view", "buy", "buy", "buy", "view", "buy"};
  static const char* const parts[] = {"train", "val", "test", "train", "train", "test"};
  static const float ratings[] = {1, 2, 3, 4, 5, 4};
  static const double times[] = {3, 1, 2, 1, 2, 3};
  static const heddle_setting rated[] = {{"min_rating", "3"}, {"split", "none"}};
  static const heddle_setting bought[] = {{"behaviour_weights", "buy=2"}, {"split", "none"}};
  static const heddle_setting latest[] = {{"split", "leave-one-out"}, {"by_time", "true"}};
  heddle_interactions given;
  heddle_data* data;
  memset(&given, 0, sizeof(given));
  given.count = 6;
  given.user_ids = users;
  given.item_ids = items;
  given.ratings = ratings;
  data = made(&given, rated, 2);
  CHECK(heddle_data_interactions(data, "train") == 4);
  heddle_data_destroy(data);
  given.behaviours = behaviours;
  data = made(&given, bought, 2);
  CHECK(heddle_data_interactions(data, "train") == 4);
  heddle_data_destroy(data);
  given.times = times;
  data = made(&given, latest, 2);
  CHECK(heddle_data_interactions(data, "test") == 2);
  CHECK(heddle_data_interactions(data, "val") == 2);
  heddle_data_destroy(data);
  given.parts = parts;
  data = made(&given, NULL, 0);
  CHECK(heddle_data_interactions(data, "train") == 3);
  CHECK(heddle_data_interactions(data, "val") == 1);
  CHECK(heddle_data_interactions(data, "test") == 2);
  heddle_data_destroy(data);
}

static void by_file(void) {
  static const heddle_setting settings[] = {{"user_column", "buyer"}, {"item_column", "sku"}, {"split", "none"}};
  const char* path = temp_file("orders.csv");
  heddle_data *from_file = NULL, *from_arrays = shop_data();
  FILE* file;
  shop_write(path);
  CHECK_OK(heddle_data_load(path, NULL, 0, NULL, NULL, &from_file));
  CHECK(heddle_data_users(from_file) == shop_users);
  CHECK(heddle_data_items(from_file) == shop_items);
  CHECK(heddle_data_interactions(from_file, "test") == heddle_data_interactions(from_arrays, "test"));
  CHECK(heddle_data_interactions(from_file, "test") > 0);
  heddle_data_destroy(from_file);
  heddle_data_destroy(from_arrays);

  path = temp_file("columns.csv");
  file = fopen(path, "w");
  CHECK(file != NULL);
  if (file == NULL) return;
  fprintf(file, "buyer,order,sku\n1,100,x\n2,101,y\n");
  CHECK(fclose(file) == 0);
  CHECK_OK(heddle_data_load(path, settings, 3, NULL, NULL, &from_file));
  CHECK(heddle_data_interactions(from_file, "train") == 2);
  heddle_data_destroy(from_file);
  CHECK_FAILS(heddle_data_load(temp_file("nowhere"), NULL, 0, NULL, NULL, &from_file), HEDDLE_IO, "nowhere");
  CHECK(from_file == NULL);
}

static void refused(void) {
  static const heddle_setting unknown[] = {{"k_cor", "2"}}, wrong[] = {{"k_core", "two"}};
  static const heddle_setting twice[] = {{"k_core", "2"}, {"k_core", "3"}}, all_gone[] = {{"k_core", "50"}};
  static const heddle_setting column[] = {{"user_column", "buyer"}};
  static const int64_t numbers[] = {1};
  static const char *const empty[] = {""}, *const nothing[] = {NULL}, *const parts[] = {"exam"};
  heddle_interactions given = shop_interactions();
  heddle_data* data = NULL;
  CHECK_FAILS(heddle_data_create(&given, unknown, 1, NULL, NULL, &data), HEDDLE_USAGE, "did you mean k_core");
  CHECK_FAILS(heddle_data_create(&given, column, 1, NULL, NULL, &data), HEDDLE_USAGE, "user_column"); /* of files alone */
  CHECK_FAILS(heddle_data_create(&given, wrong, 1, NULL, NULL, &data), HEDDLE_USAGE, "k_core is 'two'");
  CHECK_FAILS(heddle_data_create(&given, twice, 2, NULL, NULL, &data), HEDDLE_USAGE, "twice");
  CHECK_FAILS(heddle_data_create(&given, all_gone, 1, NULL, NULL, &data), HEDDLE_BAD_DATA, "shop");
  CHECK_FAILS(heddle_data_create(&given, unknown, -1, NULL, NULL, &data), HEDDLE_USAGE, "-1");
  given.user_numbers = numbers;
  CHECK_FAILS(heddle_data_create(&given, NULL, 0, NULL, NULL, &data), HEDDLE_USAGE, "exactly one of user_ids and user_numbers");
  given = shop_interactions();
  given.item_ids = NULL;
  CHECK_FAILS(heddle_data_create(&given, NULL, 0, NULL, NULL, &data), HEDDLE_USAGE, "exactly one of item_ids and item_numbers");
  given = shop_interactions();
  given.count = 1;
  given.user_ids = empty;
  CHECK_FAILS(heddle_data_create(&given, NULL, 0, NULL, NULL, &data), HEDDLE_USAGE, "user_ids[0] is empty");
  given.user_ids = nothing;
  CHECK_FAILS(heddle_data_create(&given, NULL, 0, NULL, NULL, &data), HEDDLE_USAGE, "user_ids[0] is NULL");
  given = shop_interactions();
  given.count = 1;
  given.parts = parts;
  CHECK_FAILS(heddle_data_create(&given, NULL, 0, NULL, NULL, &data), HEDDLE_USAGE, "exam");
  given.parts = nothing;
  CHECK_FAILS(heddle_data_create(&given, NULL, 0, NULL, NULL, &data), HEDDLE_USAGE, "parts[0] is NULL");
  given.parts = NULL;
  given.behaviours = nothing;
  CHECK_FAILS(heddle_data_create(&given, NULL, 0, NULL, NULL, &data), HEDDLE_USAGE, "behaviours[0] is NULL");
  memset(&given, 0, sizeof(given));
  CHECK_FAILS(heddle_data_create(&given, NULL, 0, NULL, NULL, &data), HEDDLE_BAD_DATA, "interactions");
  given.count = -5;
  CHECK_FAILS(heddle_data_create(&given, NULL, 0, NULL, NULL, &data), HEDDLE_USAGE, "-5");
  CHECK(data == NULL);
  data = shop_data();
  CHECK(heddle_data_interactions(data, "exam") == -1);
  CHECK(strstr(heddle_last_message(), "exam") != NULL);
  heddle_data_destroy(data);
}

void test_data(void) {
  by_numbers();
  with_titles();
  by_columns();
  by_file();
  refused();
}
