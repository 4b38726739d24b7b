#include "heddle/saved_model.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "heddle/io.h"
#include "io/file.h"
#include "tests/engine/datasets.h"
#include "tests/engine/interactions.h"
#include "tests/io/samples.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

Device one_thread() { return Device::cpu({.threads = 1}); }

/// A shop's log as a CSV file, its times in a column.
std::string shop_file(const TempDir& folder) {
  const InteractionLog log = synthetic_shop({.users = 60, .items = 40, .categories = 4, .interactions_per_user = 9, .seed = 5});
  std::string csv = "who,what,when\n";
  for (std::size_t i = 0; i < log.user.size(); ++i)
    csv += text(log.users[log.user[i]], ',', log.items[log.item[i]], ',', static_cast<int64_t>(log.time[i]), '\n');
  return folder.write("shop.csv", csv);
}

SavedRecommender saved_and_loaded(const Recommender& model, const InteractionDataset& data, const TempDir& folder,
                                  const std::map<std::string, std::string>& extra = {}) {
  save_recommender(model, data, folder.file("model"), extra);
  return load_recommender(folder.file("model"), one_thread());
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("saved models / a file tells its kind and its model without being loaded") {
  const TempDir folder;
  const NodeDataset graph = karate();
  save_model(*make_model("gat", graph, {}, 1, one_thread()), folder.file("nodes"), {{"note", "first"}});
  const SavedModelInfo nodes = saved_model_info(folder.file("nodes"));
  CHECK(nodes.kind == SavedKind::node_classifier);
  CHECK(nodes.model == "gat");
  CHECK(nodes.metadata.at("note") == "first");
  CHECK(nodes.metadata == io::read_safetensors(folder.file("nodes")).metadata);

  const InteractionDataset data = random_interactions(20, 12, 0.3, 1);
  save_recommender(*make_popularity(data, one_thread()), data, folder.file("items"));
  const SavedModelInfo items = saved_model_info(folder.file("items"));
  CHECK(items.kind == SavedKind::recommender);
  CHECK(items.model == "popularity");

  // Each loader sends to the other one.
  CHECK(error_mismatch(ErrorKind::bad_data, "holds a recommender, not a node classifier; load_recommender reads it",
                       [&] { load_model(folder.file("items"), graph, one_thread()); }) == "");
  CHECK(error_mismatch(ErrorKind::bad_data, "holds a node classifier, not a recommender; load_model reads it",
                       [&] { load_recommender(folder.file("nodes"), one_thread()); }) == "");
}

TEST_CASE("saved models / what is no model is told for what it is") {
  const TempDir folder;
  const float numbers[] = {1, 2};
  io::write_npy(folder.file("a.npy"), numbers, 1, 2);
  io::write_safetensors(folder.file("other"), {.tensors = {{"w", 1, 1, {1}}}, .integers = {}, .metadata = {{"format", "pt"}}});
  const InteractionDataset data = random_interactions(20, 12, 0.3, 1);
  save_recommender(*make_popularity(data, one_thread()), data, folder.file("items"));
  const auto refuses = [&](const std::string& path, const std::string& sentence) {
    return error_mismatch(ErrorKind::bad_data, path + sentence, [&] { saved_model_info(path); });
  };
  CHECK(refuses(folder.write("orders.csv", "user,item\na,b\n"), " is a text file, not a model") == "");
  CHECK(refuses(folder.write("orders.gz", gzip("user,item\na,b\n")), " is gzip-compressed, a text file, not a model") == "");
  CHECK(refuses(folder.file("a.npy"), " is a NumPy array, not a model") == "");
  CHECK(refuses(folder.write("empty", ""), " is an empty file, not a model") == "");
  CHECK(refuses(folder.write("model.gz", gzip(std::string(io::detail::read_file(folder.file("items")).view()))),
                " is a gzip-compressed model") == "");
  CHECK(refuses(folder.file("other"), ": this safetensors file was not written as a heddle model") == "");
  CHECK(error_mismatch(ErrorKind::io, folder.file("nothing"), [&] { saved_model_info(folder.file("nothing")); }) == "");
}

TEST_CASE("saved models / a recommender tells what it was trained on") {
  const TempDir folder;
  const std::string path = shop_file(folder);
  const io::InteractionReading reading{.columns = {.user = "who", .item = "what", .time = "when"}};
  PrepareOptions options;
  options.by_time = true;
  options.test_share = 0.25;
  InteractionDataset data = prepare(io::load_interactions(path, reading), options);
  const std::string as_split = data.content_hash();
  hold_out_validation(data, 0.3, 77);
  REQUIRE(data.val.nnz() > 0);
  const SavedRecommender saved =
      saved_and_loaded(*make_popularity(data, one_thread()), data, folder, {{"seed", "12"}, {"unfinished", ""}});

  const TrainedOn trained = trained_on(saved.metadata);
  CHECK(trained.name == "shop");
  CHECK(trained.hash == as_split);
  CHECK(trained.seed == 12);
  CHECK(trained.origin.options == data.origin.options);
  CHECK(trained.origin.hash_as_split == as_split);
  CHECK(trained.origin.held_out == 0.3);
  CHECK(trained.origin.hold_out_seed == 77);

  // The same data are made again of the file, judged by what was held out then.
  const InteractionDataset again = load_as_trained(path, saved);
  CHECK(again.content_hash() == as_split);
  const Renumbered judged = as_trained(again, saved);
  CHECK(judged.data.content_hash() == data.content_hash());
  CHECK(judged.unknown == 0);
  CHECK(judged.in_training == 0);
  const RankingMetrics before = evaluate(*make_popularity(data, one_thread()), data, data.val);
  CHECK(evaluate(*saved.model, judged.data, judged.data.val).values == before.values);
}

TEST_CASE("saved models / other data than those of the training are judged as they are") {
  const TempDir folder;
  InteractionDataset data = prepare(synthetic_shop({.users = 60, .items = 40, .categories = 4, .interactions_per_user = 9}));
  InteractionDataset other = prepare(
      synthetic_shop({.users = 50, .items = 45, .categories = 4, .interactions_per_user = 9, .seed = 2}), {.val_share = 0.1});
  hold_out_validation(data, 0.3, 77);
  data.item_names.assign(40, "a thing");
  const SavedRecommender saved = saved_and_loaded(*make_popularity(data, one_thread()), data, folder);
  const Renumbered judged = as_trained(other, saved);
  const Renumbered expected = renumber(other, data.users, data.items, data.train);
  CHECK(judged.data.content_hash() == expected.data.content_hash());
  CHECK(judged.unknown == expected.unknown);
  CHECK(judged.in_training == expected.in_training);
  CHECK(judged.unknown > 0);  // items 41 to 45
  CHECK(judged.data.item_names == data.item_names);
}

TEST_CASE("saved models / metadata that should be numbers and are none are refused with the file's name") {
  for (const char* entry : {"seed", "held_out", "held_out_seed"}) {
    for (const char* written : {"many", "-1", "nan"}) {
      CHECK(error_mismatch(ErrorKind::bad_data, text("m.safetensors: ", entry, " is '", written, "', it must be a number"), [&] {
              trained_on({{entry, written}}, "m.safetensors");
            }) == "");
    }
  }
  CHECK(error_mismatch(ErrorKind::bad_data, "held_out is '1.5'", [] { trained_on({{"held_out", "1.5"}}); }) == "");
  // A file that no training of this program wrote.
  const TrainedOn nothing = trained_on({});
  CHECK(nothing.name.empty());
  CHECK(nothing.hash.empty());
  CHECK(nothing.seed == 0);
  CHECK(trained_on({{"data.hash", "ab"}}).hash == "ab");
  CHECK(trained_on({{"seed", "9"}, {"held_out", "0.5"}}).origin.hold_out_seed == 9);
}

TEST_CASE("saved models / how far a training came, in words") {
  using Metadata = std::map<std::string, std::string>;
  CHECK(unfinished_text({{"epochs", "80"}, {"epochs_planned", "80"}}).empty());
  CHECK(unfinished_text(Metadata{{"unfinished", "interrupted"}, {"epochs", "2"}, {"epochs_planned", "80"}}) ==
        "its training was interrupted after 2 of 80 epochs");
  CHECK(unfinished_text(Metadata{{"unfinished", "diverged"}, {"epochs", "3"}, {"epochs_planned", "80"}}) ==
        "its training diverged after 3 of 80 epochs");
  CHECK(unfinished_text(Metadata{{"unfinished", "interrupted"}, {"undecided", "weight"}}) ==
        "its training was interrupted, before its blend's weight was chosen");
}

TEST_CASE("saved models / a node classifier's file tells data, seed and how far it was trained") {
  const TempDir folder;
  const NodeDataset data = karate();
  const FitPlan plan = plan_fit("gcn", {{"epochs", "3"}, {"learning_rate", "0.0005"}});
  auto [model, report] = fit(plan, data, {.device = one_thread(), .seed = 4});
  std::map<std::string, std::string> expected = plan.metadata();
  expected.insert({{"data.name", data.name},
                   {"data.hash", data.content_hash()},
                   {"seed", "4"},
                   {"epochs", "3"},
                   {"epochs_planned", "3"},
                   {"epoch_of_weights", "3"}});
  CHECK(training_metadata(data, data.content_hash(), report) == expected);
  CHECK(expected.at("fit.learning_rate") == "0.0005");
  save_model(*model, folder.file("m"), expected);
  const SavedModelInfo info = saved_model_info(folder.file("m"));
  CHECK(trained_on(info.metadata).hash == data.content_hash());
  CHECK(trained_on(info.metadata).seed == 4);
  CHECK(unfinished_text(info.metadata).empty());
  report.interrupted = true;
  report.planned_epochs = 9;
  CHECK(unfinished_text(training_metadata(data, "", report)) == "its training was interrupted after 3 of 9 epochs");
}

TEST_SUITE_END();

}  // namespace heddle::test
