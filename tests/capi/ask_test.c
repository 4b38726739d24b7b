#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/capi/check.h"
#include "tests/capi/shop.h"

enum { k = 5, most = 8 };

typedef struct answers {
  const char* ids[most * k];
  float scores[most * k];
  heddle_answer told[most];
} answers;

/* Texts of one bundle are the same where they are at the same place. */
static int same(const answers* a, const answers* b, int count) {
  return memcmp(a->ids, b->ids, sizeof(a->ids[0]) * (size_t)(count * k)) == 0 &&
         memcmp(a->scores, b->scores, sizeof(float) * (size_t)(count * k)) == 0 &&
         memcmp(a->told, b->told, sizeof(heddle_answer) * (size_t)count) == 0;
}

/* Scores descend, ids are the bundle's, and what is not filled says so. */
static int well_formed(const answers* a, int count, const heddle_bundle* bundle, int of_users) {
  int i, place;
  for (i = 0; i < count; ++i) {
    if (a->told[i].filled < 0 || a->told[i].filled > k) return 0;
    for (place = 0; place < k; ++place) {
      const int at = i * k + place;
      if (place >= a->told[i].filled) {
        if (a->ids[at] != NULL || a->scores[at] != 0) return 0;
        continue;
      }
      if ((of_users ? heddle_bundle_has_user(bundle, a->ids[at]) : heddle_bundle_has_item(bundle, a->ids[at])) != 1) return 0;
      if (isnan(a->scores[at])) return 0;
      if (place > 0 && a->scores[at] > a->scores[at - 1]) return 0;
    }
  }
  return 1;
}

static int has(const answers* a, int question, const char* id) {
  int place;
  for (place = 0; place < a->told[question].filled; ++place) {
    if (strcmp(a->ids[question * k + place], id) == 0) return 1;
  }
  return 0;
}

static heddle_request user_request(const char* user) {
  heddle_request request;
  memset(&request, 0, sizeof(request));
  request.user = user;
  return request;
}

static heddle_ids ids_of(const char* const* ids, int64_t count) {
  heddle_ids result;
  result.ids = ids;
  result.count = count;
  return result;
}

static heddle_request visitor_request(const char* const* ids, int64_t count) {
  heddle_request request;
  request.user = NULL;
  request.basket = ids_of(ids, count);
  return request;
}

static void ids_and_names(const heddle_bundle* bundle) {
  int i, users = 0, items = 0;
  char title[32];
  for (i = 0; i < shop_users; ++i) users += heddle_bundle_has_user(bundle, shop_user_id(i)) == 1;
  for (i = 0; i < shop_items; ++i) {
    snprintf(title, sizeof(title), "Thing %d", i);
    items += heddle_bundle_has_item(bundle, shop_item_id(i)) == 1 &&
             strcmp(heddle_bundle_item_name(bundle, shop_item_id(i)), title) == 0;
  }
  CHECK(users == shop_users && items == shop_items);
  for (i = 0; i < shop_users; ++i) users -= heddle_bundle_has_user(bundle, heddle_bundle_user_id(bundle, i)) == 1;
  for (i = 0; i < shop_items; ++i) items -= heddle_bundle_has_item(bundle, heddle_bundle_item_id(bundle, i)) == 1;
  CHECK(users == 0 && items == 0);
  CHECK(heddle_bundle_has_user(bundle, "A-1") == 0 && heddle_bundle_has_item(bundle, "u1") == 0);
  CHECK(heddle_bundle_has_user(bundle, "") == 0);
  CHECK(heddle_bundle_user_id(bundle, shop_users) == NULL);
  CHECK(heddle_bundle_item_id(bundle, -1) == NULL);
  CHECK(strstr(heddle_last_message(), "there is no number -1 of 40") != NULL);
  CHECK(heddle_bundle_item_name(bundle, "A-170") == NULL);
  CHECK(strstr(heddle_last_message(), "'A-17'") != NULL);
  CHECK(heddle_bundle_item_value(bundle, "A-170", "category") == NULL);
  CHECK(heddle_bundle_item_value(bundle, "A-17", "category") == NULL); /* these data have no columns */
  CHECK(strstr(heddle_last_message(), "no column 'category'") != NULL);
}

