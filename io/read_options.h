#pragma once

#include <utility>
#include <vector>

#include "heddle/reading.h"
#include "heddle/settings.h"

namespace heddle::io::detail {

/// ReadOptions as settings, but for `threads` and `progress`, which do not decide what is read.
std::vector<SettingOf<ReadOptions>> read_option_rows();

/// A setting of a part of some options as one of theirs.
template <class Options, class Part>
SettingOf<Options> setting_within(Part Options::*part, SettingOf<Part> row) {
  SettingOf<Options> outer;
  outer.told = std::move(row.told);
  outer.read = [part, read = std::move(row.read)](Options& options, const std::string& called, const std::string& written) {
    read(options.*part, called, written);
  };
  outer.write = [part, write = std::move(row.write)](const Options& options) { return write(options.*part); };
  outer.allowed = [part, allowed = std::move(row.allowed)](const Options& options) { return allowed(options.*part); };
  return outer;
}

}  // namespace heddle::io::detail
