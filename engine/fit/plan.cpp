#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "engine/fit/saved_plan.h"
#include "engine/train/train_table.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/near_matches.h"

namespace heddle {

namespace {

bool has_setting(std::span<const Setting> rows, const std::string& name) {
  return std::any_of(rows.begin(), rows.end(), [&](const Setting& row) { return row.name == name; });
}

bool has_setting(const Kind& kind, const std::string& name) {
  return has_setting(kind.settings, name) || has_setting(kind.training, name);
}

/// Takes the settings of `rows` out of `given`: each as it is written back, or its default. `of`: whose they are, in a sentence.
void take_settings(std::span<const Setting> rows, const std::string& of, Settings& given, Settings& taken) {
  for (const Setting& row : rows) {
    const auto found = given.find(row.name);
    const std::string& value = found == given.end() ? row.fallback : found->second;
    require(found != given.end() || !row.fallback.empty(), ErrorKind::usage, of, ": the setting ", row.name, " is missing");
    taken[row.name] = row.read(of + ": " + row.name, value);
    if (found != given.end()) given.erase(found);
  }
}

/// Puts what settings that stand for others ("protocol") say of those that are not given.
void apply_presets(const Kind& kind, Settings& given) {
  for (const std::vector<Setting>* rows : {&kind.settings, &kind.training}) {
    for (const Setting& row : *rows) {
      const auto value = given.find(row.name);
      if (row.presets.empty() || value == given.end()) continue;
      row.read(kind.name + ": " + row.name, value->second);
      const Settings& preset = row.presets.at(value->second);
      given.insert(preset.begin(), preset.end());
    }
  }
}

/// The settings for one of the kinds that a kind is made of, out of all that are given; those which went to it are noted.
Settings settings_of_part(const Kind& part, const std::string& prefix, const Settings& given, std::set<std::string>& used) {
  Settings settings;
  for (const auto& [name, value] : given) {
    if (!has_setting(part, name)) continue;
    settings[name] = value;
    used.insert(name);
  }
  for (const auto& [name, value] : fitting::with_prefix(given, prefix)) {
    settings[name] = value;  // what is said of this one alone goes before
    used.insert(prefix + name);
  }
  return settings;
}

/// The kind that a kind's setting names; a kind that is itself made of others would make nesting as deep as anybody wants.
const Kind& kind_of_part(const Kind& of, const std::string& setting, const std::string& name, std::span<const Kind> own) {
  const Kind& part = find_kind(name, Task::recommend, own);
  require(part.made_of.empty(), ErrorKind::usage, of.name, ": its ", setting, " model is a ", part.name);
  return part;
}

/// `parts`: of what the kind is made, whose settings are taken too.
void refuse_unknown(const std::string& of, const Settings& left, const Kind& kind, const std::vector<FitPlan>& parts) {
  if (left.empty()) return;
  const auto& [name, value] = *left.begin();
  std::vector<std::string> known;
  const auto add = [&](const Kind& each) {
    for (const std::vector<Setting>* rows : {&each.settings, &each.training}) {
      for (const Setting& row : *rows) known.push_back(row.name);
    }
  };
  add(kind);
  for (const FitPlan& part : parts) add(*part.kind);
  std::string meant;
  for (const std::string& match : io::detail::near_matches(name, known, 3))
    meant += (meant.empty() ? "; did you mean " : ", ") + match;
  if (meant.empty()) {
    for (const std::string& each : known) meant += (meant.empty() ? "; it has " : ", ") + each;
  }
  fail(ErrorKind::usage, of, " has no setting '", name, "' (= ", value, ")", meant, meant.starts_with("; did") ? "?" : "");
}

/// Adds the settings of the parts, under their names where one part alone has a setting of that name.
void add_settings_of_parts(const Kind& kind, FitPlan& plan) {
  const Settings of_its_own = plan.settings;
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    for (const auto& [name, value] : plan.parts[i].settings) {
      bool shared = of_its_own.contains(name);
      for (std::size_t other = 0; other < plan.parts.size(); ++other) {
        shared = shared || (other != i && has_setting(*plan.parts[other].kind, name));
      }
      plan.settings[shared ? kind.made_of[i] + "." + name : name] = value;
    }
  }
}

template <class Asked>
bool any_part(const FitPlan& plan, const Asked& asked) {
  return std::any_of(plan.parts.begin(), plan.parts.end(), asked);
}

/// What a row's function says, where there is one.
bool says(const std::function<bool(const Settings&)>& function, const Settings& settings) {
  return function && function(settings);
}

/// The name of a setting of a part as the part calls it: without "first.".
std::string name_in_part(const Kind& kind, std::size_t part, const std::string& name) {
  const std::string prefix = kind.made_of[part] + '.';
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

/// Whether a plan's setting stands for others, and has done so.
bool is_preset(const FitPlan& plan, const std::string& name) {
  for (const std::vector<Setting>* rows : {&plan.kind->settings, &plan.kind->training}) {
    for (const Setting& row : *rows) {
      if (row.name == name) return !row.presets.empty();
    }
  }
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    const std::string in_part = name_in_part(*plan.kind, i, name);
    if (has_setting(*plan.parts[i].kind, in_part)) return is_preset(plan.parts[i], in_part);
  }
  return false;
}

constexpr const char* blend_name = "blend";

}  // namespace

