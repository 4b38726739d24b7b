#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

#include "heddle/kinds.h"
#include "tests/engine/bundle/model_samples.h"
#include "tests/engine/interactions.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

Device one_thread() { return Device::cpu({.threads = 1}); }

InteractionDataset named_data(bool weighted = false) {
  InteractionDataset data = random_interactions(18, 25, 0.3, 3, weighted);
  for (int64_t item = 0; item < 25; ++item) data.item_names.push_back(item == 4 ? "" : text("Thing \"", item, "\" \xC3\xA9"));
  return data;
}

/// One of each kind that is made from data alone, and their blend.
std::vector<std::unique_ptr<Recommender>> one_of_each(const InteractionDataset& data, const Device& device) {
  std::vector<std::unique_ptr<Recommender>> models;
  models.push_back(make_popularity(data, device));
  models.push_back(make_item_cosine(data, {.neighbours = 7}, device));
  models.push_back(make_graph_filter(data, {.rank = 5, .alpha = 0.123456791f, .seed = 4}, device));
  models.push_back(
      make_blend(make_graph_filter(data, {.rank = 3}, device), make_item_cosine(data, {.neighbours = 7}, device), 0.3f));
  return models;
}

/// A recommender of a kind of its own, with whatever it is told to save.
struct Noted final : Recommender {
  Noted(const HostCsr& train, const Device& device) : Recommender(std::make_shared<const HostCsr>(train), device) {}
  std::string name() const override { return "noted"; }
  std::map<std::string, std::string> settings() const override { return {}; }
  std::map<std::string, std::string> how_fitted() const override { return notes; }
  std::vector<io::NamedTensor> tensors() const override { return matrices; }
  std::vector<io::NamedIntegers> integers() const override { return numbers; }
  void score_block(Session& session, std::span<const Query>, DenseView<float> scores) const override {
    const std::vector<float> zeros(static_cast<std::size_t>(scores.size()));
    upload(session.context().stream(), scores.data, zeros.data(), zeros.size() * sizeof(float));
  }

  std::map<std::string, std::string> notes;
  std::vector<io::NamedTensor> matrices;
  std::vector<io::NamedIntegers> numbers;
};

/// Its row of the table, whose models hold `parts`.
Kind noted_kind(std::function<std::vector<PartShape>(const Settings&, int64_t, int64_t)> parts) {
  Kind kind{.name = "noted", .summary = "what it is told", .source = "a test"};
  kind.recommender.parts = std::move(parts);
  kind.recommender.make = [](const InteractionDataset& data, const Settings&, uint64_t, const Device& device,
                             const ProgressCallback&) { return std::make_unique<Noted>(data.train, device); };
  kind.recommender.load = [](RecommenderParts&& given, const Device& device) {
    return std::make_unique<Noted>(*given.train, device);
  };
  return kind;
}

std::string read_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A blend's file, which holds an array of every kind, changed by `change` and loaded: empty, or what was wrong with the refusal.
template <class Change>
std::string refusal(const char* fragment, const Change& change) {
  const TempDir folder;
  const InteractionDataset data = named_data(true);
  const std::string path = folder.file("model.safetensors");
  save_recommender(*one_of_each(data, one_thread()).back(), data, path);
  io::TensorFile file = io::read_safetensors(path);
  change(file);
  io::write_safetensors(path, file);
  const std::string wrong = error_mismatch(ErrorKind::bad_data, fragment, [&] { load_recommender(path, one_thread()); });
  return wrong.empty() ? error_mismatch(ErrorKind::bad_data, path, [&] { load_recommender(path, one_thread()); }) : wrong;
}

auto setting(const std::string& key, const std::string& value) {
  return [key, value](io::TensorFile& file) { file.metadata[key] = value; };
}

template <class T, class Change>
auto array(const std::string& name, const Change& change) {
  return [name, change](io::TensorFile& file) {
    for (io::NamedIntegers& each : file.integers) {
      if (each.name != name) continue;
      auto& values = std::get<std::vector<T>>(each.values);
      change(values);
      each.shape = {static_cast<int64_t>(values.size())};
      return;
    }
    fail(ErrorKind::internal, "the file holds no ", name);
  };
}

