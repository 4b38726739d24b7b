#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "capi/call.h"
#include "capi/handles.h"
#include "heddle/io.h"
#include "heddle/saved_model.h"

using heddle::ErrorKind;
using heddle::require;
using heddle::capi::begin_handle;
using heddle::capi::guarded;
using heddle::capi::guarded_or;
using heddle::capi::ids_of;
using heddle::capi::need;

namespace {

/// What `found` finds in the bundle, NULL where it fails. Its texts are the bundle's.
template <class Found>
const char* text_of(const heddle_bundle* bundle, const char* function, const Found& found) {
  return guarded_or(static_cast<const char*>(nullptr), [&]() -> const char* {
    need(bundle, function, "bundle");
    return found(bundle->bundle.saved());
  });
}

/// A raw id by its number.
const char* id_at(const heddle::IdTable& ids, int64_t index, const char* function) {
  require(index >= 0 && index < ids.size(), ErrorKind::usage, function, ": there is no number ", index, " of ", ids.size());
  return ids[index].c_str();
}

/// A count of the bundle's, -1 where it fails.
template <class Count>
int64_t count_of(const heddle_bundle* bundle, const char* function, const Count& count) {
  return guarded_or(int64_t{-1}, [&] {
    need(bundle, function, "bundle");
    return count(bundle->bundle.saved());
  });
}

/// Whether one of the bundle's tables has the id.
int has_id(const heddle_bundle* bundle, const char* id, heddle::IdTable heddle::SavedRecommender::*ids, const char* function) {
  return guarded_or(-1, [&] {
    need(bundle, function, "bundle");
    need(id, function, "id");
    return (bundle->bundle.saved().*ids).find(id) >= 0 ? 1 : 0;
  });
}

}  // namespace

heddle_status heddle_bundle_load(const char* path, const heddle_device* device, heddle_bundle** bundle) {
  return guarded([&] {
    begin_handle(bundle, "heddle_bundle_load", "bundle");
    need(path, "heddle_bundle_load", "path");
    need(device, "heddle_bundle_load", "device");
    try {
      *bundle = new heddle_bundle{heddle::Bundle::load(path, device->device)};
    } catch (const heddle::Error& error) {
      // Of a file that is no model at all this says what it is instead.
      if (error.kind() == ErrorKind::bad_data) heddle::saved_model_info(path);
      throw;
    }
  });
}

heddle_status heddle_bundle_save(const heddle_bundle* bundle, const char* path, const heddle_save_options* options) {
  return guarded([&] {
    need(bundle, "heddle_bundle_save", "bundle");
    need(path, "heddle_bundle_save", "path");
    // As it is: of a bundle without history that is without.
    const bool without = options != nullptr && options->without_history != 0;
    bundle->bundle.save(path, bundle->bundle.saved().history && !without);
  });
}

heddle_status heddle_bundle_set_lists(heddle_bundle* bundle, const heddle_ids* allow, const heddle_ids* deny) {
  return guarded([&] {
    constexpr const char* function = "heddle_bundle_set_lists";
    need(bundle, function, "bundle");
    const heddle::IdTable& items = bundle->bundle.saved().items;
    heddle::ItemLists lists;
    if (deny != nullptr) lists.deny = heddle::known_ids(items, ids_of(*deny, {function, "deny"})).numbers;
    if (allow != nullptr) lists.allow = heddle::known_ids(items, ids_of(*allow, {function, "allow"})).numbers;
    bundle->bundle.set_lists(std::move(lists));
  });
}

heddle_status heddle_bundle_set_item_table(heddle_bundle* bundle, const char* path, int64_t* unknown, int64_t* without) {
  return guarded([&] {
    need(bundle, "heddle_bundle_set_item_table", "bundle");
    need(path, "heddle_bundle_set_item_table", "path");
    const heddle::ItemTableUse use = bundle->bundle.set_item_columns(heddle::io::read_item_table(path));
    if (unknown != nullptr) *unknown = use.unknown;
    if (without != nullptr) *without = use.without;
  });
}

