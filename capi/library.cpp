#include <memory>
#include <string>

#include "capi/call.h"
#include "capi/handles.h"
#include "heddle/kinds.h"
#include "heddle/version.h"

using heddle::capi::begin_handle;
using heddle::capi::guarded;
using heddle::capi::guarded_or;
using heddle::capi::need;

const char* heddle_version() { return heddle::version(); }

const char* heddle_status_name(int status) {
  using heddle::ErrorKind;
  switch (status) {
    case HEDDLE_OK: return "ok";
    case HEDDLE_USAGE: return heddle::to_string(ErrorKind::usage);
    case HEDDLE_BAD_DATA: return heddle::to_string(ErrorKind::bad_data);
    case HEDDLE_OUT_OF_MEMORY: return heddle::to_string(ErrorKind::out_of_memory);
    case HEDDLE_NO_DEVICE: return heddle::to_string(ErrorKind::no_device);
    case HEDDLE_DIVERGED: return heddle::to_string(ErrorKind::diverged);
    case HEDDLE_INTERRUPTED: return heddle::to_string(ErrorKind::interrupted);
    case HEDDLE_IO: return heddle::to_string(ErrorKind::io);
    case HEDDLE_INTERNAL: return heddle::to_string(ErrorKind::internal);
  }
  return "unknown";
}

const char* heddle_kind_name(int64_t index) {
  return guarded_or(static_cast<const char*>(nullptr), [&]() -> const char* {
    int64_t left = index;
    for (const heddle::Kind& kind : heddle::kinds()) {
      if (kind.task != heddle::Task::recommend) continue;
      if (left-- == 0) return kind.name.c_str();
    }
    return nullptr;
  });
}

heddle_status heddle_device_create(const char* name, int threads, heddle_device** device) {
  return guarded([&] {
    begin_handle(device, "heddle_device_create", "device");
    heddle::Device made = heddle::Device::parse(name == nullptr ? "auto" : name, threads);
    std::string description = made.description();
    *device = new heddle_device{std::move(made), std::move(description)};
  });
}

void heddle_device_destroy(heddle_device* device) { delete device; }

const char* heddle_device_description(const heddle_device* device) {
  return guarded_or(static_cast<const char*>(nullptr), [&] {
    need(device, "heddle_device_description", "device");
    return device->description.c_str();
  });
}
