#pragma once

/// @file
/// heddle's recommenders for programs in C, and for languages that call C: fit by name, load, ask by raw id, judge, save.
/// docs/c.md is a walk through it. C99, and C++ as well.
///
/// What holds for every function:
///
/// - Errors. Functions that can fail return a heddle_status: HEDDLE_OK (0) or what went wrong; heddle_last_message() then has a
///   sentence with names and values. The few that return a number or a text return -1 or NULL instead. No C++ exception leaves
///   them, nothing is printed, and running out of memory is a status like others.
/// - NULL. A pointer may be NULL only where its function says so; any other NULL is HEDDLE_USAGE. An array may be NULL where its
///   count is 0.
/// - Results. Where a function fails, the caller's arrays and structs are as they were, and a handle that it was to make is NULL.
/// - Ownership. A handle belongs to the caller, who destroys it once; destroying NULL does nothing. Handles may be destroyed in
///   any order: a bundle keeps what it needs of its device, a session too. What the caller hands over, texts and arrays, is read
///   during the call and not kept. Texts that a function returns belong to what it says and live as long as that.
/// - Threads. "Any" at a function says: any thread, and any number of them at the same time, since these functions change
/// nothing.
///   "The session's": the same, with a session for each; a request in a session while another thread's is under way in it is
///   HEDDLE_USAGE. "Alone": any thread, while no other call that is given the handle is under way.
/// - Texts end in a zero byte. Raw ids may be any other bytes; names and sentences are UTF-8.
/// - Zeros. A struct of options whose bytes are all zero has the defaults.

#include <stdint.h>

#include "heddle/export.h"
#include "heddle/version_number.h"