static void users_and_visitors(const heddle_bundle* bundle, heddle_session* session, int same_alone) {
  static const char* const basket[] = {"A-10", "A-13", "A-10", "A-21", "A-99", "A-98", "A-99"};
  heddle_request requests[4];
  answers all, one;
  int i, alone = 1;
  requests[0] = user_request("u3");
  requests[1] = user_request("u50");
  requests[2] = visitor_request(basket, 3);
  requests[3] = visitor_request(basket + 3, 4); /* of whose items two are unknown, one of them twice */
  CHECK_OK(heddle_recommend(bundle, session, requests, 4, k, NULL, all.ids, all.scores, all.told));
  CHECK(well_formed(&all, 4, bundle, 0));
  CHECK(all.told[0].filled == k && all.told[0].known_user == 1 && all.told[0].known > 0 && all.told[0].unknown == 0);
  CHECK(all.told[2].known == 2 && all.told[2].known_user == 0 && all.told[2].unknown == 0);
  CHECK(all.told[3].known == 1 && all.told[3].unknown == 2);
  CHECK(!has(&all, 2, "A-10") && !has(&all, 2, "A-13") && !has(&all, 3, "A-21"));
  for (i = 0; i < 4; ++i) {
    CHECK(all.told[i].fallback == 0);
    CHECK_OK(heddle_recommend(bundle, session, &requests[i], 1, k, NULL, one.ids, NULL, NULL));
    alone = alone && memcmp(one.ids, all.ids + i * k, sizeof(one.ids[0]) * k) == 0;
  }
  /* A single question has the answer that it has among others; the last bits of a graph filter's scores are of how many. */
  CHECK(alone || !same_alone);

  /* A known user's basket is left out of what they are given. */
  requests[1] = user_request("u3");
  requests[1].basket = ids_of(&all.ids[1], 1);
  CHECK_OK(heddle_recommend(bundle, session, requests, 2, k, NULL, one.ids, one.scores, one.told));
  CHECK(has(&one, 0, all.ids[1]) && !has(&one, 1, all.ids[1]) && one.told[1].filled == k);

  /* Nobody, and nothing to write to. */
  CHECK_OK(heddle_recommend(bundle, session, NULL, 0, k, NULL, NULL, NULL, NULL));
}

static void strangers(const heddle_bundle* bundle, heddle_session* session) {
  static const char* const unknown[] = {"A-99"};
  heddle_answer_options options;
  heddle_request requests[4];
  answers got;
  int i;
  memset(&options, 0, sizeof(options));
  requests[0] = user_request("somebody");
  requests[1] = visitor_request(unknown, 1);
  requests[2] = visitor_request(NULL, 0);
  requests[3] = user_request("somebody"); /* whose basket tells of them */
  requests[3].basket = ids_of(&shop_interactions().item_ids[0], 1);
  CHECK_OK(heddle_recommend(bundle, session, requests, 4, k, &options, got.ids, got.scores, got.told));
  CHECK(well_formed(&got, 4, bundle, 0));
  for (i = 0; i < 3; ++i) {
    CHECK(got.told[i].fallback == 1 && got.told[i].known == 0 && got.told[i].known_user == 0 && got.told[i].filled == k);
    CHECK(got.scores[i * k] >= 1 && got.scores[i * k] == floorf(got.scores[i * k])); /* how many have it */
    CHECK(memcmp(got.ids, got.ids + i * k, sizeof(got.ids[0]) * k) == 0);
  }
  CHECK(got.told[1].unknown == 1 && got.told[3].fallback == 0 && got.told[3].known == 1);
  options.fallback = HEDDLE_FALLBACK_NONE;
  CHECK_OK(heddle_recommend(bundle, session, requests, 4, k, &options, got.ids, got.scores, got.told));
  CHECK(well_formed(&got, 4, bundle, 0));
  for (i = 0; i < 3; ++i) CHECK(got.told[i].fallback == 1 && got.told[i].filled == 0 && got.ids[i * k] == NULL);
  CHECK(got.told[3].filled == k);
}

