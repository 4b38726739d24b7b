#include "engine/recommend/kinds.h"

#include <cstdint>
#include <string_view>

#include "engine/models/lightgcn_recommender.h"
#include "heddle/error.h"
#include "heddle/lightgcn.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

void check_popularity(const Settings& settings) try { allow_only(settings, {}); } catch (...) {
  rethrow_as_error();
}

std::unique_ptr<Recommender> make_popularity_of(const InteractionDataset& data, const Settings& settings, uint64_t,
                                                const Device& device) try {
  check_popularity(settings);
  return make_popularity(data, device);
} catch (...) {
  rethrow_as_error();
}

std::vector<PartShape> popularity_parts(const Settings&, int64_t, int64_t) { return {}; }

constexpr ModelSetting lightgcn_settings[] = {
    {"dim", "64", "width of the embeddings"},
    {"layers", "3", "propagations over the graph"},
    {"init_std", "0.1", "standard deviation of the first embeddings"},
    {"norm_power", "0.4", "items are scored by <u, i> / |i|^this"},
    {"precision", "f32", "how embeddings are stored between layers: f32 or bf16"},
};

LightGcnOptions lightgcn_options(const Settings& settings) {
  allow_only(settings, lightgcn_settings);
  LightGcnOptions options;
  options.dim = number(settings, "dim", options.dim);
  options.layers = number(settings, "layers", options.layers);
  options.init_std = number(settings, "init_std", options.init_std);
  options.norm_power = number(settings, "norm_power", options.norm_power);
  const auto precision = settings.find("precision");
  if (precision != settings.end()) {
    require(precision->second == "f32" || precision->second == "bf16", ErrorKind::usage, "precision is '", precision->second,
            "', it must be one of f32, bf16");
    options.precision = precision->second == "bf16" ? Precision::bf16 : Precision::f32;
  }
  options.check();
  return options;
}

void check_lightgcn(const Settings& settings) try { lightgcn_options(settings); } catch (...) {
  rethrow_as_error();
}

std::vector<PartShape> lightgcn_parts(const Settings& settings, int64_t users, int64_t items) try {
  const int64_t dim = lightgcn_options(settings).dim;
  return {{"users", users, dim, dim}, {"items", items, dim, dim}, {"fold_in", items, dim, dim}};
} catch (...) {
  rethrow_as_error();
}

std::unique_ptr<Recommender> load_lightgcn(RecommenderParts&& parts, const Device& device) try {
  const LightGcnOptions options = lightgcn_options(parts.settings);
  return recommending::load_lightgcn(std::move(parts), options, device);
} catch (...) {
  rethrow_as_error();
}

constexpr ModelSetting item_cosine_settings[] = {{"neighbours", "200", "neighbours kept for each item"}};

void check_item_cosine(const Settings& settings) try {
  allow_only(settings, item_cosine_settings);
  recommending::item_cosine_options(settings);
} catch (...) {
  rethrow_as_error();
}

std::vector<PartShape> item_cosine_parts(const Settings&, int64_t, int64_t items) try {
  return {{"listed_by.values", 1, 0, INT64_MAX},
          {"listed_by.row_offsets", 1, items + 1, items + 1, true},
          {"listed_by.col_indices", 1, 0, INT64_MAX, true}};
} catch (...) {
  rethrow_as_error();
}

std::unique_ptr<Recommender> make_item_cosine_of(const InteractionDataset& data, const Settings& settings, uint64_t,
                                                 const Device& device) try {
  check_item_cosine(settings);
  return make_item_cosine(data, recommending::item_cosine_options(settings), device);
} catch (...) {
  rethrow_as_error();
}

constexpr ModelSetting graph_filter_settings[] = {
    {"rank", "256", "singular vectors of the ideal low-pass filter; 0: the linear filter alone"},
    {"alpha", "0.3", "weight of the ideal low-pass filter beside the linear one"},
    {"iterations", "8", "subspace iterations of the randomised SVD"},
    {"oversample", "32", "vectors that the randomised SVD carries beyond the rank"},
};

void check_graph_filter(const Settings& settings) try {
  allow_only(settings, graph_filter_settings);
  recommending::graph_filter_options(settings, 0);
} catch (...) {
  rethrow_as_error();
}

std::vector<PartShape> graph_filter_parts(const Settings& settings, int64_t, int64_t items) try {
  // Fewer than the rank where the interactions have fewer singular vectors.
  return {{"vectors", items, 0, recommending::graph_filter_options(settings, 0).rank}};
} catch (...) {
  rethrow_as_error();
}

std::unique_ptr<Recommender> make_graph_filter_of(const InteractionDataset& data, const Settings& settings, uint64_t seed,
                                                  const Device& device) try {
  check_graph_filter(settings);
  return make_graph_filter(data, recommending::graph_filter_options(settings, seed), device);
} catch (...) {
  rethrow_as_error();
}

constexpr ModelSetting blend_settings[] = {
    {"weight", "0.5", "of the second model's standardised scores"},
    {"first", "", "the first model's name; its settings follow as first.NAME"},
    {"second", "", "the second model's name; its settings follow as second.NAME"},
};

constexpr RecommenderKind recommender_table[] = {
    {"popularity",
     "by how many users have the item",
     "definition",
     {},
     check_popularity,
     popularity_parts,
     make_popularity_of,
     recommending::load_popularity},
    {"item-cosine", "items most alike the user's own, by cosine", "Deshpande & Karypis 2004", item_cosine_settings,
     check_item_cosine, item_cosine_parts, make_item_cosine_of, recommending::load_item_cosine},
    {"graph-filter", "low-pass filter of the item-item graph, nothing to train", "Shen et al. 2021 (GF-CF)",
     graph_filter_settings, check_graph_filter, graph_filter_parts, make_graph_filter_of, recommending::load_graph_filter},
    {"lightgcn", "light graph convolution network, trained on batches", "He et al. 2020", lightgcn_settings, check_lightgcn,
     lightgcn_parts, nullptr, load_lightgcn},
    {"blend", "sum of two models' standardised scores", "definition", blend_settings, recommending::check_blend_settings,
     recommending::blend_parts, nullptr, recommending::load_blend},
};

}  // namespace

std::span<const RecommenderKind> recommender_kinds() { return recommender_table; }

const RecommenderKind& find_recommender_kind(const std::string& name) try {
  std::string names;
  for (const RecommenderKind& kind : recommender_table) {
    if (kind.name == name) return kind;
    names += text(names.empty() ? "" : ", ", kind.name);
  }
  fail(ErrorKind::usage, "there is no recommender '", name, "'; there are: ", names);
} catch (...) {
  rethrow_as_error();
}

const std::string& recommending::required_setting(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  require(found != settings.end(), ErrorKind::usage, "the setting ", key, " is missing");
  return found->second;
}

Settings recommending::with_prefix(const Settings& settings, const std::string& prefix) {
  Settings result;
  for (const auto& [key, value] : settings) {
    if (key.starts_with(prefix)) result[key.substr(prefix.size())] = value;
  }
  return result;
}

}  // namespace heddle
