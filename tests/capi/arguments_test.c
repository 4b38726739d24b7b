#include <math.h>
#include <string.h>

#include "tests/capi/check.h"
#include "tests/capi/shop.h"

/* Every pointer of every function that may not be NULL is NULL once. project/c_interface holds that no function is left out. */
#define REFUSES(call, name) CHECK_FAILS(call, HEDDLE_USAGE, name " is NULL")

static void of_library(void) {
  heddle_device* device = NULL;
  REFUSES(heddle_device_create("cpu", 1, NULL), "device");
  CHECK(heddle_device_description(NULL) == NULL);
  CHECK(strstr(heddle_last_message(), "heddle_device_description: device is NULL") != NULL);
  heddle_device_destroy(NULL);
  heddle_data_destroy(NULL);
  heddle_bundle_destroy(NULL);
  heddle_session_destroy(NULL);
  CHECK(device == NULL);
}

static void of_data(const heddle_data* data) {
  const heddle_interactions shop = shop_interactions();
  heddle_data* made = NULL;
  REFUSES(heddle_data_create(NULL, NULL, 0, NULL, NULL, &made), "interactions");
  REFUSES(heddle_data_create(&shop, NULL, 1, NULL, NULL, &made), "settings");
  REFUSES(heddle_data_create(&shop, NULL, 0, NULL, NULL, NULL), "data");
  REFUSES(heddle_data_load(NULL, NULL, 0, NULL, NULL, &made), "path");
  REFUSES(heddle_data_load("orders.csv", NULL, 1, NULL, NULL, &made), "settings");
  REFUSES(heddle_data_load("orders.csv", NULL, 0, NULL, NULL, NULL), "data");
  CHECK(made == NULL);
  CHECK(heddle_data_users(NULL) == -1 && heddle_data_items(NULL) == -1);
  CHECK(heddle_data_interactions(NULL, "train") == -1 && heddle_data_interactions(data, NULL) == -1);
}

static void of_bundles(heddle_bundle* bundle, const heddle_data* data, const heddle_device* device) {
  heddle_bundle* made = NULL;
  const char *name = NULL, *value = NULL;
  heddle_metrics metrics;
  memset(&metrics, 0, sizeof(metrics));
  REFUSES(heddle_fit(NULL, NULL, 0, data, device, NULL, &made), "kind");
  REFUSES(heddle_fit("popularity", NULL, 1, data, device, NULL, &made), "settings");
  REFUSES(heddle_fit("popularity", NULL, 0, NULL, device, NULL, &made), "data");
  REFUSES(heddle_fit("popularity", NULL, 0, data, NULL, NULL, &made), "device");
  REFUSES(heddle_fit("popularity", NULL, 0, data, device, NULL, NULL), "bundle");
  REFUSES(heddle_bundle_load(NULL, device, &made), "path");
  REFUSES(heddle_bundle_load("shop.safetensors", NULL, &made), "device");
  REFUSES(heddle_bundle_load("shop.safetensors", device, NULL), "bundle");
  CHECK(made == NULL);
  REFUSES(heddle_bundle_save(NULL, "shop.safetensors", NULL), "bundle");
  REFUSES(heddle_bundle_save(bundle, NULL, NULL), "path");
  REFUSES(heddle_bundle_set_lists(NULL, NULL, NULL), "bundle");
  REFUSES(heddle_bundle_set_item_table(NULL, "items.csv", NULL, NULL), "bundle");
  REFUSES(heddle_bundle_set_item_table(bundle, NULL, NULL, NULL), "path");
  CHECK(heddle_bundle_kind(NULL) == NULL);
  CHECK(heddle_bundle_users(NULL) == -1 && heddle_bundle_items(NULL) == -1 && heddle_bundle_interactions(NULL) == -1);
  CHECK(heddle_bundle_info(NULL, "model") == NULL && heddle_bundle_info(bundle, NULL) == NULL);
  CHECK(strstr(heddle_last_message(), "heddle_bundle_info: name is NULL") != NULL);
  REFUSES(heddle_bundle_info_at(NULL, 0, &name, &value), "bundle");
  REFUSES(heddle_bundle_info_at(bundle, 0, NULL, &value), "name");
  REFUSES(heddle_bundle_info_at(bundle, 0, &name, NULL), "value");
  CHECK(name == NULL && value == NULL);
  CHECK(heddle_bundle_user_id(NULL, 0) == NULL && heddle_bundle_item_id(NULL, 0) == NULL);
  CHECK(heddle_bundle_has_user(NULL, "u1") == -1 && heddle_bundle_has_user(bundle, NULL) == -1);
  CHECK(heddle_bundle_has_item(NULL, "A-1") == -1 && heddle_bundle_has_item(bundle, NULL) == -1);
  CHECK(heddle_bundle_item_name(NULL, "A-1") == NULL && heddle_bundle_item_name(bundle, NULL) == NULL);
  CHECK(heddle_bundle_item_value(NULL, "A-1", "c") == NULL && heddle_bundle_item_value(bundle, NULL, "c") == NULL);
  CHECK(heddle_bundle_item_value(bundle, "A-1", NULL) == NULL);
  CHECK(strstr(heddle_last_message(), "heddle_bundle_item_value: column is NULL") != NULL);
  REFUSES(heddle_evaluate(NULL, data, NULL, &metrics), "bundle");
  REFUSES(heddle_evaluate(bundle, NULL, NULL, &metrics), "data");
  REFUSES(heddle_evaluate(bundle, data, NULL, NULL), "metrics");
  CHECK(isnan(heddle_metric(NULL, "recall")) && isnan(heddle_metric(&metrics, NULL)));
}

