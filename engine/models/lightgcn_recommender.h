#pragma once

#include <map>
#include <memory>
#include <string>

#include "heddle/buffer.h"
#include "heddle/lightgcn.h"
#include "heddle/recommender.h"

// A fitted LightGCN: vectors of users and items, no embeddings to train.
namespace heddle::recommending {

/// What a fitted LightGCN tells of itself.
struct LightGcnHistory {
  LightGcnOptions options;
  std::map<std::string, std::string> trained_with;
  std::map<std::string, std::string> asked;  ///< the settings that `train` was called with; empty: not known
};

/// `lookup` [users + items x dim]: the users' vectors, then what a visitor's is the sum of; `item_vectors` [items x dim], scaled.
/// Both are ready for every stream.
std::unique_ptr<Recommender> make_lightgcn_recommender(std::shared_ptr<const HostCsr> train, LightGcnHistory history,
                                                       Buffer lookup, Buffer item_vectors, const Device& device);

/// Of a saved model's "users", "items" and "fold_in".
std::unique_ptr<Recommender> load_lightgcn(RecommenderParts&& parts, const LightGcnOptions& options, const Device& device);

}  // namespace heddle::recommending
