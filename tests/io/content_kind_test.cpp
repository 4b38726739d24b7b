#include <doctest/doctest.h>

#include <string>

#include "heddle/error.h"
#include "heddle/io.h"
#include "samples.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

TEST_SUITE_BEGIN("io");

TEST_CASE("content kind / is told by a file's first bytes, inside gzip too") {
  using io::ContentKind;
  const TempDir folder;
  const auto kind = [&](const std::string& content) { return io::content_kind_of(folder.write("file", content)); };
  const ContentKind table = kind("user,item\n");
  CHECK(table.kind == ContentKind::text);
  CHECK_FALSE(table.compressed);
  CHECK(table.name == "a text file");
  const ContentKind packed = kind(gzip("user,item\n"));
  CHECK(packed.kind == ContentKind::text);
  CHECK(packed.compressed);
  CHECK(packed.name == "gzip-compressed, a text file");
  const ContentKind twice = kind(gzip(gzip("user,item\n")));
  CHECK(twice.kind == ContentKind::gzip);
  CHECK(twice.compressed);
  io::write_safetensors(folder.file("tensors"), {.tensors = {{"w", 1, 1, {1}}}, .integers = {}, .metadata = {}});
  CHECK(io::content_kind_of(folder.file("tensors")).kind == ContentKind::safetensors);
  CHECK(kind("").name == "an empty file");
  CHECK(kind("\x93NUMPY\x01").kind == ContentKind::npy);
  CHECK(kind("PK\x03\x04").kind == ContentKind::zip);
  CHECK(kind("%PDF-1.7").name == "a PDF document");
  CHECK(kind(std::string("\x01\x02\x00\x03", 4)).kind == ContentKind::unknown);
  CHECK(kind("\xff\xfeu\x00").kind == ContentKind::text);
  CHECK(error_mismatch(ErrorKind::io, folder.file("nothing"), [&] { io::content_kind_of(folder.file("nothing")); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