bool FitPlan::trains_in_epochs() const {
  return kind->trains_in_epochs || any_part(*this, [](const FitPlan& part) { return part.trains_in_epochs(); });
}

bool FitPlan::has_vectors() const { return says(kind->has_vectors, settings) || (!parts.empty() && parts.front().has_vectors()); }

bool FitPlan::folds_in() const {
  return kind->folds_in || any_part(*this, [](const FitPlan& part) { return part.folds_in(); });
}

bool FitPlan::needs_history() const {
  return kind->needs_history || any_part(*this, [](const FitPlan& part) { return part.needs_history(); });
}

bool FitPlan::needs_validation() const try {
  if (kind->task == Task::classify_nodes && !kind->classifier.fit) {
    const TrainOptions options = train_table().read(settings);
    return options.patience > 0 || options.selection == Selection::best_validation;
  }
  return says(kind->needs_validation, settings) || any_part(*this, [](const FitPlan& part) { return part.needs_validation(); });
} catch (...) {
  rethrow_as_error();
}

int64_t FitPlan::least_saved_bytes(const NodeDataset& data) const try {
  int64_t bytes = 0;
  for (const ParameterShape& shape : kind->classifier.parameters(data, settings))
    bytes += shape.rows * shape.cols * static_cast<int64_t>(sizeof(float));
  return bytes;
} catch (...) {
  rethrow_as_error();
}

int64_t FitPlan::least_saved_bytes(const InteractionDataset& data) const try {
  const HostCsr& train = data.train;
  int64_t bytes = 0;
  for (const PartShape& part : fitting::saved_parts(*this, train.rows, train.cols))
    bytes += part.rows * part.least_cols * static_cast<int64_t>(sizeof(float));  // an integer takes as much or more
  bytes += static_cast<int64_t>(train.row_offsets.size() * sizeof(int64_t) + train.col_indices.size() * sizeof(int32_t) +
                                train.values.size() * sizeof(float));
  for (const IdTable* ids : {&data.users, &data.items}) bytes += (ids->size() + 1) * static_cast<int64_t>(sizeof(int64_t));
  return bytes;
} catch (...) {
  rethrow_as_error();
}

std::map<std::string, std::string> FitPlan::metadata() const try {
  std::map<std::string, std::string> told{{"fitted", kind->name}};
  const bool blend = kind->name == blend_name;
  if (blend) {
    const std::string& weight = settings.at("weight");
    told = {{"fitted", parts[0].kind->name},
            {"fitted_second", parts[1].kind->name},
            {"fitted_weight", weight == "auto" ? "" : weight}};
  }
  for (const auto& [name, value] : settings) {
    if (is_preset(*this, name) || (blend && has_setting(*kind, name))) continue;
    told[text(fit_prefix, name)] = value;
  }
  return told;
} catch (...) {
  rethrow_as_error();
}

