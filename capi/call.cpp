#include "capi/call.h"

#include <cstring>
#include <exception>
#include <string_view>

#include "heddle/rethrow.h"

namespace heddle::capi {

namespace {

// Room of a fixed size: what is told of a lack of memory must not ask for any.
thread_local char last_message[1024] = "";

void keep_message(std::string_view sentence) noexcept {
  std::size_t size = sentence.size();
  if (size >= sizeof(last_message)) {
    size = sizeof(last_message) - 1;
    // Not within a character of UTF-8, whose later bytes are 10xxxxxx.
    while (size > 0 && (static_cast<unsigned char>(sentence[size]) & 0xC0) == 0x80) --size;
  }
  std::memcpy(last_message, sentence.data(), size);
  last_message[size] = '\0';
}

heddle_status status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return HEDDLE_USAGE;
    case ErrorKind::bad_data: return HEDDLE_BAD_DATA;
    case ErrorKind::out_of_memory: return HEDDLE_OUT_OF_MEMORY;
    case ErrorKind::no_device: return HEDDLE_NO_DEVICE;
    case ErrorKind::diverged: return HEDDLE_DIVERGED;
    case ErrorKind::interrupted: return HEDDLE_INTERRUPTED;
    case ErrorKind::io: return HEDDLE_IO;
    case ErrorKind::internal: return HEDDLE_INTERNAL;
  }
  return HEDDLE_INTERNAL;
}

}  // namespace

heddle_status current_status() noexcept {
  try {
    rethrow_as_error();
  } catch (const Error& error) {
    keep_message(error.what());
    return status_of(error.kind());
  } catch (const std::exception& error) {
    keep_message(error.what());
  } catch (...) {
    keep_message("a progress function left by an exception");
  }
  return HEDDLE_INTERNAL;
}

std::vector<std::string> ids_of(const char* const* ids, int64_t count, const Argument& argument) {
  need_array(ids, count, argument);
  std::vector<std::string> result;
  result.reserve(static_cast<std::size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    require(ids[i] != nullptr, ErrorKind::usage, argument, "[", i, "] is NULL");
    result.emplace_back(ids[i]);
  }
  return result;
}

std::vector<std::string> ids_of(const heddle_ids& ids, Argument argument) { return ids_of(ids.ids, ids.count, argument); }

Settings settings_of(const heddle_setting* settings, int64_t count, const char* function) {
  need_array(settings, count, {function, "settings"});
  Settings result;
  for (int64_t i = 0; i < count; ++i) {
    const heddle_setting& each = settings[i];
    require(each.name != nullptr && each.value != nullptr, ErrorKind::usage, function, ": setting ", i, " has no ",
            each.name == nullptr ? "name" : "value");
    require(result.emplace(each.name, each.value).second, ErrorKind::usage, function, ": the setting ", each.name,
            " is given twice");
  }
  return result;
}

ProgressCallback progress_for(heddle_progress_function function, void* user) {
  if (function == nullptr) return {};
  return [function, user, phase = std::string(), subject = std::string(),
          figures = std::vector<heddle_progress_figure>()](const Progress& at) mutable {
    phase = at.phase;  // a string_view need not end in a zero byte
    subject = at.subject;
    figures.clear();
    for (const ProgressFigure& figure : at.figures)
      figures.push_back({figure.name, figure.value, figure.total, figure.at_most ? 1 : 0});
    const heddle_progress told{.phase = phase.c_str(),
                               .subject = subject.c_str(),
                               .share = at.share,
                               .most_left = at.most_left,
                               .figures = figures.data(),
                               .figure_count = static_cast<int64_t>(figures.size())};
    return function(&told, user) == 0;
  };
}

}  // namespace heddle::capi

const char* heddle_last_message() { return heddle::capi::last_message; }
