#include "heddle/tuned.h"
#include "heddle/rethrow.h"

#include <utility>

namespace heddle {

void TunedVariants::add(TunedChoice choice) try {
  const auto [place, is_new] = places_.try_emplace({choice.structure, choice.width, choice.device}, choices_.size());
  if (is_new) {
    choices_.push_back(std::move(choice));
  } else {
    choices_[place->second] = std::move(choice);
  }
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
