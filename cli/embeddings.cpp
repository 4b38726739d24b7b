#include "cli/embeddings.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "cli/settings.h"
#include "heddle/error.h"

namespace heddle::cli {

namespace {

namespace fs = std::filesystem;

/// The values of a row, each as short as it reads back exactly.
void append_row(fmt::memory_buffer& text, const HostMatrix& vectors, int64_t row, char between) {
  auto out = std::back_inserter(text);
  for (int64_t col = 0; col < vectors.cols; ++col) {
    if (col > 0) text.push_back(between);
    fmt::format_to(out, "{}", vectors.values[static_cast<std::size_t>(row * vectors.cols + col)]);
  }
  text.push_back('\n');
}

/// What would end a column or a line becomes a blank.
std::string one_column(std::string value, std::string_view ends, char instead) {
  std::replace_if(
      value.begin(), value.end(), [&](char c) { return ends.find(c) != std::string_view::npos; }, instead);
  return value;
}

}  // namespace

EmbeddingFormat embedding_format(const std::string& name, const std::string& path) {
  if (name == "npy") return EmbeddingFormat::npy;
  if (name == "word2vec") return EmbeddingFormat::word2vec;
  if (name == "projector") return EmbeddingFormat::projector;
  if (!name.empty()) fail_choice("--as", name, {"npy", "word2vec", "projector"});
  const std::string ending = fs::path(path).extension().string();
  if (ending == ".npy") return EmbeddingFormat::npy;
  if (ending == ".tsv") return EmbeddingFormat::projector;
  if (ending == ".txt" || ending == ".vec" || ending == ".w2v") return EmbeddingFormat::word2vec;
  fail(ErrorKind::usage, path, " ends in none of .npy, .tsv (projector), .txt, .vec, .w2v (word2vec); say which with --as");
}

std::string labels_path(EmbeddingFormat format, const std::string& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  const bool alone = fs::exists(status) && fs::is_other(status);
  if (alone || format == EmbeddingFormat::word2vec) return "";
  return fs::path(path).replace_extension(format == EmbeddingFormat::npy ? ".ids.txt" : ".metadata.tsv").string();
}

std::string word2vec_text(const HostMatrix& vectors, const IdTable& ids) {
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), "{} {}\n", vectors.rows, vectors.cols);
  for (int64_t row = 0; row < vectors.rows; ++row) {
    fmt::format_to(std::back_inserter(text), "{} ", one_column(ids[row], " \t\r\n", '_'));
    append_row(text, vectors, row, ' ');
  }
  return fmt::to_string(text);
}

std::string projector_vectors(const HostMatrix& vectors) {
  fmt::memory_buffer text;
  for (int64_t row = 0; row < vectors.rows; ++row) append_row(text, vectors, row, '\t');
  return fmt::to_string(text);
}

std::string projector_metadata(const IdTable& ids, const std::vector<std::string>& names) {
  std::string text = names.empty() ? "" : "id\tname\n";
  for (int64_t row = 0; row < ids.size(); ++row) {
    text += one_column(ids[row], "\t\r\n", ' ');
    if (!names.empty()) text += "\t" + one_column(names[static_cast<std::size_t>(row)], "\t\r\n", ' ');
    text += "\n";
  }
  return text;
}

}  // namespace heddle::cli
