#include <algorithm>
#include <exception>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "engine/recommend/queries.h"
#include "heddle/bundle.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/file.h"
#include "io/readable_path.h"
#include "io/shortest_text.h"
#include "io/text.h"
#include "io/text_source.h"
#include "io/utf8.h"
#include "kernels/common/parallel.h"

// Ids are put into the form of the file once, before anything is ranked: a row is then a few appended strings. These, and
// compressing them, take half as long as ranking does on one thread: so they are shared among the session's threads.
namespace heddle {

namespace {

/// Users that are ranked between two words to whoever watches, at the least; as many as evaluation ranks at once.
constexpr std::size_t least_users_at_once = 1024;
/// Rows of a piece of text, which one thread makes and compresses (a gzip member of its own, some 100 KB before that), and pieces
/// at once. By the number of places alone, so that the file is the same whatever the number of threads.
constexpr std::size_t rows_of_piece = 4096, pieces_at_once = 16;

using io::detail::csv_field;
using io::detail::json_string;

std::string run_field(std::string_view id, const char* whose) {
  require(!id.empty() && id.find_first_of(" \t\r\n\v\f") == std::string_view::npos, ErrorKind::usage,
          "a TREC run has blanks between its fields, so it cannot hold the ", whose, ' ', io::detail::in_quotes(id),
          "; .csv or .jsonl can");
  return std::string(id);
}

std::string id_field(RankingFormat format, std::string_view id, const char* whose) {
  switch (format) {
    case RankingFormat::csv: return csv_field(id);
    case RankingFormat::json_lines: return json_string(id);
    case RankingFormat::trec: return run_field(id, whose);
  }
  fail(ErrorKind::usage, "there is no such format of rankings");
}

void append_answer(RankingFormat format, const std::string& user, const Answer& answer, const std::vector<std::string>& items,
                   std::string& to) {
  int64_t rank = 0;
  switch (format) {
    case RankingFormat::csv:
      for (const RankedItem& each : answer.ranking) {
        to += user;
        to += ',' + std::to_string(++rank) + ',';
        to += items[static_cast<std::size_t>(each.item)];
        to += ',' + io::detail::shortest_text(each.score) + '\n';
      }
      return;
    case RankingFormat::trec:
      for (const RankedItem& each : answer.ranking) {
        to += user;
        to += " Q0 ";
        to += items[static_cast<std::size_t>(each.item)];
        to += ' ' + std::to_string(++rank) + ' ' + io::detail::shortest_text(each.score) + " heddle\n";
      }
      return;
    case RankingFormat::json_lines:
      to += "{\"user\": " + user + ", \"items\": [";
      for (const RankedItem& each : answer.ranking) {
        to += rank++ == 0 ? "{\"item\": " : ", {\"item\": ";
        to += items[static_cast<std::size_t>(each.item)];
        to += ", \"score\": " + io::detail::shortest_text(each.score) + '}';
      }
      to += ']';
      if (answer.fallback) to += text(", \"fallback\": \"", to_string(*answer.fallback), '"');
      to += "}\n";
      return;
  }
}

/// What is written, in pieces.
struct RankingWriter {
  RankingFormat format;
  bool gzip;
  std::vector<std::string> users, items;  ///< ids in the form of the file
  std::size_t users_of_piece;

