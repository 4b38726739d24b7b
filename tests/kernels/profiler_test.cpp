// What an op's entry point records, and what it costs where nobody asks.
#include <doctest/doctest.h>

#include <string_view>

#include "heddle/context.h"
#include "heddle/error.h"
#include "kernels/common/profiled_op.h"
#include "kernels/spmm/spmm.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

using kernels::OpArguments;
using kernels::ProfiledOp;

/// Records an op that calls another.
void outer_and_inner(kernels::Execution& execution) {
  const ProfiledOp outer(execution, "outer", [](OpArguments& arguments) { arguments.add("x", 2, 3, 24); });
  const ProfiledOp inner(execution, "inner", [](OpArguments& arguments) { arguments.add("y", 1, 1, 4); });
}

}  // namespace

TEST_SUITE_BEGIN("kernels");

TEST_CASE("profiler / spmm's bytes are its arrays once, with its shapes and the variant that ran") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const Buffer offsets = Buffer::upload(context.stream(), std::vector<int64_t>{0, 2, 3, 4});
    const Buffer columns = Buffer::upload(context.stream(), std::vector<int32_t>{0, 1, 3, 2});
    const Buffer values = Buffer::upload(context.stream(), std::vector<float>{1, 2, 3, 4});
    const Buffer x = Buffer::upload(context.stream(), std::vector<float>(8, 1));
    const Buffer y(context.stream(), 6 * sizeof(float));
    const kernels::SpmmArgs args{{3, 4, 4, offsets.as<int64_t>(), columns.as<int32_t>(), values.as<float>()},
                                 {x.as<float>(), 4, 2},
                                 {y.as<float>(), 3, 2}};
    Profiler profiler;
    context.set_profiler(&profiler);
    kernels::Execution execution = context.execution();
    kernels::spmm(args, execution);
    REQUIRE(profiler.events().size() == 1);
    const ProfileEvent& event = profiler.events()[0];
    CHECK(std::string_view(event.name) == "spmm");
    CHECK(event.is_op);
    CHECK(event.duration_ns >= 0);
    // Four offsets of 8 bytes; four columns and values of 4; 4 x 2 and 3 x 2 floats.
    CHECK(event.bytes == 4 * 8 + 4 * 4 + 4 * 4 + 8 * 4 + 6 * 4);
    REQUIRE(event.argument_count == 3);
    CHECK(std::string_view(event.arguments[0].name) == "a");
    CHECK(event.arguments[0].rows == 3);
    CHECK(event.arguments[0].cols == 4);
    CHECK(event.arguments[1].rows == 4);
    CHECK(event.arguments[2].rows == 3);
    CHECK(event.arguments[2].cols == 2);
    REQUIRE(event.variant != nullptr);
    CHECK(std::string_view(event.variant) == kernels::pick_spmm(args, device.device.kind()));
  }
}

TEST_CASE("profiler / without one an op is not described and nothing is allocated") {
  Context context(Device::cpu({.threads = 1}));
  kernels::Execution execution = context.execution();
  bool described = false;
  const int64_t before = allocations();
  {
    const ProfiledOp op(execution, "spmm", [&](OpArguments&) { described = true; });
    const ProfiledSpan span(context.profiler(), context.stream(), "epoch", ProfilePhase::update, 1);
  }
  CHECK(allocations() == before);
  CHECK_FALSE(described);
}

TEST_CASE("profiler / an op inside another is part of it") {
  Context context(Device::cpu({.threads = 1}));
  Profiler profiler;
  context.set_profiler(&profiler);
  kernels::Execution execution = context.execution();
  outer_and_inner(execution);
  REQUIRE(profiler.events().size() == 2);
  const ProfileEvent &outer = profiler.events()[0], &inner = profiler.events()[1];
  CHECK(outer.parent == -1);
  CHECK(inner.parent == 0);
  CHECK(inner.start_ns >= outer.start_ns);
  CHECK(inner.start_ns + inner.duration_ns <= outer.start_ns + outer.duration_ns);
  REQUIRE(profiler.totals().size() == 1);
  const ProfileTotal total = profiler.totals()[0];
  CHECK(std::string_view(total.op) == "outer");
  CHECK(total.calls == 1);
  CHECK(total.bytes == 24);
  CHECK(total.ns == outer.duration_ns);
  CHECK(total.gb_per_s() * static_cast<double>(total.ns) == doctest::Approx(24));
}

TEST_CASE("profiler / the span around an op gives its phase; totals tell the phases apart") {
  Context context(Device::cpu({.threads = 1}));
  Profiler profiler;
  context.set_profiler(&profiler);
  kernels::Execution execution = context.execution();
  const auto run = [&] { const ProfiledOp op(execution, "op", [](OpArguments&) {}); };
  run();
  {
    const ProfiledSpan epoch(&profiler, context.stream(), "epoch", ProfilePhase::update, 7);
    {
      const ProfiledSpan backward(&profiler, context.stream(), "backward", ProfilePhase::backward);
      run();
      run();
    }
    run();
  }
  const auto calls = [&](ProfilePhase phase) {
    for (const ProfileTotal& total : profiler.totals()) {
      if (total.phase == phase) return total.calls;
    }
    return int64_t{0};
  };
  CHECK(calls(ProfilePhase::forward) == 1);
  CHECK(calls(ProfilePhase::backward) == 2);
  CHECK(calls(ProfilePhase::update) == 1);
  CHECK(calls(ProfilePhase::evaluation) == 0);
  const ProfileEvent& epoch = profiler.events()[1];
  CHECK(epoch.number == 7);
  CHECK_FALSE(epoch.is_op);
  CHECK(profiler.span_ns() == epoch.duration_ns);
}

TEST_CASE("profiler / more events than it keeps are counted and added up") {
  Context context(Device::cpu({.threads = 1}));
  Profiler profiler(3);
  context.set_profiler(&profiler);
  kernels::Execution execution = context.execution();
  for (int i = 0; i < 4; ++i) outer_and_inner(execution);
  CHECK(profiler.events().size() == 3);
  CHECK(profiler.events_left_out() == 5);
  REQUIRE(profiler.totals().size() == 1);
  CHECK(profiler.totals()[0].calls == 4);
  CHECK(profiler.totals()[0].bytes == 4 * 24);
}

TEST_CASE("profiler / an op that refuses its arguments leaves no open event") {
  Context context(Device::cpu({.threads = 1}));
  Profiler profiler;
  context.set_profiler(&profiler);
  kernels::Execution execution = context.execution();
  const auto fails = [&] {
    const ProfiledOp op(execution, "outer", [](OpArguments&) {});
    fail(ErrorKind::usage, "refused");
  };
  CHECK_THROWS_AS(fails(), Error);
  outer_and_inner(execution);
  REQUIRE(profiler.events().size() == 3);
  CHECK(profiler.events()[0].duration_ns >= 0);
  CHECK(profiler.events()[1].parent == -1);
}

TEST_SUITE_END();

}  // namespace heddle::test
