#include "tests/capi/shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/capi/check.h"

static const heddle_setting lightgcn_settings[] = {{"dim", "8"},         {"layers", "2"},     {"epochs", "3"},
                                                   {"batch_size", "64"}, {"negatives", "16"}, {"temperature", "0.2"}};
static const heddle_setting filter_settings[] = {{"rank", "4"}};
static const heddle_setting cosine_settings[] = {{"neighbours", "8"}};
static const heddle_setting blend_settings[] = {
    {"first", "item-cosine"}, {"second", "graph-filter"}, {"rank", "4"}, {"weight", "0.5"}};

const shop_kind shop_kinds[shop_kind_count] = {{"popularity", NULL, 0},
                                               {"item-cosine", cosine_settings, 1},
                                               {"graph-filter", filter_settings, 1},
                                               {"lightgcn", lightgcn_settings, 6},
                                               {"blend", blend_settings, 4}};

const char* shop_user_id(int user) {
  static char texts[shop_users][16];
  snprintf(texts[user], sizeof(texts[0]), "u%d", user);
  return texts[user];
}

const char* shop_item_id(int item) {
  static char texts[shop_items][16];
  snprintf(texts[item], sizeof(texts[0]), "A-%d", item);
  return texts[item];
}

int shop_kind_of_user(const char* id) { return atoi(id + 1) % 4; }
int shop_kind_of_item(const char* id) { return atoi(id + 2) / shop_kind_items; }

heddle_interactions shop_interactions(void) {
  static char titles[shop_items][32];
  static const char *user_ids[shop_count], *item_ids[shop_count], *item_names[shop_count];
  heddle_interactions result;
  int user, place;
  for (user = 0; user < shop_users; ++user) {
    for (place = 0; place < shop_each; ++place) {
      const int entry = user * shop_each + place;
      const int item = user % 4 * shop_kind_items + (user / 4 + place * 3) % shop_kind_items;
      snprintf(titles[item], sizeof(titles[0]), "Thing %d", item);
      user_ids[entry] = shop_user_id(user);
      item_ids[entry] = shop_item_id(item);
      item_names[entry] = titles[item];
    }
  }
  memset(&result, 0, sizeof(result));
  result.count = shop_count;
  result.user_ids = user_ids;
  result.item_ids = item_ids;
  result.item_names = item_names;
  result.name = "shop";
  return result;
}

void shop_write(const char* path) {
  const heddle_interactions shop = shop_interactions();
  FILE* file = fopen(path, "w");
  int64_t i;
  CHECK(file != NULL);
  if (file == NULL) return;
  fprintf(file, "user,item\n");
  for (i = 0; i < shop.count; ++i) fprintf(file, "%s,%s\n", shop.user_ids[i], shop.item_ids[i]);
  CHECK(fclose(file) == 0);
}

heddle_device* shop_device(void) {
  heddle_device* device = NULL;
  CHECK_OK(heddle_device_create("cpu", 2, &device));
  return device;
}

heddle_data* shop_data(void) {
  const heddle_interactions shop = shop_interactions();
  heddle_data* data = NULL;
  CHECK_OK(heddle_data_create(&shop, NULL, 0, NULL, NULL, &data));
  return data;
}

heddle_bundle* shop_bundle(const char* kind, const heddle_data* data, const heddle_device* device) {
  heddle_bundle* bundle = NULL;
  int i;
  for (i = 0; i < shop_kind_count; ++i) {
    heddle_fit_options options;
    if (strcmp(shop_kinds[i].name, kind) != 0) continue;
    memset(&options, 0, sizeof(options));
    options.seed = 1;
    CHECK_OK(heddle_fit(kind, shop_kinds[i].settings, shop_kinds[i].setting_count, data, device, &options, &bundle));
  }
  CHECK(bundle != NULL);
  return bundle;
}

heddle_session* shop_session(const heddle_device* device) {
  heddle_session* session = NULL;
  CHECK_OK(heddle_session_create(device, 0, &session));
  return session;
}