#ifdef __cplusplus
extern "C" {
#endif

HEDDLE_API_BEGIN
// NOLINTBEGIN(modernize-use-using,modernize-redundant-void-arg): this is C.

/// What became of a call: 0, or the kind of the error. heddle_last_message() has the sentence.
typedef enum heddle_status {
  HEDDLE_OK = 0,             ///< it did what was asked
  HEDDLE_USAGE = 1,          ///< the caller asked for something that cannot be meant
  HEDDLE_BAD_DATA = 2,       ///< a file or an array holds what it must not hold
  HEDDLE_OUT_OF_MEMORY = 3,  ///< the device or the host has no room for an allocation
  HEDDLE_NO_DEVICE = 4,      ///< the device asked for is not present or not built in
  HEDDLE_DIVERGED = 5,       ///< a loss or a weight became NaN or infinite
  HEDDLE_INTERRUPTED = 6,    ///< a progress function asked to stop
  HEDDLE_IO = 7,             ///< the operating system refused to read or write
  HEDDLE_INTERNAL = 8        ///< a promise that heddle makes to itself was broken: please report it
} heddle_status;

/// Where models are fitted and asked: the processor or a GPU, with the threads that work there. Make one and share it: each cpu
/// device has a team of threads of its own.
typedef struct heddle_device heddle_device;
/// Interactions, who took what, cleaned and split into parts: train, val and test.
typedef struct heddle_data heddle_data;
/// A fitted recommender with the raw ids of its users and items, lists and columns of items, and how it was made: what a model's
/// file holds.
typedef struct heddle_bundle heddle_bundle;
/// What one thread needs to ask bundles of one device: the memory of a request on its way.
typedef struct heddle_session heddle_session;

/// A setting by name, both as text: {"dim", "32"}.
typedef struct heddle_setting {
  const char* name;   ///< with underscores: "learning_rate"
  const char* value;  ///< as it is written on the command line
} heddle_setting;

/// Some raw ids, in an array of the caller's. All zeros: none.
typedef struct heddle_ids {
  const char* const* ids;  ///< [count], each a text; or NULL where count is 0
  int64_t count;           ///< how many there are
} heddle_ids;

/// A figure of what is under way: "epoch" 3 of 80, "loss" 5.8977.
typedef struct heddle_progress_figure {
  const char* name;  ///< "epoch", "loss", "user", ...
  double value;      ///< NaN: not known yet
  double total;      ///< of a count, from 1: how many there will be; 0: the figure is no count
  int at_most;       ///< not 0: the total is only a bound
} heddle_progress_figure;

/// How far a call is. It goes through phases, one at a time; the same one may come again, and then begins anew.
typedef struct heddle_progress {
  const char* phase;                      ///< "reading the data", "training", "ranking", ...
  const char* subject;                    ///< which of several models is under way; "" where there is one
  double share;                           ///< of the phase that is done, from 0 to 1; negative: nobody knows
  double most_left;                       ///< seconds that a limit on its time leaves the phase; negative: there is none
  const heddle_progress_figure* figures;  ///< [figure_count], counts first
  int64_t figure_count;                   ///< how many there are
} heddle_progress;

/// Called by the thread that called heddle, before each piece of work (a step of training, a block of users). Returns 0 to go on,
/// anything else to stop. `progress` and what it points to live until it returns; `user` is what the call was given. It must
/// return: it must not leave by longjmp, by pthread_exit or by an exception.
typedef int (*heddle_progress_function)(const heddle_progress* progress, void* user);

// --- the library --------------------------------------------------------------------------------------------------------------

/// "MAJOR.MINOR.PATCH" of the library that the program runs with; HEDDLE_VERSION is that of the headers. Never NULL.
/// Ownership: lives for ever. Threads: any.
const char* heddle_version(void);

/// A heddle_status as a word: "ok", "usage", "bad_data", ...; "unknown" for a number that is none. Never NULL.
/// Ownership: lives for ever. Threads: any.
const char* heddle_status_name(int status);

/// What went wrong in the calling thread's last call that failed; "" where none has. Never NULL; sentences of more than 1023
/// bytes are cut.
/// Ownership: the thread's, until its next call that fails. Threads: any; each has its own.
const char* heddle_last_message(void);

/// The name of recommender number `index`, from 0, that heddle_fit knows: "popularity", "lightgcn", ...; NULL where there are not
/// so many, which is no error.
/// Ownership: lives for ever. Threads: any.
const char* heddle_kind_name(int64_t index);

// --- devices ------------------------------------------------------------------------------------------------------------------

/// Makes a device. `name`: "cpu", "cuda", "cuda:1", "simt", or "auto" or NULL for the first GPU where there is one, else the cpu.
/// `threads`: of a cpu device; 0: as many as the processors and the container's quota allow. HEDDLE_USAGE for another name or a
/// number of threads out of range; HEDDLE_NO_DEVICE where there is none such, or the program is linked without it.
/// Ownership: *device is the caller's, for heddle_device_destroy. Threads: any.
heddle_status heddle_device_create(const char* name, int threads, heddle_device** device);

/// Destroys the handle; bundles and sessions of the device go on. NULL: nothing happens. Threads: alone.
void heddle_device_destroy(heddle_device* device);

/// A line for people: "cpu (2 threads, avx512)". NULL where `device` is NULL.
/// Ownership: the device's. Threads: any.
const char* heddle_device_description(const heddle_device* device);

// --- data ---------------------------------------------------------------------------------------------------------------------

/// Interactions in the caller's arrays, one entry each. Users come by raw id or by number, and so do items: of each pair of
/// arrays exactly one is not NULL. A number stands for the id that is its decimal text.
typedef struct heddle_interactions {
  int64_t count;                  ///< entries of every array below that is not NULL
  const char* const* user_ids;    ///< not empty
  const int64_t* user_numbers;    ///< in place of user_ids
  const char* const* item_ids;    ///< not empty
  const int64_t* item_numbers;    ///< in place of item_ids
  const char* const* item_names;  ///< or NULL; a title of the entry's item, NULL where there is none; an item's first one counts
  const float* ratings;           ///< or NULL; for the setting min_rating
  const double* times;            ///< or NULL; any unit, larger is later; for the setting by_time
  const char* const* behaviours;  ///< or NULL; "view", "buy", ...; for the setting behaviour_weights
  const char* const* parts;       ///< or NULL; "train", "val" or "test": the split, which otherwise settings make
  const char* name;               ///< of the data, which a saved bundle tells; NULL: "interactions"
} heddle_interactions;

/// Makes data of arrays. `settings` are those by which `heddle data` prepares interactions (docs/cli.md lists them), with
/// underscores: "k_core", "min_rating", "behaviour_weights", "split", "test_share", "val_share", "by_time", "global_split",
/// "split_seed"; without any a fifth of each user's interactions becomes the test part. `progress` (or NULL) is told "preparing
/// the data", and may stop: HEDDLE_INTERRUPTED. HEDDLE_USAGE for a setting that there is not, a value that is not allowed, or
/// arrays that do not go together; HEDDLE_BAD_DATA where nothing is left to train on.
/// Ownership: *data is the caller's, for heddle_data_destroy; the arrays are copied. Threads: any.
heddle_status heddle_data_create(const heddle_interactions* interactions, const heddle_setting* settings, int64_t setting_count,
                                 heddle_progress_function progress, void* user, heddle_data** data);

/// Makes data of a file or folder: CSV and its kin, JSON lines, RecBole, MovieLens, LightGCN's text, Matrix Market or SciPy's
/// .npz (docs/formats.md). `settings` as above, and "format", "user_column", "item_column", "rating_column", "behaviour_column",
/// "time_column", "separator", "quote", "encoding", "header", "skip_lines", "missing", "ragged", "dates", "strict" ("true": what
/// is doubtful or left out is HEDDLE_BAD_DATA); heddle_data_reading tells what was read. `progress` (or NULL) is told "reading
/// the data" and "preparing the data", and may stop: HEDDLE_INTERRUPTED. HEDDLE_IO where the file cannot be read, HEDDLE_BAD_DATA
/// with file and line for what is not in its format, HEDDLE_USAGE as above. Ownership: *data is the caller's, for
/// heddle_data_destroy. Threads: any.
heddle_status heddle_data_load(const char* path, const heddle_setting* settings, int64_t setting_count,
                               heddle_progress_function progress, void* user, heddle_data** data);

/// Destroys the handle; bundles fitted to the data go on. NULL: nothing happens. Threads: alone.
void heddle_data_destroy(heddle_data* data);

/// How many users the data have; -1 where `data` is NULL. Threads: any.
int64_t heddle_data_users(const heddle_data* data);

/// How many items the data have; -1 where `data` is NULL. Threads: any.
int64_t heddle_data_items(const heddle_data* data);

/// How many interactions a part of the data has: "train", "val" or "test". -1 where `data` or `part` is NULL, or `part` is none
/// of these. Threads: any.
int64_t heddle_data_interactions(const heddle_data* data, const char* part);

/// What was read, and how, as one JSON object in UTF-8, as `heddle data --json` prints it under "reading" (docs/formats.md):
/// files, columns, rows that were left out, notes about what was doubtful. Of data from arrays its lists are empty. NULL where
/// `data` is NULL. Ownership: the data's; it lasts as long as they do. Threads: any.
const char* heddle_data_reading(const heddle_data* data);

// --- fitting ------------------------------------------------------------------------------------------------------------------

/// How heddle_fit goes about it.
typedef struct heddle_fit_options {
  uint64_t seed;  ///< of all that is drawn at random
  /// Share of each user's training interactions that is kept for validation where the data have none, from 0 to below 1; 0: none,
  /// or a tenth, more among small baskets, where the settings need some ("patience", a blend's weight).
  double hold_out;
  /// Or NULL. Told "choosing the temperature", "choosing the blend's weight", "training", "fitting" and, for evaluations on the
  /// way, "ranking for validation"; may stop.
  heddle_progress_function progress;
  void* user;  ///< for progress
} heddle_fit_options;

/// Fits a recommender by its name, as `heddle train KIND` does: "popularity", "item-cosine", "graph-filter", "lightgcn" or
/// "blend". `settings`: those of the kind and of its training, by the names of the program's options with underscores
/// ("learning_rate"); what is not given has its default (docs/cli.md). `options` NULL: the defaults. The same settings, data,
/// seed and device give the same bits. HEDDLE_USAGE for a kind or a setting that there is not, or a value that is not allowed.
///
/// HEDDLE_INTERRUPTED where `progress` stopped it and HEDDLE_DIVERGED where training diverged: *bundle then is what had been
/// reached, a bundle like others (its heddle_bundle_info "unfinished" tells which it was), or NULL where that was nothing yet.
/// Ownership: *bundle is the caller's, for heddle_bundle_destroy. Threads: any.
heddle_status heddle_fit(const char* kind, const heddle_setting* settings, int64_t setting_count, const heddle_data* data,
                         const heddle_device* device, const heddle_fit_options* options, heddle_bundle** bundle);

// --- bundles ------------------------------------------------------------------------------------------------------------------

/// Loads what heddle_bundle_save, `heddle train --save` or `heddle bundle` wrote. HEDDLE_IO where the file cannot be read,
/// HEDDLE_BAD_DATA where it is damaged or no recommender's.
/// Ownership: *bundle is the caller's, for heddle_bundle_destroy; the file is not needed any more. Threads: any.
heddle_status heddle_bundle_load(const char* path, const heddle_device* device, heddle_bundle** bundle);

/// How heddle_bundle_save saves.
typedef struct heddle_save_options {
  /// Not 0: the file has nothing of any user, neither interactions nor ids nor vectors. It then answers visitors by their items,
  /// and refuses what needs users; its heddle_bundle_info "history" is "none".
  int without_history;
} heddle_save_options;

/// Writes the bundle to one file (docs/recommending.md). `options` NULL: the defaults. Whatever happens, the path holds either
/// all of it or what stood there before. The file tells who took what: a new one is readable by its owner alone. HEDDLE_IO where
/// it cannot be written, HEDDLE_USAGE without history for a kind that answers from the interactions themselves ("graph-filter").
/// Threads: any.
heddle_status heddle_bundle_save(const heddle_bundle* bundle, const char* path, const heddle_save_options* options);

/// Puts lists in place of those that the bundle has, for whatever is asked of it from now on, and to be saved with it: nobody is
/// given other items than those of `allow`, nor any of `deny`. NULL: no such list. Ids that the bundle does not know are left
/// out. Where it fails the lists are as they were. Threads: alone.
heddle_status heddle_bundle_set_lists(heddle_bundle* bundle, const heddle_ids* allow, const heddle_ids* deny);

/// Reads a table of items (docs/cli.md, heddle bundle) and puts its columns in place of those that the bundle has; one called
/// "name" or "title" becomes the items' titles. They are saved with the bundle. *unknown, where that is not NULL: rows of items
/// that the bundle does not know, left out; *without: items of the bundle of which there is no row, whose values are empty.
/// HEDDLE_IO where the file cannot be read, HEDDLE_BAD_DATA with its line for what is no such table; the bundle is then as it
/// was. Ownership: titles and values that the bundle has told before are gone. Threads: alone.
heddle_status heddle_bundle_set_item_table(heddle_bundle* bundle, const char* path, int64_t* unknown, int64_t* without);

/// Destroys the handle, and the texts that belong to it. NULL: nothing happens. Threads: alone.
void heddle_bundle_destroy(heddle_bundle* bundle);

/// The kind of its model: "lightgcn". NULL where `bundle` is NULL.
/// Ownership: the bundle's. Threads: any.
const char* heddle_bundle_kind(const heddle_bundle* bundle);

/// How many users it knows: 0 where it was saved without history. -1 where `bundle` is NULL. Threads: any.
int64_t heddle_bundle_users(const heddle_bundle* bundle);

/// How many items it knows. -1 where `bundle` is NULL. Threads: any.
int64_t heddle_bundle_items(const heddle_bundle* bundle);

/// How many interactions it was trained on, as far as it has them. -1 where `bundle` is NULL. Threads: any.
int64_t heddle_bundle_interactions(const heddle_bundle* bundle);

/// What the bundle's file tells under this name, as text: "model", "data.name", "data.hash", "seed", "setting.dim",
/// "trained.temperature", "unfinished", ... (docs/recommending.md lists them). NULL where it tells no such thing, which is no
/// error, or where an argument is NULL.
/// Ownership: the bundle's. Threads: any.
const char* heddle_bundle_info(const heddle_bundle* bundle, const char* name);

/// Entry number `index`, from 0, of what heddle_bundle_info knows, by name. HEDDLE_USAGE where there are not so many.
/// Ownership: *name and *value are the bundle's. Threads: any.
heddle_status heddle_bundle_info_at(const heddle_bundle* bundle, int64_t index, const char** name, const char** value);

/// The raw id of user number `index`, from 0, to list them all. NULL where there are not so many or `bundle` is NULL.
/// Ownership: the bundle's. Threads: any.
const char* heddle_bundle_user_id(const heddle_bundle* bundle, int64_t index);

/// The raw id of item number `index`, from 0, to list them all. NULL where there are not so many or `bundle` is NULL.
/// Ownership: the bundle's. Threads: any.
const char* heddle_bundle_item_id(const heddle_bundle* bundle, int64_t index);

/// 1 where the bundle knows the user with this raw id, 0 where not, -1 where an argument is NULL. Threads: any.
int heddle_bundle_has_user(const heddle_bundle* bundle, const char* id);

/// 1 where the bundle knows the item with this raw id, 0 where not, -1 where an argument is NULL. Threads: any.
int heddle_bundle_has_item(const heddle_bundle* bundle, const char* id);

/// The title of the item with this raw id, where the bundle has titles; NULL where it has none, which is no error, where it does
/// not know the item, or where an argument is NULL.
/// Ownership: the bundle's. Threads: any.
const char* heddle_bundle_item_name(const heddle_bundle* bundle, const char* id);

/// What stands in a column of the table of items ("category") for the item with this raw id. NULL where there is no such column,
/// where the bundle does not know the item, or where an argument is NULL.
/// Ownership: the bundle's. Threads: any.
const char* heddle_bundle_item_value(const heddle_bundle* bundle, const char* id, const char* column);

// --- asking -------------------------------------------------------------------------------------------------------------------

/// Makes a session, which asks all bundles of the device, one after the other. `threads`: of a cpu device, at most so many work
/// on one request; 0: the device's threads are shared out among the sessions that are answering. Cheap: made in microseconds, and
/// holds next to nothing until it is asked. HEDDLE_USAGE for a negative number.
/// Ownership: *session is the caller's, for heddle_session_destroy. Threads: any.
heddle_status heddle_session_create(const heddle_device* device, int threads, heddle_session** session);

/// Destroys the session. NULL: nothing happens. Threads: alone.
void heddle_session_destroy(heddle_session* session);

/// Whom to recommend to: a user, or a visitor with items. Both: a user, and what they have in their basket, which counts where
/// the bundle knows nothing of the user and is otherwise left out of what they are given.
typedef struct heddle_request {
  const char* user;   ///< a raw id, known or not; NULL: a visitor
  heddle_ids basket;  ///< raw ids of items, in any order; repeats count once, unknown ones are left out
} heddle_request;

/// What somebody is given of whom nothing is known: a user whom the bundle does not know or who has no item in training, a
/// visitor none of whose items it knows.
typedef enum heddle_fallback {
  HEDDLE_FALLBACK_POPULARITY = 0,  ///< the items that most users have in training; the score is how many
  HEDDLE_FALLBACK_NONE = 1         ///< nothing
} heddle_fallback;

/// What answers are made of. Lists hold besides those that the bundle has: both deny, and what both allow is allowed, so that an
/// empty list lifts nothing. Ids in them that the bundle does not know are left out.
typedef struct heddle_answer_options {
  int include_taken;  ///< not 0: what a user took in training, and what is in the basket, may be ranked too
  int fallback;       ///< of heddle_recommend and heddle_write_rankings: a heddle_fallback
  /// Nobody is given other items than these; none of them known: nothing. NULL: every item may be given.
  const heddle_ids* allow;
  const heddle_ids* deny;  ///< nobody is given these items; NULL: none
  /// Of heddle_recommend and heddle_write_rankings, or NULL. Told "ranking", before each block of requests; may stop:
  /// HEDDLE_INTERRUPTED.
  heddle_progress_function progress;
  void* user;  ///< for progress
} heddle_answer_options;

/// What became of a question.
typedef struct heddle_answer {
  int64_t filled;   ///< places that its answer has, 0 to k
  int64_t known;    ///< of a user in training, of a basket, or of what was asked about: what the bundle knows
  int64_t unknown;  ///< of a basket, or of what was asked about: what it does not know, left out
  int known_user;   ///< 1 where the request named a user whom the bundle knows, else 0
  int fallback;     ///< 1 where nothing was known and the fallback answered, else 0
} heddle_answer;

// The three functions below answer `count` questions in one call, in blocks, and write into arrays of the caller's: of the i-th
// question place 0 (the best) to place k - 1 stand at i * k onwards of the raw ids and the `scores`, both [count x k]. Places
// that are not filled hold NULL and the score 0. Scores descend; those of different kinds of models, and of different users, do
// not compare. `scores` and `answers` ([count]) may be NULL. 1 <= k <= 1000.

/// Ranks items for each request. `options` NULL: the defaults. HEDDLE_USAGE for options out of range, a session on another
/// device, or a request of a user without a basket where the bundle was saved without history. Ownership: the texts in `items`
/// are the bundle's. Threads: the session's.
heddle_status heddle_recommend(const heddle_bundle* bundle, heddle_session* session, const heddle_request* requests,
                               int64_t count, int64_t k, const heddle_answer_options* options, const char** items, float* scores,
                               heddle_answer* answers);

/// For each question, which is some raw ids of items, the items most alike these, none of them among the answer, by the model's
/// own notion (docs/recommending.md). Of `options` the lists count alone; NULL: none. HEDDLE_USAGE where none of a question's ids
/// is known, with those that are written most like the first, or where the bundle was saved without history and its model has no
/// vectors to compare.
/// Ownership: the texts in `items` are the bundle's. Threads: the session's.
heddle_status heddle_similar_items(const heddle_bundle* bundle, heddle_session* session, const heddle_ids* questions,
                                   int64_t count, int64_t k, const heddle_answer_options* options, const char** items,
                                   float* scores, heddle_answer* answers);

/// The same of users: for each question, which is some raw ids of users, the users most alike these.
/// Ownership: the texts in `users` are the bundle's. Threads: the session's.
heddle_status heddle_similar_users(const heddle_bundle* bundle, heddle_session* session, const heddle_ids* questions,
                                   int64_t count, int64_t k, const char** users, float* scores, heddle_answer* answers);

/// scores[i] of the item with raw id item_ids[i] for the user with raw id user_ids[i], whether or not the user took it: what
/// rankings go by, higher is better. NaN where the bundle does not know the user or the item. All arrays [count]. HEDDLE_USAGE
/// where the bundle was saved without history.
/// Threads: the session's.
heddle_status heddle_score(const heddle_bundle* bundle, heddle_session* session, const char* const* user_ids,
                           const char* const* item_ids, int64_t count, float* scores);

/// What heddle_write_rankings wrote.
typedef struct heddle_written {
  int64_t users;      ///< users that there are answers of
  int64_t rows;       ///< items of all answers together
  int64_t fallbacks;  ///< answers of the fallback
  int64_t unknown;    ///< users whom the bundle does not know
} heddle_written;

/// Ranks for these users (one that comes twice once), or with `users` NULL for all that the bundle knows, and writes the answers
/// in their order to a file by its name's ending: .csv, .jsonl or .trec, behind which .gz may stand (docs/cli.md, heddle
/// recommend). Written whole or not at all; a new file is its owner's alone. `options` NULL: the defaults. `written` may be NULL.
/// HEDDLE_IO where the file cannot be written, HEDDLE_USAGE for another ending, an id that the format cannot hold, and as
/// heddle_recommend.
/// Threads: the session's.
heddle_status heddle_write_rankings(const heddle_bundle* bundle, heddle_session* session, const heddle_ids* users, int64_t k,
                                    const heddle_answer_options* options, const char* path, heddle_written* written);

// --- judging ------------------------------------------------------------------------------------------------------------------

/// How heddle_evaluate judges.
typedef struct heddle_evaluate_options {
  int64_t k;               ///< where rankings are cut, 1 to 1000; 0: 20
  const char* part;        ///< "test" or "val"; NULL: "test"
  const char* definition;  ///< "standard", "retrieved" or "uniN" (docs/recommending.md, Metrics); NULL: "standard"
  /// Not 0: at test, items of the validation part may be ranked too; otherwise they are left out with what was taken in training,
  /// as `heddle evaluate` does.
  int include_validation;
  uint64_t seed;  ///< of the negatives of "uniN"
  /// Or NULL. Told "ranking", before each block of users; may stop.
  heddle_progress_function progress;
  void* user;  ///< for progress
} heddle_evaluate_options;

/// How well a bundle ranks: averages over users, each from 0 to 1 (docs/recommending.md, Metrics).
typedef struct heddle_metrics {
  int64_t k;                ///< where rankings were cut
  double recall;            ///< share of the user's items of the part that are among the first k
  double ndcg;              ///< the same, weighted by place
  double precision;         ///< share of the first k that are such items
  double hit;               ///< share of users with any such item among the first k
  double mrr;               ///< one over the place of the first such item
  double map;               ///< mean of the precision at each such item
  int64_t users;            ///< averaged over: those with items in the part
  int64_t fewer_negatives;  ///< of these, users for whom fewer than the N items of "uniN" could be drawn: all were
  int64_t unknown;          ///< interactions left out since the bundle does not know their user or item
  int64_t in_training;      ///< interactions left out since it was trained on them
} heddle_metrics;

/// Judges a bundle by a part of some data: those that it was fitted to, or others, whose users and items are found by their raw
/// ids. Ranks the whole catalogue for every user with items in the part. `options` NULL: the defaults. HEDDLE_USAGE where nobody
/// can be judged or options are out of range; HEDDLE_INTERRUPTED where `progress` stopped it.
/// Threads: any; it makes a session of its own.
heddle_status heddle_evaluate(const heddle_bundle* bundle, const heddle_data* data, const heddle_evaluate_options* options,
                              heddle_metrics* metrics);

/// A figure by its name, "recall", "ndcg", "precision", "hit", "mrr" or "map". NaN where an argument is NULL or the name is none
/// of these. Threads: any.
double heddle_metric(const heddle_metrics* metrics, const char* name);

// NOLINTEND(modernize-use-using,modernize-redundant-void-arg)
HEDDLE_API_END

#ifdef __cplusplus
}
#endif
