#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "heddle/io.h"
#include "tests/cli/program.h"

using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;

TEST_SUITE("cli") {
  TEST_CASE("damaged model / what is cut off, or changed, is called so, with the way on, by every command that reads one") {
    const TempDir nodes, shop, folder;
    write_karate(nodes);
    write_interactions(shop);
    const std::string gcn = folder.file("gcn"), light = folder.file("light"), damaged = folder.file("damaged");
    REQUIRE(run_program("train gcn --quiet --epochs 1 --hidden 2 --data " + nodes.path().string() + " --save " + gcn).status ==
            0);
    REQUIRE(run_program("train lightgcn --quiet --epochs 1 --dim 2 --temperature 0.2 --data " + shop.path().string() +
                        " --save " + light)
                .status == 0);
    const std::string readers[] = {"predict " + damaged + " --data " + nodes.path().string(),
                                   "recommend " + damaged + " --user 7",
                                   "similar " + damaged + " --item 1",
                                   "export " + damaged + " --embeddings " + folder.file("e.npy"),
                                   "bundle " + damaged + " --save " + folder.file("b"),
                                   "info " + damaged,
                                   "evaluate " + damaged + " --data " + shop.path().string()};
    for (const std::string& line : readers) {
      const bool of_nodes = line.starts_with("predict");
      const std::string whole = file_content(of_nodes ? gcn : light);
      const std::size_t size = whole.size(), header = 8 + static_cast<unsigned char>(whole[0]) +
                                                      256 * static_cast<std::size_t>(static_cast<unsigned char>(whole[1]));
      REQUIRE(header < size);
      const auto check = [&](const std::string& content, const char* word) {
        folder.write("damaged", content);
        const ProgramResult result = run_program(line);
        CAPTURE(line);
        CAPTURE(word);
        CHECK(result.status == 3);
        CHECK(result.out.empty());
        CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
        CHECK_MESSAGE(result.err.find(word) != std::string::npos, result.err);
        CHECK_MESSAGE(
            result.err.find("; copy the file again from where it is whole, or train the model again\n") != std::string::npos,
            result.err);
        CHECK_MESSAGE(result.err.find("json.exception") == std::string::npos, result.err);
      };
      for (const std::size_t length :
           {std::size_t{8}, std::size_t{9}, header / 2, header - 1, header, header + 4, size - 4, size - 1})
        check(whole.substr(0, length), "cut off");
      check(whole + "garbage", "damaged");
      for (const std::size_t at : {std::size_t{2}, std::size_t{4}, std::size_t{9}, header / 2, header + 4, size - 1}) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 0x55);
        check(changed, "damaged");
      }
      std::string overwritten = whole;
      std::fill(overwritten.begin() + 8, overwritten.begin() + static_cast<std::ptrdiff_t>(header), 'x');
      check(overwritten, "damaged");
    }
  }

  TEST_CASE("damaged model / what a later heddle may have written is not called damaged, whatever its folder is called") {
    const TempDir shop, folder;
    write_interactions(shop);
    std::filesystem::create_directory(folder.file("is damaged: cut off"));
    const std::string whole = folder.file("whole"), changed = folder.file("is damaged: cut off/m");
    REQUIRE(run_program("train graph-filter --quiet --save " + whole + " --data " + shop.path().string()).status == 0);
    const auto check = [&](const std::string& words, bool damaged, const auto& change) {
      heddle::io::TensorFile file = heddle::io::read_safetensors(whole);
      change(file);
      heddle::io::write_safetensors(changed, file);
      const ProgramResult result = run_program("similar '" + changed + "' --item 1");
      CHECK(result.status == 3);
      CHECK_MESSAGE(result.err.find(changed + words) != std::string::npos, result.err);
      CHECK_MESSAGE((result.err.find("copy the file again") != std::string::npos) == damaged, result.err);
    };
    const std::string cannot = " holds what this heddle cannot read: ";
    check(cannot + "there is no recommender 'svd'; there are: ", false, [](auto& file) { file.metadata["model"] = "svd"; });
    check(cannot, false, [](auto& file) { file.metadata["setting.heads"] = "1"; });
    check(cannot + "graph-filter: alpha is '-1'", false, [](auto& file) { file.metadata["setting.alpha"] = "-1"; });
    check(": the model's format version is '3'", false, [](auto& file) { file.metadata["format_version"] = "3"; });
    check(": this safetensors file was not written as", false, [](auto& file) { file.metadata.erase("format"); });
    check(" is damaged: it holds no ", true, [](auto& file) { file.integers.clear(); });
    check(" is damaged: it holds no ", true, [](auto& file) { file.tensors.clear(); });
  }
}
