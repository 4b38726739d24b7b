#include <stdio.h>
#include <string.h>

#include "tests/capi/check.h"
#include "tests/capi/shop.h"

enum { k = 7 };

/* Whether two files hold the same bytes, and any. */
static int same_files(const char* a, const char* b) {
  FILE *first = fopen(a, "rb"), *second = fopen(b, "rb");
  int same = first != NULL && second != NULL, bytes = 0;
  while (same) {
    const int byte = fgetc(first);
    same = byte == fgetc(second);
    if (byte == EOF) break;
    ++bytes;
  }
  if (first != NULL) fclose(first);
  if (second != NULL) fclose(second);
  return same && bytes > 0;
}

/* What a bundle answers to all users, ids as texts. */
typedef struct answers {
  const char* ids[shop_users * k];
  float scores[shop_users * k];
  heddle_answer told[shop_users];
} answers;

static int same_answers(const answers* a, const answers* b, int count) {
  int i, same = memcmp(a->scores, b->scores, sizeof(float) * (size_t)(count * k)) == 0 &&
                memcmp(a->told, b->told, sizeof(heddle_answer) * (size_t)count) == 0;
  for (i = 0; i < count * k; ++i)
    same = same && (a->ids[i] == NULL ? b->ids[i] == NULL : b->ids[i] != NULL && strcmp(a->ids[i], b->ids[i]) == 0);
  return same;
}

static void round_trip(const heddle_bundle* bundle, const char* kind, const heddle_data* data, const heddle_device* device,
                       heddle_session* session) {
  static answers before, after;
  const char *path = temp_file("shop.safetensors"), *copy = temp_file("copy.safetensors");
  heddle_request requests[shop_users];
  heddle_metrics metrics[2];
  heddle_bundle* loaded = NULL;
  int user, entry;
  const char *name, *value;
  memset(requests, 0, sizeof(requests));
  for (user = 0; user < shop_users; ++user) requests[user].user = shop_user_id(user);
  CHECK_OK(heddle_bundle_save(bundle, path, NULL));
  CHECK_OK(heddle_bundle_load(path, device, &loaded));
  CHECK(strcmp(heddle_bundle_kind(loaded), kind) == 0);
  CHECK(heddle_bundle_interactions(loaded) == heddle_bundle_interactions(bundle));
  CHECK(strcmp(heddle_bundle_item_name(loaded, "A-17"), "Thing 17") == 0);
  for (entry = 0; heddle_bundle_info_at(bundle, entry, &name, &value) == HEDDLE_OK; ++entry) {
    const char* again = heddle_bundle_info(loaded, name);
    CHECK(again != NULL && strcmp(again, value) == 0);
  }
  CHECK(entry > 5);
  CHECK_OK(heddle_recommend(bundle, session, requests, shop_users, k, NULL, before.ids, before.scores, before.told));
  CHECK_OK(heddle_recommend(loaded, session, requests, shop_users, k, NULL, after.ids, after.scores, after.told));
  CHECK(same_answers(&before, &after, shop_users));
  CHECK_OK(heddle_evaluate(bundle, data, NULL, &metrics[0]));
  CHECK_OK(heddle_evaluate(loaded, data, NULL, &metrics[1]));
  CHECK(memcmp(&metrics[0], &metrics[1], sizeof(heddle_metrics)) == 0);
  CHECK_OK(heddle_bundle_save(loaded, copy, NULL));
  CHECK(same_files(path, copy));
  heddle_bundle_destroy(loaded);
}

