#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>

#include "heddle/bundle.h"
#include "heddle/classifier_training.h"
#include "heddle/fit.h"
#include "heddle/lightgcn.h"
#include "heddle/new_users.h"
#include "heddle/saved_model.h"
#include "heddle/seeds.h"
#include "tests/engine/datasets.h"
#include "tests/engine/interactions.h"
#include "tests/io/samples.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/devices.h"
#include "tests/support/temp_dir.h"

// Every public function of some size is called with each of its first allocations failing in turn.
namespace heddle::test {

namespace {

constexpr int64_t most_failures = 500;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Names and contents of a folder's files.
std::map<std::string, std::string> files_of(const TempDir& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    if (entry.is_regular_file()) files[entry.path().string()] = content_of(entry.path());
  }
  return files;
}

/// What became of one call.
enum class Outcome { returned, out_of_memory, another_error, another_exception };

template <class Run>
Outcome outcome_of(const Run& run, std::string& result) {
  try {
    result = run();
    return Outcome::returned;
  } catch (const Error& error) {
    return error.kind() == ErrorKind::out_of_memory ? Outcome::out_of_memory : Outcome::another_error;
  } catch (...) {
    return Outcome::another_exception;
  }
}

/// Empty, or what went wrong where `run`, whose result it returns as text, is denied the memory it asks for: once, and from some
/// place on. `files`: of a folder that may hold what it held before, or what a call leaves that succeeds.
std::string misbehaviour(const std::function<std::string()>& run,
                         const std::function<std::map<std::string, std::string>()>& files) {
  const auto before = files();
  std::string expected = run();
  expected = run();  // what is made once, on first use, is there now
  const auto after = files();
  int64_t refusals = 0;
  for (const Failing failing : {Failing::one, Failing::all}) {
    for (int64_t n = 0; n < most_failures; n += failing == Failing::one ? 1 : 5) {
      // An arena that was refused a block has given those back that it kept for later steps: this takes them again.
      run();
      const int64_t live = live_allocations();
      bool happened = false;
      Outcome outcome{};
      bool same = true;
      {
        std::string result;
        result.reserve(expected.size());
        {
          const FailedAllocation denied(n, failing);
          outcome = outcome_of(run, result);
          happened = denied.happened();
        }
        same = outcome != Outcome::returned || result == expected;
      }
      const int64_t lost = live_allocations() - live;
      const std::string place = text("allocation ", n, failing == Failing::all ? " and all after it: " : ": ");
      if (outcome == Outcome::another_exception) return place + "not an Error";
      if (outcome == Outcome::another_error) return place + "an Error of another kind";
      if (!same) return place + "another result";
      if (lost > 0) return text(place, lost, " blocks were lost");
      if (files() != after && files() != before) return place + "it left other files";
      if (!happened) break;
      refusals += outcome == Outcome::out_of_memory;
    }
  }
  if (run() != expected) return "afterwards the same call gives another result";
  return refusals > 0 ? "" : "nothing was ever refused";
}

std::string misbehaviour(const std::function<std::string()>& run) {
  return misbehaviour(run, [] { return std::map<std::string, std::string>(); });
}

std::vector<NamedDevice> small_devices() { return {{"cpu", Device::cpu({.threads = 2})}, {"simt", Device::simt()}}; }

NodeDataset tiny_graph() { return random_dataset(12, 6, 2, 3); }

const InteractionDataset& tiny_interactions() {
  static const InteractionDataset data = random_interactions(8, 9, 0.4, 3);
  return data;
}

constexpr LightGcnOptions tiny_lightgcn{.dim = 4, .layers = 1};
LightGcnTrainOptions one_epoch() {
  LightGcnTrainOptions options;
  options.epochs = 1;
  options.batch_size = 16;
  options.negatives = 8;
  options.temperature = 0.2f;
  return options;
}

/// Settings of a kind that make it small.
Settings tiny_settings(const Kind& kind) {
  const std::map<std::string, Settings> tiny{
      {"gcn", {{"hidden", "2"}, {"epochs", "2"}}},
      {"gat", {{"hidden", "2"}, {"epochs", "2"}}},
      {"lightgcn",
       {{"dim", "4"}, {"layers", "1"}, {"epochs", "1"}, {"batch_size", "16"}, {"negatives", "8"}, {"temperature", "0.2"}}},
      {"blend", {{"first", "item-cosine"}, {"second", "graph-filter"}, {"rank", "3"}}}};
  const auto found = tiny.find(kind.name);
  return found == tiny.end() ? Settings() : found->second;
}

/// One of every kind in the table.
std::vector<std::unique_ptr<Recommender>> every_recommender(const InteractionDataset& data, const Device& device) {
  std::vector<std::unique_ptr<Recommender>> models;
  for (const Kind& kind : kinds()) {
    if (kind.task != Task::recommend) continue;
    models.push_back(fit(kind, tiny_settings(kind), data, {.device = device, .seed = 1}).model);
  }
  return models;
}

std::string bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}
std::string bytes_of(const Rankings& rankings) { return bytes_of(flat({rankings.begin(), rankings.end()})); }
std::string bytes_of(const Ranking& ranking) { return bytes_of(flat({ranking})); }
std::string bytes_of(const std::string& value) { return value; }
std::string bytes_of(int64_t value) { return std::to_string(value); }
std::string bytes_of(double value) { return std::to_string(value); }