FitPlan plan_fit(const Kind& kind, const Settings& settings, std::span<const Kind> own) try {
  FitPlan plan;
  plan.kind = &kind;
  Settings given = settings;
  apply_presets(kind, given);
  take_settings(kind.settings, kind.name, given, plan.settings);
  take_settings(kind.training, kind.name, given, plan.settings);
  if (kind.check) kind.check(plan.settings);
  std::set<std::string> used;
  std::string called = kind.name;
  for (const std::string& setting : kind.made_of) {
    const Kind& part = kind_of_part(kind, setting, plan.settings.at(setting), own);
    plan.parts.push_back(plan_fit(part, settings_of_part(part, setting + '.', given, used), own));
    called += (plan.parts.size() == 1 ? " of " : " and ") + part.name;
  }
  std::erase_if(given, [&](const auto& entry) { return used.contains(entry.first); });
  refuse_unknown(called, given, kind, plan.parts);
  add_settings_of_parts(kind, plan);
  return plan;
} catch (...) {
  rethrow_as_error();
}

FitPlan plan_fit(const std::string& kind, const Settings& settings, std::span<const Kind> own) try {
  return plan_fit(find_kind(kind, own), settings, own);
} catch (...) {
  rethrow_as_error();
}

FitPlan plan_as_fitted(const std::map<std::string, std::string>& metadata, std::span<const Kind> own) try {
  const auto entry = [&](const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  require(!entry("fitted").empty(), ErrorKind::bad_data, "it does not say how it was trained");
  try {
    const Kind& first = find_kind(entry("fitted"), Task::recommend, own);
    Settings settings = fitting::with_prefix(metadata, std::string(fit_prefix));
    const bool blend = !entry("fitted_second").empty();
    const Kind* const second = blend ? &find_kind(entry("fitted_second"), Task::recommend, own) : nullptr;
    // Another version of heddle may have had other settings.
    const auto known = [](const Kind& kind, const char* prefix, const std::string& name) {
      return has_setting(kind, name) ||
             (name.starts_with(prefix) && has_setting(kind, name.substr(std::string_view(prefix).size())));
    };
    if (!blend) {
      if (first.made_of.empty()) std::erase_if(settings, [&](const auto& each) { return !has_setting(first, each.first); });
      return plan_fit(first, settings, own);
    }
    std::erase_if(settings, [&](const auto& each) {
      return !known(first, "first.", each.first) && !known(*second, "second.", each.first);
    });
    const std::string weight = entry("fitted_weight");
    settings["first"] = first.name;
    settings["second"] = second->name;
    settings["weight"] = weight.empty() ? "auto" : weight;
    return plan_fit(blend_name, settings, own);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    fail(ErrorKind::bad_data, error.what());
  }
} catch (...) {
  rethrow_as_error();
}

namespace fitting {

FitPlan saved_plan(const Kind& kind, const Settings& settings, std::span<const Kind> own) {
  FitPlan plan;
  plan.kind = &kind;
  Settings given = settings;
  take_settings(kind.settings, kind.name, given, plan.settings);
  for (const std::string& setting : kind.made_of) {
    const std::string prefix = setting + '.';
    const Kind& part = kind_of_part(kind, setting, plan.settings.at(setting), own);
    plan.parts.push_back(saved_plan(part, with_prefix(settings, prefix), own));
    std::erase_if(given, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  }
  refuse_unknown(kind.name, given, kind, plan.parts);
  return plan;
}

std::vector<PartShape> saved_parts(const FitPlan& plan, int64_t users, int64_t items) {
  std::vector<PartShape> all;
  if (plan.kind->recommender.parts) all = plan.kind->recommender.parts(plan.settings, users, items);
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    for (PartShape& each : saved_parts(plan.parts[i], users, items)) {
      each.name.insert(0, plan.kind->made_of[i] + '.');
      all.push_back(std::move(each));
    }
  }
  return all;
}

std::unique_ptr<Recommender> load_parts(const FitPlan& plan, RecommenderParts&& parts, const Device& device) {
  const Kind& kind = *plan.kind;
  if (plan.parts.empty()) return kind.recommender.load(std::move(parts), device);
  std::vector<std::unique_ptr<Recommender>> models;
  for (std::size_t i = 0; i < plan.parts.size(); ++i) {
    models.push_back(load_parts(plan.parts[i], parts.part(kind.made_of[i]), device));
  }
  return kind.recommender.combine(std::move(models), plan.settings);
}

Settings with_prefix(const Settings& settings, const std::string& prefix) {
  Settings result;
  for (const auto& [key, value] : settings) {
    if (key.starts_with(prefix)) result[key.substr(prefix.size())] = value;
  }
  return result;
}

}  // namespace fitting

}  // namespace heddle
