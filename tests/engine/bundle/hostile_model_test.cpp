#include <doctest/doctest.h>

#include <functional>

#include "heddle/kinds.h"
#include "io/safetensors.h"
#include "tests/engine/bundle/model_samples.h"
#include "tests/io/samples.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/temp_dir.h"

// What a file claims is compared with what it holds before memory is taken for it.
namespace heddle::test {

namespace {

/// Empty where the reader returns, or refuses with bad_data and within the memory that is promised; else what it did.
std::string misbehaviour(void (*read)(std::string_view), std::string_view content) {
  const PeakBytes peak;
  const char* wrong = "";
  bool refused = false;
  try {
    read(content);
  } catch (const Error& error) {
    refused = true;
    if (error.kind() != ErrorKind::bad_data) wrong = to_string(error.kind());
  } catch (const std::exception&) {
    wrong = "an exception that is no Error";
  }
  const int64_t bound = (int64_t{64} << 20) + 8 * static_cast<int64_t>(content.size());
  if (*wrong != '\0') return text("refused with ", wrong);
  if (refused && peak.bytes() > bound) return text("refusing took ", peak.bytes(), " bytes, the bound is ", bound);
  return "";
}

/// The sample's file with changes made to its tensors and metadata.
std::string changed(const ModelSample& sample, const std::function<void(io::TensorFile&)>& change) {
  const TempDir folder;
  const std::string path = folder.write("model", sample.content);
  io::TensorFile file = io::read_safetensors(path);
  change(file);
  io::write_safetensors(path, file);
  std::string content(static_cast<std::size_t>(std::filesystem::file_size(path)), '\0');
  std::ifstream(path, std::ios::binary).read(content.data(), static_cast<std::streamsize>(content.size()));
  return content;
}

const char* const numbers[] = {
    "0",     "1",       "2",        "3",          "256", "1000", "4096",          "20000",
    "65536", "1000000", "10000000", "2147483648", "-1",  "0.5",  "1000000000000", "9223372036854775807"};

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("hostile models / the samples themselves are read, and there is one of every kind") {
  std::size_t samples = 0;
  for (const ModelSample& sample : model_samples()) {
    INFO(sample.name);
    CHECK_NOTHROW(sample.read(sample.content));
    ++samples;
  }
  CHECK(samples == kinds().size() + 2);  // a recommender without history, with lists and columns; tuned variants
}

TEST_CASE("hostile models / every prefix is refused with bad_data, or read, within the memory that is promised") {
  for (const ModelSample& sample : model_samples()) {
    for (std::size_t length = 0; length < sample.content.size(); ++length) {
      const std::string wrong = misbehaviour(sample.read, std::string_view(sample.content).substr(0, length));
      INFO(sample.name, ", ", length, " bytes");
      REQUIRE(wrong == "");
    }
  }
}

TEST_CASE("hostile models / with any byte changed a file is refused with bad_data, or read, within the memory that is promised") {
  for (const ModelSample& sample : model_samples()) {
    for (std::size_t at = 0; at < sample.content.size(); ++at) {
      for (const int change : {1, 4, 9, 128}) {  // exclusive or: neighbouring digits, signs
        std::string damaged = sample.content;
        damaged[at] = static_cast<char>(damaged[at] ^ change);
        const std::string wrong = misbehaviour(sample.read, damaged);
        INFO(sample.name, ", byte ", at, " exclusive or ", change);
        REQUIRE(wrong == "");
      }
    }
  }
}

TEST_CASE("hostile models / settings that claim any size are compared with what the file holds") {
  for (const ModelSample& sample : model_samples()) {
    if (sample.name == "tuned") continue;
    std::vector<std::string> keys;
    changed(sample, [&](io::TensorFile& file) {
      for (const auto& [key, value] : file.metadata) {
        if (key.starts_with("setting.")) keys.push_back(key);
      }
    });
    for (const std::string& key : keys) {
      for (const char* number : numbers) {
        for (const std::string& second : keys) {
          if (second == "setting.first" || second == "setting.second") continue;
          const std::string content = changed(sample, [&](io::TensorFile& file) {
            file.metadata[second] = "1000";
            file.metadata[key] = number;
          });
          INFO(sample.name, ", ", second, " 1000, ", key, ' ', number);
          REQUIRE(misbehaviour(sample.read, content) == "");
        }
      }
    }
  }
}

TEST_CASE("hostile models / two matrices of one number claim nothing, whatever the settings say") {
  for (const ModelSample& sample : model_samples()) {
    if (sample.read != node_model) continue;
    for (const char* layers : {"1", "3", "1000"}) {
      for (const char* hidden : {"20000", "1000000"}) {
        for (const char* heads : {"1", "256"}) {
          const std::string content = changed(sample, [&](io::TensorFile& file) {
            file.tensors = {{"weight1", 1, 1, {0}}, {"bias1", 1, 1, {0}}};
            file.metadata["setting.layers"] = layers;
            file.metadata["setting.hidden"] = hidden;
            if (file.metadata.contains("setting.heads")) file.metadata["setting.heads"] = heads;
          });
          bool refused = false;
          try {
            sample.read(content);
          } catch (const Error& error) {
            refused = error.kind() == ErrorKind::bad_data;
          }
          INFO(sample.name, ", ", layers, " layers, ", hidden, " wide");
          CHECK(refused);
          CHECK(misbehaviour(sample.read, content) == "");
        }
      }
    }
  }
}

TEST_CASE("hostile models / a file of many small things costs a bounded multiple of itself") {
  std::string tensors = "{", metadata = R"({"__metadata__":{)", numbers_in_shape = R"({"w":{"dtype":"F32","shape":[1)";
  for (int i = 0; i < 200'000; ++i) {
    tensors += text(i == 0 ? "" : ",", '"', i, R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})");
    metadata += text(i == 0 ? "" : ",", '"', i, R"(":"")");
    numbers_in_shape += ",1,1,1,1,1,1,1,1,1,1";
  }
  tensors += '}';
  metadata += "}}";
  numbers_in_shape += R"(],"data_offsets":[0,4]}})";
  std::string tabs = "heddle-tuned 1\n", choices = tabs;
  tabs.append(1'000'000, '\t');
  tabs += "x\n";
  for (int i = 0; i < 150'000; ++i) choices += text("000000000000000000000000", 10'000'000 + i, "\t1\tcpu\tv\tg\td\n");
  for (const std::string& header : {tensors, metadata, numbers_in_shape, "{\"w\":\"" + std::string(4'000'000, 'x') + "\"}"}) {
    const std::string content = safetensors(header, "");
    CHECK(misbehaviour(node_model, content) == "");
    CHECK(misbehaviour(recommender, content) == "");
  }
  CHECK(misbehaviour(tuned_file, tabs) == "");
  CHECK(misbehaviour(tuned_file, choices) == "");
  // As many ids as bytes allow, and vectors that no width of theirs could fill.
  for (const ModelSample& sample : model_samples()) {
    if (sample.read != recommender) continue;
    for (const char* side : {"users", "items"}) {
      const std::string content = changed(sample, [&](io::TensorFile& file) {
        for (io::NamedIntegers& each : file.integers) {
          if (each.name == text(side, ".bytes")) each.values = std::vector<uint8_t>(6'000'000, 'i');
          if (each.name == text(side, ".offsets")) {
            std::vector<int64_t> offsets(1'000'001);
            for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] = static_cast<int64_t>(6 * i);
            each.values = std::move(offsets);
          }
          each.shape = {std::visit([](const auto& values) { return static_cast<int64_t>(values.size()); }, each.values)};
        }
        if (file.metadata.contains("setting.dim")) file.metadata["setting.dim"] = "65536";
      });
      INFO(sample.name, ", ", side);
      CHECK(misbehaviour(recommender, content) == "");
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
