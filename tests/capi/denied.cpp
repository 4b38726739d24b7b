#include "tests/capi/denied.h"

#include <optional>

#include "tests/support/counting_allocator.h"

namespace {

std::optional<heddle::test::FailedAllocation> denial;

}  // namespace

void deny_allocation(int64_t n, int all) {
  denial.emplace(n, all != 0 ? heddle::test::Failing::all : heddle::test::Failing::one);
}

int end_denial() {
  const bool happened = denial->happened();
  denial.reset();
  return happened ? 1 : 0;
}

int64_t blocks_live() { return heddle::test::live_allocations(); }
