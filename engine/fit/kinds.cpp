#include "heddle/kinds.h"

#include <algorithm>

#include "heddle/error.h"
#include "heddle/fit.h"
#include "heddle/rethrow.h"

namespace heddle {

// One line a kind, in the order in which they are listed everywhere: NAME_kind() is the row, and stands at the end of its model's
// file (of LightGCN and of blends, whose fitting takes more, in one beside this).
// clang-format off
#define HEDDLE_KINDS(row) \
  row(gcn) \
  row(gat) \
  row(lightgcn) \
  row(popularity) \
  row(item_cosine) \
  row(graph_filter) \
  row(blend)
// clang-format on

#define HEDDLE_DECLARE_KIND(name) Kind name##_kind();
HEDDLE_KINDS(HEDDLE_DECLARE_KIND)

namespace {

std::string names_of(Task task, std::span<const Kind> own) {
  std::string names;
  for (const std::span<const Kind> some : {kinds(), own}) {
    for (const Kind& kind : some) {
      if (kind.task == task) names += (names.empty() ? "" : ", ") + kind.name;
    }
  }
  return names;
}

const Kind* kind_named(const std::string& name, std::span<const Kind> own) {
  for (const std::span<const Kind> some : {own, kinds()}) {
    const auto found = std::find_if(some.begin(), some.end(), [&](const Kind& kind) { return kind.name == name; });
    if (found != some.end()) return &*found;
  }
  return nullptr;
}

const char* called(Task task) { return task == Task::classify_nodes ? "node classifier" : "recommender"; }

}  // namespace

std::span<const Kind> kinds() try {
#define HEDDLE_LIST_KIND(name) name##_kind(),
  static const Kind table[] = {HEDDLE_KINDS(HEDDLE_LIST_KIND)};
  return table;
} catch (...) {
  rethrow_as_error();
}

const Kind& find_kind(const std::string& name, Task task, std::span<const Kind> own) try {
  const Kind* const found = kind_named(name, own);
  require(found != nullptr, ErrorKind::usage, "there is no ", called(task), " '", name, "'; there are: ", names_of(task, own));
  require(found->task == task, ErrorKind::usage, name, " is a ", called(found->task), ", not a ", called(task),
          "; there are: ", names_of(task, own));
  return *found;
} catch (...) {
  rethrow_as_error();
}

const Kind& find_kind(const std::string& name, std::span<const Kind> own) try {
  const Kind* const found = kind_named(name, own);
  require(found != nullptr, ErrorKind::usage, "there is no model '", name, "'; there are: ", names_of(Task::classify_nodes, own),
          ", ", names_of(Task::recommend, own));
  return *found;
} catch (...) {
  rethrow_as_error();
}

std::unique_ptr<NodeClassifier> make_model(const Kind& kind, const NodeDataset& data, const Settings& settings, uint64_t seed,
                                           const Device& device) try {
  require(kind.task == Task::classify_nodes, ErrorKind::usage, kind.name, " is no node classifier");
  return kind.classifier.make(data, plan_fit(kind, settings).settings, seed, device);
} catch (...) {
  rethrow_as_error();
}

std::unique_ptr<NodeClassifier> make_model(const std::string& kind, const NodeDataset& data, const Settings& settings,
                                           uint64_t seed, const Device& device) try {
  return make_model(find_kind(kind, Task::classify_nodes), data, settings, seed, device);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
