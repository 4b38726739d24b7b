#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "heddle/io.h"
#include "tests/cli/program.h"

// Saved recommenders as a shop uses them: everybody's rankings in one file, requests line by line, lists, columns, no history.
using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;

namespace {

/// A model of the interactions in `folder`; returns its path.
std::string model_of(const TempDir& folder, const std::string& model, const std::string& name = "m") {
  const std::string path = folder.file(name);
  const ProgramResult result =
      run_program("train " + model + " --quiet --split none --data " + folder.file("train.txt") + " --save " + path);
  INFO(result.err);
  REQUIRE(result.status == 0);
  return path;
}

constexpr const char* small_lightgcn = "lightgcn --dim 8 --batch-size 128 --negatives 16 --temperature 0.2 --epochs 5";

std::vector<std::string> lines_of(const std::string& content) {
  std::istringstream stream(content);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> ids_in(const json& ranking) {
  std::vector<std::string> items;
  for (const json& each : ranking) items.push_back(each["item"]);
  return items;
}

/// Writes the recommender of `path` to `to` with one difference: its training interactions are so many that memory does not do
/// for them. They are a hole in the file, and no checksum is there to tell.
void write_with_huge_array(const std::string& path, const std::string& to) {
  constexpr uint64_t huge = uint64_t{16} << 30;
  const std::string content = file_content(path);
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, content.data(), sizeof header_bytes);
  json header = json::parse(content.substr(8, header_bytes));
  header["__metadata__"].erase("heddle.checksum");
  header["__metadata__"].erase("heddle.file_version");
  std::string arrays;
  for (auto& [name, array] : header.items()) {
    if (name == "__metadata__" || name == "train.col_indices") continue;
    const uint64_t begin = array["data_offsets"][0], end = array["data_offsets"][1];
    array["data_offsets"] = {arrays.size(), arrays.size() + end - begin};
    arrays += content.substr(8 + header_bytes + begin, end - begin);
  }
  header["train.col_indices"]["shape"] = {huge / 4};
  header["train.col_indices"]["data_offsets"] = {arrays.size(), arrays.size() + huge};
  const std::string text = header.dump();
  header_bytes = text.size();
  std::ofstream stream(to, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes);
  stream << text << arrays;
  stream.close();
  std::filesystem::resize_file(to, 8 + header_bytes + arrays.size() + huge);
}

json answer(const std::string& model, const std::string& options) {
  return run_program("recommend " + model + " " + options + " --quiet --json").json()["results"][0];
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("recommend --all-users writes everybody's rankings, as each would be given them") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, small_lightgcn), out = folder.file("all.csv");
    const ProgramResult text = run_program("recommend " + model + " --all-users --topk 3 --out " + out, "umask 022;");
    CHECK(text.status == 0);
    CHECK(text.err.empty());
    CHECK(text.out.starts_with("ranked     180 items for 60 users in "));
    CHECK(text.out.ends_with("saved      " + out + "\n"));
    struct stat status {};
    REQUIRE(::stat(out.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);  // it tells who is thought to like what
    const std::vector<std::string> lines = lines_of(file_content(out));
    REQUIRE(lines.size() == 181);
    CHECK(lines[0] == "user,rank,item,score");
    const std::vector<std::string> of_7 = ids_in(answer(model, "--user 7 --topk 3")["items"]);
    for (int rank = 1; rank <= 3; ++rank) {
      const std::string begin = "7," + std::to_string(rank) + "," + of_7[static_cast<std::size_t>(rank) - 1] + ",";
      CHECK(std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.starts_with(begin); }));
    }
    // Compressed it is the same text.
    REQUIRE(run_program("recommend " + model + " --all-users --topk 3 --out " + out + ".gz").status == 0);
    REQUIRE(std::system(("gunzip -c '" + out + ".gz' | cmp - '" + out + "'").c_str()) == 0);
    const json object = run_program("recommend " + model + " --all-users --topk 3 --json --out " + out).json();
    CHECK(object["users"] == 60);
    CHECK(object["rows"] == 180);
    CHECK(object["fallbacks"] == 0);
    CHECK(object["files"] == json{out});
    CHECK(object["rank_s"].get<double>() > 0);
  }

  TEST_CASE("recommend --users writes for those of a file, the unknown among them by the fallback") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, "item-cosine"), ids = folder.write("ids", "9\r\n577\n\n7\n9\n");
    const std::string command = "recommend " + model + " --users " + ids + " --topk 2 --out " + folder.file("some.jsonl");
    const ProgramResult text = run_program(command);
    CHECK(text.status == 0);
    CHECK(text.err.starts_with("heddle: user '577' is unknown; did you mean '57'"));
    CHECK(text.err.ends_with("; they get what most users have\n"));
    std::vector<std::string> lines = lines_of(file_content(folder.file("some.jsonl")));
    REQUIRE(lines.size() == 3);
    CHECK(json::parse(lines[0])["user"] == "9");
    CHECK(json::parse(lines[1])["fallback"] == "popularity");
    CHECK(json::parse(lines[1])["items"].size() == 2);
    CHECK(ids_in(json::parse(lines[2])["items"]) == ids_in(answer(model, "--user 7 --topk 2")["items"]));
    REQUIRE(run_program(command + " --fallback none --quiet").status == 0);
    lines = lines_of(file_content(folder.file("some.jsonl")));
    CHECK(json::parse(lines[1])["items"].empty());
    REQUIRE(run_program("recommend " + model + " --user 9 --user 7 --topk 2 --out " + folder.file("two.trec")).status == 0);
    lines = lines_of(file_content(folder.file("two.trec")));
    REQUIRE(lines.size() == 4);
    const std::vector<std::string> best = ids_in(answer(model, "--user 7 --topk 2")["items"]);
    CHECK(lines[2].starts_with("7 Q0 " + best[0] + " 1 "));
    CHECK(lines[3].starts_with("7 Q0 " + best[1] + " 2 "));
    CHECK(lines[3].ends_with(" heddle"));
  }

  TEST_CASE("recommend --allow and --deny hold for users, visitors and the fallback") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, "popularity"), listed = folder.write("sold_out", "1\n2\n");
    for (const std::string who : {"--user 7", "--items 4,8", "--user stranger"}) {
      CAPTURE(who);
      const std::vector<std::string> all = ids_in(answer(model, who + " --topk 40")["items"]);
      const std::vector<std::string> some = ids_in(answer(model, who + " --topk 40 --deny @" + listed)["items"]);
      std::vector<std::string> expected = all;
      std::erase_if(expected, [](const std::string& item) { return item == "1" || item == "2"; });
      CHECK(some == expected);
      std::vector<std::string> few =
          ids_in(answer(model, who + " --topk 40 --exclude-seen false --allow 3,1,9 --deny 1")["items"]);
      std::sort(few.begin(), few.end());
      CHECK(few == std::vector<std::string>{"3", "9"});
    }
    // A list of which nothing is known is no slip to pass over: told with --quiet, too.
    const std::string none = folder.write("none", "P-7\nP-9\n"), empty = folder.write("empty", "\n");
    for (const std::string& command : {"recommend " + model + " --user 7", "similar " + model + " --item 7",
                                       "bundle " + model + " --save " + folder.file("listed")}) {
      CAPTURE(command);
      const ProgramResult allowed = run_program(command + " --quiet --allow @" + none);
      CHECK(allowed.status == 2);
      CHECK(allowed.out.empty());
      CHECK(
          allowed.err.starts_with("heddle: --allow names no item that the model knows, so that nothing could be given: item 'P-7'"
                                  " is unknown; "));
      CHECK(run_program(command + " --quiet --allow P-7").status == 2);
      CHECK(run_program(command + " --quiet --allow @" + empty).err ==
            "heddle: --allow names no item, so that nothing could be given\n");
      CHECK(!std::filesystem::exists(folder.file("listed")));
      const ProgramResult denied = run_program(command + " --quiet --deny @" + none);
      if (command.starts_with("bundle")) {  // the list that the model has would be lost
        CHECK(denied.status == 2);
        CHECK(denied.err.starts_with(
            "heddle: --deny names no item that the model knows, so that its list would be empty: item 'P-7'"));
        CHECK(!std::filesystem::exists(folder.file("listed")));
      } else {
        CHECK(denied.status == 0);
        CHECK(denied.err.starts_with("heddle: item 'P-7' is unknown; "));
        CHECK(denied.err.ends_with(" (and 1 more is unknown); --deny denies nothing\n"));
      }
      for (const std::string option : {"--allow", "--deny"}) {
        const ProgramResult file = run_program(command + " " + option + " " + none);
        CHECK(file.status == 2);
        CHECK(file.err == "heddle: " + option + " is '" + none + "', which is a file and no item that the model knows: " +
                              option + " @" + none + " takes the ids in it\n");
      }
      CHECK(run_program(command + " --quiet --deny P-7,1").err.empty());
      CHECK(run_program(command + " --quiet --deny @" + empty).err.empty());  // sold out is nothing today
      std::filesystem::remove(folder.file("listed"));
    }
    const ProgramResult unknown = run_program("recommend " + model + " --user 7 --deny 1,P-9 --topk 1");
    CHECK(unknown.status == 0);
    CHECK(unknown.err.starts_with("heddle: item 'P-9' is unknown; the model knows 40 items, such as "));
    CHECK(unknown.err.ends_with("; left out of --deny\n"));
    CHECK(run_program("recommend " + model + " --user 7 --deny @" + folder.file("nothing")).status == 7);
    const ProgramResult many =
        run_program("recommend " + model + " --all-users --out " + folder.file("all.csv") + " --deny @" + folder.file("nothing"));
    CHECK(many.status == 7);
    CHECK(many.out.empty());
    CHECK(many.err == "heddle: cannot read " + folder.file("nothing") + ": No such file or directory\n");
    CHECK(!std::filesystem::exists(folder.file("all.csv")));
  }

  TEST_CASE("lists and tables are read from a pipe as from a file, of every command that takes one") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, "popularity"), out = folder.file("out.csv"), saved = folder.file("listed");
    const std::string ids = folder.write("ids", "1\n2\n"), table = folder.write("items.csv", "item,colour\n1,red\n2,blue\n");
    const std::string data = " --data " + folder.path().string();
    const std::pair<std::string, std::string> commands[] = {
        {"recommend " + model + " --out " + out + " --users ", ids},
        {"recommend " + model + " --user 7 --json --deny @", ids},
        {"recommend " + model + " --user 7 --json --allow @", ids},
        {"similar " + model + " --item 7 --json --deny @", ids},
        {"bundle " + model + " --json --save " + saved + " --deny @", ids},
        {"bundle " + model + " --json --save " + saved + " --item-table ", table},
        {"train popularity --split none --json --save " + saved + data + " --item-table ", table}};
    const auto results = [](const ProgramResult& run) { return run.out.substr(0, run.out.find("_s\":")); };  // without times
    for (const auto& [command, file] : commands) {
      CAPTURE(command);
      const ProgramResult by_name = run_program(command + file),
                          by_pipe = run_program(command + "/dev/stdin", "cat " + file + " |");
      CHECK_MESSAGE(by_pipe.status == 0, by_pipe.err);
      CHECK(by_name.status == 0);
      if (command.find("--out") == std::string::npos && command.find("table") == std::string::npos)
        CHECK(results(by_pipe) == results(by_name));
    }
    const ProgramResult piped_model = run_program("recommend /dev/stdin --user 7", "cat " + model + " |");
    CHECK(piped_model.status == 7);
    CHECK(piped_model.err == "heddle: cannot read /dev/stdin: it is not a regular file\n");
  }

  TEST_CASE("recommend --lines answers a line for a line, whatever it holds") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, "item-cosine");
    const std::string requests = folder.write("requests",
                                              "7\n"
                                              "{\"user\": 9, \"topk\": 2}\r\n"
                                              "{\"items\": [\"4\", 8, \"P-9\"], \"topk\": 3, \"deny\": [\"12\", \"P-7\"]}\n"
                                              "stranger\n"
                                              "{\"user\": \"stranger\", \"fallback\": \"none\"}\n"
                                              "\n"
                                              "{\"user\": \n"
                                              "{\"usr\": \"7\"}\n"
                                              "{\"user\": \"7\", \"topk\": 0}\n"
                                              "{\"user\": \"7\", \"topk\": 1, \"allow\": [\"1\"], \"exclude_seen\": false}\n"
                                              " {\"user\": \"9\", \"topk\": 2}\n"
                                              "[9]\n");
    const ProgramResult result = run_program("recommend " + model + " --lines --topk 4 <" + requests);
    CHECK(result.status == 0);
    CHECK(result.err.empty());
    std::vector<json> answers;
    for (const std::string& line : lines_of(result.out)) answers.push_back(json::parse(line));
    REQUIRE(answers.size() == 12);
    CHECK(ids_in(answers[0]["items"]) == ids_in(answer(model, "--user 7 --topk 4")["items"]));
    CHECK(answers[0]["known_items"] == 12);
    CHECK(answers[1]["user"] == "9");
    CHECK(ids_in(answers[1]["items"]) == ids_in(answer(model, "--user 9 --topk 2")["items"]));
    CHECK(answers[2]["given"] == json{"4", "8"});
    CHECK(answers[2]["unknown"] == json{"P-9"});
    CHECK(answers[2]["unknown_listed"] == json{"P-7"});
    CHECK(ids_in(answers[2]["items"]) == ids_in(answer(model, "--items 4,8 --topk 3 --deny 12")["items"]));
    CHECK(answers[3]["fallback"] == "popularity");
    CHECK(answers[3]["known_user"] == false);
    CHECK(answers[3]["items"].size() == 4);
    CHECK(answers[4]["fallback"] == "none");
    CHECK(answers[4]["items"].empty());
    CHECK(answers[5]["error"] == "the line is empty; it must be a user's id or a JSON object");
    CHECK(answers[6]["error"] == "the line begins with { and is no JSON object");
    CHECK(answers[7]["error"].get<std::string>().starts_with("a request has no field 'usr'; there are: user, items, "));
    CHECK(answers[8]["error"] == "topk must be a whole number from 1 to 1000");
    CHECK(ids_in(answers[9]["items"]) == std::vector<std::string>{"1"});
    CHECK(answers[10] == answers[1]);
    CHECK(answers[11]["error"] == "the line begins with [; it must be a user's id or a JSON object");
  }

  TEST_CASE("recommend --lines: lists of a request hold beside those of the command line and of the file") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, "popularity"), listed = folder.file("listed");
    REQUIRE(run_program("bundle " + model + " --deny 3 --save " + listed).status == 0);
    const std::string requests = folder.write("requests",
                                              "{\"user\": \"stranger\"}\n"
                                              "{\"user\": \"stranger\", \"deny\": []}\n"
                                              "{\"user\": \"stranger\", \"deny\": [\"1\"]}\n"
                                              "{\"user\": \"stranger\", \"allow\": [\"1\", \"2\", \"3\", \"5\", \"7\"]}\n"
                                              "{\"user\": \"stranger\", \"allow\": []}\n");
    const auto sorted = [](std::vector<std::string> ids) {
      std::sort(ids.begin(), ids.end());
      return ids;
    };
    const auto answered = [&](const std::string& options) {
      std::vector<std::vector<std::string>> all;
      for (const std::string& line :
           lines_of(run_program("recommend " + listed + " --lines --topk 40 " + options + " <" + requests).out))
        all.push_back(sorted(ids_in(json::parse(line)["items"])));
      return all;
    };
    std::vector<std::vector<std::string>> got = answered("--deny 2,4");
    REQUIRE(got.size() == 5);
    CHECK(got[0].size() == 37);
    for (const char* const denied : {"2", "3", "4"}) CHECK(!std::binary_search(got[0].begin(), got[0].end(), denied));
    CHECK(got[1] == got[0]);
    CHECK(got[2].size() == 36);
    CHECK(!std::binary_search(got[2].begin(), got[2].end(), "1"));
    CHECK(!std::binary_search(got[2].begin(), got[2].end(), "2"));
    CHECK(got[3] == std::vector<std::string>{"1", "5", "7"});
    CHECK(got[4].empty());
    got = answered("--allow 1,2,3,4");
    REQUIRE(got.size() == 5);
    CHECK(got[1] == std::vector<std::string>{"1", "2", "4"});
    CHECK(got[2] == std::vector<std::string>{"2", "4"});
    CHECK(got[3] == std::vector<std::string>{"1", "2"});
  }

  TEST_CASE("recommend --lines stays with its model where memory does not do for the one that takes its place") {
    if (std::string(HEDDLE_SANITIZERS).size() > 1) {
      MESSAGE("skipped: sanitizers need the address space that this test takes away");
      return;
    }
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, "popularity"), next = folder.file("next"), seen = folder.file("seen");
    const std::string expected = answer(model, "--user 7")["items"].dump();
    write_with_huge_array(model, next);
    const ProgramResult result = run_program(
        "recommend " + model + " --lines --quiet --threads 1 >'" + seen + "'",
        ": >'" + seen + "'; (echo 7; while [ ! -s '" + seen + "' ]; do sleep 0.02; done; mv '" + next + "' '" + model +
            "'; for i in 1 2 3 4 5 6; do echo 7; sleep 0.02; done) | sh -c 'ulimit -v 8000000; exec \"$@\"' sh");
    CHECK(result.status == 0);
    const std::vector<std::string> lines = lines_of(file_content(seen));
    REQUIRE(lines.size() == 7);
    for (const std::string& line : lines) CHECK(json::parse(line)["items"].dump() == expected);
    CHECK_MESSAGE(std::count(result.err.begin(), result.err.end(), '\n') == 1, result.err);  // though it is tried again
    CHECK(result.err.find("memory") != std::string::npos);
    CHECK(result.err.ends_with("; the model before it answers on\n"));
  }

  TEST_CASE("recommend --lines stays with its model where the one that takes its place knows nothing of --allow") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, "popularity"), seen = folder.file("seen");
    folder.write("train.txt", "0 100 101\n1 101 102\n");
    const std::string next = model_of(folder, "popularity", "next");
    const std::string expected = answer(model, "--user 7 --allow 1,2 --exclude-seen false")["items"].dump();
    const ProgramResult result =
        run_program("recommend " + model + " --lines --allow 1,2 --exclude-seen false >'" + seen + "'",
                    ": >'" + seen + "'; (echo 7; while [ ! -s '" + seen + "' ]; do sleep 0.02; done; mv '" + next + "' '" +
                        model + "'; echo 7; echo 7) |");
    CHECK(result.status == 0);
    CHECK_MESSAGE(std::count(result.err.begin(), result.err.end(), '\n') == 1, result.err);
    CHECK(result.err.starts_with("heddle: --allow names no item that the model knows"));
    const std::vector<std::string> lines = lines_of(file_content(seen));
    REQUIRE(lines.size() == 3);
    for (const std::string& line : lines) CHECK(json::parse(line)["items"].dump() == expected);
  }

  TEST_CASE("recommend --lines reads its model once") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, "popularity"), large = folder.file("large");
    // 8 MB of an array that no model has: read for the checksum.
    heddle::io::TensorFile file = heddle::io::read_safetensors(model);
    file.tensors.push_back({"ballast", 1, 2 << 20, std::vector<float>(2 << 20, 0.5f)});
    heddle::io::write_safetensors(large, file);
    // What the program has read by its first answer.
    const auto megabytes_read = [&](const std::string& path) {
      const std::string counters = folder.write("io", ""), pid = folder.file("pid"), out = folder.file("out");
      const ProgramResult result =
          run_program("recommend " + path + " --lines --quiet >'" + out + "'",
                      ": >'" + out + "'; (echo 7; while [ ! -s '" + out + "' ]; do sleep 0.02; done; until [ -s '" + counters +
                          "' ]; do cat /proc/$(cat '" + pid + "')/io >'" + counters + "'; done) | sh -c 'echo $$ >\"" + pid +
                          "\"; exec \"$@\"' sh");
      INFO(result.err);
      CHECK(result.status == 0);
      std::istringstream stream(file_content(counters));
      std::string name;
      double bytes = 0;
      stream >> name >> bytes;
      CHECK(name == "rchar:");
      return bytes / (1 << 20);
    };
    const double more = megabytes_read(large) - megabytes_read(model);
    CHECK(more > 7.9);
    CHECK(more < 12);
  }

  TEST_CASE("recommend --lines goes on with a model that takes the other's place, and stays with it where a third is damaged") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, "popularity"), next = model_of(folder, "item-cosine", "next");
    const std::string of_first = run_program("recommend " + model + " --user 7 --json").json()["results"][0]["items"].dump(),
                      of_next = run_program("recommend " + next + " --user 7 --json").json()["results"][0]["items"].dump();
    REQUIRE(of_first != of_next);
    const std::string seen = folder.file("seen");
    // Each request waits for the answer to the one before.
    const auto answered = [&](int lines) {
      return "while [ \"$(wc -l <'" + seen + "')\" -lt " + std::to_string(lines) + " ]; do sleep 0.02; done; ";
    };
    const ProgramResult result =
        run_program("recommend " + model + " --lines >'" + seen + "'",
                    ": >'" + seen + "'; (echo 7; " + answered(1) + "mv '" + next + "' '" + model + "'; echo 7; " + answered(2) +
                        "echo nonsense >'" + model + "'; echo 7; " + answered(3) + "echo 7) |");
    CHECK(result.status == 0);
    const std::vector<std::string> lines = lines_of(file_content(seen));
    REQUIRE(lines.size() == 4);
    CHECK(json::parse(lines[0])["items"] == json::parse(of_first));
    for (const std::size_t line : {1, 2, 3}) CHECK(json::parse(lines[line])["items"] == json::parse(of_next));
    const std::vector<std::string> said = lines_of(result.err);
    REQUIRE(said.size() == 2);
    CHECK(said[0] == "heddle: " + model + " was replaced; the new model answers from here on");
    CHECK(said[1].starts_with("heddle: " + model));
    CHECK(said[1].ends_with("; the model before it answers on"));
  }

  TEST_CASE("recommend --lines keeps its lists where their file is gone when the model is replaced") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, "popularity"), next = model_of(folder, "popularity", "next");
    const std::string sold = folder.write("sold_out", ids_in(answer(model, "--user 7")["items"])[0] + "\n");
    const std::string expected = answer(model, "--user 7 --deny @" + sold)["items"].dump(), seen = folder.file("seen");
    const ProgramResult result =
        run_program("recommend " + model + " --lines --deny @" + sold + " >'" + seen + "'",
                    ": >'" + seen + "'; (echo 7; while [ ! -s '" + seen + "' ]; do sleep 0.02; done; rm '" + sold + "'; mv '" +
                        next + "' '" + model + "'; echo 7) |");
    CHECK(result.status == 0);
    CHECK(result.err == "heddle: " + model + " was replaced; the new model answers from here on\n");
    const std::vector<std::string> lines = lines_of(file_content(seen));
    REQUIRE(lines.size() == 2);
    for (const std::string& line : lines) CHECK(json::parse(line)["items"].dump() == expected);
  }

  TEST_CASE("similar takes several items, and users") {
    const TempDir folder;
    write_interactions(folder);
    for (const std::string& kind : {std::string("item-cosine"), std::string(small_lightgcn)}) {
      CAPTURE(kind);
      const std::string model = model_of(folder, kind);
      const json two = run_program("similar " + model + " --item 5 --item 9 --item P-9 --topk 4 --quiet --json").json();
      CHECK(two["given"] == json{"5", "9"});
      CHECK(two["unknown"] == json{"P-9"});
      CHECK(!two.contains("item"));
      CHECK(two["items"].size() == 4);
      for (const std::string& item : ids_in(two["items"])) CHECK((item != "5" && item != "9"));
      const std::vector<std::string> denied =
          ids_in(run_program("similar " + model + " --item 5 --topk 3 --json --deny " + ids_in(two["items"])[0]).json()["items"]);
      CHECK(std::find(denied.begin(), denied.end(), ids_in(two["items"])[0]) == denied.end());
      const json users = run_program("similar " + model + " --user 7 --topk 5 --json").json();
      CHECK(users["user"] == "7");
      REQUIRE(users["users"].size() == 5);
      int alike = 0;  // users have mostly items of one kind of four
      for (const json& each : users["users"]) {
        CHECK(each["user"] != "7");
        alike += std::stoi(each["user"].get<std::string>()) % 4 == 3;
      }
      if (kind == "item-cosine") CHECK(alike >= 4);
      CHECK(run_program("similar " + model + " --user 7 --user 11")
                .out.starts_with("like users 7, 11, on average\nrank  user     score\n"));
      // All that were asked about, in that order; the best score first, of equal ones the item that comes first in the file.
      const ProgramResult text = run_program("similar " + model + " --item 9 --item 5 --item 9 --topk 39");
      CHECK(text.out.starts_with("like items 9, 5, on average\nrank  item     score\n"));
      const json every = run_program("similar " + model + " --item 9 --item 5 --topk 39 --json").json()["items"];
      CHECK(every == run_program("similar " + model + " --item 5 --item 9 --topk 39 --json --threads 1").json()["items"]);
      REQUIRE(every.size() == 38);
      const std::string by_number =
          run_program("recommend " + model + " --items 5 --exclude-seen false --topk 40 --json").json().dump();
      for (std::size_t i = 1; i < every.size(); ++i)
        CHECK(every[i - 1]["score"].get<double>() >= every[i]["score"].get<double>());
      CHECK(run_program("similar " + model + " --user 777").status == 2);
    }
  }

  TEST_CASE("bundle saves lists and columns with the model, and the model without history") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, small_lightgcn), shop = folder.file("shop"), bare = folder.file("bare");
    const std::string table =
        folder.write("table.csv", "sku,Name,category\n1,Oak throw,home\n2,\"Mill, small\",kitchen\nP-9,Ghost,none\n");
    const ProgramResult text = run_program("bundle " + model + " --save " + shop + " --deny 3,5 --item-table " + table);
    CHECK(text.status == 0);
    CHECK(text.err.empty());
    CHECK(text.out == "model      lightgcn, 40 items and 60 users\ncolumns    category\n           1 row of " + table +
                          " left out: items that the model does not know\n           38 items without a row in " + table +
                          "\ndenied     2 items\nsaved      " + shop + "\n");
    const json ranked = answer(shop, "--user stranger --topk 40")["items"];
    CHECK(ranked.size() == 38);
    for (const json& each : ranked) {
      CHECK((each["item"] != "3" && each["item"] != "5"));
      if (each["item"] == "2") CHECK((each["name"] == "Mill, small" && each["category"] == "kitchen"));
    }
    const ProgramResult scores = run_program("bundle " + model + " --save " + bare + " --item-table " +
                                             folder.write("scores.csv", "item,score,shelf\n2,9,B\n"));
    CHECK(scores.status == 0);
    CHECK(scores.err == "heddle: the column score is kept, but not told in answers, which have a score of their own\n");
    REQUIRE(run_program("bundle " + shop + " --save " + bare + " --no-history --clear-lists").status == 0);
    CHECK(std::filesystem::file_size(bare) < std::filesystem::file_size(model));
    CHECK(answer(bare, "--items 4,8")["items"].size() == 10);
    CHECK(ids_in(answer(bare, "--items 4,8")["items"]) == ids_in(answer(model, "--items 4,8")["items"]));
    const auto refuses = [](const std::string& command, const char* words) {
      const ProgramResult result = run_program(command);
      CHECK(result.status == 2);
      CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
    };
    refuses("recommend " + bare + " --user 7", "was saved without history: it knows no users");
    refuses("similar " + bare + " --user 7", "was saved without history: it knows no users");
    refuses("export " + bare + " --of users --embeddings " + folder.file("u.npy"), "was saved without history");
    refuses("evaluate " + bare + " --data " + folder.path().string(), "was saved without history: it knows no users");
    CHECK(run_program("similar " + bare + " --item 5").status == 0);
    CHECK(run_program("export " + bare + " --embeddings " + folder.file("i.npy")).status == 0);
    // At once, when it is trained.
    REQUIRE(
        run_program("train item-cosine --no-history --split none --quiet --data " + folder.file("train.txt") + " --save " + bare)
            .status == 0);
    CHECK(answer(bare, "--items 4,8")["items"].size() == 10);
    refuses("similar " + bare + " --item 5", "compares items by who has them");
    REQUIRE(run_program("train graph-filter --rank 2 --split none --quiet --data " + folder.file("train.txt") + " --save " + bare)
                .status == 0);
    refuses("bundle " + bare + " --no-history --save " + folder.file("no"),
            "graph-filter answers from the interactions themselves");
  }

  TEST_CASE("info tells what a model's file is, of both kinds") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = model_of(folder, small_lightgcn), listed = folder.file("listed");
    REQUIRE(run_program("bundle " + model + " --deny 1 --allow 1,2,3 --save " + listed).status == 0);
    const json info = run_program("info " + listed + " --json").json();
    CHECK(info["kind"] == "recommender");
    CHECK(info["model"] == "lightgcn");
    CHECK(info["settings"]["dim"] == 8);
    CHECK(info["trained_with"]["temperature"] == 0.2);
    CHECK(info["epochs"] == 5);
    CHECK(info["epochs_planned"] == 5);
    CHECK(info["unfinished"] == "");
    CHECK(info["data"]["name"] == "train");
    CHECK(info["data"]["hash"].get<std::string>().size() == 32);
    CHECK(info["users"] == 60);
    CHECK(info["items"] == 40);
    CHECK(info["interactions"] == 720);
    CHECK(info["history"] == true);
    CHECK(info["denied"] == 1);
    CHECK(info["allowed"] == 3);
    CHECK(info["changed"].get<std::string>().ends_with(" UTC"));
    CHECK(info["bytes"] == std::filesystem::file_size(listed));
    const std::string text = run_program("info " + model).out;
    for (const char* words :
         {"model      lightgcn, a recommender: ", "epochs     5 of 5 planned\n", "data       train, content hash ",
          "holds      60 users, 40 items, 720 interactions\n", "format version 1, written by heddle "}) {
      CAPTURE(words);
      CHECK_MESSAGE(text.find(words) != std::string::npos, text);
    }
    const TempDir club;
    write_karate(club);
    const std::string gcn = club.file("gcn");
    REQUIRE(run_program("train gcn --epochs 3 --quiet --data " + club.path().string() + " --save " + gcn).status == 0);
    const json of_gcn = run_program("info " + gcn + " --json").json();
    CHECK(of_gcn["kind"] == "node classifier");
    CHECK(of_gcn["settings"]["hidden"] == 16);
    CHECK(of_gcn["data"]["read_with"].empty());
    // A model of directed edges says so, and predicts on none without a direction, and the other way round.
    const std::string directed = club.file("directed");
    REQUIRE(
        run_program("train gcn --epochs 3 --quiet --directed --data " + club.path().string() + " --save " + directed).status ==
        0);
    CHECK(run_program("info " + directed).out.find("read with directed true\n") != std::string::npos);
    CHECK(run_program("predict " + directed + " --directed --data " + club.path().string()).status == 0);
    const ProgramResult undirected = run_program("predict " + directed + " --data " + club.path().string());
    CHECK(undirected.status == 3);
    CHECK(undirected.err.find("the model was trained on directed edges, and these have no direction; --directed reads") !=
          std::string::npos);
    CHECK(run_program("predict " + gcn + " --directed --data " + club.path().string()).status == 3);
    // How the data were read: what was asked for.
    const std::string split = club.file("split"), bought = club.file("bought");
    REQUIRE(run_program("train gcn --epochs 3 --quiet --split random --test-share 0.4 --merge-edges sum --data " +
                        club.path().string() + " --save " + split)
                .status == 0);
    CHECK(run_program("info " + split).out.find("read with merge edges sum, split random, test share 0.4\n") !=
          std::string::npos);
    REQUIRE(run_program("train popularity --quiet --split none --min-rating 2 --user-column who --item-column what --data " +
                        club.write("bought.csv", "what,who,stars\n1,a,5\n2,a,4\n2,b,1\n1,b,3\n") +
                        " --rating-column stars --save " + bought)
                .status == 0);
    const json of_bought = run_program("info " + bought + " --json").json();
    CHECK(
        of_bought["data"]["read_with"] ==
        json{{"item_column", "what"}, {"min_rating", 2}, {"rating_column", "stars"}, {"split", "none"}, {"user_column", "who"}});
    CHECK(!of_gcn["trained_with"].contains("hidden"));
    CHECK(of_gcn["trained_with"]["learning_rate"] == 0.01);
    CHECK(of_gcn["trained_with"]["selection"] == "last");
    CHECK(of_gcn["epochs"] == 3);
    CHECK(of_gcn["users"].is_null());
    CHECK(run_program("info " + folder.file("train.txt")).status == 3);
    CHECK(run_program("info " + folder.file("nothing")).status == 7);
  }
}