static void of_questions(const heddle_bundle* bundle, const heddle_device* device, heddle_session* session) {
  static const char *const users[] = {"u1"}, *const items[] = {"A-1"};
  heddle_request request;
  heddle_ids question;
  heddle_session* made = NULL;
  const char* ids[2];
  float scores[1];
  memset(&request, 0, sizeof(request));
  request.user = "u1";
  question.ids = items;
  question.count = 1;
  REFUSES(heddle_session_create(NULL, 0, &made), "device");
  REFUSES(heddle_session_create(device, 0, NULL), "session");
  CHECK(made == NULL);
  REFUSES(heddle_recommend(NULL, session, &request, 1, 2, NULL, ids, NULL, NULL), "bundle");
  REFUSES(heddle_recommend(bundle, NULL, &request, 1, 2, NULL, ids, NULL, NULL), "session");
  REFUSES(heddle_recommend(bundle, session, NULL, 1, 2, NULL, ids, NULL, NULL), "requests");
  REFUSES(heddle_recommend(bundle, session, &request, 1, 2, NULL, NULL, NULL, NULL), "items");
  REFUSES(heddle_similar_items(NULL, session, &question, 1, 2, NULL, ids, NULL, NULL), "bundle");
  REFUSES(heddle_similar_items(bundle, NULL, &question, 1, 2, NULL, ids, NULL, NULL), "session");
  REFUSES(heddle_similar_items(bundle, session, NULL, 1, 2, NULL, ids, NULL, NULL), "questions");
  REFUSES(heddle_similar_items(bundle, session, &question, 1, 2, NULL, NULL, NULL, NULL), "items");
  question.ids = users;
  REFUSES(heddle_similar_users(NULL, session, &question, 1, 2, ids, NULL, NULL), "bundle");
  REFUSES(heddle_similar_users(bundle, NULL, &question, 1, 2, ids, NULL, NULL), "session");
  REFUSES(heddle_similar_users(bundle, session, NULL, 1, 2, ids, NULL, NULL), "questions");
  REFUSES(heddle_similar_users(bundle, session, &question, 1, 2, NULL, NULL, NULL), "users");
  REFUSES(heddle_score(NULL, session, users, items, 1, scores), "bundle");
  REFUSES(heddle_score(bundle, NULL, users, items, 1, scores), "session");
  REFUSES(heddle_score(bundle, session, NULL, items, 1, scores), "user_ids");
  REFUSES(heddle_score(bundle, session, users, NULL, 1, scores), "item_ids");
  REFUSES(heddle_score(bundle, session, users, items, 1, NULL), "scores");
  REFUSES(heddle_write_rankings(NULL, session, NULL, 2, NULL, "all.csv", NULL), "bundle");
  REFUSES(heddle_write_rankings(bundle, NULL, NULL, 2, NULL, "all.csv", NULL), "session");
  REFUSES(heddle_write_rankings(bundle, session, NULL, 2, NULL, NULL, NULL), "path");
}

void test_arguments(void) {
  heddle_device* device = shop_device();
  heddle_data* data = shop_data();
  heddle_bundle* bundle = shop_bundle("popularity", data, device);
  heddle_session* session = shop_session(device);
  of_library();
  of_data(data);
  of_bundles(bundle, data, device);
  of_questions(bundle, device, session);
  heddle_session_destroy(session);
  heddle_bundle_destroy(bundle);
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}
