#include <pthread.h>
#include <string.h>

#include "tests/capi/check.h"
#include "tests/capi/shop.h"

enum { k = 6, thread_count = 4, rounds = 20 };

/* What a thread does with the bundle that all ask, and what came of it: only the main thread checks. */
typedef struct asker {
  const heddle_device* device;
  const heddle_bundle* bundle;
  const heddle_request* requests; /* [shop_users] */
  const char* const* alone;       /* [shop_users x k] */
  int different, failed;
  char message[64];
} asker;

static void* ask(void* argument) {
  asker* of = argument;
  heddle_session* session = NULL;
  const char* ids[k];
  int round, user;
  of->failed += heddle_last_message()[0] != '\0'; /* other threads' messages are not this one's */
  of->failed += heddle_session_create(of->device, 0, &session) != HEDDLE_OK;
  for (round = 0; round < rounds; ++round) {
    for (user = 0; user < shop_users; ++user) {
      of->failed += heddle_recommend(of->bundle, session, &of->requests[user], 1, k, NULL, ids, NULL, NULL) != HEDDLE_OK;
      of->different += memcmp(ids, of->alone + user * k, sizeof(ids)) != 0;
    }
  }
  of->failed += heddle_bundle_item_name(of->bundle, "something") != NULL;
  strncpy(of->message, heddle_last_message(), sizeof(of->message) - 1);
  heddle_session_destroy(session);
  return NULL;
}

void test_threads(void) {
  heddle_device* device = shop_device();
  heddle_data* data = shop_data();
  heddle_bundle* bundle = shop_bundle("lightgcn", data, device);
  heddle_session* session = shop_session(device);
  heddle_request requests[shop_users];
  const char* alone[shop_users * k];
  asker askers[thread_count];
  pthread_t threads[thread_count];
  int i;
  memset(requests, 0, sizeof(requests));
  for (i = 0; i < shop_users; ++i) {
    requests[i].user = shop_user_id(i);
    CHECK_OK(heddle_recommend(bundle, session, &requests[i], 1, k, NULL, alone + i * k, NULL, NULL));
  }
  CHECK(heddle_bundle_item_name(bundle, "nothing") == NULL);
  memset(askers, 0, sizeof(askers));
  for (i = 0; i < thread_count; ++i) {
    askers[i].device = device;
    askers[i].bundle = bundle;
    askers[i].requests = requests;
    askers[i].alone = alone;
    CHECK(pthread_create(&threads[i], NULL, ask, &askers[i]) == 0);
  }
  for (i = 0; i < thread_count; ++i) {
    CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(askers[i].different == 0 && askers[i].failed == 0);
    CHECK(strstr(askers[i].message, "item 'something' is unknown") != NULL);
  }
  CHECK(strstr(heddle_last_message(), "item 'nothing' is unknown") != NULL);
  heddle_session_destroy(session);
  heddle_bundle_destroy(bundle);
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}
