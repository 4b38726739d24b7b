#include <math.h>
#include <string.h>

#include "tests/capi/check.h"
#include "tests/capi/shop.h"

void test_judge(void) {
  static const char* const names[] = {"recall", "ndcg", "precision", "hit", "mrr", "map"};
  static const heddle_setting other_seed[] = {{"split_seed", "5"}};
  static const heddle_setting with_val[] = {{"val_share", "0.2"}};
  heddle_device* device = shop_device();
  heddle_data *data = shop_data(), *other = NULL;
  heddle_bundle* bundle = shop_bundle("item-cosine", data, device);
  heddle_interactions shop = shop_interactions();
  heddle_metrics metrics, again;
  heddle_evaluate_options options;
  int i;
  CHECK_OK(heddle_evaluate(bundle, data, NULL, &metrics));
  CHECK(metrics.k == 20 && metrics.users == shop_users && metrics.unknown == 0 && metrics.in_training == 0);
  CHECK(metrics.recall > 0.9); /* 20 of 40 items, and each customer's are among ten */
  for (i = 0; i < 6; ++i) CHECK(heddle_metric(&metrics, names[i]) > 0 && heddle_metric(&metrics, names[i]) <= 1);
  CHECK(heddle_metric(&metrics, "ndcg") == metrics.ndcg && heddle_metric(&metrics, "map") == metrics.map);
  CHECK(isnan(heddle_metric(&metrics, "accuracy")));
  CHECK(strstr(heddle_last_message(), "accuracy") != NULL);

  memset(&options, 0, sizeof(options));
  options.k = 3;
  CHECK_OK(heddle_evaluate(bundle, data, &options, &again));
  CHECK(again.k == 3 && again.recall > 0 && again.recall <= metrics.recall);
  options.definition = "retrieved";
  CHECK_OK(heddle_evaluate(bundle, data, &options, &metrics));
  CHECK(metrics.recall == again.recall && metrics.ndcg >= again.ndcg);
  options.definition = "uni5";
  CHECK_OK(heddle_evaluate(bundle, data, &options, &metrics));
  CHECK(metrics.recall >= again.recall && metrics.users == again.users);

  memset(&metrics, 7, sizeof(metrics));
  again = metrics;
  options.definition = "best";
  CHECK_FAILS(heddle_evaluate(bundle, data, &options, &metrics), HEDDLE_USAGE, "heddle_evaluate: definition");
  options.definition = NULL;
  options.part = "exam";
  CHECK_FAILS(heddle_evaluate(bundle, data, &options, &metrics), HEDDLE_USAGE, "exam");
  options.part = "val";
  CHECK_FAILS(heddle_evaluate(bundle, data, &options, &metrics), HEDDLE_USAGE, "nobody can be judged");
  options.part = NULL;
  options.k = 1001;
  CHECK_FAILS(heddle_evaluate(bundle, data, &options, &metrics), HEDDLE_USAGE, "1001");
  CHECK(memcmp(&metrics, &again, sizeof(metrics)) == 0);

  /* Other data: what the bundle was trained on is left out and counted, and so is what it does not know. */
  CHECK_OK(heddle_data_create(&shop, other_seed, 1, NULL, NULL, &other));
  CHECK_OK(heddle_evaluate(bundle, other, NULL, &metrics));
  CHECK(metrics.in_training > 0 && metrics.unknown == 0);
  heddle_data_destroy(other);
  CHECK_OK(heddle_data_create(&shop, with_val, 1, NULL, NULL, &other));
  heddle_bundle_destroy(bundle);
  bundle = shop_bundle("item-cosine", other, device);
  options.k = 3;
  options.part = "val";
  CHECK_OK(heddle_evaluate(bundle, other, &options, &metrics));
  CHECK(metrics.users > 0 && metrics.recall > 0);
  options.include_validation = 1; /* of no use to the validation part itself */
  CHECK_OK(heddle_evaluate(bundle, other, &options, &again));
  CHECK(again.recall == metrics.recall);
  options.part = "test";
  CHECK_OK(heddle_evaluate(bundle, other, &options, &again));
  options.include_validation = 0;
  CHECK_OK(heddle_evaluate(bundle, other, &options, &metrics));
  CHECK(again.recall < metrics.recall);
  heddle_data_destroy(other);
  heddle_bundle_destroy(bundle);
  heddle_data_destroy(data);
  heddle_device_destroy(device);
}