/// Results as text; the test's own work is not denied memory.
template <class... Results>
std::string shown(const Results&... results) {
  const AllowedAllocations allowed;
  return (bytes_of(results) + ...);
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("out of memory / loading any format throws an Error, loses nothing and works afterwards") {
  const TempDir folder;
  const auto sub = [&](const std::string& name) {
    std::filesystem::create_directory(folder.path() / name);
    return folder.path() / name;
  };
  const auto put = [](const std::filesystem::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  };
  const auto planetoid = sub("planetoid");
  const std::array<std::string, 8> parts = tiny_planetoid();
  for (std::size_t i = 0; i < parts.size(); ++i)
    put(planetoid / ("ind.tiny." + std::string(io::detail::planetoid_part_names[i])), parts[i]);
  const auto graph = sub("graph");
  put(graph / "edges.csv", "0,1\n1,2\n2,3\n");
  put(graph / "features.csv", "1,0\n0,1\n1,1\n0.5,2\n");
  put(graph / "labels.csv", "0\n1\n0\n1\n");
  put(graph / "train.txt", "0\n1\n");
  const auto recbole = sub("shop");
  put(recbole / "shop.inter", "user_id:token\titem_id:token\trating:float\n1\t2\t3\n2\t2\t4\n");
  put(recbole / "shop.item", "item_id:token\ttitle:token_seq\n2\tTea\n");
  const auto movielens = sub("movielens");
  put(movielens / "u.data", "1\t1193\t5\t978300760\n1\t661\t3\t978302109\n");
  const auto lightgcn = sub("lightgcn");
  put(lightgcn / "train.txt", "0 1 2\n1 2\n");
  put(lightgcn / "test.txt", "0 0\n1 1\n");
  const std::string csv = put(folder.path() / "orders.csv", "user,item,time\na,x,2024-05-31\nb,\"y, z\",2024-06-01\n");
  const std::string packed = put(folder.path() / "orders.csv.gz", gzip("user,item\na,x\nb,y\n"));
  const std::string npy_file = put(folder.path() / "a.npy", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n",
                                                                raw<float>({1, 2, 3, 4, 5, 6})));
  const std::string npz_file = put(folder.path() / "a.npz", zip({{"a.npy", content_of(npy_file)}}));

  const auto node = [](const std::string& path) { return [path] { return io::load(path).content_hash(); }; };
  const auto log = [](const std::string& path) {
    return [path] {
      PrepareOptions options;
      options.test_share = 0;
      return prepare(io::load_interactions(path), options).content_hash();
    };
  };
  const std::pair<const char*, std::function<std::string()>> calls[] = {
      {"planetoid", node((planetoid / "tiny").string())},
      {"graph folder", node(graph.string())},
      {"edge list", node((graph / "edges.csv").string())},
      {"lightgcn", log(lightgcn.string())},
      {"recbole", log(recbole.string())},
      {"movielens", log(movielens.string())},
      {"csv", log(csv)},
      {"gzip", log(packed)},
      {"npy", [&] { return shown(static_cast<int64_t>(io::read_npy(npy_file).shape.size())); }},
      {"npz", [&] { return shown(static_cast<int64_t>(io::read_npz(npz_file).size())); }},
      {"karate", [] { return io::karate_club().content_hash(); }},
      {"made-up shop",
       [] {
         return prepare(synthetic_shop({.users = 5, .items = 24, .categories = 4, .interactions_per_user = 4})).content_hash();
       }},
  };
  for (const auto& [name, call] : calls) {
    INFO(name);
    CHECK(misbehaviour(call) == "");
  }
}