void heddle_bundle_destroy(heddle_bundle* bundle) { delete bundle; }

const char* heddle_bundle_kind(const heddle_bundle* bundle) {
  return text_of(bundle, "heddle_bundle_kind", [](const auto& saved) { return saved.metadata.at("model").c_str(); });
}

int64_t heddle_bundle_users(const heddle_bundle* bundle) {
  return count_of(bundle, "heddle_bundle_users", [](const auto& saved) { return saved.users.size(); });
}

int64_t heddle_bundle_items(const heddle_bundle* bundle) {
  return count_of(bundle, "heddle_bundle_items", [](const auto& saved) { return saved.items.size(); });
}

int64_t heddle_bundle_interactions(const heddle_bundle* bundle) {
  return count_of(bundle, "heddle_bundle_interactions", [](const auto& saved) { return saved.model->train().nnz(); });
}

const char* heddle_bundle_info(const heddle_bundle* bundle, const char* name) {
  return text_of(bundle, "heddle_bundle_info", [&](const auto& saved) -> const char* {
    need(name, "heddle_bundle_info", "name");
    const auto found = saved.metadata.find(name);
    return found == saved.metadata.end() ? nullptr : found->second.c_str();
  });
}

heddle_status heddle_bundle_info_at(const heddle_bundle* bundle, int64_t index, const char** name, const char** value) {
  return guarded([&] {
    need(bundle, "heddle_bundle_info_at", "bundle");
    need(name, "heddle_bundle_info_at", "name");
    need(value, "heddle_bundle_info_at", "value");
    const auto& metadata = bundle->bundle.saved().metadata;
    const auto entries = static_cast<int64_t>(metadata.size());
    require(index >= 0 && index < entries, ErrorKind::usage, "heddle_bundle_info_at: there is no entry ", index, " of ", entries);
    const auto entry = std::next(metadata.begin(), static_cast<std::ptrdiff_t>(index));
    *name = entry->first.c_str();
    *value = entry->second.c_str();
  });
}

const char* heddle_bundle_user_id(const heddle_bundle* bundle, int64_t index) {
  return text_of(bundle, "heddle_bundle_user_id",
                 [&](const auto& saved) { return id_at(saved.users, index, "heddle_bundle_user_id"); });
}

const char* heddle_bundle_item_id(const heddle_bundle* bundle, int64_t index) {
  return text_of(bundle, "heddle_bundle_item_id",
                 [&](const auto& saved) { return id_at(saved.items, index, "heddle_bundle_item_id"); });
}

int heddle_bundle_has_user(const heddle_bundle* bundle, const char* id) {
  return has_id(bundle, id, &heddle::SavedRecommender::users, "heddle_bundle_has_user");
}

int heddle_bundle_has_item(const heddle_bundle* bundle, const char* id) {
  return has_id(bundle, id, &heddle::SavedRecommender::items, "heddle_bundle_has_item");
}

const char* heddle_bundle_item_name(const heddle_bundle* bundle, const char* id) {
  return text_of(bundle, "heddle_bundle_item_name", [&](const auto& saved) -> const char* {
    need(id, "heddle_bundle_item_name", "id");
    const int32_t item = saved.items.require_known(id, "item");
    return saved.item_names.empty() ? nullptr : saved.item_names[static_cast<std::size_t>(item)].c_str();
  });
}

const char* heddle_bundle_item_value(const heddle_bundle* bundle, const char* id, const char* column) {
  return text_of(bundle, "heddle_bundle_item_value", [&](const auto& saved) -> const char* {
    need(id, "heddle_bundle_item_value", "id");
    need(column, "heddle_bundle_item_value", "column");
    const int32_t item = saved.items.require_known(id, "item");
    const auto found = std::find_if(saved.item_columns.begin(), saved.item_columns.end(),
                                    [&](const heddle::ItemColumn& each) { return each.name == column; });
    require(found != saved.item_columns.end(), ErrorKind::usage, "heddle_bundle_item_value: the bundle has no column '", column,
            "'");
    return found->values[static_cast<std::size_t>(item)].c_str();
  });
}
