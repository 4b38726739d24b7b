#pragma once

/* A small shop, and models of it. 60 customers of four kinds and 40 items, ten for each kind: every customer has six of those of
   their kind. */

#include "heddle/c.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { shop_users = 60, shop_items = 40, shop_kind_items = 10, shop_each = 6, shop_count = shop_users * shop_each };

/* Kinds of models, with settings that make them small. */
typedef struct shop_kind {
  const char* name;
  const heddle_setting* settings;
  int64_t setting_count;
} shop_kind;
enum { shop_kind_count = 5 };
extern const shop_kind shop_kinds[shop_kind_count];

/* Raw ids, "u7" and "A-17", which live for ever. Customer `user` is of kind user % 4, to whom items 10 * kind to 10 * kind + 9
 * belong. */
const char* shop_user_id(int user);
const char* shop_item_id(int item);
/* The kind of a customer or an item with this raw id. */
int shop_kind_of_user(const char* id);
int shop_kind_of_item(const char* id);

/* The shop's interactions, each with the title of its item, "Thing 17". The arrays live for ever. */
heddle_interactions shop_interactions(void);

/* The shop as a CSV file, `user,item`. */
void shop_write(const char* path);

/* Handles that the caller destroys; NULL, and a check that failed, where they cannot be made. */
heddle_device* shop_device(void);
heddle_data* shop_data(void);
heddle_bundle* shop_bundle(const char* kind, const heddle_data* data, const heddle_device* device);
heddle_session* shop_session(const heddle_device* device);

#ifdef __cplusplus
}
#endif
