#pragma once

#include <cstdint>

#include "heddle/kernel/philox.h"
#include "heddle/kernel/views.h"

// Training samples drawn on the device by the counter-based generator: the same on every device and for any number of threads.
// Every pointer is to memory of the stream's device. Items' ids are their node numbers: items follow users, so item i is users +
// i.
namespace heddle::kernels {

struct Execution;

/// Users x items interactions to draw from.
struct InteractionsView {
  CsrView matrix;                     ///< users x items, columns ascending and distinct; values are not read
  const int32_t* row_of = nullptr;    ///< nnz: the user of each interaction
  const int32_t* eligible = nullptr;  ///< users with at least one item and at least one item not taken
  int64_t eligible_count = 0;
};

/// `batch` triples as the LightGCN authors draw them: a user uniformly among the eligible, one of the user's items uniformly, an
/// item uniformly among those the user never took. ids: 3 * batch node numbers: users, then positives, then negatives. The k-th
/// item not taken is found by binary search in the user's row: no rejection, never a positive.
void sample_bpr(const InteractionsView& interactions, int64_t batch, const RandomStream& random, int32_t* ids,
                Execution& execution);

/// `batch` interactions uniformly, and `negatives` items shared by the batch: the first round(popularity_share * negatives) with
/// probability proportional to their number of interactions, the others uniformly. ids: 2 * batch + negatives node numbers.
void sample_softmax(const InteractionsView& interactions, int64_t batch, int64_t negatives, float popularity_share,
                    const RandomStream& random, int32_t* ids, Execution& execution);

}  // namespace heddle::kernels