static void lists(const heddle_bundle* bundle, heddle_session* session) {
  static const char* const basket[] = {"A-10", "A-13"};
  const heddle_request request = user_request("u3"), visitor = visitor_request(basket, 2), stranger = user_request("somebody");
  heddle_answer_options options;
  heddle_ids allow, deny;
  const char *allowed[4], *best[2];
  answers got;
  memset(&options, 0, sizeof(options));
  CHECK_OK(heddle_recommend(bundle, session, &request, 1, k, NULL, got.ids, got.scores, got.told));
  best[0] = got.ids[1];
  best[1] = got.ids[4];
  allowed[0] = best[1];
  allowed[1] = best[0];
  allowed[2] = best[0];
  allowed[3] = "nothing that there is";
  allow = ids_of(allowed, 4);
  deny = ids_of(&best[1], 1);
  options.allow = &allow;
  CHECK_OK(heddle_recommend(bundle, session, &request, 1, k, &options, got.ids, got.scores, got.told));
  CHECK(got.told[0].filled == 2 && got.ids[0] == best[0] && got.ids[1] == best[1] && got.ids[2] == NULL);
  options.deny = &deny;
  CHECK_OK(heddle_recommend(bundle, session, &request, 1, k, &options, got.ids, got.scores, got.told));
  CHECK(got.told[0].filled == 1 && got.ids[0] == best[0]);
  CHECK_OK(heddle_recommend(bundle, session, &stranger, 1, k, &options, got.ids, got.scores, got.told));
  CHECK(got.told[0].filled == 1 && got.ids[0] == best[0] && got.told[0].fallback == 1);
  allow = ids_of(allowed + 3, 1);
  CHECK_OK(heddle_recommend(bundle, session, &request, 1, k, &options, got.ids, got.scores, got.told));
  CHECK(got.told[0].filled == 0 && got.ids[0] == NULL);

  /* What a visitor has is ranked where that is asked for. */
  memset(&options, 0, sizeof(options));
  allow = ids_of(basket, 2);
  options.allow = &allow;
  CHECK_OK(heddle_recommend(bundle, session, &visitor, 1, k, &options, got.ids, got.scores, got.told));
  CHECK(got.told[0].filled == 0);
  options.include_taken = 1;
  CHECK_OK(heddle_recommend(bundle, session, &visitor, 1, k, &options, got.ids, got.scores, got.told));
  CHECK(got.told[0].filled == 2);

  /* More places than there are items. */
  {
    static const char* ids[1000];
    heddle_answer told;
    int64_t i;
    memset(ids, 7, sizeof(ids));
    CHECK_OK(heddle_recommend(bundle, session, &request, 1, 1000, NULL, ids, NULL, &told));
    CHECK(told.filled > shop_items / 2 && told.filled < shop_items);
    for (i = 0; i < 1000; ++i) {
      if ((ids[i] == NULL) != (i >= told.filled)) break;
    }
    CHECK(i == 1000);
  }
}

