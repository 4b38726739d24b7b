#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capi/call.h"
#include "capi/handles.h"
#include "heddle/io.h"

using heddle::ErrorKind;
using heddle::require;
using heddle::capi::begin_handle;
using heddle::capi::guarded;
using heddle::capi::guarded_or;
using heddle::capi::need;

namespace {

/// The rows of users or items in the order of the entries; new ids get the next row.
std::vector<int32_t> rows_of(const char* const* ids, const int64_t* numbers, int64_t count, const char* called,
                             heddle::IdTable& table) {
  require((ids == nullptr) != (numbers == nullptr) || count == 0, ErrorKind::usage, "heddle_data_create: exactly one of ", called,
          "_ids and ", called, "_numbers is to be given, ", ids == nullptr ? "both are NULL" : "both are");
  std::vector<int32_t> rows;
  rows.reserve(static_cast<std::size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    if (ids == nullptr) {
      rows.push_back(table.insert(std::to_string(numbers[i])));
      continue;
    }
    require(ids[i] != nullptr && *ids[i] != '\0', ErrorKind::usage, "heddle_data_create: ", called, "_ids[", i, "] is ",
            ids[i] == nullptr ? "NULL" : "empty");
    rows.push_back(table.insert(ids[i]));
  }
  return rows;
}

heddle::InteractionLog::Part part_named(const char* name, int64_t entry) {
  using Part = heddle::InteractionLog::Part;
  const std::string called = heddle::text("heddle_data_create: parts[", entry, "]");
  require(name != nullptr, ErrorKind::usage, called, " is NULL");
  const std::string_view part = name;
  if (part == "train") return Part::train;
  if (part == "val") return Part::val;
  if (part == "test") return Part::test;
  heddle::refuse_choice(called, name, {"train", "val", "test"});
}

heddle::InteractionLog log_of(const heddle_interactions& given) {
  require(given.count >= 0, ErrorKind::usage, "heddle_data_create: the count of interactions is ", given.count);
  const auto count = static_cast<std::size_t>(given.count);
  heddle::InteractionLog log;
  log.name = given.name == nullptr ? "interactions" : given.name;
  log.user = rows_of(given.user_ids, given.user_numbers, given.count, "user", log.users);
  log.item = rows_of(given.item_ids, given.item_numbers, given.count, "item", log.items);
  if (given.item_names != nullptr) {
    log.item_names.resize(static_cast<std::size_t>(log.items.size()));
    for (std::size_t i = 0; i < count; ++i) {
      std::string& name = log.item_names[static_cast<std::size_t>(log.item[i])];
      if (name.empty() && given.item_names[i] != nullptr) name = given.item_names[i];
    }
  }
  if (given.ratings != nullptr) log.rating.assign(given.ratings, given.ratings + count);
  if (given.times != nullptr) log.time.assign(given.times, given.times + count);
  if (given.behaviours != nullptr) {
    heddle::IdTable names;
    for (int64_t i = 0; i < given.count; ++i) {
      require(given.behaviours[i] != nullptr, ErrorKind::usage, "heddle_data_create: behaviours[", i, "] is NULL");
      log.behaviour.push_back(names.insert(given.behaviours[i]));
    }
    log.behaviours = names.ids();
  }
  if (given.parts != nullptr) {
    for (int64_t i = 0; i < given.count; ++i) log.part.push_back(part_named(given.parts[i], i));
  }
  return log;
}

/// Throws Error{usage} for a setting whose name is in none of the tables.
void refuse_unknown_settings(const heddle::Settings& settings, const std::vector<heddle::Setting>& known, const char* function) {
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const heddle::Setting& row : known) names.push_back(row.name);
  for (const auto& [name, value] : settings) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      heddle::refuse_choice(std::string(function) + ": the name of a setting", name, names);
  }
}

const heddle::HostCsr& part_of(const heddle::InteractionDataset& data, const char* part) {
  const std::string_view name = part;
  if (name == "train") return data.train;
  if (name == "val") return data.val;
  if (name == "test") return data.test;
  heddle::refuse_choice("heddle_data_interactions: part", part, {"train", "val", "test"});
}

heddle_data* make_data(heddle::InteractionDataset&& data) {
  std::string reading = to_json(data.reading);
  return new heddle_data{std::move(data), std::move(reading)};
}

}  // namespace

heddle_status heddle_data_create(const heddle_interactions* interactions, const heddle_setting* settings, int64_t setting_count,
                                 heddle_progress_function progress, void* user, heddle_data** data) {
  return guarded([&] {
    begin_handle(data, "heddle_data_create", "data");
    need(interactions, "heddle_data_create", "interactions");
    const heddle::Settings given = heddle::capi::settings_of(settings, setting_count, "heddle_data_create");
    refuse_unknown_settings(given, heddle::prepare_settings().rows(), "heddle_data_create");
    const heddle::PrepareOptions options = heddle::prepare_settings().read(given);
    *data = make_data(heddle::prepare(log_of(*interactions), options, heddle::capi::progress_for(progress, user)));
  });
}

heddle_status heddle_data_load(const char* path, const heddle_setting* settings, int64_t setting_count,
                               heddle_progress_function progress, void* user, heddle_data** data) {
  return guarded([&] {
    begin_handle(data, "heddle_data_load", "data");
    need(path, "heddle_data_load", "path");
    const heddle::Settings given = heddle::capi::settings_of(settings, setting_count, "heddle_data_load");
    std::vector<heddle::Setting> known = heddle::io::reading_settings().rows();
    for (heddle::Setting& row : heddle::prepare_settings().rows()) known.push_back(std::move(row));
    refuse_unknown_settings(given, known, "heddle_data_load");
    heddle::io::InteractionReading reading = heddle::io::reading_settings().read(given);
    const heddle::PrepareOptions options = heddle::prepare_settings().read(given);
    const heddle::ProgressCallback told = heddle::capi::progress_for(progress, user);
    heddle::io::set_wanted(reading, options);
    reading.options.progress = told;
    heddle::InteractionLog log = heddle::io::load_interactions(path, reading);
    *data = make_data(heddle::prepare(std::move(log), options, told));
  });
}

void heddle_data_destroy(heddle_data* data) { delete data; }

int64_t heddle_data_users(const heddle_data* data) {
  return guarded_or(int64_t{-1}, [&] {
    need(data, "heddle_data_users", "data");
    return data->data.users.size();
  });
}

int64_t heddle_data_items(const heddle_data* data) {
  return guarded_or(int64_t{-1}, [&] {
    need(data, "heddle_data_items", "data");
    return data->data.items.size();
  });
}

int64_t heddle_data_interactions(const heddle_data* data, const char* part) {
  return guarded_or(int64_t{-1}, [&] {
    need(data, "heddle_data_interactions", "data");
    need(part, "heddle_data_interactions", "part");
    return part_of(data->data, part).nnz();
  });
}

const char* heddle_data_reading(const heddle_data* data) {
  return guarded_or(static_cast<const char*>(nullptr), [&] {
    need(data, "heddle_data_reading", "data");
    return data->reading.c_str();
  });
}
