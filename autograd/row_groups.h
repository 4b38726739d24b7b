#pragma once

#include "heddle/ops.h"
#include "kernels/rows/rows.h"

namespace heddle {

/// A batch as the kernels take it, to be read only.
inline kernels::RowGroups row_groups(const RowBatch& rows) {
  return {.ids = rows.ids,
          .count = rows.count,
          .order = const_cast<int32_t*>(rows.order),
          .distinct = const_cast<int32_t*>(rows.distinct),
          .offsets = const_cast<int32_t*>(rows.offsets),
          .group_of = const_cast<int32_t*>(rows.group_of),
          .group_count = const_cast<int32_t*>(rows.group_count)};
}

}  // namespace heddle
