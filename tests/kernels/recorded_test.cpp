// What recorded work uses besides its callers' memory lives as long as the recording.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "bench/graphs.h"
#include "bench/references.h"
#include "kernels/dense/dense.h"
#include "kernels/device/backend.h"
#include "kernels/device/library_scratch.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/spmm/spmm.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

/// A product of a stream that takes part of it from the library, with a matrix that the library may not keep anything of.
struct Product {
  Product(Workbench& workbench, int64_t nodes, int64_t width)
      : host(bench::random_graph(nodes, nodes, 4 * nodes, 3)),
        x_values(bench::random_matrix(nodes, width, 4)),
        csr(workbench.stream(), host, {}),
        x(workbench.stream(), x_values),
        y(workbench.output(nodes * width)) {}
  void run(Execution& execution) const {
    spmm({csr.view(bench::CsrValues::direct), x.view(), y.view(x_values.rows, x_values.cols)}, execution);
  }
  std::string wrong() const { return mismatch(y.values(), bench::spmm(host, bench::CsrValues::direct, {}, x_values)); }

  HostCsr host;
  HostMatrix x_values;
  DeviceCsr csr;
  DeviceMatrix x;
  Guarded<float> y;
};

/// Those that can record work and replay it.
std::vector<NamedDevice> recording_devices() {
  std::vector<NamedDevice> result = devices();
  std::erase_if(result, [](const NamedDevice& each) { return !Stream(each.device.backend()).backend().can_capture(); });
  if (result.empty()) MESSAGE("skipped: no device here can record its work");
  return result;
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("library scratch / what was recorded keeps its memory when a larger request takes its place") {
    Stream stream(Device::cpu({.threads = 1}).backend());
    LibraryScratch scratch;
    RecordedUses recorded;
    CHECK(scratch.at_least(0, stream, &recorded, "cuSPARSE") == nullptr);
    CHECK(recorded.empty());
    CHECK(error_mismatch(ErrorKind::internal, "a stream's first cuSPARSE product of a size cannot be inside a capture",
                         [&] { scratch.at_least(100, stream, &recorded, "cuSPARSE"); }) == "");
    auto* const first = static_cast<char*>(scratch.at_least(100, stream, nullptr, "cuSPARSE"));
    CHECK(scratch.at_least(60, stream, &recorded, "cuSPARSE") == first);
    REQUIRE(recorded.size() == 1);
    const std::weak_ptr<const void> memory = recorded.front();
    first[99] = 'x';
    void* const larger = scratch.at_least(1000, stream, nullptr, "cuSPARSE");
    CHECK(larger != first);
    REQUIRE(!memory.expired());
    CHECK(first[99] == 'x');
    recorded.clear();
    CHECK(memory.expired());  // and is given back with the recording
    CHECK(scratch.at_least(1000, stream, nullptr, "cuSPARSE") == larger);
  }

  TEST_CASE("spmm / a recorded product stays right after a larger one on its stream, and after its stream") {
    for (const auto& [name, device] : recording_devices()) {
      Workbench workbench(device);  // what the callers own: arrays and arena
      Backend& backend = workbench.stream().backend();
      for (const Variant<SpmmArgs>& variant : spmm_variants(device.kind())) {
        INFO(name, " / ", variant.name);
        const Product small(workbench, 20, 4), large(workbench, 900, 32);
        VariantOverrides overrides;
        overrides.spmm = variant.name;
        auto stream = std::make_unique<Stream>(device.backend());
        Execution execution{*stream, workbench.arena(), overrides};
        small.run(execution);
        backend.begin_capture(*stream);
        small.run(execution);
        const std::unique_ptr<Replay> replay = backend.end_capture(*stream);
        large.run(execution);
        stream->synchronise();
        CHECK(large.wrong() == "");
        const auto replayed = [&](Stream& on) {
          fill(std::nanf(""), small.y.view(20, 4), workbench.execution());
          workbench.stream().synchronise();
          replay->launch(on);
          on.synchronise();
          return small.wrong();
        };
        CHECK(replayed(*stream) == "");
        stream.reset();
        CHECK(replayed(workbench.stream()) == "");
        workbench.arena().reset();
      }
    }
  }

  TEST_CASE("gemm / a recorded product stays right after its stream") {
    for (const auto& [name, device] : recording_devices()) {
      Workbench workbench(device);
      Backend& backend = workbench.stream().backend();
      const HostMatrix a_values = bench::random_matrix(30, 20, 5), b_values = bench::random_matrix(20, 10, 6);
      const DeviceMatrix a(workbench.stream(), a_values), b(workbench.stream(), b_values);
      const Guarded<float> c = workbench.output(300);
      const bench::Reference expected = bench::gemm(a_values, b_values, false, false);
      for (const Variant<GemmArgs>& variant : gemm_variants(device.kind())) {
        INFO(name, " / ", variant.name);
        VariantOverrides overrides;
        overrides.gemm = variant.name;
        auto stream = std::make_unique<Stream>(device.backend());
        Execution execution{*stream, workbench.arena(), overrides};
        const auto run = [&] { gemm({a.view(), b.view(), c.view(30, 10)}, execution); };
        run();
        backend.begin_capture(*stream);
        run();
        const std::unique_ptr<Replay> replay = backend.end_capture(*stream);
        stream.reset();
        fill(std::nanf(""), c.view(30, 10), workbench.execution());
        replay->launch(workbench.stream());
        workbench.stream().synchronise();
        CHECK(mismatch(c.values(), expected) == "");
      }
    }
  }
}
