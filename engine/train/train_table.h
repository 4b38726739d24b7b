#pragma once

#include "heddle/classifier_training.h"
#include "heddle/settings.h"

namespace heddle {

/// How a node classifier is trained, as settings.
const SettingTable<TrainOptions>& train_table();

}  // namespace heddle
