#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// Names that people write, of those that there are.
namespace heddle::io::detail {

/// A word in the letters that both spellings share: "behaviour" and "behavior" become one, so do "normalise" and "normalize".
std::string spelling_apart(std::string word);

/// "; did you mean --epochs or --epoch-size?", of the candidates written nearly as `written`, or that begin with it; empty where
/// there is none.
std::string did_you_mean(std::string_view written, std::span<const std::string> candidates);

/// For a name that is none of `names`: throws Error{usage} "CALLED is 'thirds', it must be one of ratio, none", with the name
/// that is written nearly so. `others` ends the list: ", or A+B".
[[noreturn]] void fail_choice(const std::string& called, const std::string& written, const std::vector<std::string>& names,
                              const std::string& others = "");

}  // namespace heddle::io::detail