TEST_CASE("out of memory / splitting data throws an Error, loses nothing and works afterwards") {
  const auto held_out = [] {
    InteractionDataset data = [] {
      const AllowedAllocations allowed;
      return tiny_interactions();
    }();
    hold_out_validation(data, 0.5, 1);
    return data.content_hash();
  };
  CHECK(misbehaviour(held_out) == "");
  CHECK(misbehaviour([] { return keep_out_users(tiny_interactions(), 0.3, 1).rest.content_hash(); }) == "");
  CHECK(misbehaviour([] {
          const InteractionDataset& data = tiny_interactions();
          return renumber(data, data.users, data.items, data.train).data.content_hash();
        }) == "");
  CHECK(misbehaviour([] { return shown(user_degrees(tiny_interactions()).mean, item_degrees(tiny_interactions()).mean); }) == "");
}

TEST_CASE("out of memory / what being new costs, and trainings from several seeds, throw an Error and work afterwards") {
  const Device device = Device::cpu({.threads = 1});
  const FitFunction fit = [&](const InteractionDataset& data) { return make_popularity(data, device); };
  const NewUserOptions options{.share = 0.4, .hold_out = 0.5};
  const auto cost = [&] {
    const NewUserCost found = cost_of_being_new(tiny_interactions(), fit, options);
    return shown(found.as_new.values.begin()->second, found.as_known.values.begin()->second);
  };
  CHECK(misbehaviour(cost) == "");
  const NodeDataset graph = tiny_graph();
  const FitPlan plan = plan_fit("gcn", {{"hidden", "2"}, {"epochs", "2"}});
  const auto seeds = [&] {
    const SeedRuns runs = fit_seeds(plan, graph, {.count = 2}, {.device = device});
    const AllowedAllocations allowed;
    if (runs.failure) throw Error(*runs.failure);  // the second seed's
    return runs.reports.back().weights_hash;
  };
  CHECK(misbehaviour(seeds) == "");
}

TEST_CASE("out of memory / making a graph of edges throws an Error, loses nothing and works afterwards") {
  const std::vector<std::pair<int32_t, int32_t>> edges{{2, 1}, {0, 1}, {1, 2}, {3, 0}};
  const std::vector<float> weights{1, 2, 1, 3};
  CHECK(misbehaviour([&] { return graph_from_edges(edges, weights).graph_hash(); }) == "");
  CHECK(misbehaviour([&] { return shown(matrix_from_edges(edges, weights).nnz()); }) == "");
}

TEST_CASE("out of memory / options as text, and what is told of times, throw an Error") {
  const PrepareOptions prepared{.behaviour_weights = {{"buy", 2.5f}, {"view", 1.0f}}};
  TrainReport report;
  report.epoch_ms = {3, 1, 2};
  CHECK(misbehaviour([&] { return shown(static_cast<int64_t>(prepare_settings().write(prepared).size())); }) == "");
  CHECK(misbehaviour([] { return shown(static_cast<int64_t>(lightgcn_train_settings().write(one_epoch()).size())); }) == "");
  CHECK(misbehaviour([&] { return shown(report.epoch_ms_median()); }) == "");
  LightGcnReport of_lightgcn;
  of_lightgcn.epoch_s = {3, 1, 2};
  CHECK(misbehaviour([&] { return shown(of_lightgcn.epoch_s_median()); }) == "");
}

TEST_CASE("out of memory / fitting any kind throws an Error, loses nothing and works afterwards") {
  const NodeDataset graph = tiny_graph();
  for (const NamedDevice& device : small_devices()) {
    const FitOptions options{.device = device.device, .seed = 1};
    for (const Kind& kind : kinds()) {
      INFO(device.name, ", ", kind.name);
      const Settings settings = tiny_settings(kind);
      const FitPlan plan = plan_fit(kind, settings);
      const auto size = [&] { return shown(static_cast<int64_t>(plan_fit(kind, settings).settings.size())); };
      if (!plan.settings.empty()) CHECK(misbehaviour(size) == "");  // without any, no memory is asked for
      if (kind.task == Task::classify_nodes) {
        const auto run = [&] {
          const auto fitted = fit(plan, graph, options);
          return shown(fitted.report.weights_hash, predict(*fitted.model).values);
        };
        CHECK(misbehaviour(run) == "");
      } else {
        const auto run = [&] {
          const auto fitted = fit(plan, tiny_interactions(), options);
          return shown(fitted.model->model_bytes(), static_cast<int64_t>(fitted.report.metadata().size()));
        };
        CHECK(misbehaviour(run) == "");
      }
    }
    for (const RankingLoss loss : {RankingLoss::bpr, RankingLoss::softmax}) {
      INFO(device.name, ", lightgcn");
      const auto run = [&] {
        LightGcn model(tiny_interactions(), tiny_lightgcn, device.device);
        LightGcnTrainOptions options = one_epoch();
        options.loss = loss;
        train(model, tiny_interactions(), options);
        return shown(model.embeddings().tensor().to_host().values);
      };
      CHECK(misbehaviour(run) == "");
    }
  }
}

