#include "kernels/spmm/cusparse_offsets.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/workbench.h"

namespace heddle::kernels {

/// Where the twins' names stand.
static void narrow_on(Stream& stream, const int64_t* from, int32_t* to, int64_t count) {
  HEDDLE_CALL_DEVICE(stream, narrow_offsets, from, to, count);
}

}  // namespace heddle::kernels

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("narrow_offsets / every count gives the same numbers in 32 bits, up to the largest") {
    for (const auto& [name, device] : devices()) {
      if (device.kind() == DeviceKind::cpu) continue;
      for (const int64_t count : {1, 7, 255, 256, 257, 3000}) {
        INFO(name, " / ", count, " offsets");
        Workbench workbench(device);
        std::vector<int64_t> offsets;
        std::vector<int32_t> expected;
        for (int64_t i = 0; i < count; ++i) {
          offsets.push_back(INT32_MAX - (count - 1 - i) * 701);
          expected.push_back(static_cast<int32_t>(offsets.back()));
        }
        const Guarded<int64_t> from = workbench.array(offsets);
        const Guarded<int32_t> to = workbench.output<int32_t>(count);
        narrow_on(workbench.stream(), from.data(), to.data(), count);
        CHECK(bit_difference(to.values(), expected) == "");
      }
    }
  }
}
