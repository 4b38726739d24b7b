#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heddle/data.h"
#include "heddle/recommender.h"

namespace heddle::recommending {

/// The columns of the interactions, for cosines between them: who has each item, and the columns' norms. Weights are looked up in
/// the rows, which the model holds.
class ItemColumns {
 public:
  explicit ItemColumns(const HostCsr& train);

  /// The `k` items whose columns have the largest cosine with those of `items`, on average; those with a cosine of 0 left out,
  /// and `left_out`, which ascends. `train` is what the columns were made of. Takes time in proportion to how many items the
  /// users of `items` have.
  Ranking most_alike(const HostCsr& train, std::span<const int32_t> items, int64_t k, std::span<const int32_t> left_out) const;
  /// The same of users and rows; none of `users` is listed.
  Ranking users_most_alike(const HostCsr& train, std::span<const int32_t> users, int64_t k) const;

 private:
  std::span<const int32_t> users_of(int32_t item) const;

  std::vector<int64_t> offsets_;  ///< items + 1
  std::vector<int32_t> users_;    ///< of each item, ascending
  std::vector<double> norms_;     ///< of the columns
};

}  // namespace heddle::recommending