auto without(const std::string& name) {
  return [name](io::TensorFile& file) {
    const auto named = [&](const auto& each) { return each.name == name; };
    if (std::erase_if(file.integers, named) + std::erase_if(file.tensors, named) != 1) {
      fail(ErrorKind::internal, "the file holds no ", name);
    }
  };
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("recommender file / a round trip keeps every ranking bit, ids, names, settings and what was added") {
  const TempDir folder;
  for (const bool weighted : {false, true}) {
    const InteractionDataset data = named_data(weighted);
    for (const NamedDevice& device : devices()) {
      for (const auto& model : one_of_each(data, device.device)) {
        INFO(device.name, ", ", model->name(), weighted ? ", weighted" : "");
        const std::string path = folder.file("model");
        save_recommender(*model, data, path, {{"seed", "7"}, {"model", "not this"}});
        const SavedRecommender saved = load_recommender(path, device.device);
        CHECK(saved.model->name() == model->name());
        CHECK(saved.model->settings() == model->settings());
        CHECK(saved.users.ids() == data.users.ids());
        CHECK(saved.items.ids() == data.items.ids());
        CHECK(saved.item_names == data.item_names);
        CHECK(saved.metadata.at("seed") == "7");
        CHECK(saved.metadata.at("model") == model->name());
        CHECK(saved.metadata.at("data.name") == "small");
        CHECK(saved.metadata.at("data.hash") == data.content_hash());
        CHECK(saved.model->train().col_indices == model->train().col_indices);
        CHECK(saved.model->train().values == model->train().values);
        CHECK(saved.model->model_bytes() == model->model_bytes());
        CHECK(bit_difference(scores_of(*saved.model, all_users(*model)), scores_of(*model, all_users(*model))) == "");
        CHECK(flat(ranked(*saved.model, all_users(*model), {.k = 6})) == flat(ranked(*model, all_users(*model), {.k = 6})));
        Session session(device.device);
        CHECK(flat({saved.model->similar(session, 2, 5)}) == flat({model->similar(session, 2, 5)}));
      }
    }
  }
}

TEST_CASE("recommender file / without names there are none, and ids may be any bytes") {
  const TempDir folder;
  InteractionDataset data = interactions_of({{0, 1}, {1}}, 3);
  data.users = IdTable({"", std::string("\0\xFF", 2)});
  const auto model = make_popularity(data, one_thread());
  save_recommender(*model, data, folder.file("model"));
  const SavedRecommender saved = load_recommender(folder.file("model"), one_thread());
  CHECK(saved.item_names.empty());
  CHECK(saved.users.ids() == data.users.ids());
  InteractionDataset other = data;
  other.items = IdTable({"a", "b"});
  CHECK(error_mismatch(ErrorKind::usage, "small has 2 users and 2 items, the model 2 and 3",
                       [&] { save_recommender(*model, other, folder.file("other")); }) == "");
}

TEST_CASE("recommender file / one that is no heddle recommender is refused") {
  CHECK(refusal("not written as a heddle recommender", [](io::TensorFile& file) { file.metadata.clear(); }) == "");
  CHECK(refusal("not written as a heddle recommender", setting("format", "pt")) == "");
  CHECK(refusal("format version is '3', this heddle reads 1 and 2", setting("format_version", "3")) == "");
  CHECK(refusal("there is no recommender 'svd'; there are: lightgcn, popularity, ", setting("model", "svd")) == "");
}

TEST_CASE("recommender file / settings that cannot be meant are refused") {
  CHECK(refusal("rank is 'many', it must be a whole number from 0 to 4096", setting("setting.first.rank", "many")) == "");
  CHECK(refusal("no setting 'heads'", setting("setting.second.heads", "8")) == "");
  CHECK(refusal("blend has no setting 'third'", setting("setting.third", "popularity")) == "");
  CHECK(refusal("the setting weight is missing", [](io::TensorFile& file) { file.metadata.erase("setting.weight"); }) == "");
  CHECK(refusal("weight", setting("setting.weight", "nan")) == "");
  CHECK(refusal("its first model is a blend", setting("setting.first", "blend")) == "");
  CHECK(refusal("neighbours is '0'", setting("setting.second.neighbours", "0")) == "");
}

TEST_CASE("recommender file / ids, names and interactions that do not belong together are refused") {
  using Offsets = std::vector<int64_t>;
  using Columns = std::vector<int32_t>;
  using Bytes = std::vector<uint8_t>;
  for (const char* name : {"users.bytes", "items.offsets", "train.row_offsets", "train.col_indices", "first.vectors",
                           "second.listed_by.values", "second.listed_by.row_offsets", "second.listed_by.col_indices"}) {
    CHECK(refusal(text("it holds no ", name).c_str(), without(name)) == "");
  }
  CHECK(refusal("users.offsets do not ascend from 0", array<int64_t>("users.offsets", [](Offsets& o) { o[0] = 1; })) == "");
  CHECK(refusal("users.offsets do not ascend", array<int64_t>("users.offsets", [](Offsets& o) { std::swap(o[3], o[4]); })) == "");
  CHECK(refusal("items.offsets do not ascend", array<int64_t>("items.offsets", [](Offsets& o) { o.back() += 1; })) == "");
  CHECK(refusal("items.offsets do not ascend", array<int64_t>("items.offsets", [](Offsets& o) { o.clear(); })) == "");
  CHECK(refusal("'u0'", array<uint8_t>("users.bytes", [](Bytes& b) { b[3] = '0'; })) == "");  // "u1" becomes a second "u0"
  CHECK(refusal("24 item names for 25 items", array<int64_t>("item_names.offsets", [](Offsets& o) { o.erase(o.end() - 2); })) ==
        "");
  CHECK(refusal("train: 18 row offsets for 18 rows",
                array<int64_t>("train.row_offsets", [](Offsets& o) { o.erase(o.begin() + 1); })) == "");
  CHECK(refusal("train: row offsets go from 0 to", array<int64_t>("train.row_offsets", [](Offsets& o) { o.back() -= 1; })) == "");
  CHECK(refusal("train: row 1 goes from entry", array<int64_t>("train.row_offsets", [](Offsets& o) { o[1] = o[2] + 1; })) == "");
  CHECK(refusal("train: row 0 has column -1", array<int32_t>("train.col_indices", [](Columns& c) { c[0] = -1; })) == "");
  CHECK(refusal("after column", array<int32_t>("train.col_indices", [](Columns& c) { std::swap(c[0], c[1]); })) == "");
  CHECK(refusal("there are 25", array<int32_t>("train.col_indices", [](Columns& c) { c.back() = 25; })) == "");
  CHECK(refusal("listed_by: row", array<int32_t>("second.listed_by.col_indices", [](Columns& c) { c.back() = 25; })) == "");
  CHECK(refusal("train.col_indices is not an array of 32-bit integers", [](io::TensorFile& file) {
          for (io::NamedIntegers& each : file.integers) {
            if (each.name != "train.col_indices") continue;
            const Columns narrow = std::get<Columns>(each.values);
            each.values = Offsets(narrow.begin(), narrow.end());
          }
        }) == "");
  CHECK(refusal("first.vectors is 3 x 25, here it must be 25 x 0 to 3", [](io::TensorFile& file) {
          for (io::NamedTensor& each : file.tensors) {
            if (each.name == "first.vectors") std::swap(each.rows, each.cols);
          }
        }) == "");
  CHECK(refusal("the value -1", [](io::TensorFile& file) {
          for (io::NamedTensor& each : file.tensors) {
            if (each.name == "train.values") each.values[5] = -1;
          }
        }) == "");
}

TEST_CASE("recommender file / one that is cut short anywhere is refused") {
  const TempDir folder;
  const InteractionDataset data = named_data();
  save_recommender(*one_of_each(data, one_thread()).back(), data, folder.file("model"));
  const std::string content = read_bytes(folder.file("model"));
  REQUIRE(content.size() > 1000);
  for (std::size_t length = 0; length < content.size(); length += 1 + content.size() / 97) {
    INFO(length, " of ", content.size(), " bytes");
    const std::string path = folder.write("cut", std::string_view(content).substr(0, length));
    CHECK(error_mismatch(ErrorKind::bad_data, path, [&] { load_recommender(path, one_thread()); }) == "");
  }
}

TEST_CASE("recommender file / what a kind of one's own calls as the file calls its own is refused when it is saved") {
  const TempDir folder;
  const InteractionDataset data = named_data();
  const std::string path = folder.file("m");
  for (const char* const key :
       {"format", "format_version", "heddle_version", "model", "setting.dim", "trained.dim", "history", "item_column.0",
        "data.name", "data.hash", "data.option.split", "data.hash_as_split", "held_out", "held_out_seed"}) {
    CAPTURE(key);
    Noted model(data.train, one_thread());
    model.notes[key] = "a note";
    const std::string sentence = text("noted tells of how it was fitted '", key, "', a name that the file keeps for itself");
    CHECK(error_mismatch(ErrorKind::usage, sentence.c_str(), [&] { save_recommender(model, data, path); }) == "");
    CHECK(!std::filesystem::exists(path));
  }
  for (const char* const name : {"train.values", "users.bytes", "items.offsets", "item_names.bytes", "item_column.0.bytes",
                                 "deny", "allow", "item_counts"}) {
    CAPTURE(name);
    Noted with_matrix(data.train, one_thread()), with_numbers(data.train, one_thread());
    with_matrix.matrices.push_back({name, 1, 1, {0.5f}});
    with_numbers.numbers.push_back({name, {1}, std::vector<int32_t>{3}});
    const std::string sentence = text("noted has an array '", name, "', a name that the file keeps for what is not the model's");
    CHECK(error_mismatch(ErrorKind::usage, sentence.c_str(), [&] { save_recommender(with_matrix, data, path); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, sentence.c_str(), [&] { save_recommender(with_numbers, data, path); }) == "");
  }
  Noted model(data.train, one_thread());
  model.notes["historian"] = "a note";
  model.matrices.push_back({"denied", 1, 1, {0.5f}});
  const Kind own[] = {noted_kind([](const Settings&, int64_t, int64_t) -> std::vector<PartShape> {
    return {{"denied", 1, 1, 1}};
  })};
  save_recommender(model, data, path);
  CHECK(load_recommender(path, one_thread(), own).metadata.at("historian") == "a note");
}

TEST_CASE("recommender file / without history an array has nothing of users, or it is not written") {
  const TempDir folder;
  const InteractionDataset data = named_data();
  const std::string path = folder.file("m");
  const int64_t users = data.users.size(), items = data.items.size();
  const auto floats = [](int64_t count) { return std::vector<float>(static_cast<std::size_t>(count), 1.5f); };
  Noted model(data.train, one_thread());
  model.matrices = {{"of_users", users, 2, floats(users * 2)},
                    {"a_number_each", 1, users, floats(users)},
                    {"of_items", items, 2, floats(items * 2)}};
  model.numbers = {{"group", {users}, std::vector<int32_t>(static_cast<std::size_t>(users), 7)},
                   {"shelf", {items}, std::vector<int64_t>(static_cast<std::size_t>(items), 9)}};
  const auto parts = [](const Settings&, int64_t of_users, int64_t of_items) -> std::vector<PartShape> {
    return {{"of_users", of_users, 2, 2},
            {"a_number_each", 1, of_users, of_users},
            {"of_items", of_items, 2, 2},
            {"group", 1, of_users, of_users, true},
            {"shelf", 1, of_items, of_items, true}};
  };
  const auto saves = [&](const Kind& kind) {
    save_recommender(model, data, path, {}, {.history = false, .item_columns = {}, .lists = {}, .own = {&kind, 1}});
  };
  const Kind kind = noted_kind(parts);
  saves(kind);
  const io::TensorReader file(path);
  const auto size = [&](const char* name) { return file.find(name)->size; };
  CHECK(size("of_users") == 0);
  CHECK(size("a_number_each") == 0);
  CHECK(size("group") == 0);
  CHECK(size("of_items") == items * 2);
  CHECK(size("shelf") == items);
  CHECK(!load_recommender(path, one_thread(), {&kind, 1}).history);
  // What its kind does not tell of, and what is of users and items in one.
  model.matrices.push_back({"secret", 1, 1, {1}});
  CHECK(error_mismatch(ErrorKind::usage, "noted has an array 'secret' that is not among the parts of its kind",
                       [&] { saves(kind); }) == "");
  model.matrices.back() = {"all", users + items, 1, floats(users + items)};
  const Kind mixed = noted_kind([&](const Settings& settings, int64_t of_users, int64_t of_items) {
    std::vector<PartShape> all = parts(settings, of_users, of_items);
    all.push_back({"all", of_users + of_items, 1, 1});
    return all;
  });
  CHECK(error_mismatch(ErrorKind::usage, "noted has an array 'all' of users and others together", [&] { saves(mixed); }) == "");
  save_recommender(model, data, path);  // with history nothing is taken out
}

TEST_CASE("recommender file / a changed byte anywhere is refused, or gives a model that still ranks") {
  const TempDir folder;
  const InteractionDataset data = named_data(true);
  save_recommender(*one_of_each(data, one_thread()).back(), data, folder.file("model"));
  const std::string content = without_checksum(read_bytes(folder.file("model")));
  int64_t refused = 0, loaded = 0;
  for (std::size_t at = 0; at < content.size(); at += 1 + content.size() / 1500) {
    std::string changed = content;
    changed[at] = static_cast<char>(changed[at] ^ (at % 3 == 0 ? 0x80 : at % 3 == 1 ? 0x01 : 0x24));
    const std::string path = folder.write("changed", changed);
    INFO("byte ", at, " of ", content.size());
    try {
      const SavedRecommender saved = load_recommender(path, one_thread());
      for (const Ranking& ranking : ranked(*saved.model, all_users(*saved.model), {.k = 5})) {
        for (const RankedItem& each : ranking) CHECK((each.item >= 0 && each.item < saved.model->items()));
      }
      ++loaded;
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::bad_data);
      ++refused;
    }
  }
  CHECK(refused > 100);  // the sweep reaches structure as well as
  CHECK(loaded > 100);   // plain numbers
}

TEST_SUITE_END();

}  // namespace heddle::test