TEST_CASE("out of memory / a training that failed may be repeated on the same model") {
  const NodeDataset graph = tiny_graph();
  for (const NamedDevice& device : small_devices()) {
    INFO(device.name);
    Gcn model(graph, {.hidden = 2}, device.device);
    std::vector<HostMatrix> start;
    for (const Parameter& parameter : model.parameters()) start.push_back(parameter.tensor().to_host());
    const auto run = [&] {
      for (std::size_t i = 0; i < start.size(); ++i) model.parameters()[i].assign(start[i]);
      return shown(train(model, graph, {.epochs = 2}).epochs);
    };
    // What the model's own arenas have taken they keep, so that blocks are not counted here.
    run();
    for (int64_t n = 0; n < 60; ++n) {
      std::string result;
      {
        const FailedAllocation denied(n, Failing::one);
        const Outcome outcome = outcome_of(run, result);
        CHECK((outcome == Outcome::returned || outcome == Outcome::out_of_memory));
      }
      CHECK(run() == "2");
    }
  }
}

TEST_CASE(
    "out of memory / saving, loading, ranking and judging any recommender throws an Error, loses nothing and works afterwards") {
  const InteractionDataset& data = tiny_interactions();
  const std::vector<Query> queries{{0, {}}, {3, {}}, {-1, {1, 4}}};
  const EvaluateOptions top_20;
  for (const NamedDevice& device : small_devices()) {
    for (const auto& model : every_recommender(data, device.device)) {
      INFO(device.name, ", ", model->name());
      const TempDir folder;
      const std::string path = folder.write("model", "what stood here before");
      const auto save = [&] {
        save_recommender(*model, data, path);
        return std::string();
      };
      CHECK(misbehaviour(save, [&] { return files_of(folder); }) == "");
      CHECK(misbehaviour([&] { return load_recommender(path, device.device).model->name(); }) == "");
      // In sessions of their own, and in one that has been denied memory before.
      const std::vector<int32_t> list{2, 5};
      const RankOptions options{.k = 4, .also_exclude = &data.val, .leave_out = list};
      const auto rank = [&] {
        Session session(device.device);
        return shown(model->rank(session, queries, options));
      };
      Session session(device.device);
      CHECK(misbehaviour(rank) == "");
      CHECK(misbehaviour([&] { return shown(model->rank(session, queries, options)); }) == "");
      CHECK(misbehaviour([&] { return shown(model->similar(session, 1, 3)); }) == "");
      CHECK(misbehaviour([&] { return shown(model->similar(session, list, {.k = 3, .leave_out = queries[2].items})); }) == "");
      CHECK(misbehaviour([&] { return shown(model->similar_users(session, list, 3)); }) == "");
      const std::vector<int32_t> of_users{3, 0, 3}, of_items{1, 2, 5};
      const auto score_pairs = [&] {
        std::array<float, 3> scores{};
        model->score_pairs(session, of_users, of_items, scores);
        return shown(static_cast<double>(scores[0]), static_cast<double>(scores[1]), static_cast<double>(scores[2]));
      };
      CHECK(misbehaviour(score_pairs) == "");
      CHECK(misbehaviour([&] { return shown(model->recommend(session, queries[2].items, {.k = 4, .only = list})); }) == "");
      CHECK(misbehaviour([&] { return shown(evaluate(*model, data, data.test, top_20).values.begin()->second); }) == "");
      const std::pair<const char*, std::function<std::size_t()>> parts[] = {
          {"settings", [&] { return model->settings().size(); }},
          {"trained_with", [&] { return model->trained_with().size(); }},
          {"how_fitted", [&] { return model->how_fitted().size(); }},
          {"tensors", [&] { return model->tensors().size(); }},
          {"integers", [&] { return model->integers().size(); }},
          {"item_embeddings", [&] { return model->item_embeddings().values.size(); }},
          {"user_embeddings", [&] { return model->user_embeddings().values.size(); }},
          {"model_bytes", [&] { return static_cast<std::size_t>(model->model_bytes()); }}};
      for (const auto& [part, size] : parts) {
        INFO(part);
        const std::string wrong = misbehaviour([&size = size] { return shown(static_cast<int64_t>(size())); });
        // What is empty takes no memory.
        const std::string allowed = wrong != "" && size() == 0 ? "nothing was ever refused" : "";
        CHECK(wrong == allowed);
      }
    }
    INFO(device.name);
    // What is made of weights is made or refused, and the weights stay.
    LightGcn model(data, tiny_lightgcn, device.device);
    CHECK(misbehaviour([&] { return shown(model.recommender()->item_embeddings().values); }) == "");
  }
}

