#pragma once

#include <string>

#include "heddle/bundle.h"
#include "heddle/c.h"
#include "heddle/device.h"
#include "heddle/interactions.h"
#include "heddle/session.h"

// What stands behind the handles of heddle/c.h.

struct heddle_device {
  heddle::Device device;
  std::string description;
};

struct heddle_data {
  heddle::InteractionDataset data;
  std::string reading;  ///< data.reading as JSON
};

struct heddle_bundle {
  heddle::Bundle bundle;
};

struct heddle_session {
  heddle::Session session;
};
