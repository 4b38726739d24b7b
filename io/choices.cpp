#include "io/choices.h"

#include <utility>

#include "heddle/error.h"
#include "io/near_matches.h"

namespace heddle::io::detail {

std::string spelling_apart(std::string word) {
  constexpr std::pair<std::string_view, std::string_view> same[] = {{"our", "or"},  {"is", "iz"},   {"ys", "yz"},
                                                                    {"tre", "ter"}, {"ogue", "og"}, {"ence", "ense"}};
  for (const auto& [from, to] : same) {
    for (std::size_t at = word.find(from); at != std::string::npos; at = word.find(from, at + to.size()))
      word.replace(at, from.size(), to);
  }
  return word;
}

std::string did_you_mean(std::string_view written, std::span<const std::string> candidates) {
  constexpr std::size_t most = 3, shortest = 3;  // of a beginning: one letter says nothing
  // Dashes are alike in all options and say nothing about what was meant.
  const std::string dashes(written.substr(0, written.find_first_not_of('-')));
  const std::string word = spelling_apart(std::string(written.substr(dashes.size())));
  std::vector<std::string> names, words;
  for (const std::string& candidate : candidates) {
    if (!candidate.starts_with(dashes)) continue;
    names.push_back(candidate);
    words.push_back(spelling_apart(candidate.substr(dashes.size())));
  }
  const std::vector<std::string> near = near_matches(word, words, most);
  std::vector<std::string> meant;
  const auto mean_those = [&](const auto& is_meant) {
    for (std::size_t i = 0; i < names.size() && meant.size() < most; ++i) {
      if (is_meant(words[i])) meant.push_back(names[i]);
    }
  };
  for (const std::string& each : near) mean_those([&](const std::string& candidate) { return candidate == each; });
  if (meant.empty() && word.size() >= shortest)
    mean_those([&](const std::string& candidate) { return candidate.starts_with(word); });
  std::string text;
  for (std::size_t i = 0; i < meant.size(); ++i)
    text += (i == 0 ? "; did you mean " : i + 1 < meant.size() ? ", " : " or ") + meant[i];
  return text.empty() ? text : text + "?";
}

void fail_choice(const std::string& called, const std::string& written, const std::vector<std::string>& names,
                 const std::string& others) {
  std::string list;
  for (const std::string& each : names) list += (list.empty() ? "" : ", ") + each;
  fail(ErrorKind::usage, called, " is '", written, "', it must be one of ", list, others, did_you_mean(written, names));
}

}  // namespace heddle::io::detail
