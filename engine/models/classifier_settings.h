#pragma once

#include "heddle/graph.h"
#include "heddle/settings.h"

// Settings that every node classifier has.
namespace heddle {

template <class Options>
SettingOf<Options> classes_setting() {
  return setting("classes", &Options::classes, 0, 1'000'000, "how many classes to score; 0: as many as the data's labels name")
      .automatic("0");
}

template <class Options>
SettingOf<Options> feature_scaling_setting() {
  return setting("feature_scaling", &Options::feature_scaling,
                 {{"automatic", FeatureScaling::automatic}, {"rows", FeatureScaling::rows}, {"none", FeatureScaling::none}},
                 "automatic, rows (each row of features is divided by its sum) or none; automatic: rows, where no feature is "
                 "negative")
      .automatic("automatic");
}

}  // namespace heddle
