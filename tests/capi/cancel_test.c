#include <stdio.h>
#include <string.h>

#include "tests/capi/check.h"
#include "tests/capi/shop.h"

/* Stops at call number `stop_at` (from 1) of a phase whose name begins with `phase`; notes what it is told. */
typedef struct stopper {
  const char* phase;
  int stop_at;
  int calls, epochs_told, bad_share;
} stopper;

static int stop(const heddle_progress* progress, void* user) {
  stopper* of = user;
  int64_t i;
  of->bad_share += progress->share > 1;
  for (i = 0; i < progress->figure_count; ++i) {
    of->epochs_told += strcmp(progress->figures[i].name, "epoch") == 0 && progress->figures[i].total == 3 &&
                       progress->figures[i].value >= 1 && strcmp(progress->subject, "lightgcn") == 0;
  }
  if (strncmp(progress->phase, of->phase, strlen(of->phase)) != 0) return 0;
  return ++of->calls == of->stop_at ? -1 : 0;
}

static heddle_status fit(const char* kind, int of_kind, stopper* progress, const heddle_data* data, const heddle_device* device,
                         heddle_bundle** bundle) {
  heddle_fit_options options;
  memset(&options, 0, sizeof(options));
  options.progress = stop;
  options.user = progress;
  return heddle_fit(kind, shop_kinds[of_kind].settings, shop_kinds[of_kind].setting_count, data, device, &options, bundle);
}

void test_cancel(void) {
  heddle_device* device = shop_device();
  heddle_data *data = shop_data(), *loaded = NULL;
  heddle_bundle* bundle = NULL;
  const char* csv = temp_file("orders.csv");
  stopper never = {"", 0, 0, 0, 0}, later = {"training", 8, 0, 0, 0}, at_once = {"fitting", 1, 0, 0, 0};
  stopper preparing = {"preparing", 1, 0, 0, 0}, reading = {"", 0, 0, 0, 0}, ranking = {"ranking", 1, 0, 0, 0};

  /* Who goes on is told of all and changes nothing. */
  CHECK_OK(fit("lightgcn", 3, &never, data, device, &bundle));
  CHECK(never.calls > 10 && never.epochs_told > 5 && never.bad_share == 0);
  CHECK(heddle_bundle_info(bundle, "unfinished") == NULL);
  heddle_bundle_destroy(bundle);

  /* A training that is stopped has a result. */
  CHECK_FAILS(fit("lightgcn", 3, &later, data, device, &bundle), HEDDLE_INTERRUPTED, "its training was interrupted");
  CHECK(bundle != NULL && later.calls >= 8);
  if (bundle != NULL) {
    heddle_session* session = shop_session(device);
    heddle_request request;
    const char* ids[3];
    memset(&request, 0, sizeof(request));
    request.user = "u0";
    CHECK(strcmp(heddle_bundle_info(bundle, "unfinished"), "interrupted") == 0);
    CHECK_OK(heddle_recommend(bundle, session, &request, 1, 3, NULL, ids, NULL, NULL));
    CHECK(ids[2] != NULL);
    heddle_session_destroy(session);
  }
  heddle_bundle_destroy(bundle);

  /* What is computed at once has none. */
  CHECK_FAILS(fit("graph-filter", 2, &at_once, data, device, &bundle), HEDDLE_INTERRUPTED, "graph-filter");
  CHECK(bundle == NULL && at_once.calls == 1);

  {
    const heddle_interactions shop = shop_interactions();
    stopper arrays = {"preparing", 1, 0, 0, 0};
    CHECK_FAILS(heddle_data_create(&shop, NULL, 0, stop, &arrays, &loaded), HEDDLE_INTERRUPTED, "prepared");
    CHECK(loaded == NULL && arrays.calls == 1);
  }
  shop_write(csv);
  CHECK_FAILS(heddle_data_load(csv, NULL, 0, stop, &preparing, &loaded), HEDDLE_INTERRUPTED, "prepared");
  CHECK(loaded == NULL && preparing.calls == 1);
  CHECK_OK(heddle_data_load(csv, NULL, 0, stop, &reading, &loaded));
  CHECK(loaded != NULL && reading.calls > 1);
  heddle_data_destroy(loaded);

  bundle = shop_bundle("popularity", data, device);
  {
    heddle_evaluate_options options;
    heddle_metrics metrics, before;
    memset(&options, 0, sizeof(options));
    options.progress = stop;
    options.user = &ranking;
    memset(&metrics, 7, sizeof(metrics));
    before = metrics;
    CHECK_FAILS(heddle_evaluate(bundle, data, &options, &metrics), HEDDLE_INTERRUPTED, "interrupted");
    CHECK(ranking.calls == 1 && memcmp(&metrics, &before, sizeof(metrics)) == 0);
  }
  {
    heddle_session* session = shop_session(device);
    stopper writing = {"ranking", 1, 0, 0, 0}, asking = {"ranking", 1, 0, 0, 0};
    heddle_answer_options options;
    heddle_request request;
    const char* id = csv;
    heddle_written written, before;
    FILE* file;
    memset(&written, 7, sizeof(written));
    before = written;
    memset(&options, 0, sizeof(options));
    memset(&request, 0, sizeof(request));
    request.user = "u0";
    options.progress = stop;
    options.user = &asking;
    CHECK_FAILS(heddle_recommend(bundle, session, &request, 1, 1, &options, &id, NULL, NULL), HEDDLE_INTERRUPTED, "interrupted");
    CHECK(asking.calls == 1 && id == csv);
    options.user = &writing;
    CHECK_FAILS(heddle_write_rankings(bundle, session, NULL, 3, &options, temp_file("never.csv"), &written), HEDDLE_INTERRUPTED,
                "interrupted");
    CHECK(writing.calls == 1 && memcmp(&written, &before, sizeof(written)) == 0);
    file = fopen(temp_file("never.csv"), "r");
    CHECK(file == NULL);
    if (file != NULL) fclose(file);
    heddle_session_destroy(session);
  }
  heddle_bundle_destroy(bundle);
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}
