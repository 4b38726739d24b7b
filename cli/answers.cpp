#include "cli/answers.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/known_ids.h"
#include "cli/ranking_table.h"
#include "cli/terminal.h"
#include "heddle/error.h"
#include "heddle/limits.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

const char* done_instead(Fallback fallback) {
  return fallback == Fallback::popularity ? "what most users have" : "nothing is recommended";
}

/// What is known of who asked.
std::string known_text(const Request& request, const Answer& answer) {
  if (!request.user) {
    return answer.fallback ? "a visitor with no known item"
                           : fmt::format("a visitor with {}", grouped(answer.known_items, "item"));
  }
  const std::string user = "user " + io::detail::printable(*request.user);
  if (answer.known_user && !answer.fallback && request.items.empty())
    return fmt::format("{}, {} in training", user, grouped(answer.known_items, "item"));
  const char* const who = answer.known_user ? "without an item in training" : "unknown";
  return answer.fallback ? fmt::format("{}, {}", user, who) : fmt::format("{}, with a basket", user);
}

/// An id may be written as a string or as a whole number.
std::string id_text(const Json& value, const std::string& field) {
  if (value.is_string()) return value.get<std::string>();
  require(value.is_number_integer(), ErrorKind::usage, field, " is ", value.dump(-1, ' ', false, Json::error_handler_t::replace),
          ", it must be an id: a string or a whole number");
  return value.dump();
}

std::vector<std::string> ids_of_field(const Json& value, const std::string& field) {
  require(value.is_array(), ErrorKind::usage, field, " must be a list of ids");
  std::vector<std::string> ids;
  for (const Json& each : value) ids.push_back(id_text(each, field));
  return ids;
}

Json object_of_line(const std::string& line) {
  Json object = Json::parse(line, nullptr, false);
  require(object.is_object(), ErrorKind::usage, "the line begins with { and is no JSON object");
  return object;
}

}  // namespace

std::string answer_text(const Bundle& bundle, const Request& request, const Answer& answer, const AnswerOptions& options) {
  const std::string who = known_text(request, answer);
  if (answer.fallback == Fallback::none) return fmt::format("{}: {}\n", who, done_instead(*answer.fallback));
  const std::string instead = answer.fallback ? fmt::format(": {}", done_instead(*answer.fallback)) : "";
  if (!answer.ranking.empty()) {
    return fmt::format("{}{}\n{}", who, instead,
                       ranking_text(answer.ranking, bundle.saved().items, bundle.saved().item_names, output_width()));
  }
  const bool listed = !options.lists.empty() || !bundle.saved().lists.empty();
  const std::string why =
      listed ? "the lists of items leave nothing to recommend"
             : fmt::format(
                   "{} has every item that the model knows, so that nothing is left to recommend; --exclude-seen false "
                   "ranks them too",
                   request.user ? "user " + io::detail::printable(*request.user) : "the visitor");
  return fmt::format("{}{}\n{}\n", who, instead, why);
}

Json answer_json(const Bundle& bundle, const Request& request, const Answer& answer) {
  Json object = Json::object();
  if (request.user) {
    object["user"] = *request.user;
    object["known_user"] = answer.known_user;
    object["known_items"] = answer.known_items;
  }
  if (!request.user || !request.items.empty()) {
    Json given = Json::array();
    for (const int32_t item : known_ids(bundle.saved().items, request.items).numbers) given.push_back(bundle.item_id(item));
    object["given"] = std::move(given);
    object["unknown"] = answer.unknown_items;
  }
  object["fallback"] = answer.fallback ? Json(to_string(*answer.fallback)) : Json();
  object["items"] =
      ranking_json(answer.ranking, bundle.saved().items, bundle.saved().item_names, "item", bundle.saved().item_columns);
  return object;
}

void tell_unknown_of(const Bundle& bundle, const Request& request, const Answer& answer, bool quiet) {
  tell_unknown_items(bundle.saved(), answer.unknown_items, "; left out of the basket", quiet);
  if (quiet || !request.user || !answer.fallback) return;
  const std::string why = answer.known_user ? fmt::format("user {} has no item in training: nothing is known of their taste",
                                                          io::detail::printable(*request.user))
                                            : unknown_user_text(bundle.saved(), *request.user);
  say(fmt::format("heddle: {}; {} (--fallback {})", why,
                  answer.fallback == Fallback::popularity ? "they get what most users have" : "they get nothing",
                  to_string(*answer.fallback)));
}

Request request_of_line(const Bundle& bundle, const std::string& line, AnswerOptions& options, Json& unknown_listed) {
  require(!line.empty(), ErrorKind::usage, "the line is empty; it must be a user's id or a JSON object");
  Request request;
  const std::size_t begin = line.find_first_not_of(" \t");
  const char first = begin == std::string::npos ? line.front() : line[begin];
  require(first != '[', ErrorKind::usage, "the line begins with [; it must be a user's id or a JSON object");
  if (first != '{') {
    request.user = line;
    return request;
  }
  const IdTable& items = bundle.saved().items;
  const auto listed = [&](const Json& value, const std::string& field) {
    KnownIds known = known_ids(items, ids_of_field(value, field));
    for (std::string& id : known.unknown) unknown_listed.push_back(std::move(id));
    return std::move(known.numbers);
  };
  const auto truth = [](const Json& value, const std::string& field) {
    require(value.is_boolean(), ErrorKind::usage, field, " must be true or false");
    return value.get<bool>();
  };
  ItemLists asked;
  const Json object = object_of_line(line);
  for (const auto& [field, value] : object.items()) {
    if (field == "user") {
      request.user = id_text(value, field);
    } else if (field == "items") {
      request.items = ids_of_field(value, field);
    } else if (field == "topk") {
      require(value.is_number_integer() && value >= 1 && value <= top_k_limit, ErrorKind::usage,
              "topk must be a whole number from 1 to ", top_k_limit);
      options.k = value.get<int64_t>();
    } else if (field == "exclude_seen") {
      options.exclude_taken = truth(value, field);
    } else if (field == "fallback") {
      require(value.is_string(), ErrorKind::usage, "fallback must be one of popularity, none");
      options.fallback = fallback_named(value.get<std::string>(), field);
    } else if (field == "allow") {
      asked.allow = listed(value, field);
    } else if (field == "deny") {
      asked.deny = listed(value, field);
    } else {
      fail(ErrorKind::usage, "a request has no field ", io::detail::in_quotes(field),
           "; there are: user, items, topk, exclude_seen, fallback, allow, deny");
    }
  }
  options.lists = both_lists(options.lists, asked);
  return request;
}

Json line_answer(const Bundle& bundle, Session& session, const std::string& line, const AnswerOptions& defaults) {
  try {
    AnswerOptions options = defaults;
    Json unknown_listed = Json::array();
    const Request request = request_of_line(bundle, line, options, unknown_listed);
    Json object = answer_json(bundle, request, bundle.answer(session, request, options));
    if (!unknown_listed.empty()) object["unknown_listed"] = std::move(unknown_listed);
    return object;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    return Json{{"error", error.what()}};
  }
}

}  // namespace heddle::cli
