#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capi/call.h"
#include "capi/handles.h"
#include "heddle/limits.h"

using heddle::ErrorKind;
using heddle::require;
using heddle::capi::begin_handle;
using heddle::capi::guarded;
using heddle::capi::ids_of;
using heddle::capi::need;
using heddle::capi::need_array;

namespace {

/// The caller's arrays for the answers.
struct AnswerArrays {
  int64_t k = 0;
  const char** ids = nullptr;
  float* scores = nullptr;
  heddle_answer* answers = nullptr;
};

heddle_answer told(const heddle::Answer& answer) {
  return {.filled = static_cast<int64_t>(answer.ranking.size()),
          .known = answer.known_items,
          .unknown = static_cast<int64_t>(answer.unknown_items.size()),
          .known_user = answer.known_user ? 1 : 0,
          .fallback = answer.fallback ? 1 : 0};
}

heddle_answer told(const heddle::AlikeAnswer& answer) {
  return {.filled = static_cast<int64_t>(answer.ranking.size()),
          .known = static_cast<int64_t>(answer.given.size()),
          .unknown = static_cast<int64_t>(answer.unknown.size()),
          .known_user = 0,
          .fallback = 0};
}

/// Writes the answers, whose numbers `ids` has the raw ids of. Nothing here fails, so that the arrays are written wholly or not
/// at all.
template <class Answer>
void write_answers(const std::vector<Answer>& answers, const heddle::IdTable& ids, const AnswerArrays& to) noexcept {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const heddle::Ranking& ranking = answers[i].ranking;
    for (int64_t place = 0; place < to.k; ++place) {
      const int64_t at = static_cast<int64_t>(i) * to.k + place;
      const heddle::RankedItem* const each =
          place < static_cast<int64_t>(ranking.size()) ? &ranking[static_cast<std::size_t>(place)] : nullptr;
      to.ids[at] = each == nullptr ? nullptr : ids[each->item].c_str();
      if (to.scores != nullptr) to.scores[at] = each == nullptr ? 0 : each->score;
    }
    if (to.answers != nullptr) to.answers[i] = told(answers[i]);
  }
}

void check_asking(const heddle_bundle* bundle, const heddle_session* session, const char* function) {
  need(bundle, function, "bundle");
  need(session, function, "session");
}

void check_answers(const AnswerArrays& to, int64_t count, const char* function, const char* ids) {
  require(to.k >= 1 && to.k <= heddle::top_k_limit, ErrorKind::usage, function, ": k is ", to.k, ", it must be in [1, ",
          heddle::top_k_limit, "]");
  need_array(to.ids, count, {function, ids});
}

heddle::AnswerOptions answer_options(const heddle::Bundle& bundle, const heddle_answer_options* options, int64_t k,
                                     const char* function) {
  heddle::AnswerOptions result{.k = k};
  if (options == nullptr) return result;
  result.exclude_taken = options->include_taken == 0;
  require(options->fallback == HEDDLE_FALLBACK_POPULARITY || options->fallback == HEDDLE_FALLBACK_NONE, ErrorKind::usage,
          function, ": fallback is ", options->fallback, ", it must be HEDDLE_FALLBACK_POPULARITY or HEDDLE_FALLBACK_NONE");
  if (options->fallback == HEDDLE_FALLBACK_NONE) result.fallback = heddle::Fallback::none;
  result.progress = heddle::capi::progress_for(options->progress, options->user);
  const heddle::IdTable& items = bundle.saved().items;
  if (options->deny != nullptr) result.lists.deny = known_ids(items, ids_of(*options->deny, {function, "deny"})).numbers;
  if (options->allow != nullptr) result.lists.allow = known_ids(items, ids_of(*options->allow, {function, "allow"})).numbers;
  return result;
}

/// What `alike(ids)` answers to each question.
template <class Alike>
std::vector<heddle::AlikeAnswer> alike_answers(const heddle_ids* questions, int64_t count, const char* function,
                                               const Alike& alike) {
  need_array(questions, count, {function, "questions"});
  std::vector<heddle::AlikeAnswer> answers;
  answers.reserve(static_cast<std::size_t>(count));
  for (int64_t i = 0; i < count; ++i) answers.push_back(alike(ids_of(questions[i], {function, "questions", i})));
  return answers;
}

}  // namespace

