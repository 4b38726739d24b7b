#pragma once

#include <string>

#include "cli/report.h"
#include "heddle/bundle.h"

/// What is printed of a bundle's answers.
namespace heddle::cli {

/// A line that says who asked and what is known of them, and the table of items; of one who is given nothing no table.
/// Where nothing is left to recommend a sentence says why.
std::string answer_text(const Bundle& bundle, const Request& request, const Answer& answer, const AnswerOptions& options);
/// {"user": ..., "known_items": 12, "items": [...]} and the like, as docs/cli.md tells.
Json answer_json(const Bundle& bundle, const Request& request, const Answer& answer);

/// Lines on standard error about what of a request is not known, unless `quiet`.
void tell_unknown_of(const Bundle& bundle, const Request& request, const Answer& answer, bool quiet);

/// The request of a line of `recommend --lines`, and how it is to be answered: a JSON object, or else a user's id as it stands.
/// What the line says goes before `options`, but its lists hold beside theirs (both_lists). Throws Error{usage} for a line that
/// cannot be meant.
Request request_of_line(const Bundle& bundle, const std::string& line, AnswerOptions& options, Json& unknown_listed);

/// What answers a line: answer_json, or {"error": "..."}.
Json line_answer(const Bundle& bundle, Session& session, const std::string& line, const AnswerOptions& defaults);

}  // namespace heddle::cli
