#include "cli/result_files.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/exit_status.h"
#include "io/text.h"

namespace heddle::cli {

void ResultFiles::write(const std::string& what, const std::string& path,
                        const std::function<void(const std::string& path)>& write) {
  if (path.empty()) return;
  try {
    write(path);
    saved_.push_back(path);
  } catch (...) {
    const Error error = current_error();
    failures_.push_back({error.kind(), fmt::format("{}; {} is lost", error.what(), what)});
  }
}

std::string ResultFiles::failures() const {
  std::string text;
  for (const Failure& failure : failures_) text += fmt::format("{}{}", text.empty() ? "" : "; ", failure.sentence);
  if (text.empty()) return text;
  return text + "; for " + (failures_.size() == 1 ? "it" : "them") + " run the command again, with room or with another name";
}

std::string ResultFiles::saved_text() const {
  if (saved_.empty()) return "";
  return fmt::format("saved      {}\n", io::detail::printable(fmt::format("{}", fmt::join(saved_, ", "))));
}

std::string ResultFiles::outcome() const {
  if (saved_.empty()) return failures_.empty() ? nothing_saved_ : failures();
  return fmt::format("{}{}saved {}", failures(), failures_.empty() ? "" : "; ", fmt::join(saved_, ", "));
}

void ResultFiles::report(const std::function<void()>& report) const {
  try {
    report();
  } catch (...) {
    const std::string words = outcome();
    if (words.empty()) throw;
    const Error error = current_error();
    fail(error.kind(), error.what(), "; ", words);
  }
}

void ResultFiles::require_saved() const {
  if (!failures_.empty()) fail(failures_.front().kind, outcome());
}

std::string unfinished_path(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (path.empty() || (fs::exists(status) && !fs::is_regular_file(status))) return {};
  const fs::path named(path);
  return named.parent_path() / fs::path(named.stem().string() + ".unfinished" + named.extension().string());
}

void SaveNames::add_to(CLI::App& app, const std::string& early) {
  app.add_flag(
      "--replace-with-unfinished", replace_,
      fmt::format("let an {} training take the names of its files too; otherwise what it reached goes beside them", early));
}

void SaveNames::list(RunFiles& files, const std::string& option, const std::string& path) const {
  files.writes(option, path);
  if (!replace_) files.writes(option, unfinished_path(path));
}

std::string SaveNames::of(const std::string& path, bool finished) const {
  const std::string beside = finished || replace_ ? "" : unfinished_path(path);
  return beside.empty() ? path : beside;
}

std::string SaveNames::left_alone(const std::string& path) const {
  return of(path, false) == path ? "" : fmt::format(", for only a finished training takes the name {}", path);
}

}  // namespace heddle::cli
