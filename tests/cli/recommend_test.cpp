#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "heddle/io.h"
#include "tests/cli/program.h"

using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;

namespace {

constexpr const char* small_model = " --dim 16 --batch-size 128 --negatives 16 --temperature 0.2 --epochs 20 ";

/// Trains on `folder`'s interactions and saves to a file there; returns its path.
std::string saved(const TempDir& folder, const std::string& model_and_options) {
  const std::string path = folder.file("saved.safetensors");
  const ProgramResult result =
      run_program("train " + model_and_options + " --quiet --data " + folder.path().string() + " --save " + path);
  INFO(result.err);
  REQUIRE(result.status == 0);
  return path;
}

/// Items of a user in a LightGCN file, as text.
std::vector<std::string> items_of(const TempDir& folder, const char* file, const std::string& user) {
  std::istringstream lines(file_content(folder.file(file)));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word != user) continue;
    std::vector<std::string> items;
    while (words >> word) items.push_back(word);
    return items;
  }
  return {};
}

/// Six users and as many items as there are titles, with ids from 100, as MovieLens writes them: everybody has the first two and
/// one more.
void write_shop(const TempDir& folder, const std::vector<std::string>& titles) {
  std::string ratings = "userId,movieId,rating,timestamp\n", movies = "movieId,title,genres\n";
  for (int user = 1; user <= 6; ++user) {
    for (const int item : {0, 1, 2 + user % (static_cast<int>(titles.size()) - 2)})
      ratings += std::to_string(user) + "," + std::to_string(100 + item) + ",5," + std::to_string(user) + "\n";
  }
  for (std::size_t i = 0; i < titles.size(); ++i) movies += std::to_string(100 + i) + ",\"" + titles[i] + "\",x\n";
  folder.write("ratings.csv", ratings);
  folder.write("movies.csv", movies);
}