heddle_status heddle_session_create(const heddle_device* device, int threads, heddle_session** session) {
  return guarded([&] {
    begin_handle(session, "heddle_session_create", "session");
    need(device, "heddle_session_create", "device");
    // A session does not move: it is made in its place.
    *session = new heddle_session{heddle::Session(device->device, {.threads = threads})};
  });
}

void heddle_session_destroy(heddle_session* session) { delete session; }

heddle_status heddle_recommend(const heddle_bundle* bundle, heddle_session* session, const heddle_request* requests,
                               int64_t count, int64_t k, const heddle_answer_options* options, const char** items, float* scores,
                               heddle_answer* answers) {
  return guarded([&] {
    constexpr const char* function = "heddle_recommend";
    check_asking(bundle, session, function);
    const AnswerArrays to{k, items, scores, answers};
    check_answers(to, count, function, "items");
    need_array(requests, count, {function, "requests"});
    const heddle::AnswerOptions how = answer_options(bundle->bundle, options, k, function);
    std::vector<heddle::Request> asked(static_cast<std::size_t>(count));
    for (int64_t i = 0; i < count; ++i) {
      heddle::Request& each = asked[static_cast<std::size_t>(i)];
      if (requests[i].user != nullptr) each.user = requests[i].user;
      each.items = ids_of(requests[i].basket, {function, "requests", i, ".basket"});
    }
    write_answers(bundle->bundle.answer(session->session, asked, how), bundle->bundle.saved().items, to);
  });
}

heddle_status heddle_similar_items(const heddle_bundle* bundle, heddle_session* session, const heddle_ids* questions,
                                   int64_t count, int64_t k, const heddle_answer_options* options, const char** items,
                                   float* scores, heddle_answer* answers) {
  return guarded([&] {
    constexpr const char* function = "heddle_similar_items";
    check_asking(bundle, session, function);
    const AnswerArrays to{k, items, scores, answers};
    check_answers(to, count, function, "items");
    const heddle::AnswerOptions how = answer_options(bundle->bundle, options, k, function);
    const auto found = alike_answers(questions, count, function, [&](const std::vector<std::string>& ids) {
      return bundle->bundle.similar_items(session->session, ids, how);
    });
    write_answers(found, bundle->bundle.saved().items, to);
  });
}

heddle_status heddle_similar_users(const heddle_bundle* bundle, heddle_session* session, const heddle_ids* questions,
                                   int64_t count, int64_t k, const char** users, float* scores, heddle_answer* answers) {
  return guarded([&] {
    constexpr const char* function = "heddle_similar_users";
    check_asking(bundle, session, function);
    const AnswerArrays to{k, users, scores, answers};
    check_answers(to, count, function, "users");
    const auto found = alike_answers(questions, count, function, [&](const std::vector<std::string>& ids) {
      return bundle->bundle.similar_users(session->session, ids, k);
    });
    write_answers(found, bundle->bundle.saved().users, to);
  });
}

heddle_status heddle_score(const heddle_bundle* bundle, heddle_session* session, const char* const* user_ids,
                           const char* const* item_ids, int64_t count, float* scores) {
  return guarded([&] {
    constexpr const char* function = "heddle_score";
    check_asking(bundle, session, function);
    need_array(scores, count, {function, "scores"});
    const std::vector<float> found = bundle->bundle.score(session->session, ids_of(user_ids, count, {function, "user_ids"}),
                                                          ids_of(item_ids, count, {function, "item_ids"}));
    std::copy(found.begin(), found.end(), scores);
  });
}

heddle_status heddle_write_rankings(const heddle_bundle* bundle, heddle_session* session, const heddle_ids* users, int64_t k,
                                    const heddle_answer_options* options, const char* path, heddle_written* written) {
  return guarded([&] {
    constexpr const char* function = "heddle_write_rankings";
    check_asking(bundle, session, function);
    need(path, function, "path");
    const heddle::AnswerOptions how = answer_options(bundle->bundle, options, k, function);
    std::optional<std::vector<std::string>> whom;
    if (users != nullptr) whom = ids_of(*users, {function, "users"});
    const heddle::WrittenRankings found =
        heddle::write_rankings(bundle->bundle, session->session, whom, how, path, heddle::ranking_file_form(path), how.progress);
    if (written == nullptr) return;
    *written = {.users = found.users,
                .rows = found.rows,
                .fallbacks = found.fallbacks,
                .unknown = static_cast<int64_t>(found.unknown.size())};
  });
}
