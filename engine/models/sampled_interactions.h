#pragma once

#include "heddle/buffer.h"
#include "heddle/data.h"
#include "kernels/sampling/sampling.h"

namespace heddle {

/// Training interactions in a device's memory, as batches are drawn from them by the kernels of kernels/sampling.
class SampledInteractions {
 public:
  SampledInteractions(Stream& stream, const HostCsr& train);

  const kernels::InteractionsView& view() const { return view_; }

 private:
  Buffer row_offsets_, col_indices_, values_, row_of_, eligible_;
  kernels::InteractionsView view_;
};

}  // namespace heddle
