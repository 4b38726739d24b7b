#pragma once

#include <concepts>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {

/// What went wrong, so that a program can decide without reading the sentence. The command line maps each to an exit status.
enum class ErrorKind {
  usage,          ///< the caller asked for something that cannot be meant
  bad_data,       ///< a file or an array holds what it must not hold
  out_of_memory,  ///< the device or the host has no room for an allocation
  no_device,      ///< the device asked for is not present or not built in
  diverged,       ///< a loss or a weight became NaN or infinite
  interrupted,    ///< a callback or a signal asked to stop
  io,             ///< the operating system refused to read or write
  internal,       ///< a promise that heddle makes to itself was broken: please report it
};

/// The kind's name, e.g. "bad_data".
const char* to_string(ErrorKind kind);

/// Every error heddle throws: a kind and one sentence with names and values. What the standard library throws on the way, for
/// want of memory or from the file system, leaves heddle as an Error too; what a callback of the caller's throws passes as it is.
class Error : public std::runtime_error {
 public:
  /// `sentence` is what() tells.
  Error(ErrorKind kind, const std::string& sentence) : std::runtime_error(sentence), kind_(kind) {}
  /// What went wrong.
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

/// Joins the parts into one string: `text("x has ", rows, " rows")`.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  stream.exceptions(std::ios::badbit);  // or a part that finds no memory would be left out without a word
  (stream << ... << parts);
  return stream.str();
}

/// What `counted` gives: written to a stream only, so that a check that holds takes no memory for its sentence.
template <std::integral Count>
struct CountedNoun {
  Count count;         ///< how many
  const char* noun;    ///< null: none
  const char* plural;  ///< null: the noun and an s
  bool there;          ///< "there are" stands before
};

/// Writes the count, its noun in the number that agrees with it, and the verb where one was asked for.
template <std::integral Count>
std::ostream& operator<<(std::ostream& out, const CountedNoun<Count>& counted) {
  const bool one = counted.count == 1;
  if (counted.there) out << (one ? "there is " : "there are ");
  out << +counted.count;  // a char is a number too
  if (counted.noun == nullptr) return out;
  out << ' ' << (one || counted.plural == nullptr ? counted.noun : counted.plural);
  return one || counted.plural != nullptr ? out : out << 's';
}

/// A count and what it counts, for `text` and its kin: counted(1, "row") is "1 row", counted(7, "row") "7 rows", counted(0,
/// "entry", "entries") "0 entries".
template <std::integral Count>
CountedNoun<Count> counted(Count count, const char* noun, const char* plural = nullptr) {
  return {count, noun, plural, false};
}

/// The same with a verb: "there is 1 row", "there are 7 rows"; without a noun "there are 7".
template <std::integral Count>
CountedNoun<Count> there_are(Count count, const char* noun = nullptr, const char* plural = nullptr) {
  return {count, noun, plural, true};
}

/// Throws Error(kind) whose sentence is the parts joined.
template <class... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
  throw Error(kind, text(parts...));
}

/// Throws Error(kind) with the joined parts unless `condition` holds.
template <class... Parts>
void require(bool condition, ErrorKind kind, const Parts&... parts) {
  if (!condition) fail(kind, parts...);
}

/// Where messages go that cannot be thrown (a failed release in a destructor). The default writes nothing.
using LogSink = void (*)(std::string_view message);
/// Of the whole process; null: nowhere.
void set_log_sink(LogSink sink) noexcept;

/// Hands `message` to the sink; never throws.
void log_message(std::string_view message) noexcept;

}  // namespace heddle
HEDDLE_API_END