  /// The texts of `answers`, which are of the users from `first` on; the head of the file before those of the first ones.
  std::vector<std::string> texts(Session& session, std::size_t first, std::span<const Answer> answers) const {
    const std::size_t count = (answers.size() + users_of_piece - 1) / users_of_piece;
    std::vector<std::string> pieces(std::max<std::size_t>(count, first == 0 ? 1 : 0));  // of nobody there is a head, too
    std::vector<std::exception_ptr> failures(pieces.size());
    const Session::Request request(session);
    kernels::parallel_chunks(session.context().stream().thread_team(), static_cast<int64_t>(pieces.size()), [&](int64_t chunk) {
      const auto number = static_cast<std::size_t>(chunk);
      try {
        const std::size_t begin = number * users_of_piece, end = std::min(begin + users_of_piece, answers.size());
        std::string& piece = pieces[number];
        if (first + number == 0 && format == RankingFormat::csv) piece = "user,rank,item,score\n";
        for (std::size_t i = begin; i < end; ++i) append_answer(format, users[first + i], answers[i], items, piece);
        if (gzip) piece = io::detail::gzip_member(piece);
      } catch (...) {
        failures[number] = std::current_exception();
      }
    });
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
    return pieces;
  }
};

}  // namespace

RankingFileForm ranking_file_form(const std::string& path) try {
  const auto [ending, gzip] = io::detail::ending_of(path);
  RankingFileForm form{.format = RankingFormat::csv, .gzip = gzip};
  require(ending == ".csv" || ending == ".jsonl" || ending == ".trec" || ending == ".run", ErrorKind::usage, path,
          " ends in none of .csv, .jsonl, .trec, .run, nor in one of these and .gz");
  if (ending == ".jsonl") form.format = RankingFormat::json_lines;
  if (ending == ".trec" || ending == ".run") form.format = RankingFormat::trec;
  return form;
} catch (...) {
  rethrow_as_error();
}

WrittenRankings write_rankings(const Bundle& bundle, Session& session, const std::optional<std::vector<std::string>>& users,
                               const AnswerOptions& options, const std::string& path, const RankingFileForm& form,
                               const ProgressCallback& progress) try {
  require(bundle.saved().history, ErrorKind::usage, "this model was saved without history: it knows no users to rank for, so ",
          path, " is not written");
  std::vector<std::string_view> asked;
  std::unordered_set<std::string_view> met;
  for (const std::string& id : users ? *users : bundle.saved().users.ids()) {
    if (met.insert(id).second) asked.push_back(id);
  }
  recommending::check_k(options.k);
  const auto places = static_cast<std::size_t>(options.k);
  RankingWriter writer{.format = form.format,
                       .gzip = form.gzip,
                       .users = {},
                       .items = {},
                       .users_of_piece = std::max<std::size_t>(rows_of_piece / places, 1)};
  for (const std::string& id : bundle.saved().items.ids()) writer.items.push_back(id_field(form.format, id, "item"));
  for (const std::string_view id : asked) writer.users.push_back(id_field(form.format, id, "user"));
  const std::size_t users_at_once = std::max(least_users_at_once, pieces_at_once * writer.users_of_piece);
  WrittenRankings written;
  io::detail::AtomicFile file(path, io::FileAccess::owner);
  AnswerOptions of_block = options;
  of_block.progress = {};  // blocks are told here
  std::vector<Request> block;
  // Of nobody at all too: what cannot be meant is refused.
  for (std::size_t first = 0; first < asked.size() || first == 0; first += users_at_once) {
    require(asked.empty() || recommending::users_told(progress, "ranking", first, asked.size()), ErrorKind::interrupted,
            "ranking was interrupted after ", first, " of ", counted(asked.size(), "user"), "; ", path, " is not written");
    block.clear();
    for (std::size_t i = first; i < std::min(first + users_at_once, asked.size()); ++i)
      block.push_back({.user = std::string(asked[i]), .items = {}});
    const std::vector<Answer> answers = bundle.answer(session, block, of_block);
    for (const std::string& piece : writer.texts(session, first, answers)) file.write(piece);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      written.rows += static_cast<int64_t>(answers[i].ranking.size());
      written.fallbacks += answers[i].fallback ? 1 : 0;
      if (!answers[i].known_user) written.unknown.push_back(*block[i].user);
    }
  }
  written.users = static_cast<int64_t>(asked.size());
  file.commit();
  return written;
} catch (...) {
  rethrow_as_error();
}

std::vector<std::string> read_ids(const std::string& path) try {
  const io::detail::ReadablePath readable(path, {});  // a pipe is read as well, such as a shell's <( )
  // A list of today may well name nothing; of data that would be a mistake, so that their reader refuses it.
  if (io::detail::InputFile(readable.path()).size() == 0) return {};
  // In the encoding in which the ids of the data were read.
  const std::string utf8 = io::detail::to_utf8(io::detail::TextSource(readable.path(), {}).read_all());
  std::vector<std::string> ids;
  std::string_view rest = utf8;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!line.empty() && io::detail::is_blank(line.front())) line.remove_prefix(1);
    while (!line.empty() && io::detail::is_blank(line.back())) line.remove_suffix(1);
    if (!line.empty()) ids.emplace_back(line);
  }
  return ids;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
