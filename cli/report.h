#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "heddle/reading.h"

/// What the subcommands print: text for people, JSON objects for programs (docs/cli.md describes each field).
namespace heddle::cli {

using Json = nlohmann::ordered_json;

/// 2708 as "2,708".
std::string grouped(int64_t number);
/// "2,708 nodes", "1 node"; `plural` where it is not the noun and an s.
std::string grouped(int64_t number, const char* noun, const char* plural = nullptr);
template <class Count>
std::string grouped(Count number, const char* noun, const char* plural = nullptr) {
  return grouped(static_cast<int64_t>(number), noun, plural);
}
/// "22.1 MB", "3.2 kB"
std::string size_text(int64_t bytes);
/// The double that is written like the float: 0.01, not 0.0099999998.
double as_written(float number);

/// "dropout 0.5, hidden 16, ..."; numbers are numbers in the object.
std::string settings_text(const std::map<std::string, std::string>& settings);
Json settings_json(const std::map<std::string, std::string>& settings);

/// What a reader told, in lines that keep within the terminal, of at most 100 characters.
std::string reading_text(const Reading& reading);

/// Seconds and memory up to now, as the last lines or fields of a report.
std::string cost_text();
void add_cost(Json& object);

/// To standard output; throws Error{io} where that fails. Control characters, which could command a terminal, are shown as \xNN;
/// line feeds and tabs are the text's own: names and ids, which may hold some too, are made printable where they are put into it.
void print(const std::string& text);
/// The same for a row that is printed while more are computed: false where nobody reads any more, which `interrupted` tells too,
/// so that what was computed can be saved before the run ends.
bool print_row(const std::string& text);
/// The object and a line's end; control characters in it are escaped.
void print(const Json& object);
/// The same to a file, with control characters as they are. Throws Error{io} where that fails.
void write_json(const std::string& path, const Json& object);

}  // namespace heddle::cli