TEST_CASE("out of memory / asking a bundle, saving it again and writing everybody's rankings throws an Error and loses nothing") {
  const InteractionDataset& data = tiny_interactions();
  const Device device = Device::cpu({.threads = 1});
  const TempDir folder;
  const std::string path = folder.file("model"), without = folder.file("without");
  save_recommender(*make_item_cosine(data, {}, device), data, path);
  const Bundle bundle = Bundle::load(path, device);
  Session session(device);
  const std::string user = data.users[1], item = data.items[2];
  const std::vector<Request> requests{
      {.user = user, .items = {item}}, {.user = {}, .items = {item, "x"}}, {.user = "x", .items = {}}};
  AnswerOptions options{.k = 3};
  options.lists = {.deny = {1}, .allow = std::vector<int32_t>{1, 2, 3, 4}};
  const auto told = [](const std::vector<Answer>& answers) {
    const AllowedAllocations allowed;
    std::string all;
    for (const Answer& answer : answers) all += shown(std::vector<Ranking>{answer.ranking});
    return all;
  };
  const auto items_in = [&](const std::string& file) {
    const Bundle loaded = Bundle::load(file, device);
    return loaded.model().items();
  };
  CHECK(misbehaviour([&] { return shown(items_in(path)); }) == "");
  CHECK(misbehaviour([&] { return told(bundle.answer(session, requests, options)); }) == "");
  const std::vector<std::string> items{item, "x"}, users{user, "x"};
  CHECK(misbehaviour([&] { return shown(bundle.similar_items(session, items, options).ranking); }) == "");
  CHECK(misbehaviour([&] { return shown(bundle.similar_users(session, users, 3).ranking); }) == "");
  CHECK(misbehaviour([&] { return shown(static_cast<double>(bundle.score(session, users, items).front())); }) == "");
  const auto make = [&] {
    std::unique_ptr<Recommender> model = [&] {
      const AllowedAllocations allowed;
      return make_popularity(data, device);
    }();
    return shown(Bundle::of(std::move(model), data).saved().items.size());
  };
  CHECK(misbehaviour(make) == "");
  CHECK(misbehaviour([&] { return shown(model_file_summary(path).items); }) == "");
  const io::ItemTable table{.ids = items, .columns = {{"kind", {"a", "b"}}, {"name", {"c", "d"}}}};
  const auto bare = [&] {
    SavedRecommender saved = load_recommender(path, device);
    set_item_columns(saved, table);
    save_recommender(saved, without, false);
    return std::string();
  };
  bare();
  CHECK(misbehaviour(bare, [&] { return files_of(folder); }) == "");
  CHECK(misbehaviour([&] { return shown(items_in(without)); }) == "");
  for (const char* name : {"all.csv", "all.jsonl.gz", "all.trec"}) {
    const std::string out = folder.file(name);
    const auto write = [&] {
      return shown(write_rankings(bundle, session, std::nullopt, options, out, ranking_file_form(out)).rows);
    };
    write();
    CHECK(misbehaviour(write, [&] { return files_of(folder); }) == "");
  }
  const std::string csv = folder.write("items.csv", "item,kind\na,b\nc,\"d\"\"\"\n");
  CHECK(misbehaviour([&] { return shown(static_cast<int64_t>(io::read_item_table(csv).ids.size() + read_ids(csv).size())); }) ==
        "");
}