static void alike(const heddle_bundle* bundle, heddle_session* session, int by_columns) {
  static const char *const items[] = {"A-17", "A-12", "A-99"}, *const users[] = {"u7", "u11", "somebody"};
  heddle_ids questions[3];
  heddle_answer_options options;
  answers got, again;
  int place, kin = 0;
  memset(&options, 0, sizeof(options));
  questions[0] = ids_of(items, 1);
  questions[1] = ids_of(items, 3);
  questions[2] = ids_of(items + 1, 1);
  CHECK_OK(heddle_similar_items(bundle, session, questions, 3, k, NULL, got.ids, got.scores, got.told));
  CHECK(well_formed(&got, 3, bundle, 0));
  CHECK(got.told[0].known == 1 && got.told[0].unknown == 0 && got.told[1].known == 2 && got.told[1].unknown == 1);
  CHECK(!has(&got, 0, "A-17") && !has(&got, 1, "A-17") && !has(&got, 1, "A-12") && got.told[0].filled > 0);
  for (place = 0; place < got.told[1].filled; ++place) kin += shop_kind_of_item(got.ids[k + place]) == 1;
  CHECK(!by_columns || (kin > 0 && kin == got.told[1].filled)); /* only items of one kind share a customer */
  options.deny = &questions[2];
  CHECK_OK(heddle_similar_items(bundle, session, questions, 1, k, &options, again.ids, again.scores, again.told));
  CHECK(!has(&again, 0, "A-12"));
  options.deny = NULL;
  questions[2] = ids_of(&got.ids[1], 1);
  options.allow = &questions[2];
  CHECK_OK(heddle_similar_items(bundle, session, questions, 1, k, &options, again.ids, again.scores, again.told));
  CHECK(again.told[0].filled == 1 && again.ids[0] == got.ids[1] && again.scores[0] == got.scores[1]);

  questions[0] = ids_of(users, 1);
  questions[1] = ids_of(users, 3);
  CHECK_OK(heddle_similar_users(bundle, session, questions, 2, k, got.ids, got.scores, got.told));
  CHECK(well_formed(&got, 2, bundle, 1));
  CHECK(got.told[1].known == 2 && got.told[1].unknown == 1 && got.told[0].filled == k);
  CHECK(!has(&got, 0, "u7") && !has(&got, 1, "u7") && !has(&got, 1, "u11"));
  for (kin = 0, place = 0; place < 2 * k; ++place) kin += shop_kind_of_user(got.ids[place]) == 3;
  CHECK(!by_columns || kin == 2 * k); /* only customers of one kind share an item */
  CHECK_OK(heddle_similar_users(bundle, session, questions, 2, k, again.ids, again.scores, again.told));
  CHECK(same(&got, &again, 2));
  CHECK_OK(heddle_similar_items(bundle, session, NULL, 0, k, NULL, NULL, NULL, NULL));
  CHECK_OK(heddle_similar_users(bundle, session, NULL, 0, k, NULL, NULL, NULL));
}

static void pairs(const heddle_bundle* bundle, heddle_session* session) {
  static const char* const users[] = {"u3", "u50", "somebody", "u3", "u0"};
  static const char* const items[] = {"A-17", "A-3", "A-3", "A-99", "A-3"};
  const heddle_request request = user_request("u3");
  const char *of[k], *best[k];
  float scores[5], ranked[k], again[k];
  int i;
  CHECK_OK(heddle_score(bundle, session, users, items, 5, scores));
  CHECK(isfinite(scores[0]) && isfinite(scores[1]) && isnan(scores[2]) && isnan(scores[3]) && isfinite(scores[4]));
  /* They are what rankings go by. */
  CHECK_OK(heddle_recommend(bundle, session, &request, 1, k, NULL, best, ranked, NULL));
  for (i = 0; i < k; ++i) of[i] = "u3";
  CHECK_OK(heddle_score(bundle, session, of, best, k, again));
  for (i = 0; i < k; ++i) CHECK(fabsf(again[i] - ranked[i]) <= 1e-5f * (1 + fabsf(ranked[i])));
  CHECK_OK(heddle_score(bundle, session, NULL, NULL, 0, NULL));
}