/* What holds nothing of any user answers visitors and strangers, and refuses what needs users. */
static void without_history(const heddle_bundle* bundle, const char* kind, const heddle_data* data, const heddle_device* device,
                            heddle_session* session) {
  static const char *const basket[] = {"A-10", "A-13"}, *const users[] = {"u3"};
  static answers before, after;
  const char *path = temp_file("nobody.safetensors"), *copy = temp_file("copy.safetensors");
  const int answers_from_history = strcmp(kind, "graph-filter") == 0 || strcmp(kind, "blend") == 0;
  heddle_save_options options;
  heddle_request requests[2];
  heddle_ids question;
  heddle_metrics metrics;
  heddle_bundle* loaded = NULL;
  float score = 0;
  memset(&options, 0, sizeof(options));
  memset(requests, 0, sizeof(requests));
  options.without_history = 1;
  if (answers_from_history) {
    CHECK_FAILS(heddle_bundle_save(bundle, path, &options), HEDDLE_USAGE, "cannot be saved without history");
    return;
  }
  CHECK_OK(heddle_bundle_save(bundle, path, &options));
  CHECK_OK(heddle_bundle_load(path, device, &loaded));
  CHECK(heddle_bundle_users(loaded) == 0 && heddle_bundle_interactions(loaded) == 0 && heddle_bundle_items(loaded) == shop_items);
  CHECK(strcmp(heddle_bundle_info(loaded, "history"), "none") == 0 && heddle_bundle_info(bundle, "history") == NULL);
  requests[0].basket.ids = basket;
  requests[0].basket.count = 2;
  CHECK_OK(heddle_recommend(bundle, session, requests, 2, k, NULL, before.ids, before.scores, before.told));
  CHECK_OK(heddle_recommend(loaded, session, requests, 2, k, NULL, after.ids, after.scores, after.told));
  CHECK(same_answers(&before, &after, 2) && after.told[1].fallback == 1);
  requests[0].basket.count = 0;
  requests[0].user = "u3";
  CHECK_FAILS(heddle_recommend(loaded, session, requests, 1, k, NULL, after.ids, NULL, NULL), HEDDLE_USAGE, "without history");
  CHECK_FAILS(heddle_score(loaded, session, users, basket, 1, &score), HEDDLE_USAGE, "without history");
  CHECK_FAILS(heddle_evaluate(loaded, data, NULL, &metrics), HEDDLE_USAGE, "without history");
  CHECK_FAILS(heddle_write_rankings(loaded, session, NULL, k, NULL, copy, NULL), HEDDLE_USAGE, copy);
  question.ids = users;
  question.count = 1;
  CHECK_FAILS(heddle_similar_users(loaded, session, &question, 1, k, after.ids, NULL, NULL), HEDDLE_USAGE, "without history");
  question.ids = basket;
  if (strcmp(kind, "lightgcn") == 0) {
    CHECK_OK(heddle_similar_items(bundle, session, &question, 1, k, NULL, before.ids, before.scores, before.told));
    CHECK_OK(heddle_similar_items(loaded, session, &question, 1, k, NULL, after.ids, after.scores, after.told));
    CHECK(same_answers(&before, &after, 1));
  } else {
    CHECK_FAILS(heddle_similar_items(loaded, session, &question, 1, k, NULL, after.ids, NULL, NULL), HEDDLE_USAGE,
                "without history");
  }
  CHECK_OK(heddle_bundle_save(loaded, copy, NULL)); /* as it is */
  CHECK(same_files(path, copy));
  heddle_bundle_destroy(loaded);
}

/* The file has the answers that are given one by one. */
static void rankings(const heddle_bundle* bundle, heddle_session* session) {
  static const char* const users[] = {"u3", "somebody", "u3"};
  const char* path = temp_file("all.csv");
  heddle_request request;
  heddle_answer_options options;
  heddle_written written;
  heddle_ids some;
  const char* ids[k];
  char line[128], expected[64];
  FILE* file;
  int lines = 0, matching = 0;
  memset(&request, 0, sizeof(request));
  memset(&options, 0, sizeof(options));
  CHECK_OK(heddle_write_rankings(bundle, session, NULL, k, NULL, path, &written));
  CHECK(written.users == shop_users && written.rows == shop_users * k && written.fallbacks == 0 && written.unknown == 0);
  request.user = "u0";
  CHECK_OK(heddle_recommend(bundle, session, &request, 1, k, NULL, ids, NULL, NULL));
  file = fopen(path, "r");
  CHECK(file != NULL);
  if (file == NULL) return;
  for (; fgets(line, sizeof(line), file) != NULL; ++lines) {
    if (lines == 0) {
      CHECK(strcmp(line, "user,rank,item,score\n") == 0);
    } else if (lines <= k) {
      snprintf(expected, sizeof(expected), "u0,%d,%s,", lines, ids[lines - 1]);
      matching += strncmp(line, expected, strlen(expected)) == 0;
    }
  }
  CHECK(fclose(file) == 0);
  CHECK(lines == 1 + shop_users * k && matching == k);

  some.ids = users;
  some.count = 3;
  CHECK_OK(heddle_write_rankings(bundle, session, &some, k, NULL, temp_file("some.jsonl"), &written));
  CHECK(written.users == 2 && written.rows == 2 * k && written.fallbacks == 1 && written.unknown == 1);
  options.fallback = HEDDLE_FALLBACK_NONE;
  CHECK_OK(heddle_write_rankings(bundle, session, &some, k, &options, temp_file("some.trec.gz"), &written));
  CHECK(written.rows == k);
  memset(&written, 7, sizeof(written));
  CHECK_FAILS(heddle_write_rankings(bundle, session, &some, k, NULL, "all.txt", &written), HEDDLE_USAGE, "all.txt");
  CHECK_FAILS(heddle_write_rankings(bundle, session, &some, 0, NULL, path, &written), HEDDLE_USAGE, "k is 0");
  CHECK_FAILS(heddle_write_rankings(bundle, session, NULL, k, NULL, "/nowhere/at/all.csv", &written), HEDDLE_IO,
              "/nowhere/at/all.csv");
  some.ids = NULL;
  CHECK_FAILS(heddle_write_rankings(bundle, session, &some, k, NULL, path, &written), HEDDLE_USAGE, "users is NULL");
  CHECK(written.users == 0x0707070707070707);
}

