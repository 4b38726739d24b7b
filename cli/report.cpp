#include "cli/report.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/durations.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "cli/process.h"
#include "cli/terminal.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/version.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

/// Whether a write to standard output failed because it was the terminal that is gone, of which SIGHUP told.
bool lost_with_terminal(int error) {
  struct stat status {};
  return error == EIO && interrupted() && interrupting_signal() == SIGHUP && ::fstat(STDOUT_FILENO, &status) == 0 &&
         S_ISCHR(status.st_mode);
}

void write_out(const std::string& bytes) {
  const bool written = write_standard_output(bytes);
  const int error = errno;
  if (!written && lost_with_terminal(error)) throw OutputClosed();
  if (!written && error == EPIPE) {
    note_interrupt(SIGPIPE);
    throw OutputClosed();
  }
  require(written, ErrorKind::io, "cannot write to standard output: ", std::strerror(error));
}

/// The object on one line. A path need not be UTF-8, a JSON string must be.
std::string json_line(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

/// JSON with the control characters escaped that its strings may hold as they are: DEL, and U+0080 to U+009F, of which some
/// terminals take U+009B for the beginning of a control sequence.
std::string without_controls(const std::string& json) {
  std::string result;
  result.reserve(json.size());
  for (std::size_t at = 0; at < json.size(); ++at) {
    const auto byte = static_cast<unsigned char>(json[at]);
    const auto next = static_cast<unsigned char>(at + 1 < json.size() ? json[at + 1] : '\0');
    if (byte == 0x7f) {
      result += "\\u007f";
    } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      result += fmt::format("\\u{:04x}", next);
      ++at;
    } else {
      result += json[at];
    }
  }
  return result;
}

}  // namespace

std::string grouped(int64_t number) {
  std::string digits = fmt::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string size_text(int64_t bytes) {
  return bytes < 1'000'000 ? fmt::format("{:.1f} kB", 1e-3 * static_cast<double>(bytes))
                           : fmt::format("{:.1f} MB", 1e-6 * static_cast<double>(bytes));
}

std::string grouped(int64_t number, const char* noun, const char* plural) {
  const std::string in_number = text(counted(number, noun, plural));
  return grouped(number) + in_number.substr(in_number.find(' '));
}

double as_written(float number) { return std::strtod(fmt::format("{}", number).c_str(), nullptr); }

std::string settings_text(const std::map<std::string, std::string>& settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  }
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

Json settings_json(const std::map<std::string, std::string>& settings) {
  Json object = Json::object();
  for (const auto& [name, value] : settings) {
    Json parsed = Json::parse(value, nullptr, false);
    object[name] = parsed.is_number() ? std::move(parsed) : Json(value);
  }
  return object;
}

std::string reading_text(const Reading& reading) {
  constexpr int widest = 100;
  const int columns = output_width();
  return to_text(reading, columns > 0 ? std::min(columns, widest) : widest);
}

std::string cost_text() {
  return fmt::format("total      {}, {:.1f} MB of memory at most\n", duration_text(seconds_since_start(), 2),
                     1e-6 * static_cast<double>(peak_rss_bytes()));
}

void add_cost(Json& object) {
  object["total_s"] = seconds_since_start();
  object["peak_rss_bytes"] = peak_rss_bytes();
  object["version"] = version();
}

void print(const std::string& text) { write_out(io::detail::printable_lines(text)); }

bool print_row(const std::string& text) try {
  print(text);
  return true;
} catch (const OutputClosed&) {
  return false;
}

void print(const Json& object) { write_out(without_controls(json_line(object))); }

void write_json(const std::string& path, const Json& object) { io::write_file(path, json_line(object)); }

}  // namespace heddle::cli