TEST_CASE("out of memory / saving, loading and asking any node model throws an Error, loses nothing and works afterwards") {
  const NodeDataset graph = tiny_graph();
  for (const NamedDevice& device : small_devices()) {
    for (const Kind& kind : kinds()) {
      if (kind.task != Task::classify_nodes) continue;
      INFO(device.name, ", ", kind.name);
      const auto model = make_model(kind, graph, {{"hidden", "2"}}, 1, device.device);
      const TempDir folder;
      const std::string path = folder.write("model", "what stood here before");
      const auto save = [&] {
        save_model(*model, path);
        return std::string();
      };
      CHECK(misbehaviour(save, [&] { return files_of(folder); }) == "");
      CHECK(misbehaviour([&] { return weights_hash(*load_model(path, graph, device.device)); }) == "");
      CHECK(misbehaviour([&] { return shown(predict(*model).values); }) == "");
      CHECK(misbehaviour([&] { return shown(evaluate(*model, graph, graph.test).accuracy); }) == "");
      CHECK(misbehaviour([&] { return shown(evaluate(*model, graph).test.accuracy); }) == "");
      CHECK(misbehaviour([&] { return shown(hidden_representations(*model).values); }) == "");
      CHECK(misbehaviour([&] { return saved_model_info(path).model; }) == "");
      if (kind.attends) CHECK(misbehaviour([&] { return shown(model->attention().values.values); }) == "");
      CHECK(model->context().training());  // whatever was thrown while it was evaluated
    }
  }
}

TEST_CASE("out of memory / writing any other file leaves what stood there before, and works afterwards") {
  const TempDir folder;
  const std::string path = folder.write("file.csv", "what stood here before");
  const EdgeTable table{.nodes = 3, .sources = {0, 1}, .targets = {1, 2}, .columns = {"w"}, .values = {2, 1, {0.5f, 0.25f}}};
  const float numbers[] = {1, 2, 3, 4};
  const HostMatrix matrix{2, 2, {1, 2, 3, 4}};
  const IdTable ids({"an id that takes memory", "another one"});
  const std::vector<std::string> names = {"a name that takes memory", "another name"};
  const NodePredictions predictions{{0, 1}, {0.5f, 1}};
  NodeDataset two_nodes;
  two_nodes.nodes = 2;
  TunedVariants tuned;
  tuned.add({{1, 2}, 16, "cpu", "cpu_row_loop", "a graph of a name that takes memory", "0.1 ms"});
  const std::pair<const char*, std::function<void()>> calls[] = {
      {"text", [&] { io::write_file(path, "some content"); }},
      {"edge table", [&] { io::write_edge_table(path, table); }},
      {"npy", [&] { io::write_npy(path, numbers, 2, 2); }},
      {"vectors", [&] { io::write_vectors(path, io::VectorFormat::word2vec, matrix, ids); }},
      {"labels", [&] { io::write_vector_labels(path, io::VectorFormat::projector, ids, names); }},
      {"predictions", [&] { io::write_predictions(path, predictions, two_nodes); }},
      {"tuned", [&] { io::write_tuned(path, tuned); }},
  };
  for (const auto& [name, call] : calls) {
    INFO(name);
    const auto run = [&call = call] {
      call();
      return std::string();
    };
    CHECK(misbehaviour(run, [&] { return files_of(folder); }) == "");
  }
  CHECK(misbehaviour([&] { return shown(static_cast<int64_t>(io::read_tuned(path).choices().size())); }) == "");
}

TEST_CASE("out of memory / devices and contexts are made or refused") {
  CHECK(misbehaviour([] { return Context(Device::cpu({.threads = 3})).device().description(); }) == "");
  CHECK(misbehaviour([] { return Context(Device::simt({.host_threads = 2})).device().description(); }) == "");
  CHECK(misbehaviour([] { return Device::parse("cpu", 1).description(); }) == "");
}

TEST_CASE("errors / the file system's refusals are Errors of kind io") {
  const TempDir folder;
  const std::string path = folder.file("closed");
  std::filesystem::create_directory(path);
  std::filesystem::permissions(path, std::filesystem::perms::none);
  for (const std::function<void()>& call : std::initializer_list<std::function<void()>>{
           [&] { io::load_interactions(path); }, [&] { io::load(path); }, [&] { io::load(folder.file(std::string(5000, 'x'))); },
           [&] { io::load_interactions(folder.file(std::string(5000, 'x'))); },
           [&] { io::write_file(folder.file(std::string(5000, 'x')), "x"); }}) {
    try {
      call();
      FAIL_CHECK("nothing was thrown");
    } catch (const Error& error) {
      // A privileged user may read the folder: there is nothing in it.
      CHECK((error.kind() == ErrorKind::io || error.kind() == ErrorKind::bad_data));
    }
  }
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

TEST_SUITE_END();

}  // namespace heddle::test
