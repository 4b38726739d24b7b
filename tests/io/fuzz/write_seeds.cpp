// Writes the samples that the tests read, for libFuzzer to start from: write_seeds FOLDER makes FOLDER/TARGET/sample-N.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "../samples.h"
#include "tests/engine/bundle/model_samples.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_seeds FOLDER\n");
    return 2;
  }
  int serial = 0;
  const auto write = [&](const char* target, const std::string& content) {
    const std::filesystem::path folder = std::filesystem::path(argv[1]) / target;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / ("sample-" + std::to_string(serial++)), std::ios::binary) << content;
  };
  for (const heddle::test::Sample& sample : heddle::test::samples())
    write(sample.fuzz_target, sample.fuzz_prefix + sample.content);
  for (const heddle::test::ModelSample& sample : heddle::test::model_samples()) write(sample.fuzz_target, sample.content);
}
