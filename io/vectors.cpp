#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/rethrow.h"
#include "io/choices.h"
#include "io/shortest_text.h"
#include "io/text.h"

namespace heddle::io {

namespace {

constexpr std::pair<const char*, VectorFormat> vector_formats[] = {
    {"npy", VectorFormat::npy}, {"word2vec", VectorFormat::word2vec}, {"projector", VectorFormat::projector}};

void append_vector(std::string& content, const HostMatrix& vectors, int64_t row, char between) {
  for (int64_t col = 0; col < vectors.cols; ++col) {
    if (col > 0) content += between;
    content += detail::shortest_text(vectors.values[static_cast<std::size_t>(row * vectors.cols + col)]);
  }
  content += '\n';
}

/// What would end a column or a line becomes `instead`.
std::string one_column(std::string value, std::string_view ends, char instead) {
  std::replace_if(
      value.begin(), value.end(), [&](char c) { return ends.find(c) != std::string_view::npos; }, instead);
  return value;
}

/// The ids without blanks, each once: what is no other's key already stays as it is. `changed` counts those that got a number.
std::vector<std::string> word2vec_keys(const IdTable& ids, int64_t& changed) {
  std::vector<std::string> keys;
  std::unordered_set<std::string> taken;
  for (const std::string& id : ids.ids()) {
    keys.push_back(one_column(id, " \t\r\n", '_'));
    if (keys.back() == id) taken.insert(id);
  }
  for (std::size_t row = 0; row < keys.size(); ++row) {
    if (keys[row] == ids[static_cast<int64_t>(row)] || taken.insert(keys[row]).second) continue;
    ++changed;
    const std::string plain = keys[row];
    for (int64_t number = 2; !taken.insert(keys[row]).second; ++number) keys[row] = text(plain, '_', number);
  }
  return keys;
}

std::string word2vec_text(const HostMatrix& vectors, const IdTable& ids, int64_t& changed) {
  std::string content = text(vectors.rows, ' ', vectors.cols, '\n');
  const std::vector<std::string> keys = word2vec_keys(ids, changed);
  for (int64_t row = 0; row < vectors.rows; ++row) {
    content += keys[static_cast<std::size_t>(row)] + ' ';
    append_vector(content, vectors, row, ' ');
  }
  return content;
}

std::string projector_text(const HostMatrix& vectors) {
  std::string content;
  for (int64_t row = 0; row < vectors.rows; ++row) append_vector(content, vectors, row, '\t');
  return content;
}

}  // namespace

VectorFormat vector_format_named(const std::string& name, const std::string& called) try {
  std::vector<std::string> names;
  for (const auto& [known, format] : vector_formats) {
    if (name == known) return format;
    names.emplace_back(known);
  }
  detail::fail_choice(called, name, names);
} catch (...) {
  rethrow_as_error();
}

VectorFormat vector_format_of(const std::string& path) try {
  const std::string ending = std::filesystem::path(path).extension().string();
  if (ending == ".npy") return VectorFormat::npy;
  if (ending == ".tsv") return VectorFormat::projector;
  if (ending == ".txt" || ending == ".vec" || ending == ".w2v") return VectorFormat::word2vec;
  fail(ErrorKind::usage, path, " ends in none of .npy, .tsv (projector), .txt, .vec, .w2v (word2vec)");
} catch (...) {
  rethrow_as_error();
}

std::string vector_labels_path(const std::string& path, VectorFormat format) try {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  const bool alone = fs::exists(status) && fs::is_other(status);
  if (alone || format == VectorFormat::word2vec) return "";
  return fs::path(path).replace_extension(format == VectorFormat::npy ? ".ids.txt" : ".metadata.tsv").string();
} catch (...) {
  rethrow_as_error();
}

int64_t write_vectors(const std::string& path, VectorFormat format, const HostMatrix& vectors, const IdTable& ids) try {
  require(ids.size() == vectors.rows, ErrorKind::usage, "cannot write ", path, ": ", there_are(vectors.rows, "vector"), " and ",
          counted(ids.size(), "id"));
  int64_t changed = 0;
  switch (format) {
    case VectorFormat::npy: write_npy(path, vectors.values.data(), vectors.rows, vectors.cols); break;
    case VectorFormat::word2vec: write_file(path, word2vec_text(vectors, ids, changed)); break;
    case VectorFormat::projector: write_file(path, projector_text(vectors)); break;
  }
  return changed;
} catch (...) {
  rethrow_as_error();
}

void write_vector_labels(const std::string& path, VectorFormat format, const IdTable& ids,
                         const std::vector<std::string>& names) try {
  require(names.empty() || static_cast<int64_t>(names.size()) == ids.size(), ErrorKind::usage, "cannot write ", path, ": ",
          there_are(ids.size(), "id"), " and ", counted(names.size(), "name"));
  const bool with_names = format == VectorFormat::projector && !names.empty();
  std::string content = with_names ? "id\tname\n" : "";
  for (int64_t row = 0; row < ids.size(); ++row) {
    content += one_column(ids[row], "\t\r\n", ' ');
    if (with_names) content += '\t' + one_column(names[static_cast<std::size_t>(row)], "\t\r\n", ' ');
    content += '\n';
  }
  write_file(path, content);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
