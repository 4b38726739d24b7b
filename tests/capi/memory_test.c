#include <stdio.h>
#include <string.h>

#include "tests/capi/check.h"
#include "tests/capi/denied.h"
#include "tests/capi/shop.h"

/* Every function that can run out of memory is called again and again, each time with the next of its allocations failing: until
   none is left, and again with all after it failing too. */
enum { most_failures = 100000, k = 3 };

/* What the calls work on. */
typedef struct bench {
  const heddle_device* device;
  const heddle_data* data;
  heddle_bundle* bundle;
  heddle_session* session;
  int kind;
  const char *csv, *items, *path, *rankings;
} bench;

static heddle_status make_device(const bench* of) {
  heddle_device* device = NULL;
  const heddle_status status = heddle_device_create("cpu", 2, &device);
  (void)of;
  heddle_device_destroy(device);
  return status;
}

static heddle_status make_data(const bench* of) {
  heddle_interactions shop = shop_interactions();
  heddle_data* data = NULL;
  heddle_status status;
  (void)of;
  shop.count = 30;
  status = heddle_data_create(&shop, NULL, 0, NULL, NULL, &data);
  heddle_data_destroy(data);
  return status;
}

static heddle_status load_data(const bench* of) {
  heddle_data* data = NULL;
  const heddle_status status = heddle_data_load(of->csv, NULL, 0, NULL, NULL, &data);
  heddle_data_destroy(data);
  return status;
}

static int go_on(const heddle_progress* progress, void* user) {
  (void)user;
  return progress->phase[0] == '\0';
}

static heddle_status fit(const bench* of) {
  heddle_bundle* bundle = NULL;
  heddle_fit_options options;
  heddle_status status;
  memset(&options, 0, sizeof(options));
  options.progress = go_on;
  status = heddle_fit(shop_kinds[of->kind].name, shop_kinds[of->kind].settings, shop_kinds[of->kind].setting_count, of->data,
                      of->device, &options, &bundle);
  heddle_bundle_destroy(bundle);
  return status;
}

static heddle_status load_bundle(const bench* of) {
  heddle_bundle* bundle = NULL;
  const heddle_status status = heddle_bundle_load(of->path, of->device, &bundle);
  heddle_bundle_destroy(bundle);
  return status;
}

static heddle_status save_bundle(const bench* of) { return heddle_bundle_save(of->bundle, of->path, NULL); }

static heddle_status set_lists(const bench* of) {
  static const char *const denied[] = {"A-1", "A-99"}, *const allowed[] = {"A-1", "A-2"};
  heddle_ids allow, deny;
  heddle_status status;
  allow.ids = allowed;
  deny.ids = denied;
  allow.count = deny.count = 2;
  status = heddle_bundle_set_lists(of->bundle, &allow, &deny);
  return status == HEDDLE_OK ? heddle_bundle_set_lists(of->bundle, NULL, NULL) : status;
}

static heddle_status set_item_table(const bench* of) { return heddle_bundle_set_item_table(of->bundle, of->items, NULL, NULL); }

static heddle_status make_session(const bench* of) {
  heddle_session* session = NULL;
  const heddle_status status = heddle_session_create(of->device, 0, &session);
  heddle_session_destroy(session);
  return status;
}

static heddle_status recommend(const bench* of) {
  static const char *const items[] = {"A-3", "A-8", "A-99"}, *const denied[] = {"A-5"};
  heddle_request requests[4];
  heddle_answer_options options;
  heddle_ids deny;
  const char* ids[4 * k];
  memset(requests, 0, sizeof(requests));
  memset(&options, 0, sizeof(options));
  requests[0].user = "u3";
  requests[1].user = "somebody";
  requests[2].basket.ids = items;
  requests[2].basket.count = 3;
  requests[3] = requests[2];
  requests[3].user = "u8";
  deny.ids = denied;
  deny.count = 1;
  options.deny = &deny;
  return heddle_recommend(of->bundle, of->session, requests, 4, k, &options, ids, NULL, NULL);
}

static heddle_status alike(const bench* of) {
  static const char *const users[] = {"u3", "u8"}, *const items[] = {"A-3", "A-8"};
  heddle_ids questions[2];
  const char* ids[2 * k];
  heddle_status status;
  questions[0].ids = items;
  questions[0].count = 2;
  questions[1] = questions[0];
  status = heddle_similar_items(of->bundle, of->session, questions, 2, k, NULL, ids, NULL, NULL);
  if (status != HEDDLE_OK) return status;
  questions[0].ids = questions[1].ids = users;
  return heddle_similar_users(of->bundle, of->session, questions, 2, k, ids, NULL, NULL);
}

