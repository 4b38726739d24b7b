/* heddle from C: who took what in arrays, a model that is judged, saved and loaded again, answers. */
#include <heddle/c.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { users = 30, kinds = 3, each = 4, count = users * each, k = 3 };

/* What is destroyed at the end, whatever happened. */
typedef struct program {
  heddle_device* device;
  heddle_data* data;
  heddle_bundle *fitted, *loaded;
  heddle_session* session;
  int told;
} program;

static int watch(const heddle_progress* progress, void* user) {
  ++*(int*)user;
  return progress->share > 1;
}

/* Each user has four of the ten items of their kind; a model that learnt it ranks others of these for them. */
static int kind_of_item(const char* id) { return id == NULL ? -1 : atoi(id) / 10; }
static int kind_of_user(const char* id) { return id == NULL ? -1 : (atoi(id) - 1000) % kinds; }

static int learn(program* of) {
  static int64_t user_numbers[count], item_numbers[count];
  static const heddle_setting split[] = {{"test_share", "0.25"}}, settings[] = {{"neighbours", "10"}};
  heddle_interactions given = {0};
  heddle_fit_options options = {0};
  int user, place;
  for (user = 0; user < users; ++user) {
    for (place = 0; place < each; ++place) {
      user_numbers[user * each + place] = 1000 + user;
      item_numbers[user * each + place] = user % kinds * 10 + (user / kinds + place * 3) % 10;
    }
  }
  given.count = count;
  given.user_numbers = user_numbers;
  given.item_numbers = item_numbers;
  options.seed = 1;
  options.progress = watch;
  options.user = &of->told;
  if (heddle_data_create(&given, split, 1, watch, &of->told, &of->data) != HEDDLE_OK) return 1;
  if (heddle_fit("item-cosine", settings, 1, of->data, of->device, &options, &of->fitted) != HEDDLE_OK) return 1;
  if (heddle_bundle_save(of->fitted, "c_program.safetensors", NULL) != HEDDLE_OK) return 1;
  return heddle_bundle_load("c_program.safetensors", of->device, &of->loaded) != HEDDLE_OK;
}

static int ask(program* of) {
  heddle_request requests[users];
  heddle_answer_options options = {0};
  heddle_ids question;
  heddle_metrics metrics;
  heddle_written written;
  const char *items[users * k], *alike[k], *user = "1000";
  float score = 0;
  int i, good = 0, kin = 0;
  memset(requests, 0, sizeof(requests));
  options.progress = watch;
  options.user = &of->told;
  for (i = 0; i < users; ++i) requests[i].user = heddle_bundle_user_id(of->loaded, i);
  if (heddle_session_create(of->device, 0, &of->session) != HEDDLE_OK) return 1;
  if (heddle_recommend(of->loaded, of->session, requests, users, k, NULL, items, NULL, NULL) != HEDDLE_OK) return 1;
  for (i = 0; i < users * k; ++i) good += kind_of_item(items[i]) == kind_of_user(requests[i / k].user);
  question.ids = items; /* the best for the first user */
  question.count = 1;
  if (heddle_similar_items(of->loaded, of->session, &question, 1, k, NULL, alike, NULL, NULL) != HEDDLE_OK) return 1;
  for (i = 0; i < k; ++i) kin += kind_of_item(alike[i]) == kind_of_item(items[0]);
  question.ids = &user;
  if (heddle_similar_users(of->loaded, of->session, &question, 1, k, alike, NULL, NULL) != HEDDLE_OK) return 1;
  for (i = 0; i < k; ++i) kin += kind_of_user(alike[i]) == kind_of_user(user);
  if (heddle_score(of->loaded, of->session, &user, items, 1, &score) != HEDDLE_OK) return 1;
  if (heddle_evaluate(of->loaded, of->data, NULL, &metrics) != HEDDLE_OK) return 1;
  if (heddle_write_rankings(of->loaded, of->session, NULL, k, &options, "c_program.csv", &written) != HEDDLE_OK) return 1;
  printf("from C: %d of %d recommendations are of the user's kind, and so are %d of %d that are alike; recall@20 %.3f, %d rows\n",
         good, users * k, kin, 2 * k, metrics.recall, (int)written.rows);
  return !(good == users * k && kin == 2 * k && score > 0 && metrics.recall > 0.9 && written.rows == users * k && of->told > 2);
}

int main(void) {
  program of = {0};
  const int status = heddle_device_create("cpu", 2, &of.device) != HEDDLE_OK || learn(&of) != 0 || ask(&of) != 0;
  if (status != 0) fprintf(stderr, "heddle %s: %s\n", heddle_version(), heddle_last_message());
  if (strcmp(heddle_version(), HEDDLE_VERSION) != 0) fprintf(stderr, "the headers are of heddle %s\n", HEDDLE_VERSION);
  heddle_session_destroy(of.session);
  heddle_bundle_destroy(of.loaded);
  heddle_bundle_destroy(of.fitted);
  heddle_data_destroy(of.data);
  heddle_device_destroy(of.device);
  return status;
}
