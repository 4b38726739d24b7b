#include "heddle/tuned.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace heddle {

void TunedVariants::add(TunedChoice choice) {
  const auto key = [](const TunedChoice& c) { return std::tie(c.structure, c.width, c.device); };
  const auto same = std::find_if(choices_.begin(), choices_.end(), [&](const TunedChoice& c) { return key(c) == key(choice); });
  if (same != choices_.end()) {
    *same = std::move(choice);
  } else {
    choices_.push_back(std::move(choice));
  }
}

}  // namespace heddle
