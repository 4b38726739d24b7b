#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Small files that hold models, one of every kind in the tables, for tests to read, cut and damage; and their readers as
/// functions of bytes, which name the file "f" in their sentences.
namespace heddle::test {

/// load_model for the data that the samples were made of, then one prediction.
void node_model(std::string_view content);
/// load_recommender, then one ranking.
void recommender(std::string_view content);
/// io::read_tuned.
void tuned_file(std::string_view content);

/// A model's file with blanks in place of its checksum and of the entry that says it has one: what is changed in it is then met
/// by the readers of what it holds.
std::string without_checksum(std::string content);

struct ModelSample {
  std::string name;
  void (*read)(std::string_view content);
  std::string content;
  const char* fuzz_target;
};
/// One for every row of the table of kinds, and a tuned file.
std::vector<ModelSample> model_samples();

}  // namespace heddle::test
