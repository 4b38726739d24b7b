// What AddressSanitizer and UBSan see in kernels on the executor. They end the process, so each defect has a child of its own.
// HEDDLE_SANITIZERS holds the build's sanitizers, e.g. "address,undefined".
#define HEDDLE_TWIN simt

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/simt/kernels.h"
#include "tests/simt/schedules.h"

namespace {

using namespace heddle;
namespace device = heddle::kernels::simt;

bool build_has(std::string_view sanitizer) {
  if (std::string_view(HEDDLE_SANITIZERS).find(sanitizer) != std::string_view::npos) return true;
  MESSAGE("not checked: this build has no -fsanitize=" << std::string(sanitizer));
  return false;
}

/// What a child that runs `defect` in this order writes to standard error; "survived" if nothing stops it.
template <class Defect>
std::string last_words(const SimtOptions& options, Defect defect) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    Stream stream = tests::stream_of(options);
    defect(stream);
    _exit(0);
  }
  close(ends[1]);
  std::string words;
  char buffer[4096];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;) words.append(buffer, static_cast<std::size_t>(count));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "survived" : words;
}

template <class Defect>
void check_dies(Defect defect, const std::vector<std::string>& parts) {
  for (const SimtOptions& options : tests::schedules(1)) {
    CAPTURE(static_cast<int>(options.schedule));
    const std::string words = last_words(options, defect);
    for (const std::string& part : parts) CHECK_MESSAGE(words.find(part) != std::string::npos, words, " lacks ", part);
  }
}

}  // namespace

TEST_CASE("simt sanitizers / a read past a SHARED array is found") {
  if (!build_has("address")) return;
  std::vector<float> out(32);
  check_dies([&](Stream& stream) { device::shared_overrun(out.data(), stream); },
             {"heap-buffer-overflow", "shared_overrun_kernel"});
}

TEST_CASE("simt sanitizers / a read past the launch's dynamic shared memory is found") {
  if (!build_has("address")) return;
  std::vector<float> out(32);
  check_dies([&](Stream& stream) { device::dynamic_overrun(out.data(), stream); },
             {"heap-buffer-overflow", "dynamic_overrun_kernel"});
}

TEST_CASE("simt sanitizers / a read past an array in global memory is found") {
  if (!build_has("address")) return;
  const std::vector<float> in(32);
  std::vector<float> out(32);
  check_dies([&](Stream& stream) { device::global_overrun(in.data(), out.data(), stream); },
             {"heap-buffer-overflow", "global_overrun_kernel"});
}

TEST_CASE("simt sanitizers / a float4 at an address that is no multiple of 16 is found") {
  if (!build_has("undefined")) return;
  std::vector<float> in(200), out(200);
  check_dies([&](Stream& stream) { device::misaligned_float4(in.data(), out.data(), stream); },
             {"misaligned address", "16 byte alignment"});
}
