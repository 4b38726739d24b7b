#include <doctest/doctest.h>

#include <string>

#include "heddle/error.h"
#include "heddle/io.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

TEST_SUITE_BEGIN("io");

TEST_CASE("tuned / choices read back as they were written") {
  const TempDir folder;
  const std::string path = folder.file("tuned");
  TunedVariants tuned;
  tuned.add({{0x0123456789abcdef, 0xf}, 16, "cpu (2 threads, avx512)", "cpu_merge_path", "a\tgraph", "0.1 ms"});
  tuned.add({{0, UINT64_MAX}, 128, "cuda:0", "degree_bins", "", ""});
  io::write_tuned(path, tuned);
  const TunedVariants read = io::read_tuned(path);
  REQUIRE(read.choices().size() == 2);
  const TunedChoice& first = read.choices()[0];
  CHECK(first.structure == StructureHash{0x0123456789abcdef, 0xf});
  CHECK(first.width == 16);
  CHECK(first.device == "cpu (2 threads, avx512)");
  CHECK(first.variant == "cpu_merge_path");
  CHECK(first.graph == "a graph");
  CHECK(first.decided_by == "0.1 ms");
  CHECK(read.choices()[1].structure == StructureHash{0, UINT64_MAX});
  CHECK(read.choices()[1].graph == "-");
  CHECK(read.choices()[1].decided_by == "-");
}

TEST_CASE("tuned / as many choices as are read are written, one more is refused and leaves the file as it is") {
  const TempDir folder;
  const std::string path = folder.file("tuned");
  TunedVariants tuned;
  for (uint64_t i = 0; i < 100'000; ++i) tuned.add({{0, i}, 16, "cpu", "cpu_row_loop", "g", "d"});
  io::write_tuned(path, tuned);
  CHECK(io::read_tuned(path).choices().size() == 100'000);
  tuned.add({{1, 0}, 16, "cpu", "cpu_row_loop", "g", "d"});
  CHECK(error_mismatch(ErrorKind::usage, "tuned: there are 100001 choices, a file of them holds at most 100000",
                       [&] { io::write_tuned(path, tuned); }) == "");
  CHECK(io::read_tuned(path).choices().size() == 100'000);
}

TEST_CASE("tuned / a file that is not one is refused with its line") {
  const TempDir folder;
  const std::string path = folder.file("tuned");
  const std::string good = "0123456789abcdef0123456789abcdef\t16\tcpu\tcpu_row_loop\tkarate\tby hand\n";
  const auto mismatch = [&](const std::string& content, const char* sentence) {
    io::write_file(path, content);
    return error_mismatch(ErrorKind::bad_data, sentence, [&] { io::read_tuned(path); });
  };
  CHECK(mismatch("heddle-tuned 2\n" + good, "its first line is not 'heddle-tuned 1'") == "");
  CHECK(mismatch("heddle-tuned 1\n" + good + "0 1 2\n", "tuned:3: there is 1 field, there must be 6") == "");
  CHECK(mismatch("heddle-tuned 1\n0123\t16\tcpu\tx\ty\tz\n", "tuned:2: the structure is '0123', it must be 32 hexadecimal") ==
        "");
  CHECK(mismatch("heddle-tuned 1\n" + std::string(31, '0') + "g\t16\tcpu\tx\ty\tz\n", "tuned:2: the structure is") == "");
  CHECK(mismatch("heddle-tuned 1\n" + std::string(32, '0') + "\t0\tcpu\tx\ty\tz\n", "tuned:2: ") == "");
  CHECK(mismatch("heddle-tuned 1\n" + std::string(31, '0') + std::string(100000, '\t') + "x\n",
                 "tuned:2: there are 100001 fields") == "");
  CHECK(mismatch("", "tuned") == "");
  CHECK(error_mismatch(ErrorKind::io, "nowhere", [&] { io::read_tuned(folder.file("nowhere")); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