static heddle_status score(const bench* of) {
  static const char *const users[] = {"u3", "u8"}, *const items[] = {"A-3", "A-8"};
  float scores[2];
  return heddle_score(of->bundle, of->session, users, items, 2, scores);
}

static heddle_status write_rankings(const bench* of) {
  heddle_answer_options options;
  memset(&options, 0, sizeof(options));
  options.progress = go_on;
  return heddle_write_rankings(of->bundle, of->session, NULL, k, &options, of->rankings, NULL);
}

static heddle_status evaluate(const bench* of) {
  heddle_metrics metrics;
  return heddle_evaluate(of->bundle, of->data, NULL, &metrics);
}

/* A wrong argument is answered without memory too. */
static heddle_status wrong(const bench* of) {
  static const char* const items[] = {"nothing"};
  heddle_ids question;
  const char* ids[k];
  heddle_status status;
  question.ids = items;
  question.count = 1;
  status = heddle_similar_items(of->bundle, of->session, &question, 1, k, NULL, ids, NULL, NULL);
  return status == HEDDLE_USAGE ? HEDDLE_OK : status;
}

static void deny_each(const char* name, heddle_status (*run)(const bench* of), const bench* of) {
  int all, refused = 0, bad = 0, lost = 0, silent = 0, through = 0;
  int64_t n;
  CHECK_OK(run(of)); /* what is made once, on first use, is there now */
  for (all = 0; all < 2; ++all) {
    for (n = 0; n < most_failures; n += all == 0 ? 1 : 5) {
      heddle_status status;
      int64_t live;
      int happened;
      run(of); /* an arena that was refused a block takes those again that it gave back */
      live = blocks_live();
      deny_allocation(n, all);
      status = run(of);
      happened = end_denial();
      bad += status != HEDDLE_OK && status != HEDDLE_OUT_OF_MEMORY;
      silent += status != HEDDLE_OK && heddle_last_message()[0] == '\0';
      refused += status == HEDDLE_OUT_OF_MEMORY;
      lost += blocks_live() > live;
      if (bad + lost + silent > 0) {
        printf("%s: allocation %d%s: %s, %d blocks lost: %s\n", name, (int)n, all == 0 ? "" : " and all after it",
               heddle_status_name(status), (int)(blocks_live() - live), heddle_last_message());
        break;
      }
      if (!happened) {
        ++through;
        break;
      }
    }
  }
  CHECK(bad == 0 && lost == 0 && silent == 0);
  CHECK(through == 2); /* there was no other allocation */
  CHECK(refused > 0);
  CHECK_OK(run(of));
}

void test_memory(void) {
  heddle_device* device = shop_device();
  heddle_data* data = shop_data();
  FILE* file;
  bench of;
  memset(&of, 0, sizeof(of));
  of.device = device;
  of.data = data;
  of.csv = temp_file("orders.csv");
  of.path = temp_file("shop.safetensors");
  of.rankings = temp_file("all.csv");
  shop_write(of.csv);
  of.items = temp_file("items.csv");
  file = fopen(of.items, "w");
  CHECK(file != NULL);
  if (file == NULL) return;
  fprintf(file, "item,title,shelf\nA-1,A longer title than fits into a string itself,S1\nA-2,Two,S2\n");
  CHECK(fclose(file) == 0);
  deny_each("device", make_device, &of);
  deny_each("data of arrays", make_data, &of);
  deny_each("data of a file", load_data, &of);
  for (of.kind = 0; of.kind < shop_kind_count; ++of.kind) {
    heddle_bundle* bundle = shop_bundle(shop_kinds[of.kind].name, data, device);
    heddle_session* session = shop_session(device);
    of.bundle = bundle;
    of.session = session;
    deny_each("fit", fit, &of);
    deny_each("save", save_bundle, &of);
    deny_each("load", load_bundle, &of);
    deny_each("lists", set_lists, &of);
    deny_each("table of items", set_item_table, &of);
    deny_each("session", make_session, &of);
    deny_each("recommend", recommend, &of);
    deny_each("alike", alike, &of);
    deny_each("score", score, &of);
    deny_each("rankings", write_rankings, &of);
    deny_each("evaluate", evaluate, &of);
    deny_each("wrong argument", wrong, &of);
    heddle_session_destroy(session);
    heddle_bundle_destroy(bundle);
  }
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}
