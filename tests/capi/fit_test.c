#include <string.h>

#include "tests/capi/check.h"
#include "tests/capi/shop.h"

void test_fit(void) {
  static const heddle_setting unknown[] = {{"dims", "8"}}, wrong[] = {{"dim", "0"}}, unset[] = {{"dim", NULL}},
                              nameless[] = {{NULL, "8"}};
  static const heddle_setting patient[] = {{"dim", "4"},        {"epochs", "2"},      {"patience", "1"},
                                           {"eval_every", "1"}, {"batch_size", "64"}, {"temperature", "0.2"}};
  static const heddle_setting hot[] = {
      {"dim", "4"}, {"epochs", "3"}, {"learning_rate", "1e30"}, {"temperature", "0.2"}, {"batch_size", "64"}};
  heddle_device* device = shop_device();
  heddle_data* data = shop_data();
  heddle_bundle* bundle = NULL;
  heddle_fit_options options;
  int i;
  for (i = 0; i < shop_kind_count; ++i) {
    const char *name = NULL, *value = NULL;
    int64_t entries = 0;
    bundle = shop_bundle(shop_kinds[i].name, data, device);
    if (bundle == NULL) continue;
    CHECK(strcmp(heddle_bundle_kind(bundle), shop_kinds[i].name) == 0);
    CHECK(heddle_bundle_users(bundle) == shop_users);
    CHECK(heddle_bundle_items(bundle) == shop_items);
    CHECK(heddle_bundle_interactions(bundle) == heddle_data_interactions(data, "train"));
    CHECK(strcmp(heddle_bundle_info(bundle, "data.name"), "shop") == 0);
    CHECK(strcmp(heddle_bundle_info(bundle, "seed"), "1") == 0);
    CHECK(heddle_bundle_info(bundle, "unfinished") == NULL);
    while (heddle_bundle_info_at(bundle, entries, &name, &value) == HEDDLE_OK) {
      CHECK(heddle_bundle_info(bundle, name) == value);
      ++entries;
    }
    CHECK(entries > 5);
    CHECK_FAILS(heddle_bundle_info_at(bundle, -1, &name, &value), HEDDLE_USAGE, "no entry -1");
    heddle_bundle_destroy(bundle);
  }
  bundle = shop_bundle("lightgcn", data, device);
  CHECK(strcmp(heddle_bundle_info(bundle, "setting.dim"), "8") == 0);
  CHECK(strcmp(heddle_bundle_info(bundle, "epochs"), "3") == 0);
  heddle_bundle_destroy(bundle);

  /* Without options: seed 0. */
  CHECK_OK(heddle_fit("graph-filter", shop_kinds[2].settings, 1, data, device, NULL, &bundle));
  CHECK(strcmp(heddle_bundle_info(bundle, "seed"), "0") == 0);
  heddle_bundle_destroy(bundle);

  /* What settings need for validation is held out, where there is enough, and what is asked for. */
  CHECK_OK(heddle_fit("lightgcn", patient, 6, data, device, NULL, &bundle));
  CHECK(strcmp(heddle_bundle_info(bundle, "held_out"), "0.2") == 0);
  heddle_bundle_destroy(bundle);
  memset(&options, 0, sizeof(options));
  options.hold_out = 0.1;
  CHECK_FAILS(heddle_fit("lightgcn", patient, 6, data, device, &options, &bundle), HEDDLE_USAGE,
              "no user has enough interactions");
  options.hold_out = 0.4;
  CHECK_OK(heddle_fit("lightgcn", patient, 6, data, device, &options, &bundle));
  CHECK(strcmp(heddle_bundle_info(bundle, "held_out"), "0.4") == 0);
  heddle_bundle_destroy(bundle);
  CHECK_OK(heddle_fit("popularity", NULL, 0, data, device, &options, &bundle));
  CHECK(strcmp(heddle_bundle_info(bundle, "held_out"), "0.4") == 0);
  CHECK(heddle_bundle_interactions(bundle) < heddle_data_interactions(data, "train"));
  heddle_bundle_destroy(bundle);
  CHECK(heddle_data_interactions(data, "val") == 0); /* the caller's data do not change */

  CHECK_FAILS(heddle_fit("ligthgcn", NULL, 0, data, device, NULL, &bundle), HEDDLE_USAGE, "lightgcn");
  CHECK(bundle == NULL);
  CHECK_FAILS(heddle_fit("gcn", NULL, 0, data, device, NULL, &bundle), HEDDLE_USAGE, "gcn");
  CHECK_FAILS(heddle_fit("lightgcn", unknown, 1, data, device, NULL, &bundle), HEDDLE_USAGE, "dims");
  CHECK_FAILS(heddle_fit("lightgcn", wrong, 1, data, device, NULL, &bundle), HEDDLE_USAGE, "dim");
  CHECK_FAILS(heddle_fit("lightgcn", unset, 1, data, device, NULL, &bundle), HEDDLE_USAGE, "setting 0 has no value");
  CHECK_FAILS(heddle_fit("lightgcn", nameless, 1, data, device, NULL, &bundle), HEDDLE_USAGE, "setting 0 has no name");
  options.hold_out = 1;
  CHECK_FAILS(heddle_fit("popularity", NULL, 0, data, device, &options, &bundle), HEDDLE_USAGE, "hold_out is 1");
  CHECK(bundle == NULL);

  /* A training that diverges at once leaves nothing. */
  CHECK_FAILS(heddle_fit("lightgcn", hot, 5, data, device, NULL, &bundle), HEDDLE_DIVERGED, "epoch");
  heddle_bundle_destroy(bundle);
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}
