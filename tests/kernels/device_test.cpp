#include "heddle/device.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "bench/graphs.h"
#include "heddle/arena.h"
#include "heddle/buffer.h"
#include "kernels/dense/dense.h"
#include "kernels/device/backend.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/loss/loss.h"
#include "kernels/spmm/spmm.h"
#include "tests/support/compare.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/devices.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::test;

bool aligned(const void* pointer, std::size_t alignment) { return reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0; }

std::size_t promised_alignment(const Device& device) { return device.kind() == DeviceKind::cuda ? 256 : 64; }

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("buffer / every size is aligned as promised and takes bytes to the device and back") {
    for (const auto& [name, device] : devices()) {
      Stream stream(device.backend());
      for (std::size_t bytes :
           {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{65}, std::size_t{4096}, std::size_t{5} << 20}) {
        INFO(text(name, " / ", bytes, " bytes"));
        std::vector<unsigned char> values(bytes);
        for (std::size_t i = 0; i < bytes; ++i) values[i] = static_cast<unsigned char>(i * 7 + i / 251);
        const Buffer buffer = Buffer::upload(stream, values);
        CHECK(aligned(buffer.data(), promised_alignment(device)));
        CHECK(buffer.bytes() == bytes);
        CHECK(download(stream, buffer.as<unsigned char>(), bytes) == values);
      }
    }
  }

  TEST_CASE("buffer / host memory from 4 MiB on starts on a huge page") {
    for (const auto& [name, device] : devices()) {
      if (device.kind() == DeviceKind::cuda) continue;
      INFO(name);
      const Buffer buffer(Stream(device.backend()), std::size_t{4} << 20);
      CHECK(aligned(buffer.data(), std::size_t{2} << 20));
    }
  }

  TEST_CASE("buffer / of no bytes is null, and may be copied to and from") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Stream stream(device.backend());
      const Buffer buffer = Buffer::upload(stream, std::vector<float>{});
      CHECK(buffer.data() == nullptr);
      CHECK(buffer.bytes() == 0);
      CHECK(download(stream, buffer.as<float>(), 0).empty());
      CHECK_NOTHROW(device.backend()->copy(nullptr, nullptr, 0, stream));
      CHECK_NOTHROW(device.backend()->fill_zero(nullptr, 0, stream));
    }
  }

  TEST_CASE("buffer / moves its memory and outlives the handles of its device") {
    Buffer kept;
    {
      Stream stream(devices().front().device.backend());
      Buffer made = Buffer::upload(stream, std::vector<int32_t>{4, 5});
      void* const address = made.data();
      Buffer moved = std::move(made);
      CHECK(moved.data() == address);
      CHECK(made.data() == nullptr);
      kept = std::move(moved);
      CHECK(kept.data() == address);
    }
    CHECK(kept.bytes() == 8);
  }

  TEST_CASE("buffer / more than there is throws out_of_memory") {
    Stream stream(devices().front().device.backend());
    CHECK(error_mismatch(ErrorKind::out_of_memory, "18446744073709551615 bytes", [&] { Buffer(stream, SIZE_MAX); }) == "");
#ifndef __SANITIZE_ADDRESS__  // it ends the program instead
    CHECK(error_mismatch(ErrorKind::out_of_memory, "1152921504606846976 bytes", [&] { Buffer(stream, std::size_t{1} << 60); }) ==
          "");
#endif
  }

  TEST_CASE("backend / copies within the device and fills with zero, and no byte beyond") {
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      Stream& stream = workbench.stream();
      std::vector<int32_t> values(100);
      std::iota(values.begin(), values.end(), 1);
      const Guarded<int32_t> from = workbench.array(values), to = workbench.output<int32_t>(100);
      device.backend()->copy(to.data(), from.data(), 400, stream);
      CHECK(to.values() == values);
      device.backend()->fill_zero(from.data(), 400, stream);
      CHECK(from.values() == std::vector<int32_t>(100, 0));
    }
  }

  TEST_CASE("device / parse knows the names and refuses others") {
    CHECK(Device::parse("cpu").kind() == DeviceKind::cpu);
    CHECK(Device::parse("simt").kind() == DeviceKind::simt);
    CHECK(Device::parse("cpu", 3).threads() == 3);
    CHECK(Device::parse("simt", 2).threads() == 2);
    CHECK(Device::parse("cpu").threads() >= 1);
    for (const char* name : {"", "CPU", "gpu", "cpu:0", "cuda:", "cuda:-1", "cuda:x", "cuda:1x", "cuda:99999999999", " cpu"}) {
      INFO(text(name));
      CHECK(error_mismatch(ErrorKind::usage, text("device is '", name, "', it must be one of auto, cpu, simt, cuda, cuda:INDEX"),
                           [&] { Device::parse(name); }) == "");
    }
    CHECK(error_mismatch(ErrorKind::usage, "cpu: -1 threads were asked for", [] { Device::parse("cpu", -1); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "-2 threads", [] { Device::cpu({.threads = -2}); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "simt: 0 host threads were asked for", [] { Device::simt({.host_threads = 0}); }) ==
          "");
  }

  TEST_CASE("device / HEDDLE_ISA names the instruction set, and an unknown one is a usage error") {
    const char* const before = ::getenv("HEDDLE_ISA");
    const std::string kept = before != nullptr ? before : "";
    for (Isa isa : available_isas()) {
      ::setenv("HEDDLE_ISA", to_string(isa), 1);
      CHECK(Device::parse("cpu").isa() == isa);
    }
    ::setenv("HEDDLE_ISA", "sse9", 1);
    CHECK(error_mismatch(ErrorKind::usage, "HEDDLE_ISA is 'sse9', this processor has: portable", [] { Device::parse("cpu"); }) ==
          "");
    before != nullptr ? ::setenv("HEDDLE_ISA", kept.c_str(), 1) : ::unsetenv("HEDDLE_ISA");
  }

  TEST_CASE("device / an instruction set beyond the processor's, and a GPU beyond those there are, are no_device") {
    for (Isa isa : {Isa::avx2, Isa::avx512}) {
      if (isa <= best_isa()) continue;
      CHECK(error_mismatch(ErrorKind::no_device, "cpu: this processor has no ", [&] { Device::cpu({.isa = isa}); }) == "");
    }
    CHECK(error_mismatch(ErrorKind::no_device, "cuda", [] { Device::cuda(kernels::cuda_device_count()); }) == "");
    if (kernels::cuda_device_count() == 0) {
      CHECK(Device::best().kind() == DeviceKind::cpu);
    } else {
      CHECK(Device::best().kind() == DeviceKind::cuda);
    }
  }

  TEST_CASE("device / describes itself in a line") {
    CHECK(Device::cpu({.threads = 1, .isa = Isa::portable}).description() == "cpu (1 thread, portable)");
    CHECK(Device::cpu({.threads = 2, .isa = Isa::portable}).description() == "cpu (2 threads, portable)");
    CHECK(Device::simt().description() == "simt (CUDA kernels on 1 host thread, forward schedule)");
    CHECK(Device::simt({.schedule = SimtSchedule::random, .host_threads = 2}).description() ==
          "simt (CUDA kernels on 2 host threads, random schedule)");
  }

  TEST_CASE("kernels / the second of two equal steps allocates nothing on the cpu") {
    Workbench workbench(Device::cpu({.threads = 2}));
    const HostCsr graph = bench::random_graph(600, 600, 3000, 1);
    const DeviceCsr a(workbench.stream(), graph, {});
    const DeviceMatrix x(workbench.stream(), bench::random_matrix(600, 16, 2));
    const Guarded<float> y = workbench.output(600 * 16), z = workbench.output(16 * 16), scalar = workbench.output(1);
    const auto step = [&] {
      kernels::Execution& execution = workbench.execution();
      kernels::spmm({a.view(bench::CsrValues::direct), x.view(), y.view(600, 16)}, execution);
      kernels::gemm({x.view(), y.view(600, 16), z.view(16, 16), true, false}, execution);
      kernels::bias_relu_dropout({.x = y.view(600, 16), .bias = z.data(), .relu = true, .dropout = 0.5f, .y = y.view(600, 16)},
                                 execution);
      kernels::sum_of_squares(y.view(600, 16), 1, scalar.data(), execution);
      workbench.arena().reset();
    };
    for (const auto& product : kernels::spmm_variants(DeviceKind::cpu)) {
      for (const auto& dense : kernels::gemm_variants(DeviceKind::cpu)) {
        INFO(text(product.name, " and ", dense.name));
        workbench.overrides() = {.spmm = product.name, .gemm = dense.name};
        step();
        const int64_t before = allocations();
        step();
        CHECK(allocations() == before);
      }
    }
    workbench.overrides() = {};
    step();
    const int64_t before = allocations();
    step();
    CHECK(allocations() == before);
  }
}