/// One line on standard error, exit status 2.
void check_usage(const ProgramResult& result, const std::string& words) {
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("a saved recommender gives the training's figures back") {
    const TempDir folder;
    write_interactions(folder);
    for (const std::string& model :
         {std::string("lightgcn") + small_model, std::string("lightgcn --quiet --patience 3") + small_model,
          std::string("popularity"), std::string("item-cosine"), std::string("graph-filter --rank 8"),
          std::string("graph-filter --rank 8 --blend popularity --blend-weight 0.1")}) {
      CAPTURE(model);
      const std::string path = folder.file("model.safetensors");
      const std::string data = " --data " + folder.path().string() + " --json";
      const json trained = run_program("train " + model + data + " --save " + path).json();
      const json evaluated = run_program("evaluate " + path + data).json();
      CHECK(evaluated["metrics"] == trained["metrics"]);
      CHECK(evaluated["val_metrics"] == trained["val_metrics"]);
      CHECK(evaluated["model"] == trained["model"]);
      CHECK(evaluated["trained_on"]["same"] == true);
      CHECK(evaluated["trained_on"]["hash"] == evaluated["data"]["hash"]);
      CHECK(evaluated["unknown"] == 0);
      CHECK(evaluated["in_training"] == 0);
      CHECK(evaluated["new_users"].is_null());
    }
  }

  TEST_CASE("evaluate splits as the training did, and takes other data over by its ids") {
    const TempDir folder;
    write_interactions(folder);
    const std::string data = " --json --data " + folder.file("train.txt");
    const std::string model = folder.file("model.safetensors");
    const json trained =
        run_program("train item-cosine --split ratio --test-share 0.25 --split-seed 5 --save " + model + data).json();
    CHECK(trained["data"]["test"] == 180);
    CHECK(run_program("evaluate " + model + data).json()["metrics"] == trained["metrics"]);
    CHECK(run_program("evaluate " + model + " --split-seed 6" + data).json()["trained_on"]["same"] == false);
    // Interactions of one user, and a user and an item that the model never met.
    const TempDir other;
    other.write("train.txt", "1 1\n");
    std::string line = "59";
    for (const std::string& item : items_of(folder, "train.txt", "59")) line += " " + item;
    other.write("test.txt", line + "\nnobody 3\n3 nothing\n");
    const json on_other = run_program("evaluate " + model + " --split files --json --data " + other.path().string()).json();
    CHECK(on_other["trained_on"]["same"] == false);
    CHECK(on_other["unknown"] == 2);
    CHECK(on_other["in_training"] == 9);  // of twelve, a quarter was kept for the test
    CHECK(on_other["test_users"] == 1);
  }

  TEST_CASE("evaluate --new-users compares visitors with the same users known to training") {
    const TempDir folder;
    write_interactions(folder);
    for (const std::string& model : {std::string("item-cosine"), std::string("lightgcn") + small_model}) {
      CAPTURE(model);
      const std::string path = saved(folder, model);
      const std::string command =
          "evaluate " + path + " --new-users --new-user-share 0.2 --quiet --data " + folder.path().string();
      const json figures = run_program(command + " --json").json()["new_users"];
      CHECK(figures["users"] == 12);
      const double as_new = figures["as_new"]["recall@20"];
      const double as_known = figures["as_known"]["recall@20"];
      CHECK(as_new > 0.3);
      CHECK(as_known > 0.3);
      CHECK(figures["difference"]["recall@20"].get<double>() == doctest::Approx(as_new - as_known));
      const ProgramResult text = run_program(command);
      CHECK(text.out.find("as new     @20: recall ") != std::string::npos);
      CHECK(text.out.find("for being new") != std::string::npos);
    }
  }

  TEST_CASE("recommend ranks for users and visitors, in text and as JSON") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = saved(folder, std::string("lightgcn") + small_model);
    const ProgramResult text = run_program("recommend " + model + " --user 7 --topk 3");
    CHECK(text.status == 0);
    CHECK(text.err.empty());
    CHECK(text.out.starts_with("user 7, 12 items in training\nrank  item     score\n"));
    CHECK(std::count(text.out.begin(), text.out.end(), '\n') == 5);

    const json two = run_program("recommend " + model + " --user 7 --user 9 --items '4, 8,12' --topk 40 --json").json();
    REQUIRE(two["results"].size() == 3);
    CHECK(two["model"] == "lightgcn");
    CHECK(two["results"][0]["user"] == "7");
    CHECK(two["results"][1]["user"] == "9");
    CHECK(two["results"][2]["given"] == json{"4", "8", "12"});
    CHECK(two["results"][0]["known_items"] == 12);
    const std::vector<std::string> seen = items_of(folder, "train.txt", "7");
    const json& ranked = two["results"][0]["items"];
    CHECK(ranked.size() == 40 - seen.size());
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      CHECK(ranked[i]["rank"] == i + 1);
      CHECK(std::find(seen.begin(), seen.end(), ranked[i]["item"].get<std::string>()) == seen.end());
      CHECK(!ranked[i].contains("name"));
      if (i > 0) CHECK(ranked[i]["score"].get<double>() <= ranked[i - 1]["score"].get<double>());
    }
    CHECK(two["results"][2]["items"].size() == 37);
    // The visitor has items of kind 0, and so is shown mostly such.
    int alike = 0;
    for (int i = 0; i < 5; ++i) alike += std::stoi(two["results"][2]["items"][i]["item"].get<std::string>()) % 4 == 0;
    CHECK(alike >= 3);
    CHECK(run_program("recommend " + model + " --user 7 --topk 40 --exclude-seen false --json")
              .json()["results"][0]["items"]
              .size() == 40);
  }

  TEST_CASE("similar ranks the items that are most alike, without the item itself") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = saved(folder, std::string("lightgcn") + small_model);
    const json similar = run_program("similar " + model + " --item 5 --topk 6 --json").json();
    CHECK(similar["item"] == "5");
    REQUIRE(similar["items"].size() == 6);
    int alike = 0;
    for (const json& entry : similar["items"]) {
      CHECK(entry["item"] != "5");
      alike += std::stoi(entry["item"].get<std::string>()) % 4 == 1;
    }
    CHECK(alike >= 3);
    const ProgramResult text = run_program("similar " + model + " --item 5");
    CHECK(text.out.starts_with("like item 5\nrank  item     score\n"));
  }

  TEST_CASE("an unknown user or item is named with those that are written most alike") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = saved(folder, "item-cosine");
    const ProgramResult user = run_program("recommend " + model + " --user 577 --topk 3");
    CHECK(user.status == 0);
    CHECK(user.err.starts_with("heddle: user '577' is unknown; did you mean '57'"));
    CHECK(user.err.ends_with("; they get what most users have (--fallback popularity)\n"));
    CHECK(user.out.starts_with("user 577, unknown: what most users have\nrank  item     score\n"));
    const ProgramResult basket = run_program("recommend " + model + " --items 4,388 --topk 3");
    CHECK(basket.status == 0);
    CHECK(basket.err.starts_with("heddle: item '388' is unknown; did you mean '38'"));
    CHECK(basket.err.ends_with("; left out of the basket\n"));
    CHECK(basket.out.starts_with("a visitor with 1 item\n"));
    CHECK(run_program("recommend " + model + " --items 4,388 --user 577 --quiet").err.empty());
    const ProgramResult nothing = run_program("recommend " + model + " --user 577 --fallback none");
    CHECK(nothing.status == 0);
    CHECK(nothing.out == "user 577, unknown: nothing is recommended\n");
    check_usage(run_program("similar " + model + " --item x5"),
                "item 'x5' is unknown; the model knows 40 items, such as '");  // half of it differs
    check_usage(run_program("recommend " + model), "recommend needs --user, --items, --item, --users, --all-users or --lines");
  }

  TEST_CASE("several ids in one, and a title in place of an id, are met with what is meant") {
    const TempDir folder;
    write_shop(folder, {"Walnut, brown", "Walnut mill", "WALNUT MILL", "Oak"});
    const std::string model = saved(folder, "item-cosine --split none");
    check_usage(run_program("recommend " + model + " --user 1,2"),
                "user '1,2' is unknown; --user is given for each: --user 1 --user 2");
    const std::string spaced = folder.file("spaced");
    REQUIRE(run_program("train popularity --split none --save " + spaced + " --data " +
                        folder.write("spaced.csv", "user,item\nann b,1\nc'd,1\n"))
                .status == 0);
    check_usage(run_program("recommend " + spaced + " --user \"ann b,c'd\""),
                "--user is given for each: --user 'ann b' --user 'c'\\''d'");
    check_usage(run_program("recommend " + model + " --user 1,2 --out " + folder.file("out.csv")),
                "user '1,2' is unknown; --user is given for each: --user 1 --user 2");
    // What is only unknown is nobody's mistake.
    CHECK(run_program("recommend " + model + " --user 1,x").err.starts_with("heddle: user '1,x' is unknown"));
    const ProgramResult somebody = run_program("recommend " + model + " --user somebody");
    CHECK(somebody.status == 0);
    CHECK(somebody.err ==
          "heddle: user 'somebody' is unknown; the model knows 6 users, such as '1', '2', '3'; they get what most "
          "users have (--fallback popularity)\n");
    check_usage(run_program("similar " + model + " --item oak"),
                "item 'oak' is unknown; that is the title of item '103', and an id is wanted here");
    check_usage(run_program("recommend " + model + " --items 'Walnut mill'"),
                "that is the title of item '101', '102', and an id");
    check_usage(run_program("recommend " + model + " --items 'walnut, brown'"), "that is the title of item '100', and an id");
    check_usage(run_program("similar " + model + " --item 100,101"),
                "item '100,101' is unknown; --item is given for each: --item 100 --item 101");
    CHECK(run_program("recommend " + model + " --user 1 --user 2").status == 0);
  }

  TEST_CASE("an id that has commas is taken in a list where its parts are no ids") {
    const TempDir folder;
    const std::string log = folder.write("log.csv", "user,item\na,\"x,1\"\na,y\nb,\"x,1\"\nb,z\nc,y\nc,z\nc,\"p, q,r\"\n");
    const std::string model = folder.file("m");
    REQUIRE(run_program("train item-cosine --split none --save " + model + " --data " + log).status == 0);
    const json asked = run_program("recommend " + model + " --items 'y,x,1, p, q,r' --json").json();
    CHECK(asked["results"][0]["given"].size() == 3);
    const ProgramResult unknown = run_program("recommend " + model + " --items y,x,2");
    CHECK(unknown.status == 0);
    CHECK(unknown.err.starts_with("heddle: item 'x' is unknown"));
    CHECK(unknown.err.ends_with(" (and 1 more is unknown); left out of the basket\n"));
  }

  TEST_CASE("for whoever has every item one sentence stands in place of an empty table") {
    const TempDir folder;
    folder.write("log.csv", "user,item\na,1\na,2\nb,2\n");
    const std::string model = folder.file("m");
    REQUIRE(run_program("train popularity --split none --save " + model + " --data " + folder.file("log.csv")).status == 0);
    CHECK(run_program("recommend " + model + " --items 1,2").out ==
          "a visitor with 2 items\nthe visitor has every item that the model knows, so that nothing is left to recommend; "
          "--exclude-seen false ranks them too\n");
    CHECK(run_program("recommend " + model + " --user a").out.find("\nuser a has every item that the model knows, ") !=
          std::string::npos);
    CHECK(run_program("recommend " + model + " --user a --exclude-seen false").out.find("rank  item") != std::string::npos);
    CHECK(run_program("recommend " + model + " --items 1,2 --json").json()["results"][0]["items"].empty());
  }

  TEST_CASE("control characters of ids and titles reach no terminal, JSON escapes them and files keep them") {
    const TempDir folder;
    const std::string evil =
        "Mug\x1b[31m\x07\xc2\x9b"
        "2J\x7f";
    // Ids of data may hold none; names of files may.
    const std::string log = folder.write("log\x1b[2J.csv", "user,item\na,1\na,2\nb,2\nb,3\nc,3\nc,1\n");
    CHECK(run_program("data --data " + folder.write("ids.csv", "user,item\na,\x1b[2J\n"))
              .err.ends_with("'\\x1b[2J' holds a control character\n"));
    const TempDir shop;
    write_shop(shop, {evil, "Oak", "two\nlines"});
    const std::string titled = folder.file("t"), plain = folder.file("p");
    const ProgramResult results[] = {
        run_program("train popularity --split none --save " + titled + " --data " + shop.path().string()),
        run_program("train item-cosine --split none --save " + plain + " --data '" + log + "'"),
        run_program("data --split none --data '" + log + "'"),
        run_program("compare --models popularity --test-share 0.5 --data '" + log + "'", "HEDDLE_PROGRESS_DELAY=0"),
        run_program("recommend " + titled + " --items 101 --topk 2"),
        run_program("similar " + titled + " --item 100"),
        run_program("recommend " + plain + " --user a"),
        run_program("recommend " + plain + " --user b --user c --json"),
        run_program("similar " + titled + " --item 101 --json"),
        run_program("recommend " + plain + " --user aa\x1b[31m"),
        run_program("tune --repeats 1 --dim 1 --graph '" +
                        folder.write("g\x1b[2J.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n") + "'",
                    "HEDDLE_PROGRESS_DELAY=0"),
    };
    for (const ProgramResult& result : results) {
      for (const std::string& text : {result.out, result.err}) {
        CAPTURE(text);
        for (const char* control : {"\x1b", "\x07", "\x7f", "\xc2\x9b"}) CHECK(text.find(control) == std::string::npos);
      }
    }
    CHECK(results[4].out.find("Mug\\x1b[31m\\x07\\xc2\\x9b2J\\x7f") != std::string::npos);
    CHECK(std::count(results[4].out.begin(), results[4].out.end(), '\n') == 4);  // a line feed of a title ends no line
    // Nor does one that turns the direction of what follows it.
    check_usage(run_program("similar " + titled + " --item 'a\u061cb\u202ec'"), "'a\\xd8\\x9cb\\xe2\\x80\\xaec' is unknown");
    CHECK(results[5].out.starts_with("like item 100 (Mug\\x1b[31m"));
    CHECK(results[7].json()["results"].size() == 2);
    CHECK(results[8].json()["items"][0]["name"] == evil);
    // Files are data.
    const std::string vectors = folder.file("items.tsv");
    const std::string light = folder.file("l");
    REQUIRE(run_program("train lightgcn --split none --epochs 1 --dim 2 --temperature 0.2 --save " + light + " --data " +
                        shop.path().string())
                .status == 0);
    REQUIRE(run_program("export " + light + " --embeddings " + vectors).status == 0);
    CHECK(file_content(folder.file("items.metadata.tsv")).find(evil) != std::string::npos);
  }

  TEST_CASE("line feeds of names make no lines of a report, and widen its columns by what is shown in their place") {
    const TempDir folder, nodes;
    write_karate(nodes);
    const std::string evil = "a\nforged\tline\n", quoted = "'" + folder.file(evil);
    folder.write(evil + "log.csv", "user,item\na,1\na,2\na,3\nb,2\nb,3\nb,4\nc,5\nc,6\n");
    folder.write(evil + "other.csv", "user,item\na,5\na,6\nb,5\nb,6\n");
    folder.write(evil + "g.txt", "0 1\n1 2\n");
    folder.write(evil + "t.csv", "item,\"" + evil + "\"\n1,x\n");
    const std::string log = " --data " + quoted + "log.csv'", model = quoted + "m'", light = quoted + "l'", gcn = quoted + "g'";
    std::filesystem::rename(nodes.path(), folder.file(evil + "n"));
    const std::string club = " --data " + quoted + "n'";
    const std::string lines[] = {
        "train popularity --test-share 0.4 --save " + model + log,
        "train lightgcn --epochs 1 --dim 2 --temperature 0.2 --test-share 0.4 --save " + light + log,
        "data" + log,
        "compare --models popularity --test-share 0.4" + log,
        "evaluate " + model + log,
        "evaluate " + model + " --test-share 0.4 --data " + quoted + "other.csv'",
        "recommend " + model + " --all-users --out " + quoted + "r.csv'",
        "bundle " + light + " --item-table " + quoted + "t.csv' --save " + quoted + "b'",
        "info " + light,
        "export " + light + " --as word2vec --embeddings " + quoted + "e'",
        "export " + light + " --as projector --embeddings " + quoted + "p.tsv'",
        "train gcn --epochs 1 --save " + gcn + club,
        "predict " + gcn + " --save-predictions " + quoted + "t'" + club,
        "bench spmm --dim 1 --repeats 1 --graph " + quoted + "g.txt' --json " + quoted + "j'",
        "tune --dim 1 --repeats 1 --graph " + quoted + "g.txt' --json " + quoted + "j'",
    };
    for (const std::string& line : lines) {
      CAPTURE(line);
      const ProgramResult result = run_program(line, "HEDDLE_PROGRESS_DELAY=0");
      CHECK_MESSAGE(result.status == 0, result.err);
      CHECK_MESSAGE(result.out.find("\nforged") == std::string::npos, result.out);
      CHECK_MESSAGE(result.out.find("\\x0aforged\\x09line\\x0a") != std::string::npos, result.out);
      if (!line.starts_with("tune")) continue;
      // Below each other: the heading of the second column ends where its numbers do.
      const std::size_t heading = result.out.find("graph "), named = result.out.find("g.txt", heading);
      REQUIRE(heading != std::string::npos);
      REQUIRE(named != std::string::npos);
      const std::size_t row = result.out.rfind('\n', named) + 1;
      CHECK(result.out.find("width", heading) + 5 - heading == result.out.find("1  ", named) + 1 - row);
    }
    std::filesystem::rename(folder.file(evil + "n"), nodes.path());
  }

  TEST_CASE("data that leave nothing to judge a model by say why and what to do") {
    const TempDir folder;
    write_interactions(folder);
    const std::string log = " --data " + folder.file("train.txt"), model = folder.file("m");
    const ProgramResult all = run_program("train popularity --split none --save " + model + log);
    CHECK(all.status == 0);
    CHECK(all.out.find("\ntest       none\n           --split none keeps no interactions for the test; --split ratio or --split "
                       "leave-one-out keeps some\n") != std::string::npos);
    CHECK(all.out.find("does not know") == std::string::npos);
    check_usage(run_program("evaluate " + model + log),
                "train: there are no test interactions to judge the model by: --split none keeps no interactions for the test; "
                "--split ratio or --split leave-one-out keeps some, and a model that is to be judged is trained so;");
    check_usage(
        run_program("evaluate " + model + log + " --split ratio"),
        "train: what is kept of it for test and validation, 120 interactions, cannot judge this model (120 that it was "
        "trained on); nothing of the data that it was trained on, train, was kept for the test (--split none): judge it by "
        "later interactions of its users and items, or train it with --split ratio");
    check_usage(run_program("compare --models popularity --split none" + log), "to compare models by: --split none keeps no");
    check_usage(run_program("compare --models popularity --test-share 0" + log),
                "--test-share 0 keeps no interactions for the test");
    const std::string others = " --data " + folder.write("others.csv", "user,item\nx,1\nx,2\nx,3\nx,4\nx,5\n");
    check_usage(
        run_program("evaluate " + model + others + " --split ratio"),
        "others: what is kept of it for test and validation, 1 interaction, cannot judge this model (1 with a user or an item "
        "that the model does not know)");
    const std::string part = folder.file("part");
    REQUIRE(run_program("train popularity --quiet --save " + part + log).status == 0);
    check_usage(run_program("evaluate " + part + others + " --split ratio"),
                "; judge it by the data that it was trained on, train, split as then, or by other interactions of its users");
    // What is asked for is auto, and it is the files that decide.
    const TempDir twice;
    twice.write("train.txt", "0 1 2 3\n1 1 2\n");
    twice.write("test.txt", "0 1 2\n1 2\n");
    const std::string same = " --data " + twice.path().string(),
                      words =
                          "its files keep no interactions for the test that are not in training too; --split ratio or --split "
                          "leave-one-out keeps some";
    CHECK(run_program("train popularity" + same).out.find("\n           " + words + "\n") != std::string::npos);
    check_usage(run_program("compare --models popularity" + same), "to compare models by: " + words);
  }

  TEST_CASE("a model that is saved without the interactions kept for the test says so, and how to have them all") {
    const TempDir folder;
    write_interactions(folder);
    const std::string data = " --data " + folder.path().string(), model = " --save " + folder.file("m");
    const std::string note = "the saved model does not know the 120 interactions kept for the test; --split none trains with all";
    CHECK(run_program("train popularity" + model + data).out.find("\nnote       " + note + "\n") != std::string::npos);
    CHECK(run_program("train popularity --json" + model + data).json()["notes"] == json{note});
    CHECK(run_program("train popularity --json" + data).json()["notes"].empty());
    const json whole = run_program("train popularity --json --split none" + model + data).json();
    CHECK(whole["notes"].empty());
    CHECK(whole["data"]["train"] == 840);
    // What is held out of training on purpose is not the split's.
    CHECK(run_program("train popularity --json --split none --hold-out 0.2" + model + data).json()["notes"].empty());
  }

  TEST_CASE("a temperature at the upper end of those that are tried is told of, with the way on") {
    const TempDir folder;
    write_interactions(folder);
    const std::string data = " --data " + folder.path().string();
    int at_edge = 0, within = 0;
    // At a rate at which nothing is learnt, high temperatures are as good as any.
    for (const char* options :
         {"--learning-rate 0.000001", "--learning-rate 0.03", "--dim 4 --learning-rate 0.3", "--epochs 2"}) {
      const std::string command = std::string("train lightgcn --layers 1 --batch-size 128 --negatives 16 ") + options + data;
      const json object = run_program(command + " --json").json();
      const json& trials = object["temperature_trials"];
      double best = -1, chosen = 0;
      for (const json& trial : trials) {
        if (trial["ndcg@20"].get<double>() > best) chosen = trial["temperature"].get<double>();
        best = std::max(best, trial["ndcg@20"].get<double>());
      }
      CHECK(object["temperature"] == chosen);
      const bool edge = trials.size() == 6 && trials.back()["temperature"] == chosen;
      ++(edge ? at_edge : within);
      CHECK(object["notes"].size() == (edge ? 1 : 0));
      CHECK(
          (run_program(command).out.find("\nnote       the temperature 0.35 was the best that was tried, and no higher one is") !=
           std::string::npos) == edge);
    }
    CHECK(at_edge > 0);
    CHECK(within > 0);
    const std::string cut = "train lightgcn --time-limit 0.000000001 --batch-size 128" + data;
    const std::string note =
        "the choice of the temperature was cut short after 0 trials; one above 0.10 may do better, which more "
        "time would have tried, and --temperature 0.15 gives";
    CHECK(run_program(cut + " --json").json()["notes"] == json{note});
    CHECK(run_program(cut).out.find("\nnote       " + note + "\n") != std::string::npos);
  }

  TEST_CASE("export writes vectors that other programs read") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = saved(folder, std::string("lightgcn") + small_model);
    const std::string command = "export " + model + " --embeddings ";
    const std::string npy = folder.file("items.npy");
    CHECK(run_program(command + npy).status == 0);
    const heddle::io::Array array = heddle::io::read_npy(npy);
    CHECK(array.shape == std::vector<int64_t>{40, 16});
    const auto& values = std::get<std::vector<float>>(array.values);

    const std::string w2v = folder.file("items.w2v");
    CHECK(run_program(command + w2v).status == 0);
    std::istringstream words(file_content(w2v));
    int64_t rows = 0;
    int64_t cols = 0;
    words >> rows >> cols;
    CHECK(rows == 40);
    CHECK(cols == 16);
    std::string ids;
    for (int64_t row = 0; row < rows; ++row) {
      std::string id;
      words >> id;
      ids += id + "\n";
      for (int64_t col = 0; col < cols; ++col) {
        float value = 0;
        words >> value;
        CHECK(value == values[static_cast<std::size_t>(row * cols + col)]);
      }
    }
    CHECK(file_content(folder.file("items.ids.txt")) == ids);  // of the array's rows
    const json projector = run_program(command + folder.file("users.tsv") + " --of users --json").json();
    CHECK(projector["rows"] == 60);
    CHECK(projector["files"] == json{folder.file("users.tsv"), folder.file("users.metadata.tsv")});
    const std::string vectors = file_content(folder.file("users.tsv"));
    const std::string labels = file_content(folder.file("users.metadata.tsv"));
    CHECK(std::count(vectors.begin(), vectors.end(), '\n') == 60);
    CHECK(std::count(vectors.begin(), vectors.end(), '\t') == 60 * 15);
    CHECK(std::count(labels.begin(), labels.end(), '\n') == 60);
    CHECK(run_program(command + folder.file("x") + " --as npy").status == 0);
    CHECK(file_content(folder.file("x")) == file_content(npy));
    check_usage(run_program(command + folder.file("x")), "ends in none of .npy");
    check_usage(run_program(command + npy + " --as parquet"), "--as is 'parquet', it must be one of npy, word2vec, projector");
    check_usage(run_program(command + npy + " --of edges"), "--of is 'edges', it must be one of items, users");
    CHECK(run_program(command + folder.file("no/items.npy")).status == 7);
    const std::string popular = saved(folder, "popularity");
    check_usage(run_program("export " + popular + " --embeddings " + npy), "popularity has no embeddings of items");
  }

  TEST_CASE("a file of the other kind of model is told where it belongs") {
    const TempDir folder;
    write_interactions(folder);
    const std::string recommender = saved(folder, "popularity");
    check_usage(run_program("predict " + recommender + " --data " + folder.path().string()), "use heddle recommend");
    const TempDir club;
    write_karate(club);
    const std::string classifier = club.file("gcn.safetensors");
    REQUIRE(run_program("train gcn --epochs 2 --data " + club.path().string() + " --save " + classifier).status == 0);
    for (const std::string command : {"recommend ", "similar --item 1 ", "export --embeddings x.npy "}) {
      CAPTURE(command);
      check_usage(run_program(command + classifier + (command == "recommend " ? " --user 1" : "")), "use heddle predict");
    }
  }

  TEST_CASE("a damaged recommender file ends with status 3") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = saved(folder, "item-cosine");
    const std::string whole = file_content(model);
    for (const std::size_t length : {std::size_t{0}, std::size_t{7}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
      CAPTURE(length);
      const ProgramResult result = run_program("recommend " + folder.write("cut", whole.substr(0, length)) + " --user 1");
      CHECK(result.status == 3);
      CHECK(result.err.starts_with("heddle: "));
    }
    CHECK(run_program("recommend " + folder.file("nothing") + " --user 1").status == 7);
  }

  TEST_CASE("compare trains several and prints one table") {
    const TempDir folder;
    write_interactions(folder);
    const std::string command = "compare --quiet --data " + folder.path().string() +
                                " --models popularity,graph-filter,lightgcn,graph-filter+item-cosine --rank 8 --topk 5,10" +
                                small_model;
    const ProgramResult text = run_program(command);
    CHECK(text.status == 0);
    CHECK(text.err.empty());
    CHECK(text.out.find("recall@5     ndcg@5  recall@10    ndcg@10") != std::string::npos);
    for (const char* model : {"\npopularity ", "\ngraph-filter ", "\nlightgcn ", "\ngraph-filter+item-cosine "}) {
      CAPTURE(model);
      CHECK(text.out.find(model) != std::string::npos);
    }
    const json object = run_program(command + " --json").json();
    REQUIRE(object["models"].size() == 4);
    const json& filter = object["models"][1];
    CHECK(filter["model"] == "graph-filter");
    CHECK(filter["metrics"] ==
          run_program("train graph-filter --json --rank 8 --topk 5,10 --data " + folder.path().string()).json()["metrics"]);
    CHECK(filter["model_bytes"].get<int64_t>() > 0);
    CHECK(filter["peak_rss_bytes"].get<int64_t>() > 1'000'000);
    CHECK(object["models"][2]["epochs"] == 20);
    const std::vector<double> candidates = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.4, 2, 3, 5};
    CHECK(std::count(candidates.begin(), candidates.end(), object["models"][3]["blend_weight"].get<double>()) == 1);
    CHECK(object["models"][0]["epochs"].is_null());
  }

  TEST_CASE("a temperature that nothing can choose is told of, with the way on") {
    const TempDir folder;
    std::string log = "user,item\n";
    for (int user = 0; user < 20; ++user) log += std::to_string(user) + "," + std::to_string(user % 5) + "\n";
    const ProgramResult result =
        run_program("train lightgcn --epochs 2 --dim 4 --split none --json --data " + folder.write("single.csv", log));
    REQUIRE(result.status == 0);
    const json object = result.json();
    CHECK(object["temperature_trials"].empty());
    REQUIRE(object["notes"].size() == 1);
    CHECK(object["notes"][0] ==
          "the temperature is 0.10 and was not chosen: no user has two training interactions, of which one "
          "could be held out to choose by; --temperature gives another");
  }

  TEST_CASE("demo makes up a shop and shows what two of its customers are recommended") {
    const ProgramResult text = run_program("demo --users 300 --items 120");
    CHECK(text.status == 0);
    CHECK(text.err.empty());
    for (const char* word : {"A made-up shop: 300 customers, 120 products", "recall@20", "popularity", "item-cosine", "lightgcn",
                             "epochs", "bought", "is recommended", "* is among the purchases that were hidden"}) {
      CAPTURE(word);
      CHECK(text.out.find(word) != std::string::npos);
    }
    const json demo = run_program("demo --users 300 --items 120 --json").json();
    REQUIRE(demo["models"].size() == 3);
    CHECK(demo["data"]["users"] == 300);
    CHECK(demo["models"][2]["metrics"]["recall@20"].get<double>() > demo["models"][0]["metrics"]["recall@20"].get<double>());
    REQUIRE(demo["customers"].size() == 2);
    CHECK(demo["customers"][0]["recommended"].size() == 10);
    CHECK(!demo["customers"][0]["recommended"][0]["name"].get<std::string>().empty());
  }
}
