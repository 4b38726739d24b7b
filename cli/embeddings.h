#pragma once

#include <string>
#include <vector>

#include "heddle/data.h"
#include "heddle/interactions.h"

namespace heddle::cli {

/// Files that other programs read vectors from.
enum class EmbeddingFormat {
  npy,        ///< rows x cols; and (in a second file) the id of each row, one a line
  word2vec,   ///< text: "COUNT WIDTH", then "ID v v v" a line; blanks in an id become underscores
  projector,  ///< the embedding projector's two tables: the vectors, and (in a second file) what each line is
};

/// `npy`, `word2vec` or `projector`; with an empty `name`, by the path's ending: .npy, .tsv (projector), .txt, .vec or .w2v
/// (word2vec). Throws Error{usage} for others.
EmbeddingFormat embedding_format(const std::string& name, const std::string& path);

/// The second file, which says what each line or row of `path` is: vectors.tsv has vectors.metadata.tsv, vectors.npy
/// vectors.ids.txt. Empty for word2vec, which has the ids inside, and for a device or a pipe, beside which nothing can lie.
std::string labels_path(EmbeddingFormat format, const std::string& path);

std::string word2vec_text(const HostMatrix& vectors, const IdTable& ids);
std::string projector_vectors(const HostMatrix& vectors);
/// One column of ids, or with names two columns and a header line.
std::string projector_metadata(const IdTable& ids, const std::vector<std::string>& names);

}  // namespace heddle::cli