static void refused(const heddle_bundle* bundle, heddle_session* session) {
  static const char *const null[] = {"A-1", NULL}, *const unknown[] = {"A-170", "nothing"}, *const users[] = {"U7"};
  heddle_request requests[2];
  heddle_answer_options options;
  heddle_ids list, question;
  answers got, before;
  memset(&got, 7, sizeof(got));
  before = got;
  requests[0] = requests[1] = user_request("u1");
  CHECK_FAILS(heddle_recommend(bundle, session, requests, 1, 0, NULL, got.ids, got.scores, got.told), HEDDLE_USAGE, "k is 0");
  CHECK_FAILS(heddle_recommend(bundle, session, requests, 1, 1001, NULL, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "k is 1001");
  CHECK_FAILS(heddle_recommend(bundle, session, requests, -1, k, NULL, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "its count is -1");
  requests[1].basket = ids_of(null, 2);
  CHECK_FAILS(heddle_recommend(bundle, session, requests, 2, k, NULL, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "heddle_recommend: requests[1].basket[1] is NULL");
  requests[1].basket = ids_of(NULL, 2);
  CHECK_FAILS(heddle_recommend(bundle, session, requests, 2, k, NULL, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "requests[1].basket is NULL");
  requests[1].basket = ids_of(null, -2);
  CHECK_FAILS(heddle_recommend(bundle, session, requests, 2, k, NULL, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "requests[1].basket: its count is -2");
  memset(&options, 0, sizeof(options));
  options.fallback = 7;
  CHECK_FAILS(heddle_recommend(bundle, session, requests, 1, k, &options, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "fallback is 7");
  options.fallback = 0;
  list = ids_of(NULL, 1);
  options.allow = &list;
  CHECK_FAILS(heddle_recommend(bundle, session, requests, 1, k, &options, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "allow is NULL");
  options.allow = NULL;
  options.deny = &list;
  CHECK_FAILS(heddle_similar_items(bundle, session, &list, 1, k, &options, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "deny is NULL");
  question = ids_of(unknown, 2);
  CHECK_FAILS(heddle_similar_items(bundle, session, &question, 1, k, NULL, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "'A-17'");
  question = ids_of(null, 2);
  CHECK_FAILS(heddle_similar_items(bundle, session, &question, 1, k, NULL, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "questions[0][1] is NULL");
  question = ids_of(NULL, 0);
  CHECK_FAILS(heddle_similar_items(bundle, session, &question, 1, k, NULL, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "no item is asked about");
  CHECK_FAILS(heddle_similar_items(bundle, session, &question, 1, 0, NULL, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "k is 0");
  question = ids_of(users, 1);
  CHECK_FAILS(heddle_similar_users(bundle, session, &question, 1, k, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "did you mean 'u7'");
  CHECK_FAILS(heddle_similar_users(bundle, session, &question, 1, 1001, got.ids, got.scores, got.told), HEDDLE_USAGE,
              "k is 1001");
  CHECK_FAILS(heddle_score(bundle, session, users, null + 1, 1, got.scores), HEDDLE_USAGE, "item_ids[0] is NULL");
  CHECK_FAILS(heddle_score(bundle, session, users, null, -1, got.scores), HEDDLE_USAGE, "its count is -1");
  CHECK(memcmp(&got, &before, sizeof(got)) == 0); /* the caller's arrays are as they were */
}

static void on_another_device(const heddle_bundle* bundle) {
  const heddle_request request = user_request("u3");
  heddle_device* simt = NULL;
  heddle_session* session = NULL;
  const char* ids[k];
  CHECK_OK(heddle_device_create("simt", 0, &simt));
  session = shop_session(simt);
  CHECK_FAILS(heddle_recommend(bundle, session, &request, 1, k, NULL, ids, NULL, NULL), HEDDLE_USAGE, "session on simt");
  heddle_session_destroy(session);
  CHECK_FAILS(heddle_session_create(simt, -1, &session), HEDDLE_USAGE, "-1");
  CHECK(session == NULL);
  heddle_device_destroy(simt);
}

void test_ask(void) {
  heddle_device* device = shop_device();
  heddle_data* data = shop_data();
  heddle_session* session = shop_session(device); /* one session asks all bundles of a device */
  int i;
  for (i = 0; i < shop_kind_count; ++i) {
    heddle_bundle* bundle = shop_bundle(shop_kinds[i].name, data, device);
    if (bundle == NULL) continue;
    ids_and_names(bundle);
    users_and_visitors(bundle, session,
                       strcmp(shop_kinds[i].name, "graph-filter") != 0 && strcmp(shop_kinds[i].name, "blend") != 0);
    strangers(bundle, session);
    lists(bundle, session);
    alike(bundle, session, strcmp(shop_kinds[i].name, "lightgcn") != 0);
    pairs(bundle, session);
    refused(bundle, session);
    if (i == 0) on_another_device(bundle);
    heddle_bundle_destroy(bundle);
  }
  heddle_session_destroy(session);
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}