/* Lists and columns hold at once, and in the file. */
static void additions(heddle_bundle* bundle, const heddle_device* device, heddle_session* session) {
  static const char *const denied[] = {"A-1", "A-99"}, *const allowed[] = {"A-1", "A-2", "A-3", "A-11"};
  const char *path = temp_file("shop.safetensors"), *table = temp_file("items.csv");
  const heddle_bundle* of[2];
  heddle_bundle* loaded = NULL;
  heddle_ids allow, deny;
  const heddle_ids empty = {NULL, 0};
  heddle_answer_options options;
  heddle_request stranger;
  heddle_answer told;
  const char* ids[k];
  int64_t unknown = -1, without = -1;
  FILE* file = fopen(table, "w");
  int i, place, of_lists;
  CHECK(file != NULL);
  if (file == NULL) return;
  fprintf(file, "sku,title,shelf\nA-1,One,S1\nA-2,Two,S2\nB-1,Other,S9\n");
  CHECK(fclose(file) == 0);
  memset(&stranger, 0, sizeof(stranger));
  allow.ids = allowed;
  allow.count = 4;
  deny.ids = denied;
  deny.count = 2;
  CHECK_OK(heddle_bundle_set_lists(bundle, &allow, &deny));
  CHECK_OK(heddle_bundle_set_item_table(bundle, table, &unknown, &without));
  CHECK(unknown == 1 && without == shop_items - 2);
  CHECK_OK(heddle_bundle_save(bundle, path, NULL));
  CHECK_OK(heddle_bundle_load(path, device, &loaded));
  of[0] = bundle;
  of[1] = loaded;
  for (i = 0; i < 2; ++i) {
    CHECK_OK(heddle_recommend(of[i], session, &stranger, 1, k, NULL, ids, NULL, &told));
    CHECK(told.filled == 3);
    for (of_lists = 0, place = 0; place < told.filled; ++place)
      of_lists += strcmp(ids[place], "A-2") == 0 || strcmp(ids[place], "A-3") == 0 || strcmp(ids[place], "A-11") == 0;
    CHECK(of_lists == 3);
    /* A request's lists hold beside these: empty, the one changes nothing and the other leaves nothing. */
    memset(&options, 0, sizeof(options));
    options.deny = &empty;
    CHECK_OK(heddle_recommend(of[i], session, &stranger, 1, k, &options, ids, NULL, &told));
    CHECK(told.filled == 3);
    options.allow = &empty;
    CHECK_OK(heddle_recommend(of[i], session, &stranger, 1, k, &options, ids, NULL, &told));
    CHECK(told.filled == 0);
    CHECK(strcmp(heddle_bundle_item_name(of[i], "A-2"), "Two") == 0 && strcmp(heddle_bundle_item_name(of[i], "A-3"), "") == 0);
    CHECK(strcmp(heddle_bundle_item_value(of[i], "A-1", "shelf"), "S1") == 0);
    CHECK(strcmp(heddle_bundle_item_value(of[i], "A-3", "shelf"), "") == 0);
    CHECK(heddle_bundle_item_value(of[i], "A-3", "colour") == NULL);
  }
  heddle_bundle_destroy(loaded);

  /* What fails changes nothing. */
  deny.ids = NULL;
  CHECK_FAILS(heddle_bundle_set_lists(bundle, NULL, &deny), HEDDLE_USAGE, "deny is NULL");
  CHECK_FAILS(heddle_bundle_set_item_table(bundle, temp_file("nowhere"), NULL, NULL), HEDDLE_IO, "nowhere");
  CHECK_OK(heddle_recommend(bundle, session, &stranger, 1, k, NULL, ids, NULL, &told));
  CHECK(told.filled == 3 && strcmp(heddle_bundle_item_name(bundle, "A-2"), "Two") == 0);
  CHECK_OK(heddle_bundle_set_lists(bundle, NULL, NULL));
  CHECK_OK(heddle_recommend(bundle, session, &stranger, 1, k, NULL, ids, NULL, &told));
  CHECK(told.filled == k);
}

void test_file(void) {
  heddle_device* device = shop_device();
  heddle_data* data = shop_data();
  heddle_session* session = shop_session(device);
  const char* csv = temp_file("orders.csv");
  heddle_bundle* loaded = NULL;
  int i;
  for (i = 0; i < shop_kind_count; ++i) {
    heddle_bundle* bundle = shop_bundle(shop_kinds[i].name, data, device);
    if (bundle == NULL) continue;
    round_trip(bundle, shop_kinds[i].name, data, device, session);
    without_history(bundle, shop_kinds[i].name, data, device, session);
    if (i == 0) {
      rankings(bundle, session);
      CHECK_FAILS(heddle_bundle_save(bundle, "/nowhere/at/all", NULL), HEDDLE_IO, "/nowhere/at/all");
    }
    additions(bundle, device, session);
    heddle_bundle_destroy(bundle);
  }
  shop_write(csv);
  CHECK_FAILS(heddle_bundle_load(csv, device, &loaded), HEDDLE_BAD_DATA, "text file, not a model");
  CHECK(loaded == NULL);
  CHECK_FAILS(heddle_bundle_load(temp_file("nowhere"), device, &loaded), HEDDLE_IO, "nowhere");
  heddle_session_destroy(session);
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}
